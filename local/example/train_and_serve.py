"""A project of the SageMaker Python SDK: trains a model, deploys it and asks it. Runs on AWS and here alike."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sagemaker import Session
from sagemaker.deserializers import CSVDeserializer
from sagemaker.serializers import CSVSerializer
from sagemaker.xgboost import XGBoost

ROLE = "arn:aws:iam::123456789012:role/sagemaker"  # on the local cloud, any
SCRIPTS = Path(__file__).parent / "scripts"

session = Session()
values = np.random.default_rng(0).normal(size=(500, 2))
with TemporaryDirectory() as folder:
    np.savetxt(f"{folder}/rows.csv", np.column_stack([values.sum(axis=1) > 0, values]), delimiter=",")
    rows = session.upload_data(f"{folder}/rows.csv", key_prefix="example")
print(f"uploaded {rows}")

estimator = XGBoost(
    entry_point="train.py",
    source_dir=str(SCRIPTS),
    framework_version="1.7-1",
    hyperparameters={"rounds": 20},
    role=ROLE,
    instance_type="ml.m5.large",
    instance_count=1,
    sagemaker_session=session,
)
# The SDK's own waiting looks every 30 seconds, as it should on AWS. Here everything is sooner.
estimator.fit({"train": rows}, wait=False)
session.wait_for_job(estimator.latest_training_job.name, poll=1)
print(f"\ntrained {estimator.model_data}")

predictor = estimator.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.large",
    endpoint_name="example",
    entry_point="inference.py",
    source_dir=str(SCRIPTS),
    serializer=CSVSerializer(),
    deserializer=CSVDeserializer(),
    wait=False,
)
session.wait_for_endpoint("example", poll=1)
print(f"\nanswers {predictor.predict([[1, 1], [-1, -1]])}")
