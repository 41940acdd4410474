"""An endpoint, its API and its scorer of files in a Python program, each a component of its own."""

import pulumi
from pulumi_fraud_platform import (
    Alerts,
    CanaryEndpoint,
    CiPipeline,
    InferenceApi,
    LauncherImage,
    ModelRegistry,
    MonitorSuite,
    Storage,
    StreamScorer,
    TrainingPipeline,
)

tags = {"project": pulumi.get_project(), "stack": pulumi.get_stack()}
run_time_tags = {**tags, "fraud:endpoint": "scoring"}

storage = Storage("storage", tags=tags, prefix="fraud")
alerts = Alerts("alerts", tags=tags, storage=storage, emails=["fraud@example.com"])
registry = ModelRegistry("registry", tags=tags, storage=storage, group_name="scoring", model_name="scoring")
endpoint = CanaryEndpoint(
    "endpoint",
    tags=tags,
    storage=storage,
    alerts=alerts,
    registry=registry,
    pipeline_name="scoring",
    run_time_tags=run_time_tags,
    deployment={
        "endpointName": "scoring",
        "instanceType": "ml.m5.large",
        "minCapacity": 2,
        "maxCapacity": 4,
        "rollout": {"type": "canary", "canaryPercent": 50, "waitIntervalSeconds": 300},
        "dataCapturePercent": 50,
    },
)
api = InferenceApi("api", tags=tags, endpoint=endpoint, registry=registry, api={"rateLimitPerSecond": 200})
scorer = StreamScorer(
    "stream",
    tags=tags,
    storage=storage,
    alerts=alerts,
    registry=registry,
    endpoint=endpoint,
    job_name_prefix="scoring",
    run_time_tags=run_time_tags,
)
image = LauncherImage("image", tags=tags, storage=storage)
training = TrainingPipeline(
    "training",
    tags=tags,
    storage=storage,
    alerts=alerts,
    registry=registry,
    endpoint=endpoint,
    image=image,
    pipeline_name="scoring",
    base_job_name_prefix="scoring",
    preprocess={
        "framework": "scikit-learn",
        "instanceType": "ml.m5.large",
        "trainRatio": 0.6,
        "validationRatio": 0.2,
        "testRatio": 0.2,
    },
    training={"algorithm": "lgbm", "instanceType": "ml.m5.xlarge"},
    evaluation={"instanceType": "ml.m5.large", "rocAucMinThreshold": 0.93},
    ecs={"subnetIds": ["subnet-0123456789abcdef0"]},
    run_time_tags=run_time_tags,
)
monitors = MonitorSuite(
    "monitors",
    tags=tags,
    storage=storage,
    alerts=alerts,
    registry=registry,
    endpoint=endpoint,
    training=training,
    job_name_prefix="scoring",
    run_time_tags=run_time_tags,
)
delivery = CiPipeline(
    "ci",
    tags=tags,
    storage=storage,
    alerts=alerts,
    image=image,
    training=training,
    pipeline_name="scoring",
    ci={
        "connectionArn": "arn:aws:codeconnections:eu-west-1:123456789012:connection/0a1b2c3d",
        "repository": "acme/fraud",
    },
)

pulumi.export("predict_url", api.url.apply(lambda url: f"{url}/predict"))
pulumi.export("api_key", api.api_key)
pulumi.export("table", scorer.table_name)
pulumi.export("monitors_uri", monitors.output_uri)
pulumi.export("delivery", delivery.pipeline_name)
