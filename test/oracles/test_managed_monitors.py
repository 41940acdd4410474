"""What the engine ``model-monitor`` asks of SageMaker against what its Python SDK asks for the same settings."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from local_cloud import REGION
from sagemaker import Session, image_uris
from sagemaker.clarify import DataConfig, ModelConfig
from sagemaker.model_monitor import (
    Constraints,
    DefaultModelMonitor,
    EndpointInput,
    ModelBiasMonitor,
    ModelExplainabilityMonitor,
    ModelQualityMonitor,
    Statistics,
)
from sagemaker.network import NetworkConfig

KINDS = ("data-quality", "model-quality", "model-bias", "model-explainability")
CREATE = {
    "data-quality": "create_data_quality_job_definition",
    "model-quality": "create_model_quality_job_definition",
    "model-bias": "create_model_bias_job_definition",
    "model-explainability": "create_model_explainability_job_definition",
}
#: What differs, and why it is to.
REASONS = {
    ("S3Output", "S3UploadMode"): "whoever is told of violations finds files that are whole: EndOfJob, not Continuous",
    ("JobDefinitionName",): "ours is made of the content, the SDK's of the time",
}


@pytest.fixture(scope="module")
def ours(printed: Callable[[str], Any]) -> dict[str, Any]:
    return printed("print-monitors.ts")


class Recorder:
    """A client that keeps what it is asked for."""

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, Any]] = {}

    def __getattr__(self, operation: str):
        def call(**request: Any) -> dict[str, Any]:
            self.calls[operation] = request
            return {}

        return call


def record(kind: str, ours: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The SDK's calls that make one monitor."""
    settings, monitor, files, baselines = (ours[name] for name in ("settings", "monitor", "files", "baselines"))
    client = Recorder()
    config = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
    session = Session(
        boto_session=boto3.Session(region_name=REGION, aws_access_key_id="none", aws_secret_access_key="none"),
        sagemaker_client=client,
        default_bucket="bucket",
        sagemaker_config=config,
    )
    common = {
        "role": settings["jobRoleArn"],
        "instance_count": monitor["instanceCount"],
        "instance_type": monitor["instanceType"],
        "volume_size_in_gb": monitor["volumeSizeGb"],
        "volume_kms_key": monitor["kmsKeyArn"],
        "output_kms_key": monitor["kmsKeyArn"],
        "max_runtime_in_seconds": monitor["maxRuntimeSeconds"],
        "sagemaker_session": session,
        "tags": [{"Key": key, "Value": value} for key, value in {**settings["tags"], "fraud:monitor": kind}.items()],
        "network_config": NetworkConfig(
            enable_network_isolation=False,
            encrypt_inter_container_traffic=True,
            subnets=settings["network"]["subnetIds"],
            security_group_ids=settings["network"]["securityGroupIds"],
        ),
    }
    where = {"endpoint_name": settings["endpointName"], "destination": "/opt/ml/processing/input/endpoint"}
    maturity, period = settings["labelMaturityHours"], monitor["periodHours"]
    labelled = {
        **where,
        "probability_threshold_attribute": ours["threshold"],
        "start_time_offset": f"-PT{maturity + period}H",
        "end_time_offset": f"-PT{maturity}H",
    }
    schedule = {
        "monitor_schedule_name": "schedule",
        "schedule_cron_expression": monitor["schedule"],
        "output_s3_uri": f"{settings['outputUri']}/{kind}",
    }
    paths = {"features_attribute": "instances[*].features"}
    score = "predictions[*].score"
    if kind == "data-quality":
        quality = baselines["ModelDataQuality"]
        DefaultModelMonitor(**common).create_monitoring_schedule(
            endpoint_input=EndpointInput(**where),
            record_preprocessor_script=settings["recordPreprocessorUri"],
            statistics=Statistics({}, quality["Statistics"]["S3Uri"]),
            constraints=Constraints({}, quality["Constraints"]["S3Uri"]),
            **schedule,
        )
    elif kind == "model-quality":
        ModelQualityMonitor(**common).create_monitoring_schedule(
            endpoint_input=EndpointInput(**labelled, probability_attribute="probability"),
            ground_truth_input=settings["groundTruthUri"],
            problem_type="BinaryClassification",
            record_preprocessor_script=settings["recordPreprocessorUri"],
            constraints=Constraints({}, baselines["ModelQuality"]["Constraints"]["S3Uri"]),
            **schedule,
        )
    elif kind == "model-bias":
        ModelBiasMonitor(**common).create_monitoring_schedule(
            endpoint_input=EndpointInput(**labelled, **paths, probability_attribute=score),
            ground_truth_input=settings["groundTruthUri"],
            analysis_config=files["configUri"],
            constraints=Constraints({}, files["constraintsUri"]),
            **schedule,
        )
    else:
        ModelExplainabilityMonitor(**common).create_monitoring_schedule(
            endpoint_input=EndpointInput(**where, **paths, inference_attribute=score),
            analysis_config=files["configUri"],
            constraints=Constraints({}, files["constraintsUri"]),
            **schedule,
        )
    return client.calls


@pytest.fixture(scope="module")
def theirs(ours: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """The SDK's calls by kind of monitor and operation."""
    with pytest.MonkeyPatch.context() as patch:
        # The SDK checks its own configuration at each of hundreds of looks at it, which takes most of its time.
        patch.setattr("sagemaker.utils.validate_sagemaker_config", lambda config: None)
        return {kind: json.loads(json.dumps(record(kind, ours))) for kind in KINDS}


def differences(ours: Any, theirs: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of what is not the same."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in ours.keys() | theirs.keys():
            yield from differences(ours.get(name), theirs.get(name), (*path, name))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            yield from differences(one, other, path)
    elif ours != theirs:
        yield path


@pytest.mark.parametrize("kind", KINDS)
def test_a_definition_is_the_sdks(ours: dict[str, Any], theirs: dict[str, Any], kind: str) -> None:
    found = {path for path in differences(ours["definitions"][kind], theirs[kind][CREATE[kind]])}
    assert {path for path in found if not any(path[-len(end) :] == end for end in REASONS)} == set()
    # No reason is out of date.
    assert all(any(path[-len(end) :] == end for path in found) for end in REASONS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_schedule_is_the_sdks(ours: dict[str, Any], theirs: dict[str, Any], kind: str) -> None:
    config = theirs[kind]["create_monitoring_schedule"]["MonitoringScheduleConfig"]
    assert [*differences(ours["schedules"][kind], config)] == [("MonitoringJobDefinitionName",)]


def test_what_clarify_is_told_of_requests_in_json_is_the_sdks(ours: dict[str, Any]) -> None:
    told = ours["clarify"]
    model = ModelConfig(
        model_name="fraud-model-7",
        instance_type="ml.m5.large",
        instance_count=1,
        content_type="application/json",
        accept_type="application/json",
        content_template='{"instances":$records}',
        record_template='{"features":$features}',
        endpoint_name_prefix="fraud-clarify",
    )
    assert told["explainability"]["predictor"] == model.get_predictor_config()
    data = DataConfig(
        s3_data_input_path="s3://bucket/captures",
        s3_output_path="s3://bucket/output",
        dataset_type="application/json",
        features="instances[*].features",
        label="instances[*].label",
        headers=["Time", "Amount", "Class"],
    ).get_config()
    # A monitor is told where the features are by its definition.
    assert {name: told["bias"][name] for name in ("dataset_type", "headers", "label")} == {
        name: data[name] for name in ("dataset_type", "headers", "label")
    }
    assert (
        ours["definitions"]["model-bias"]["ModelBiasJobInput"]["EndpointInput"]["FeaturesAttribute"] == data["features"]
    )


@pytest.mark.parametrize(("image", "framework"), [("analyzer", "model-monitor"), ("clarify", "clarify")])
def test_the_images_are_the_sdks_in_every_region(ours: dict[str, Any], image: str, framework: str) -> None:
    config = image_uris.config_for_framework(framework)
    scoped = config.get("processing", config)
    [version] = scoped["versions"].values()
    assert ours["images"][image].keys() == version["registries"].keys()
    assert ours["images"][image] == {region: image_uris.retrieve(framework, region) for region in version["registries"]}
