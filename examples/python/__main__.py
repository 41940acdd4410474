"""The fraud platform as a component of a Python program: `pulumi package add`, then this."""

import pulumi
from pulumi_fraud_platform import FraudPlatform

fraud = FraudPlatform(
    "scoring",
    global_={"pipelineName": "scoring", "baseJobNamePrefix": "scoring"},
    preprocess={
        "framework": "scikit-learn",
        "instanceType": "ml.m5.large",
        "trainRatio": 0.6,
        "validationRatio": 0.2,
        "testRatio": 0.2,
    },
    training={"algorithm": "lgbm", "instanceType": "ml.m5.xlarge"},
    evaluation={"instanceType": "ml.m5.large", "rocAucMinThreshold": 0.93},
    deployment={
        "endpointName": "scoring",
        "instanceType": "ml.m5.large",
        "minCapacity": 2,
        "maxCapacity": 4,
        "rollout": {"type": "canary", "canaryPercent": 50, "waitIntervalSeconds": 300},
        "dataCapturePercent": 50,
    },
    ci={
        "connectionArn": "arn:aws:codeconnections:eu-west-1:123456789012:connection/0a1b2c3d",
        "repository": "acme/fraud",
    },
    ecs={"subnetIds": ["subnet-0123456789abcdef0"]},
    opts=pulumi.ResourceOptions(protect=False),
)

pulumi.export("predict_url", fraud.api_url.apply(lambda url: f"{url}/predict"))
pulumi.export("table", fraud.scorer.table_name)
pulumi.export("api_key", fraud.api_key)
