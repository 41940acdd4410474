"""The account's permissions: what the emulator decides with its own evaluator, written down, and asked by others.

With ``AUTH=true`` the emulator holds every signed request to the policies of whoever signed it. Here

- each decision on a role's request is kept: role, action, resource, and every statement that allows it;
- the local services, which the emulator knows nothing of, ask it the same question (``POST /_local/iam/authorize``);
- what Lambda and EventBridge do in a role's name is held to the role as well: logs, queues, targets, dead letters;
- a key of the customer's that encrypts what is read or written must be allowed, too;
- the loopback interface, which nobody can listen on, counts as TLS (``aws:SecureTransport``).
"""

import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import emulator_keys
from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    request_scope,
    set_request_account_id,
)
from ministack.services import iam as iam_service
from ministack.services import lambda_svc, sts

logger = logging.getLogger("iam")

PATH = "/_local/iam/"
#: Different resources that are kept of one role's action, statements and outcome; more are only counted.
MAX_RESOURCES = 100
#: How long what a service does in a role's name may take.
SESSION_SECONDS = 900
#: What a function's role needs for its queue.
POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
#: What a service that acts in a role's name does to a target, by the service in the target's ARN.
TARGET_ACTIONS = {
    "lambda": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "events": "events:PutEvents",
    "codepipeline": "codepipeline:StartPipelineExecution",
    "states": "states:StartExecution",
}

_evaluate = iam_evaluator.evaluate
_enforce = iam_evaluator.enforce
_first_match = iam_evaluator._first_match
_extract_resource_arn = iam_actions.extract_resource_arn
_request_tag_context = iam_actions.request_tag_context


class RolePolicies(list):
    """A role's parsed policies; a statement's ``sid`` is ``<policy>#<its position>``."""


@dataclass(frozen=True)
class Principal:
    """Who asks, with what is allowed and the limits of it."""

    arn: str
    account: str
    policies: RolePolicies
    limits: list
    keys: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Denial:
    """Why somebody may not do something; as text, what AWS says."""

    action: str
    principal: str
    resource: str
    explicit: bool

    def __str__(self) -> str:
        what = f"User: {self.principal} is not authorized to perform: {self.action} on resource: {self.resource}"
        if self.explicit:
            return f"{what} with an explicit deny in an identity-based policy"
        return f"{what} because no identity-based policy allows the {self.action} action"


class Calls:
    """What roles have asked for, and which statements allowed it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[tuple, dict[str, int]] = {}

    def add(self, role: str, action: str, resource: str, decision: str, allowed_by: tuple[str, ...]) -> None:
        with self._lock:
            resources = self._calls.setdefault((role, action, decision, allowed_by), {})
            name = resource if resource in resources or len(resources) < MAX_RESOURCES else "(more)"
            resources[name] = resources.get(name, 0) + 1

    def listed(self) -> list[dict]:
        with self._lock:
            return [
                {
                    "role": role,
                    "action": action,
                    "resource": resource,
                    "decision": decision,
                    "allowedBy": list(allowed_by),
                    "count": count,
                }
                for (role, action, decision, allowed_by), resources in sorted(self._calls.items())
                for resource, count in sorted(resources.items())
            ]


calls = Calls()


def gather_role_policies(role_name: str, account_id: str) -> RolePolicies:
    """A role's policies, each statement marked with where it stands."""
    role = iam_service._roles.get_scoped(account_id, None, role_name)
    if role is None:
        return RolePolicies()
    inline = role.get("InlinePolicies") or {}
    documents = list(inline.items())
    for arn in role.get("AttachedPolicies", []):
        if document := iam_evaluator._resolve_managed_policy_document(arn, account_id):
            documents.append((arn, document))
    policies = RolePolicies()
    for name, document in documents:
        statements = iam_evaluator.parse_policy_document(document)
        for position, statement in enumerate(statements):
            statement.sid = f"{name}#{position}"
        policies.append(statements)
    return policies


def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
    """The resource of a request.

    That of Logs is a group's streams, which policies write as ``<group's ARN>:*``; a schedule's names its group.
    """
    arn = _extract_resource_arn(service, method, path, headers, body, query_params, region, account_id)
    if service == "scheduler" and path.startswith("/schedules/"):
        group = iam_actions._query_param(query_params, "groupName") or iam_actions._safe_json_field(body, "GroupName")
        return f"{arn.rsplit(':', 1)[0]}:schedule/{group or 'default'}/{path.rsplit('/', 1)[1]}"
    if service != "logs" or ":log-group:" not in arn or arn.count(":") > 6:
        return arn
    return f"{arn}:log-stream:{iam_actions._safe_json_field(body, 'logStreamName')}"


def request_context(service: str, iam_action: str, body: bytes, params: dict) -> dict:
    """Condition keys of a request that do not hang on its service alone; of events, who they say that they are from."""
    context = _request_tag_context(service, iam_action, body, params)
    if iam_action != "events:PutEvents":
        return context
    entries = json.loads(body or b"{}").get("Entries") or []
    sources = sorted({entry.get("Source", "") for entry in entries})
    return {**context, "events:source": sources[0] if len(sources) == 1 else sources}


def evaluate(ctx, policies, *limits):
    """The evaluator's decision; of a role's request it is written down."""
    result = _evaluate(ctx, policies, *limits)
    if isinstance(policies, RolePolicies):
        statements = [each for document in policies for each in document]
        allowing = tuple(each.sid for each in statements if _first_match(ctx, [each], "Allow"))
        role = iam_evaluator._role_name_from_assumed_arn(ctx.principal_arn)
        calls.add(role, ctx.action, ctx.resource_arn, result.decision, allowing)
    return result


def through(action: str) -> dict:
    """What a key's policy sees of a service that uses the key in the name of whoever did the action."""
    return {"kms:ViaService": f"{action.split(':', 1)[0]}.{get_region()}.amazonaws.com"}


def decide(principal: Principal, action: str, resource: str, context: dict | None = None, policy: str | None = None):
    """``None`` where somebody may do something, and use the keys that it takes; else the denial.

    Args:
        policy: the resource's own, where the emulator does not keep it; empty where it has none.
    """
    for each, target in ((action, resource), *emulator_keys.uses(action, resource)):
        service = each.split(":", 1)[0]
        if target != resource:
            policy, context = None, through(action)
        ctx = iam_evaluator.EvalContext(
            principal_arn=principal.arn,
            principal_type="AssumedRole",
            principal_account=principal.account,
            action=each,
            resource_arn=target,
            region=get_region(),
            secure_transport=True,
            service_context={key.lower(): value for key, value in (context or {}).items()},
            principal_keys=principal.keys,
        )
        result = iam_evaluator.evaluate(ctx, principal.policies, *principal.limits)
        with request_scope(emulator_keys.owner_of(target), get_region()):
            found = iam_evaluator._resource_policy(service, target) if policy is None else (policy, get_account_id())
        if found is not None:
            required = service in iam_evaluator._POLICY_REQUIRED
            limits = tuple(principal.limits)
            result = iam_evaluator.combine_resource_policy(result, ctx, *found, required=required, limits=limits)
        if result.decision != "Allow":
            return Denial(each, principal.arn, target, result.decision == "Deny")
    return None


def as_role(role_arn: str, session: str, action: str, resource: str, context: dict | None = None):
    """The same for what a service does in the name of a role. A role that is not here may do everything."""
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    if not app.AUTH or iam_service._roles.get_scoped(account, None, name) is None:
        return None
    principal = Principal(
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        account=account,
        policies=iam_evaluator._gather_role_policies(name, account),
        limits=iam_evaluator._permissions_boundary(iam_service._roles, name, account),
    )
    return decide(principal, action, resource, context)


def enforce(access_key, iam_action, service, region, resource_arn="*", service_context=None):
    """The emulator's own decision on a request to it, and on the keys that the request takes."""
    refused = _enforce(access_key, iam_action, service, region, resource_arn, service_context)
    if refused is not None:
        return refused
    uses = emulator_keys.uses(iam_action, resource_arn)
    principal = iam_evaluator.resolve_principal(access_key or "", get_account_id()) if uses else None
    if principal is None or getattr(principal, "policies", None) is None:
        return None
    who = Principal(principal.arn, principal.account, principal.policies, principal.limits, principal.keys)
    for action, key in uses:
        if (denied := decide(who, action, key, through(iam_action))) is not None:
            decision = "Deny" if denied.explicit else "ImplicitDeny"
            return iam_evaluator.EvalResult(decision, denied.principal, reason=str(denied))
    return None


def authorize(question: dict) -> dict:
    """Answers a local service: ``{"allowed": true}``, or false with AWS's code and message.

    ``question`` is ``{"accessKeyId", "sessionToken"?}`` or ``{"roleArn", "session"}``, with
    ``"demands": [{"action", "resources", "context"?, "resourcePolicies"?}]``.
    """
    principal = None
    if (key := question.get("accessKeyId")) is not None:
        # A session may be another account's, whose role asks for what is this one's.
        account = sts._sessions.get(key, {}).get("AccountId") or get_account_id()
        set_request_account_id(account)
        credential = iam_evaluator.resolve_credential(key, account, question.get("sessionToken") or "")
        if isinstance(credential, iam_evaluator.CredentialResolutionError):
            return {"allowed": False, "code": credential.code, "message": credential.message}
        found = iam_evaluator.resolve_principal(key, account, credential)
        if isinstance(found, iam_evaluator.AuthError):
            return {"allowed": False, "code": found.code, "message": found.message}
        if found.policies is None:
            return {"allowed": True}
        principal = Principal(found.arn, found.account, found.policies, found.limits, found.keys)
    else:
        set_request_account_id(get_account_id())
    for demand in question["demands"]:
        action, context = demand["action"], demand.get("context")
        for resource in demand["resources"]:
            if principal is None:
                refused = as_role(question["roleArn"], question["session"], action, resource, context)
            else:
                policy = demand.get("resourcePolicies", {}).get(resource)
                refused = decide(principal, action, resource, context, policy)
            if refused is not None:
                return {"allowed": False, "code": "AccessDeniedException", "message": str(refused)}
    return {"allowed": True}


_app = app.app


async def answering(scope, receive: Callable[[], Awaitable[dict]], send) -> None:
    """The emulator, with the two addresses of this module before it."""
    if scope["type"] != "http" or not scope["path"].startswith(PATH):
        return await _app(scope, receive, send)
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    status, answer = 200, {}
    if scope["path"] == f"{PATH}calls":
        answer = {"calls": calls.listed()}
    elif scope["path"] == f"{PATH}authorize" and scope["method"] == "POST":
        answer = authorize(json.loads(body))
    else:
        status, answer = 404, {"message": f"{scope['path']} is none of {PATH}calls and POST {PATH}authorize"}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def role_of(func: dict) -> tuple[str, str]:
    """A function's role and name."""
    config = func.get("config") or func
    return config.get("Role", ""), config.get("FunctionName", "function")


def first_denied(role_arn: str, session: str, actions: tuple[str, ...], resource: str) -> Denial | None:
    """The first of the actions that the role may not do."""
    return next(filter(None, (as_role(role_arn, session, action, resource) for action in actions)), None)


def hold_functions_to_their_roles() -> None:
    """Logs, queues and dead letters of functions, which Lambda writes, polls and sends in the name of their roles."""
    emit_logs = lambda_svc._emit_lambda_logs
    create_mapping = lambda_svc._create_esm
    dispatch = lambda_svc._dispatch_esm_batch
    route_failure = lambda_svc._route_async_failure

    def emit_if_allowed(func, request_id, log_text, error, duration_ms, *, log_source=None):
        role, name = role_of(func)
        group = ((func.get("config") or func).get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
        stream = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}:log-stream:{request_id}"
        if refused := first_denied(role, name, ("logs:CreateLogStream", "logs:PutLogEvents"), stream):
            logger.warning("the log of %s is lost: %s", name, refused)
            return
        emit_logs(func, request_id, log_text, error, duration_ms, log_source=log_source)

    def create_if_allowed(data: dict):
        name, source = data.get("FunctionName", "").rsplit(":", 1)[-1], data.get("EventSourceArn", "")
        func = lambda_svc._functions.get(name) if ":sqs:" in source else None
        if func is not None and (refused := first_denied(role_of(func)[0], name, POLLING, source)):
            message = (
                f"The provided execution role does not have permissions to call {refused.action.split(':')[1]} on SQS"
                f" ({data.get('FunctionName')}, {source})"
            )
            return error_response_json("InvalidParameterValueException", message, 400)
        return create_mapping(data)

    def dispatch_if_allowed(esm_id, fn, *args):
        if fn is lambda_svc._run_sqs_batch:
            esm, func = args[0], args[1]
            role, name = role_of(func)
            if refused := first_denied(role, name, POLLING, esm["EventSourceArn"]):
                lambda_svc._esm_backoff_until[esm_id] = time.time() + 1
                esm["LastProcessingResult"] = f"PROBLEM: {refused}"
                logger.warning("%s gets no messages: %s", name, refused)
                return
        dispatch(esm_id, fn, *args)

    def route_if_allowed(target_arn, func_name, event, result):
        func = lambda_svc._functions.get(func_name) or {}
        service = target_arn.split(":")[2] if target_arn.count(":") > 4 else ""
        role, name = role_of(func)
        action = TARGET_ACTIONS.get(service)
        if action and role and (refused := first_denied(role, name, (action,), target_arn)):
            logger.error("a failed event of %s is lost: %s", name, refused)
            return
        route_failure(target_arn, func_name, event, result)

    lambda_svc._emit_lambda_logs = emit_if_allowed
    lambda_svc._create_esm = create_if_allowed
    lambda_svc._dispatch_esm_batch = dispatch_if_allowed
    lambda_svc._route_async_failure = route_if_allowed


def target_refusal(target: dict, session: str) -> Denial | None:
    """Why EventBridge or Scheduler may not call a target in the name of the role it was given."""
    role, arn = target.get("RoleArn"), target.get("Arn", "")
    action = TARGET_ACTIONS.get(arn.split(":")[2] if arn.count(":") > 4 else "")
    return first_denied(role, session, (action,), arn) if role and action else None


def signed(role_arn: str | None, session: str) -> dict[str, str]:
    """What a request to a local service bears that is made in a role's name; the account's own where there is none."""
    account, name = role_arn.split(":")[4:6] if role_arn else ("", "")
    name = name.rsplit("/", 1)[-1]
    if not app.AUTH or iam_service._roles.get_scoped(account, None, name) is None:
        return {"Authorization": authorization("local")}
    key, token = sts._gen_session_access_key(), sts._gen_session_token()
    sts.register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
            "UserId": f"{name}:{session}",
            "SecretAccessKey": "unused",
            "SessionToken": token,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            "Expiration": time.time() + SESSION_SECONDS,
        },
    )
    return {"Authorization": authorization(key), "X-Amz-Security-Token": token}


def authorization(access_key: str) -> str:
    scope = f"{access_key}/{time.strftime('%Y%m%d', time.gmtime())}/{get_region()}/local/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=local"


def enforce_and_record() -> None:
    """Takes the place of the emulator's own functions; what they decide is theirs."""
    iam_evaluator.evaluate = evaluate
    iam_evaluator.enforce = enforce
    iam_evaluator._gather_role_policies = gather_role_policies
    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.request_tag_context = request_context
    pin_request_origin = app.pin_request_origin
    app.pin_request_origin = lambda source_ip, _secure_transport: pin_request_origin(source_ip, True)
    app.app = answering
    hold_functions_to_their_roles()
