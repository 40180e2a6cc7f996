"""Errors as answers: `application/problem+json`, made from the tree of errors in one place.

A problem has `type` (the error's stable name), `title`, `status`, `detail`, and where they exist `hint`, `fields` (what is
wrong with which field) and `requestId`. Below 500 the detail is the error's message, which is written for the caller. From
500 on it is the status's own sentence: what broke is in the log under the request's id, and is nobody else's business.

Source: RFC 9457 (problem details); RFC 9110 section 15 (statuses), section 10.2.3 (Retry-After).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from provenwork.core import errors as e

__all__ = ["PROBLEM_JSON", "Status", "problem", "problem_response", "status_of"]

PROBLEM_JSON: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Status:
    """How a kind of error is answered."""

    code: int
    title: str


_INTERNAL = Status(500, "This is our mistake; it has been noted under the request's id")

# The nearest ancestor counts. An error that has none but the root is a mistake of ours, or of whoever runs the service.
_STATUSES: Final[Mapping[type[e.ProvenworkError], Status]] = {
    e.ProvenworkError: _INTERNAL,
    # What the caller sent.
    e.ValidationFailed: Status(422, "The request is not valid"),
    e.Malformed: Status(400, "The request cannot be read"),
    e.ContentTooLarge: Status(413, "The request is too large"),
    e.MediaTypeUnsupported: Status(415, "The request's body is not JSON"),
    e.CircuitInputError: Status(422, "The input fits no circuit"),
    e.ProofRejected: Status(422, "The proof does not show what it is said to show"),
    e.AddressInvalid: Status(422, "Not an address"),
    e.TypedDataInvalid: Status(422, "A value does not fit its type"),
    e.TermsInvalid: Status(422, "Nobody could open a session on these terms"),
    e.TermsRefused: Status(422, "The terms are refused"),
    e.VoucherRefused: Status(422, "The voucher is refused"),
    e.PaymentError: Status(422, "The payment is not what was asked for"),
    e.PaymentNotFound: Status(422, "Nobody knows the payment"),
    e.PaymentUnconfirmed: Status(409, "The payment is not confirmed yet"),
    # Who the caller is.
    e.AuthError: Status(401, "Say who calls"),
    e.SignatureInvalid: Status(401, "The signature is not valid"),
    e.Forbidden: Status(403, "Not allowed"),
    # What there is, and how it stands.
    e.NotFound: Status(404, "Not found"),
    e.UnknownCircuit: Status(404, "Not found"),
    e.SessionUnknown: Status(404, "Not found"),
    e.MethodNotAllowed: Status(405, "Not with this method"),
    e.InvalidState: Status(409, "Not in this state"),
    e.SessionOver: Status(409, "Not in this state"),
    e.NothingToDo: Status(409, "Not in this state"),
    e.LimitReached: Status(409, "The limit is reached"),
    e.OverCounted: Status(409, "The counts differ"),
    e.ContractReverted: Status(409, "The contract refuses"),
    e.TransactionFailed: Status(409, "The transaction failed"),
    e.LockConflict: Status(409, "Somebody else holds it"),
    e.RequestInFlight: Status(409, "The same request is being answered"),
    e.Expired: Status(409, "Too late"),
    e.IdempotencyConflict: Status(422, "The idempotency key was used for something else"),
    e.TooSlow: Status(408, "The request did not arrive in time"),
    e.RateLimited: Status(429, "Too many requests"),
    # What we, or those we depend on, cannot do now.
    e.Unavailable: Status(503, "Not available now"),
    e.TimedOut: Status(504, "It took too long"),
    e.EngineTimeout: Status(504, "It took too long"),
    e.DatabaseUnavailable: Status(503, "The database is not available"),
    e.DatabaseConflict: Status(503, "Too much at a time; nothing was changed"),
    e.CommitUnknown: Status(
        503, "It is not known whether it happened; ask again under the same key"
    ),
    e.NodeUnavailable: Status(503, "The chain's node is not available"),
    e.EventsInconsistent: Status(503, "Another service contradicts itself"),
    e.NodeInconsistent: Status(503, "The chain's node contradicts itself"),
    e.SignerUnavailable: Status(503, "The signer is not available"),
    e.TransactionUnknown: Status(504, "It is not known yet what became of the transaction"),
}


def status_of(error: e.ProvenworkError) -> Status:
    """How an error is answered."""
    return next(_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES)


def problem(error: e.ProvenworkError, request_id: str = "") -> dict[str, Any]:
    """An error as the members of a problem."""
    status = status_of(error)
    told = status.code < 500
    members: dict[str, Any] = {
        "type": error.type,
        "title": status.title,
        "status": status.code,
        "detail": str(error) if told else f"{status.title}.",
    }
    if told and error.hint:
        members["hint"] = error.hint
    if request_id:
        members["requestId"] = request_id
    return members | _details(error)


def _details(error: e.ProvenworkError) -> dict[str, Any]:
    """What kinds of errors say beyond their message, and programs act on."""
    match error:
        case e.ValidationFailed(fields=fields) if fields:
            return {"fields": fields}
        case e.ContractReverted(name=name, arguments=arguments):
            return {"error": name, "arguments": {key: _plain(arguments[key]) for key in arguments}}
        case e.TransactionFailed(hash=transaction) | e.TransactionUnknown(hash=transaction):
            return {"transactionHash": transaction}
    return {}


def _plain(value: Any) -> Any:
    """Numbers as decimal strings, as everywhere in the API; bytes as 0x and hex digits."""
    match value:
        case bool() | str() | None:
            return value
        case bytes():
            return f"0x{value.hex()}"
        case list() | tuple():
            return [_plain(item) for item in value]
    return str(value)


def problem_response(error: e.ProvenworkError, request_id: str = "") -> Response:
    """An error as an answer, with `Retry-After` (in whole seconds), `Allow` and `WWW-Authenticate` where they belong."""
    members = problem(error, request_id)
    headers = {"cache-control": "no-store"}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, e.MethodNotAllowed) and error.allowed:
        headers["allow"] = ", ".join(error.allowed)
    if members["status"] == 401:
        # RFC 9110 asks for a challenge with every 401. Requests here are authorised by what they have signed.
        headers["www-authenticate"] = "Signature"
    body = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, members["status"], headers, PROBLEM_JSON)
