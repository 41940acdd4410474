"""Which key of the customer's encrypts what a request reads or writes, and what that takes of the caller.

S3, SQS, SNS and DynamoDB use a customer's key in the name of whoever asks them; the emulator does not look at that.
"""

import re

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import dynamodb, kms, s3, sns, sqs

READING, WRITING = ("kms:Decrypt",), ("kms:GenerateDataKey",)
#: What is done with the key, by action.
USES = {
    "s3:GetObject": READING,
    "s3:GetObjectVersion": READING,
    "s3:PutObject": WRITING,
    "sqs:SendMessage": (*WRITING, *READING),
    "sqs:ReceiveMessage": READING,
    "sns:Publish": (*WRITING, *READING),
    **{
        f"dynamodb:{operation}": READING
        for operation in (
            *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"),
            *("BatchGetItem", "BatchWriteItem", "ConditionCheckItem"),
        )
    },
}
_KEY = re.compile(r"<KMSMasterKeyID>([^<]+)</KMSMasterKeyID>")


def uses(action: str, resource: str) -> list[tuple[str, str]]:
    """Actions on keys, and the keys' ARNs, that an action on a resource brings with it. AWS's own keys take nothing."""
    wanted = USES.get(action)
    if wanted is None:
        return []
    with request_scope(owner_of(resource), get_region()):
        key = key_of(resource)
        record = kms._resolve_key(key) if key else None
    return [(each, record["Arn"]) for each in wanted] if record else []


def owner_of(resource: str) -> str:
    """The account whose a resource is; the caller's, where nobody has it."""
    parts = resource.split(":")
    if resource.startswith("arn:aws:s3:::"):
        return s3._bucket_owner_account(parts[5].split("/", 1)[0]) or get_account_id()
    return (parts[4] if len(parts) > 5 else "") or get_account_id()


def key_of(resource: str) -> str | None:
    """The key by whatever name the resource has it; none of a resource that is not here."""
    service = resource.split(":")[2] if resource.count(":") > 4 else ""
    name = resource.split(":", 5)[-1]
    if service == "s3":
        found = _KEY.search(s3._bucket_encryption.get(name.split("/", 1)[0]) or "")
        return found[1] if found else None
    if service == "sqs":
        return ((sqs._queue_by_arn(resource) or {}).get("attributes") or {}).get("KmsMasterKeyId")
    if service == "sns":
        return ((sns._topic_by_arn_any_scope(resource) or {}).get("attributes") or {}).get("KmsMasterKeyId")
    if service == "dynamodb":
        table = dynamodb._tables.get(name.split("/")[1]) if "/" in name else None
        return ((table or {}).get("SSEDescription") or {}).get("KMSMasterKeyArn")
    return None
