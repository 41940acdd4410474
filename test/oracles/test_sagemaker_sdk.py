"""The SageMaker Python SDK, unmodified, on the local cloud: what its users do with it, from a pipeline to a page."""

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from botocore.exceptions import ClientError, WaiterError
from local_cloud import tool, wait_for
from sagemaker import ModelPackage, Session
from sagemaker.analytics import TrainingJobAnalytics
from sagemaker.deserializers import CSVDeserializer
from sagemaker.lambda_helper import Lambda
from sagemaker.predictor import Predictor
from sagemaker.processing import FrameworkProcessor, ProcessingInput, ProcessingOutput
from sagemaker.s3 import S3Downloader
from sagemaker.serializers import CSVSerializer
from sagemaker.sklearn import SKLearn
from sagemaker.transformer import Transformer
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionEquals
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import JsonGet
from sagemaker.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
from sagemaker.workflow.parameters import ParameterFloat
from sagemaker.workflow.pipeline import Pipeline, _PipelineExecution
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.selective_execution_config import SelectiveExecutionConfig
from sagemaker.workflow.steps import CacheConfig, TransformStep
from sagemaker.xgboost import XGBoost
from sdk_project import (
    GROUP,
    INSTANCE,
    ROLE,
    build_pipeline,
    estimator,
    prepare_step,
    scoring_model,
    transactions,
    upload,
)

QUESTIONS = transactions(20, seed=2)


@pytest.fixture(scope="module")
def session(pointed_at_the_cloud: None) -> Session:
    return Session()


@pytest.fixture(scope="module")
def rows_uri(session: Session, tmp_path_factory: pytest.TempPathFactory) -> str:
    return upload(session, tmp_path_factory.mktemp("rows"), transactions(400), "raw", header=True)


@pytest.fixture(scope="module")
def pipeline(session: Session, project: Path, rows_uri: str) -> Pipeline:
    built = build_pipeline(PipelineSession(), project, rows_uri)
    assert built.upsert(role_arn=ROLE, tags=[{"Key": "team", "Value": "fraud"}])["PipelineArn"].endswith("/scores")
    return built


@pytest.fixture(scope="module")
def executed(pipeline: Pipeline) -> _PipelineExecution:
    execution = pipeline.start(execution_display_name="first")
    execution.wait(delay=1, max_attempts=90)
    return execution


def steps_of(execution: _PipelineExecution) -> dict[str, dict]:
    return {step["StepName"]: step for step in execution.list_steps()}


@pytest.fixture(scope="module")
def trained(session: Session, executed: _PipelineExecution) -> dict:
    """What SageMaker says of the training job that the pipeline ran."""
    arn = steps_of(executed)["Train"]["Metadata"]["TrainingJob"]["Arn"]
    return session.describe_training_job(arn.rsplit("/", 1)[1])


def test_pipeline_runs_to_its_end(session: Session, pipeline: Pipeline, executed: _PipelineExecution) -> None:
    steps = steps_of(executed)
    made = {"Prepare", "Train", "Evaluate", "GoodEnough", "Register-RegisterModel", "Create-CreateModel"}
    assert {name: step["StepStatus"] for name, step in steps.items()} == dict.fromkeys(made, "Succeeded")
    assert steps["GoodEnough"]["Metadata"]["Condition"]["Outcome"] == "True"
    described = executed.describe()
    assert (described["PipelineExecutionStatus"], described["PipelineExecutionDisplayName"]) == ("Succeeded", "first")
    assert {each["Name"] for each in executed.list_parameters()["PipelineParameters"]} <= {"Raw", "Share", "AucWanted"}
    listed = pipeline.list_executions()["PipelineExecutionSummaries"]
    assert executed.arn in [each["PipelineExecutionArn"] for each in listed]
    # The helper module's work and the property file's values are in what the steps left in S3.
    job = steps["Prepare"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
    outputs = session.describe_processing_job(job)["ProcessingOutputConfig"]["Outputs"]
    report = next(output["S3Output"]["S3Uri"] for output in outputs if output["OutputName"] == "report")
    told = json.loads(S3Downloader.read_file(f"{report}/report.json", session))
    assert told["rows"] == {"train": 300, "validation": 100}


def test_pipeline_takes_the_other_branch(pipeline: Pipeline, executed: _PipelineExecution) -> None:
    execution = pipeline.start(parameters={"AucWanted": 1.1, "Share": 0.5})
    with pytest.raises(WaiterError, match="terminal failure"):
        execution.wait(delay=1, max_attempts=90)
    steps = steps_of(execution)
    assert steps["GoodEnough"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert steps["TooWeak"]["StepStatus"] == "Failed"
    assert steps["TooWeak"]["FailureReason"].startswith("The AUC is 0.9")
    assert "Register-RegisterModel" not in steps
    assert execution.describe()["PipelineExecutionStatus"] == "Failed"


def test_selected_steps_run_on_what_another_execution_made(pipeline: Pipeline, executed: _PipelineExecution) -> None:
    selection = SelectiveExecutionConfig(source_pipeline_execution_arn=executed.arn, selected_steps=["Evaluate"])
    execution = pipeline.start(
        selective_execution_config=selection, parallelism_config={"MaxParallelExecutionSteps": 1}
    )
    execution.wait(delay=1, max_attempts=90)
    ran = {name for name, step in steps_of(execution).items() if "SelectiveExecutionResult" not in step}
    assert ran == {"Evaluate"}


def test_equal_steps_are_taken_from_the_cache(session: Session, project: Path, rows_uri: str, tmp_path: Path) -> None:
    """A processing step that is cached, and a function that the SDK makes of a script, which is called each time."""
    script = tmp_path / "double.py"
    script.write_text("def handler(event, context):\n    return {'doubled': event['number'] * 2}\n")
    function = Lambda(
        function_name="double", execution_role_arn=ROLE, script=str(script), handler="double.handler", session=session
    )
    share = ParameterFloat("Share", default_value=0.25)
    building = PipelineSession()
    prepare = prepare_step(building, project, rows_uri, share, CacheConfig(enable_caching=True, expire_after="PT1H"))
    double = LambdaStep(
        name="Double",
        lambda_func=function,
        inputs={"number": JsonGet(step_name="Prepare", property_file="Rows", json_path="rows.train")},
        outputs=[LambdaOutput("doubled", LambdaOutputTypeEnum.Integer)],
    )
    check = ConditionStep(
        name="Check",
        conditions=[ConditionEquals(left=double.properties.Outputs["doubled"], right=200)],
        if_steps=[],
        else_steps=[FailStep("Other", error_message="not 200")],
    )
    cached = Pipeline(name="cached", parameters=[share], steps=[prepare, double, check], sagemaker_session=building)
    cached.upsert(role_arn=ROLE)
    executions = []
    for _ in range(2):
        executions.append(cached.start())
        executions[-1].wait(delay=1, max_attempts=60)
    first, second = map(steps_of, executions)
    assert "CacheHitResult" not in first["Prepare"]
    assert second["Prepare"]["CacheHitResult"]["SourcePipelineExecutionArn"] == executions[0].arn
    assert "CacheHitResult" not in second["Double"]
    other = cached.start(parameters={"Share": 0.5})
    with pytest.raises(WaiterError):
        other.wait(delay=1, max_attempts=60)
    assert steps_of(other)["Other"]["FailureReason"] == "not 200"
    cached.delete()


def test_pipeline_is_stopped(pipeline: Pipeline) -> None:
    execution = pipeline.start()
    execution.stop()
    # The SDK's own wait does not know this end.
    wait_for(lambda: execution.describe()["PipelineExecutionStatus"] == "Stopped", "the execution to stop")
    assert "Evaluate" not in steps_of(execution)


def test_estimator_trains_and_tells(
    session: Session, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = upload(session, tmp_path, transactions(100), "fit", header=False)
    training = estimator(session, project)
    training.fit({"train": rows, "validation": rows}, wait=False)
    name = training.latest_training_job.name
    assert session.wait_for_job(name, poll=1)["TrainingJobStatus"] == "Completed"
    session.logs_for_job(name)
    assert "[19]\tvalidation-auc:" in capsys.readouterr().out
    assert XGBoost.attach(name, session).model_data == training.model_data
    found = session.describe_training_job(name)["FinalMetricDataList"]
    assert [metric["MetricName"] for metric in found] == ["validation:auc"]
    assert 0.9 < found[0]["Value"] <= 1
    curve = TrainingJobAnalytics(name).dataframe()
    assert set(curve["metric_name"]) == {"validation:auc"}
    assert curve["value"].between(0.5, 1).all()


def with_requirements(project: Path, folder: Path) -> Path:
    """The project with a package of its own beside it, which its script imports once it is installed."""
    shutil.copytree(project, folder, dirs_exist_ok=True)
    with zipfile.ZipFile(folder / "required-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("required.py", "")
        wheel.writestr("required-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: required\nVersion: 1.0\n")
        wheel.writestr("required-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("required-1.0.dist-info/RECORD", "")
    (folder / "requirements.txt").write_text("--no-index\n--find-links .\nrequired\n")
    script = folder / "prepare.py"
    script.write_text(f"import required\n{script.read_text()}")
    return folder


def test_source_folder_is_processed(session: Session, project: Path, rows_uri: str, tmp_path: Path) -> None:
    """FrameworkProcessor: an archive of the folder, and a shell script of the SDK's that unpacks and runs it."""
    processor = FrameworkProcessor(
        SKLearn,
        framework_version="1.2-1",
        role=ROLE,
        instance_type=INSTANCE,
        instance_count=1,
        sagemaker_session=session,
    )
    folder = "/opt/ml/processing"
    processor.run(
        code="prepare.py",
        source_dir=str(with_requirements(project, tmp_path)),
        inputs=[ProcessingInput(source=rows_uri, destination=f"{folder}/input/raw/")],
        outputs=[ProcessingOutput(output_name="report", source=f"{folder}/output/report")],
        arguments=["--source", f"{folder}/input/raw", "--target", f"{folder}/output", "--share", "0.5"],
        wait=False,
        logs=False,
    )
    job = processor.latest_job
    assert session.wait_for_processing_job(job.job_name, poll=1)["ProcessingJobStatus"] == "Completed"
    told = json.loads(S3Downloader.read_file(f"{job.outputs[0].destination}/report.json", session))
    assert told["rows"] == {"train": 200, "validation": 200}
    # It was installed for that job, and for nobody else.
    elsewhere = subprocess.run([tool("python"), "-c", "import required"], capture_output=True, text=True, check=False)
    assert "No module named 'required'" in elsewhere.stderr


def scores(predictor: Predictor) -> list[float]:
    return [float(value) for [value] in predictor.predict(QUESTIONS[:, 1:])]


def predictor_of(session: Session, endpoint: str) -> Predictor:
    return Predictor(endpoint, session, serializer=CSVSerializer(), deserializer=CSVDeserializer())


@pytest.fixture(scope="module")
def predictor(session: Session, project: Path, trained: dict) -> Predictor:
    model = scoring_model(session, project, trained["ModelArtifacts"]["S3ModelArtifacts"])
    deployed = model.deploy(
        initial_instance_count=1,
        instance_type=INSTANCE,
        endpoint_name="scores",
        serializer=CSVSerializer(),
        deserializer=CSVDeserializer(),
        wait=False,  # the SDK would look only every 30 seconds
    )
    session.wait_for_endpoint("scores", poll=1)
    return deployed


def test_deployed_model_answers(predictor: Predictor) -> None:
    answered = scores(predictor)
    assert len(answered) == len(QUESTIONS)
    assert np.mean((np.array(answered) > 0.5) == (QUESTIONS[:, 0] > 0.5)) > 0.8


def test_files_are_scored_in_batches(session: Session, project: Path, predictor: Predictor, tmp_path: Path) -> None:
    """A transform job, with each line joined to its score, and the same as a pipeline's step."""
    asked = upload(session, tmp_path, QUESTIONS, "batch", header=False)
    model = session.sagemaker_client.describe_endpoint_config(EndpointConfigName="scores")["ProductionVariants"][0]
    target = f"s3://{session.default_bucket()}/scored"
    options = {
        "model_name": model["ModelName"],
        "instance_count": 1,
        "instance_type": INSTANCE,
        "strategy": "MultiRecord",
        "assemble_with": "Line",
        "accept": "text/csv",
        "output_path": target,
    }
    work = {"content_type": "text/csv", "split_type": "Line", "input_filter": "$[1:]", "join_source": "Input"}
    transformer = Transformer(**options, sagemaker_session=session)
    transformer.transform(asked, **work, output_filter="$[0,-1]", wait=False, logs=False)
    done = session.wait_for_transform_job(transformer.latest_transform_job.name, poll=1)
    assert done["TransformJobStatus"] == "Completed"
    lines = S3Downloader.read_file(f"{target}/rows.csv.out", session).splitlines()
    scored = [tuple(map(float, line.split(","))) for line in lines]
    assert [label for label, _ in scored] == list(QUESTIONS[:, 0])
    assert [score for _, score in scored] == pytest.approx(scores(predictor), abs=1e-6)

    building = PipelineSession()
    in_pipeline = Transformer(**{**options, "output_path": f"{target}/step"}, sagemaker_session=building)
    step = TransformStep(name="Score", step_args=in_pipeline.transform(asked, **work, output_filter="$[0,-1]"))
    scoring = Pipeline(name="scoring", steps=[step], sagemaker_session=building)
    scoring.upsert(role_arn=ROLE)
    scoring.start().wait(delay=1, max_attempts=60)
    assert S3Downloader.read_file(f"{target}/step/rows.csv.out", session).splitlines() == lines


def test_endpoint_updated_to_a_model_that_cannot_load_stays_served(
    session: Session, project: Path, predictor: Predictor
) -> None:
    before = scores(predictor)
    client = session.sagemaker_client
    config = client.describe_endpoint(EndpointName="scores")["EndpointConfigName"]
    # The artifact is there and is an archive, but the model is not in it.
    code = scoring_model(session, project, None).prepare_container_def(INSTANCE)["Environment"]
    empty = scoring_model(session, project, code["SAGEMAKER_SUBMIT_DIRECTORY"], name="empty")
    empty.create(instance_type=INSTANCE)
    predictor.update_endpoint(model_name="empty", initial_instance_count=1, instance_type=INSTANCE, wait=False)
    assert client.describe_endpoint(EndpointName="scores")["EndpointStatus"] == "Updating"
    assert scores(predictor) == before
    session.wait_for_endpoint("scores", poll=1)
    described = client.describe_endpoint(EndpointName="scores")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", config)
    assert "did not pass the ping health check" in described["FailureReason"]
    assert scores(predictor) == before


def test_packages_are_registered_and_paged_through(session: Session, project: Path, trained: dict) -> None:
    client = session.sagemaker_client
    model = scoring_model(session, project, trained["ModelArtifacts"]["S3ModelArtifacts"])
    first = client.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
    assert [package["ModelApprovalStatus"] for package in first] == ["Approved"]  # the pipeline's
    for number in range(2, 7):
        model.register(
            content_types=["text/csv"],
            response_types=["text/csv"],
            inference_instances=[INSTANCE],
            transform_instances=[INSTANCE],
            model_package_group_name=GROUP,
            approval_status="PendingManualApproval",
            customer_metadata_properties={"number": str(number)},
        )
    paginator = client.get_paginator("list_model_packages")
    asked = {"ModelPackageGroupName": GROUP, "SortBy": "CreationTime", "SortOrder": "Ascending"}
    pages = list(paginator.paginate(**asked, PaginationConfig={"PageSize": 4}))
    assert [len(page["ModelPackageSummaryList"]) for page in pages] == [4, 2]
    listed = [package for page in pages for package in page["ModelPackageSummaryList"]]
    assert [package["ModelPackageVersion"] for package in listed] == [1, 2, 3, 4, 5, 6]
    described = client.describe_model_package(ModelPackageName=listed[-1]["ModelPackageArn"])
    assert described["CustomerMetadataProperties"] == {"number": "6"}

    package = ModelPackage(role=ROLE, model_package_arn=listed[0]["ModelPackageArn"], sagemaker_session=session)
    package.deploy(initial_instance_count=1, instance_type=INSTANCE, endpoint_name="packaged", wait=False)
    session.wait_for_endpoint("packaged", poll=1)
    packaged = predictor_of(session, "packaged")
    assert len(scores(packaged)) == len(QUESTIONS)
    packaged.delete_endpoint()


def test_what_was_deployed_is_deleted(session: Session, predictor: Predictor) -> None:
    client = session.sagemaker_client
    config = client.describe_endpoint(EndpointName="scores")["EndpointConfigName"]
    [variant] = client.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    # Not the one that was updated: it remembers the update that failed.
    fresh = predictor_of(session, predictor.endpoint_name)
    fresh.delete_model()
    fresh.delete_endpoint()
    wait_for(lambda: not client.list_endpoints(NameContains="scores")["Endpoints"], "the endpoint to be gone")
    with pytest.raises(ClientError, match="Could not find"):
        client.describe_model(ModelName=variant["ModelName"])
    with pytest.raises(ClientError, match="Could not find"):
        client.describe_endpoint_config(EndpointConfigName=config)
