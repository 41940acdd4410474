"""What the emulator's API Gateway does otherwise than AWS, put right.

A request's body is checked by the model of its content type, and where the method has none for it, not at all: the
emulator would take JSON's model for every type. An API keeps its security policy, which the emulator forgets. Pools are
added to an authorizer's list and removed from it; the emulator would put the one in the list's place. Who may not call
an API is told so by the API's own response for it, as others are whom it refuses.
"""

import json

from ministack import app
from ministack.core.iam_evaluator import AuthError
from ministack.services import apigateway_v1

_check_request_validation = apigateway_v1._check_request_validation
_create_rest_api = apigateway_v1._create_rest_api
_update_authorizer = apigateway_v1._update_authorizer
_enforce_data_plane = app._enforce_data_plane
#: Inputs of CreateRestApi that the emulator drops.
FORGOTTEN = ("securityPolicy", "endpointAccessMode")


def check_request_validation(method, api_id, request, headers, body, query_params):
    models = method.get("requestModels") or {}
    given = next((value for name, value in headers.items() if name.lower() == "content-type"), "application/json")
    kind = given.split(";", 1)[0].strip()
    if kind not in models:
        default = models.get("$default")
        method = {**method, "requestModels": {kind: default} if default else {}}
    return _check_request_validation(method, api_id, request, headers, body, query_params)


def create_rest_api(data: dict):
    status, headers, body = _create_rest_api(data)
    kept = {name: data[name] for name in FORGOTTEN if name in data}
    if status >= 300 or not kept:
        return status, headers, body
    created = json.loads(body)
    apigateway_v1._rest_apis[created["id"]].update(kept)
    return status, headers, json.dumps({**created, **kept}).encode()


def update_authorizer(api_id: str, authorizer_id: str, data: dict):
    patches = data.get("patchOperations", [])
    of_pools = [patch for patch in patches if patch.get("path") == "/providerARNs"]
    authorizer = apigateway_v1._authorizers_v1.get(api_id, {}).get(authorizer_id)
    if authorizer:
        pools = dict.fromkeys(authorizer.get("providerARNs") or [])
        for patch in of_pools:
            pools.pop(patch["value"], None)
            if patch["op"] == "add":
                pools[patch["value"]] = None
        authorizer["providerARNs"] = list(pools)
    others = [patch for patch in patches if patch not in of_pools]
    return _update_authorizer(api_id, authorizer_id, {**data, "patchOperations": others})


def enforce_data_plane(service, iam_action, *args, auth_error_response=None, **named):
    """Whether a request may be made. Of a call of an API: what the API says where it may not."""
    if iam_action != "execute-api:Invoke":
        return _enforce_data_plane(service, iam_action, *args, auth_error_response=auth_error_response, **named)
    answered = []

    def answer(error):
        answered.append(auth_error_response(error))
        return answered[0]

    refused = _enforce_data_plane(service, iam_action, *args, auth_error_response=answer, **named)
    if refused is None or answered:
        return refused
    return auth_error_response(AuthError("AccessDenied", json.loads(refused[2])["message"])) or refused


def correct() -> None:
    """Takes the place of the emulator's own functions."""
    apigateway_v1._check_request_validation = check_request_validation
    apigateway_v1._create_rest_api = create_rest_api
    apigateway_v1._update_authorizer = update_authorizer
    apigateway_v1._AUTHENTICATION_GATEWAY_ERRORS["AccessDenied"] = ("ACCESS_DENIED", "AccessDeniedException")
    app._enforce_data_plane = enforce_data_plane
