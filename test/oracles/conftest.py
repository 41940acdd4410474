"""Other people's clients of AWS: the SageMaker Python SDK, the AWS CLI. They run on a Python of their own."""

import os

import pytest

# The SDK says at every import that there is a later major version, which makes pipelines in another way.
os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"


def pytest_configure(config: pytest.Config) -> None:
    # Other people's code: what it warns of is not ours to mend.
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning")
    config.addinivalue_line("filterwarnings", "ignore::FutureWarning")
    config.addinivalue_line("filterwarnings", "ignore::UserWarning:sagemaker")
