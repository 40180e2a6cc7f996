"""Errors as answers: every error of the tree has one, and none says more than its reader may know."""

import inspect
import json

import pytest

from provenwork.core import errors
from provenwork.core.errors import ProvenworkError
from provenwork.web import PROBLEM_JSON, problem, problem_response, status_of

CLASSES = [
    value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, ProvenworkError) and not name.startswith("_")
]
# What they are made with besides the message.
MORE = {
    "ContractReverted": {"name": "Reverted", "arguments": {}},
    "TransactionFailed": {"hash": "0x01"},
    "TransactionUnknown": {"hash": "0x01"},
    "TermsRefused": {"reasons": []},
    "OverCounted": {"kind": "stream", "counted": 2, "received": 1},
    "LimitReached": {"allowed": 1, "asked": 2},
}
# A type always comes with one of these statuses: what a program may conclude from either.
STATUSES = {
    "auth.nonce_used": {401},
    "auth.required": {401},
    "auth.signature_expired": {401},
    "auth.signature_invalid": {401},
    "auth.signature_missing": {401},
    "content_too_large": {413},
    "database_error": {500},
    "database_unavailable": {503},
    "expired": {409},
    "forbidden": {403},
    "idempotency_conflict": {422},
    "idempotency_in_flight": {409},
    "internal_error": {500, 409, 422},
    "invalid_state": {409},
    "lock_conflict": {409},
    "method_not_allowed": {405},
    "network_error": {503},
    "not_found": {404},
    "outcome_unknown": {503, 504},
    "payment.invalid": {422},
    "payment.not_found": {422},
    "payment.unconfirmed": {409},
    "rate_limited": {429},
    "signer_unavailable": {503},
    "timeout": {408, 504},
    "unavailable": {503},
    "unsupported_media_type": {415},
    "validation_error": {400, 422},
}


def made(kind, message="because", **more):
    """An error of a kind."""
    return kind(message, **MORE.get(kind.__name__, {}), **more)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error(kind):
    """An error's answer has its type, a status that goes with it, and the message if and only if the caller may read it."""
    error = made(kind, "the secret is 42", hint="look there")
    members = problem(error, "abc")
    assert members["type"] == error.type
    assert members["status"] == status_of(error).code
    assert members["status"] in STATUSES[error.type]
    assert members["requestId"] == "abc"
    told = members["status"] < 500
    assert ("42" in json.dumps(members)) is told
    assert ("look there" in json.dumps(members)) is told


def test_every_type_is_listed():
    """The statuses above are those of all types, and of no others."""
    assert set(STATUSES) == {kind.type for kind in CLASSES}


def test_everything_temporary_says_when():
    """What can be asked again says when, and a server's trouble that passes can always be asked again."""
    for kind in CLASSES:
        response = problem_response(made(kind))
        if response.status_code in (429, 503):
            assert int(response.headers["retry-after"]) >= 1, kind


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "1"), (1.0, "1"), (1.1, "2"), (59.5, "60")])
def test_retry_after(seconds, said):
    """Retry-After is in whole seconds, never too early."""
    response = problem_response(errors.RateLimited("too many", retry_after=seconds))
    assert response.headers["retry-after"] == said


def test_details():
    """What a contract, a transaction or a body's field says is there for programs, numbers as decimal strings."""
    reverted = errors.ContractReverted(
        "no",
        name="JobFactory_NotIssuer",
        arguments={"jobId": 2**200, "hash": b"\1\2", "all": [1, True, None, "x"]},
    )
    assert problem(reverted)["error"] == "JobFactory_NotIssuer"
    assert problem(reverted)["arguments"] == {
        "jobId": str(2**200),
        "hash": "0x0102",
        "all": ["1", True, None, "x"],
    }
    assert problem(errors.TransactionUnknown("?", hash="0x01"))["transactionHash"] == "0x01"
    wrong = errors.ValidationFailed("no", fields={"body.a": "missing"})
    assert problem(wrong)["fields"] == {"body.a": "missing"}


def test_answer():
    """The answer is a problem of RFC 9457 which nobody keeps, and 401 comes with a challenge."""
    response = problem_response(errors.SignatureMissing("sign it"))
    assert response.media_type == PROBLEM_JSON == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["www-authenticate"] == "Signature"
    assert json.loads(response.body)["title"] == "Say who calls"
    refused = problem_response(errors.MethodNotAllowed("no", allowed=["GET", "POST"]))
    assert refused.headers["allow"] == "GET, POST"
