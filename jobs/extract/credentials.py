"""The database's user name and password, from Secrets Manager, at run time only."""

import json
from dataclasses import dataclass, field

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from extraction_error import ExtractionError, Reason

#: Seconds and attempts: a subnet without a way to Secrets Manager is told within two minutes.
_CLIENT = Config(connect_timeout=10, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})

_REMEDIES = {
    "ResourceNotFoundException": "set source.secretArn to a secret that exists",
    "AccessDeniedException": "let the job's role use secretsmanager:GetSecretValue on it, and kms:Decrypt on its key "
    "(source.secretKmsKeyArn)",
    "DecryptionFailure": "let the job's role use kms:Decrypt on the secret's key (source.secretKmsKeyArn)",
    "InvalidRequestException": "restore the secret, or give another one",
}


@dataclass(frozen=True)
class Credentials:
    """What the server lets in. Neither part is shown where the object is printed."""

    user: str = field(repr=False)
    password: str = field(repr=False)


def read_credentials(secret_arn: str) -> Credentials:
    """Reads a secret in the form that RDS writes: JSON with ``username`` and ``password``.

    Raises:
        ExtractionError: it cannot be read, or is of another form.
    """
    region = secret_arn.split(":")[3]
    try:
        client = boto3.client("secretsmanager", region_name=region, config=_CLIENT)
        text = client.get_secret_value(SecretId=secret_arn).get("SecretString", "")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise _unreadable(secret_arn, code, _REMEDIES.get(code, "see the code's meaning")) from None
    except BotoCoreError as error:
        remedy = "give the job's subnets a way to Secrets Manager (a NAT gateway or a VPC endpoint)"
        raise _unreadable(secret_arn, type(error).__name__, remedy) from None
    return _parse(secret_arn, text)


def _parse(secret_arn: str, text: str) -> Credentials:
    form = 'store JSON such as {"username": "…", "password": "…"}'
    try:
        content = json.loads(text)
    except ValueError:
        # Without the cause: the parser's error holds the text.
        raise _unreadable(secret_arn, "it is not JSON", form) from None
    parts = [content.get(name) if isinstance(content, dict) else None for name in ("username", "password")]
    if not all(isinstance(part, str) and part for part in parts):
        raise _unreadable(secret_arn, "it has no username or no password", form)
    return Credentials(*parts)


def _unreadable(secret_arn: str, why: str, remedy: str) -> ExtractionError:
    return ExtractionError(Reason.SECRET_UNREADABLE, f"the secret {secret_arn} cannot be used ({why})", remedy)
