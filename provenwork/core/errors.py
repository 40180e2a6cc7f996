"""The errors of Provenwork: one tree, so that one `except ProvenworkError` catches what we raise on purpose.

On the right, in brackets, is an error's `type`: its stable name in answers of the services (`application/problem+json`)
and of the agents' tools. An error without one has its parent's.

::

    ProvenworkError [internal_error]
    ├── CircuitError               everything about the proving circuits
    │   ├── UnknownCircuit         no circuit has that name [not_found]
    │   ├── CircuitInputError      tokens, a tag or an encoding that no circuit could take [validation_error]
    │   ├── ArtefactError          a committed file, or what was made of it, is not what the manifest says
    │   ├── CacheError             the proving keys' cache cannot be written, or another process holds it
    │   ├── ProofRejected          a proof that does not show what it is said to show [validation_error]
    │   └── EngineError            EZKL refused or failed
    │       ├── EngineCrashed      its process died without a report
    │       ├── EngineTimeout      it took longer than allowed, and was stopped [timeout]
    │       └── EngineCancelled    it was stopped by its caller
    ├── CryptoError                everything about keys and signatures
    │   ├── AddressInvalid         not an address [validation_error]
    │   ├── TypedDataInvalid       a value does not fit its EIP-712 type [validation_error]
    │   ├── SignatureInvalid       malformed, or another's [auth.signature_invalid]
    │   └── SignerError            a signer that cannot be used: wrong password, wrong key, wrong kind of key
    │       └── SignerUnavailable  the vault that keeps the key does not answer; nothing was signed [signer_unavailable]
    ├── ChainError                 everything about the chain
    │   ├── NodeUnavailable        the node does not answer; nothing was sent [network_error]
    │   ├── NodeRefused            the node answers a question with an error of its own
    │   ├── NodeInconsistent       what the node says contradicts itself; nothing of it was used [network_error]
    │   ├── FinalityBroken         the chain took back what was final; only a person can go on from here
    │   ├── WrongChain             the node serves another chain, or no contract is at the address
    │   ├── ContractReverted       the contract refuses: its error's name and arguments [invalid_state]
    │   ├── TransactionRefused     not sent: fees, funds, or the node said no; nothing happened
    │   ├── TransactionFailed      mined and reverted, or its nonce was used by another; nothing happened
    │   └── TransactionUnknown     sent, and nobody knows what became of it [outcome_unknown]
    ├── SessionError               everything about sessions
    │   ├── SessionUnknown         no session has that id, or not with these parties [not_found]
    │   ├── SessionOver            it is closing, has ended or is final [invalid_state]
    │   ├── TermsInvalid           terms that nobody could open a session on [validation_error]
    │   ├── TermsRefused           terms that this host does not serve on, with every reason
    │   ├── OverCounted            the host counts more tokens than the user received
    │   ├── VoucherRefused         a voucher that is another's, for another session, or for too much
    │   ├── NothingToDo            no claim to contest, nothing to claim, ... [invalid_state]
    │   ├── LimitReached           serving more would be unpaid, or beyond the host's own risk
    │   └── StoreError             the host's durable store is of another chain, marketplace, host or version
    ├── DatabaseError              everything about the services' database [database_error]
    │   ├── DatabaseUnavailable    it does not answer, is read-only or full; nothing was changed [database_unavailable]
    │   ├── DatabaseConflict       transactions blocked each other; nothing was changed, do it again [database_unavailable]
    │   ├── CommitUnknown          the connection was lost while committing [outcome_unknown]
    │   ├── SchemaMismatch         its tables are of another version than this program
    │   └── EmbeddedServerError    the embedded Postgres does not start: folder, lock, account, version
    └── ServiceError               what a service refuses its caller
        ├── ValidationFailed       the request is malformed, or has unknown fields [validation_error]
        │   ├── Malformed          it cannot even be read: not JSON, not UTF-8, cut off [validation_error]
        │   ├── ContentTooLarge    more bytes than are taken [content_too_large]
        │   └── MediaTypeUnsupported  not JSON, or compressed [unsupported_media_type]
        ├── NotFound               there is no such thing, or not for this caller [not_found]
        ├── MethodNotAllowed       there is, but not with this method [method_not_allowed]
        ├── InvalidState           not in the state that the thing is in [invalid_state]
        │   └── PositionUnknown    the stream of events does not reach the number to go on from
        ├── EventsInconsistent     what a server tells of a stream of events cannot be [network_error]
        ├── Expired                too late [expired]
        ├── Forbidden              the caller is known and may not [forbidden]
        ├── AuthError              who calls is not known [auth.required]
        │   ├── SignatureMissing   something must be signed and is not [auth.signature_missing]
        │   ├── SignatureExpired   signed for another time [auth.signature_expired]
        │   └── NonceUsed          signed for once, and that was before [auth.nonce_used]
        ├── LockConflict           somebody else holds it [lock_conflict]
        │   └── LeaseLost          it was held, and is not any more [lock_conflict]
        ├── IdempotencyConflict    the idempotency key was used with another body [idempotency_conflict]
        ├── RequestInFlight        the same request is being answered right now [idempotency_in_flight]
        ├── RateLimited            too many, too fast [rate_limited]
        ├── TimedOut               it took longer than allowed; whether it has happened is not known [timeout]
        │   └── TooSlow            the request did not arrive in time; nothing was done [timeout]
        ├── Unavailable            the service is starting, stopping or full; nothing was done [unavailable]
        └── PaymentError           a payment is not what was asked for [payment.invalid]
            ├── PaymentNotFound    nobody knows the transaction [payment.not_found]
            └── PaymentUnconfirmed it may still be undone [payment.unconfirmed]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

__all__ = [
    "AddressInvalid",
    "ArtefactError",
    "AuthError",
    "CacheError",
    "ChainError",
    "CircuitError",
    "CircuitInputError",
    "CommitUnknown",
    "ContentTooLarge",
    "ContractReverted",
    "CryptoError",
    "DatabaseConflict",
    "DatabaseError",
    "DatabaseUnavailable",
    "EmbeddedServerError",
    "EngineCancelled",
    "EngineCrashed",
    "EngineError",
    "EngineTimeout",
    "EventsInconsistent",
    "Expired",
    "FinalityBroken",
    "Forbidden",
    "IdempotencyConflict",
    "InvalidState",
    "LeaseLost",
    "LimitReached",
    "LockConflict",
    "Malformed",
    "MediaTypeUnsupported",
    "MethodNotAllowed",
    "NodeInconsistent",
    "NodeRefused",
    "NodeUnavailable",
    "NonceUsed",
    "NotFound",
    "NothingToDo",
    "OverCounted",
    "PaymentError",
    "PaymentNotFound",
    "PaymentUnconfirmed",
    "PositionUnknown",
    "ProofRejected",
    "ProvenworkError",
    "RateLimited",
    "RequestInFlight",
    "SchemaMismatch",
    "ServiceError",
    "SessionError",
    "SessionOver",
    "SessionUnknown",
    "SignatureExpired",
    "SignatureInvalid",
    "SignatureMissing",
    "SignerError",
    "SignerUnavailable",
    "StoreError",
    "TermsInvalid",
    "TermsRefused",
    "TimedOut",
    "TooSlow",
    "TransactionFailed",
    "TransactionRefused",
    "TransactionUnknown",
    "TypedDataInvalid",
    "Unavailable",
    "UnknownCircuit",
    "ValidationFailed",
    "VoucherRefused",
    "WrongChain",
]


class ProvenworkError(Exception):
    """Anything that Provenwork refuses or fails to do.

    `hint` says what the reader can do next; it is empty where the message says it all.
    """

    type: ClassVar[str] = "internal_error"
    """The error's stable name in the services' answers."""

    retry_after: float | None = None
    """Seconds after which the same request may succeed; None if repeating it is no use."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class CircuitError(ProvenworkError):
    """Everything about the proving circuits."""


class UnknownCircuit(CircuitError, LookupError):
    """No circuit has that name."""

    type = "not_found"


class CircuitInputError(CircuitError, ValueError):
    """Tokens, a tag or an encoding that no circuit could take."""

    type = "validation_error"


class ArtefactError(CircuitError):
    """A committed file, or what was made of it, is not what the circuit's manifest says."""


class CacheError(CircuitError):
    """The proving keys' cache cannot be written, or another process holds it for too long."""


class ProofRejected(CircuitError):
    """A proof that does not show what it is said to show."""

    type = "validation_error"


class EngineError(CircuitError):
    """EZKL refused or failed."""


class EngineCrashed(EngineError):
    """EZKL's process died without a report."""


class EngineTimeout(EngineError, TimeoutError):
    """EZKL took longer than allowed, and was stopped."""

    type = "timeout"


class EngineCancelled(EngineError):
    """EZKL was stopped by its caller."""


class CryptoError(ProvenworkError):
    """Everything about keys and signatures."""


class AddressInvalid(CryptoError, ValueError):
    """Not an address."""

    type = "validation_error"


class TypedDataInvalid(CryptoError, ValueError):
    """A value does not fit its EIP-712 type."""

    type = "validation_error"


class SignatureInvalid(CryptoError, ValueError):
    """A signature or key that is malformed, or another's."""

    type = "auth.signature_invalid"


class SignerError(CryptoError):
    """A signer that cannot be used: its password, its key or the kind of its key is wrong."""


class SignerUnavailable(SignerError):
    """The vault that keeps the key does not answer, or forbids its use. Nothing was signed."""

    type = "signer_unavailable"
    retry_after = 5.0


class ChainError(ProvenworkError):
    """Everything about the chain."""


class NodeUnavailable(ChainError):
    """The node does not answer. If it was asked to send something, that is a `TransactionUnknown` instead."""

    type = "network_error"
    retry_after = 5.0


class NodeRefused(ChainError):
    """The node answered a question with an error.

    `code` is the error's JSON-RPC number, `data` what came with it: a revert's data as 0x and hex digits, or nothing.
    """

    def __init__(self, message: str, *, code: int = 0, data: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.data = data


class NodeInconsistent(ChainError):
    """What the node says contradicts itself, such as logs of another fork. Nothing of it was used."""

    type = "network_error"
    retry_after = 5.0


class FinalityBroken(ChainError):
    """The chain took back what had been final. What was built upon it is wrong, and only a person can say what now."""


class WrongChain(ChainError):
    """The node serves another chain, or there is no such contract at the address."""


class ContractReverted(ChainError):
    """The contract refuses a call.

    `name` is the contract's error, for example JobMarketplace_VoucherNotNewer, and `arguments` its arguments by name.
    """

    type = "invalid_state"

    def __init__(
        self, message: str, *, name: str, arguments: Mapping[str, Any] | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.name = name
        self.arguments = dict(arguments or {})


class TransactionRefused(ChainError):
    """Not sent: too expensive, unfunded, or the node said no. Nothing happened, and nothing will."""


class TransactionFailed(ChainError):
    """It will never take effect: it was mined and reverted, or another transaction took its nonce.

    `hash` is the transaction's, 0x and 64 hex digits.
    """

    def __init__(self, message: str, *, hash: str, hint: str = "") -> None:  # noqa: A002 (the field's name)
        super().__init__(message, hint=hint)
        self.hash = hash


class TransactionUnknown(ChainError):
    """It was signed, perhaps sent, and nobody knows what became of it: never sign the same thing again.

    `hash` is the transaction's; the client's `reconcile()` sends the very same bytes again and waits for it.
    """

    type = "outcome_unknown"

    def __init__(self, message: str, *, hash: str, hint: str = "") -> None:  # noqa: A002 (the field's name)
        super().__init__(message, hint=hint)
        self.hash = hash


class SessionError(ProvenworkError):
    """Everything about sessions."""


class SessionUnknown(SessionError, LookupError):
    """No session has that id, or not with these parties."""

    type = "not_found"


class SessionOver(SessionError):
    """The session is closing, has ended or is final."""

    type = "invalid_state"


class TermsInvalid(SessionError, ValueError):
    """Terms that nobody could open a session on."""

    type = "validation_error"


class TermsRefused(SessionError):
    """Terms that this host does not serve on.

    `reasons` are all of them, each with a stable `code` and a sentence.
    """

    def __init__(self, message: str, *, reasons: Sequence[Any], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reasons = tuple(reasons)


class OverCounted(SessionError):
    """The host counts more tokens than the user received; from here on nothing more is signed.

    `counted` is the host's number, `received` the user's, `kind` says where it was seen: stream, claim or proof.
    """

    def __init__(
        self, message: str, *, kind: str, counted: int, received: int, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.counted = counted
        self.received = received


class VoucherRefused(SessionError, ValueError):
    """A voucher that is another's, for another session, or for more than there is."""


class NothingToDo(SessionError):
    """There is nothing to contest, claim, prove or pay."""

    type = "invalid_state"


class LimitReached(SessionError):
    """Serving more would be unpaid, or beyond the host's own risk.

    `allowed` is how many tokens may be served now, `asked` how many should have been.
    """

    def __init__(self, message: str, *, allowed: int, asked: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.allowed = allowed
        self.asked = asked


class StoreError(SessionError):
    """The host's durable store belongs to another chain, marketplace, host or version, or cannot be read."""


class DatabaseError(ProvenworkError):
    """Everything about the services' database."""

    type = "database_error"


class DatabaseUnavailable(DatabaseError):
    """The database does not answer, takes no writes, or has no room. What was being done has not happened."""

    type = "database_unavailable"
    retry_after = 5.0


class DatabaseConflict(DatabaseError):
    """Transactions stood in each other's way for too long, and this one gave up. It has not happened; do it again."""

    type = "database_unavailable"
    retry_after = 1.0


class CommitUnknown(DatabaseError):
    """The connection was lost while a transaction was being committed: it has happened, or it has not.

    Do it again only under the same idempotency key, or after looking.
    """

    type = "outcome_unknown"
    retry_after = 1.0


class SchemaMismatch(DatabaseError):
    """The database's tables are of another version than this program."""


class EmbeddedServerError(DatabaseError):
    """The embedded Postgres does not start: the folder, a lock, the account or the version is in its way."""


class ServiceError(ProvenworkError):
    """What a service refuses its caller."""


class ValidationFailed(ServiceError, ValueError):
    """The request is malformed, out of bounds, or has unknown fields.

    `fields` says what is wrong with which of them, by their place in the request, such as body.split or query.after.
    """

    type = "validation_error"

    def __init__(
        self, message: str, *, fields: Mapping[str, str] | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.fields = dict(fields or {})


class Malformed(ValidationFailed):
    """The request cannot even be read: not JSON, not UTF-8, too deep, cut off."""


class ContentTooLarge(ValidationFailed):
    """The request has more bytes than are taken."""

    type = "content_too_large"


class MediaTypeUnsupported(ValidationFailed):
    """The request's body is not JSON, or is compressed."""

    type = "unsupported_media_type"


class NotFound(ServiceError, LookupError):
    """There is no such thing, or not for this caller."""

    type = "not_found"


class MethodNotAllowed(ServiceError):
    """There is such a thing, but not with this method; `allowed` are those that it has."""

    type = "method_not_allowed"

    def __init__(self, message: str, *, allowed: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.allowed = tuple(allowed)


class InvalidState(ServiceError):
    """The thing is in a state in which this cannot be done."""

    type = "invalid_state"


class PositionUnknown(InvalidState):
    """The stream of events does not reach the number to go on from: it is another database's. Begin again, from 0."""


class EventsInconsistent(ServiceError):
    """What a server tells of a stream of events cannot be: a gap, another order, or no message at all."""

    type = "network_error"
    retry_after = 5.0


class Expired(ServiceError):
    """It could have been done earlier."""

    type = "expired"


class Forbidden(ServiceError):
    """The caller is known, and may not do this."""

    type = "forbidden"


class AuthError(ServiceError):
    """Who calls is not known."""

    type = "auth.required"


class SignatureMissing(AuthError):
    """Something must be signed, and is not."""

    type = "auth.signature_missing"


class SignatureExpired(AuthError):
    """A signature for another time: too old, or not yet valid."""

    type = "auth.signature_expired"


class NonceUsed(AuthError):
    """A signature that counts once, and has been used."""

    type = "auth.nonce_used"


class _Later(ServiceError):
    """What may succeed later, of which the time is known."""

    def __init__(self, message: str, *, retry_after: float = 1.0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class LockConflict(_Later):
    """Somebody else holds it; `retry_after` says for how many seconds at most, unless it is renewed."""

    type = "lock_conflict"


class LeaseLost(LockConflict):
    """It was held and is not any more: what depended on it must not happen."""


class IdempotencyConflict(ServiceError):
    """The idempotency key was used before with another body."""

    type = "idempotency_conflict"


class RequestInFlight(_Later):
    """The same request, under the same idempotency key, is being answered right now."""

    type = "idempotency_in_flight"


class RateLimited(_Later):
    """Too many requests, or too fast; `retry_after` says when there is room again."""

    type = "rate_limited"


class TimedOut(ServiceError, TimeoutError):
    """It took longer than allowed. Whether it has happened is not known: ask again under the same idempotency key."""

    type = "timeout"
    retry_after = 1.0


class TooSlow(TimedOut):
    """The request did not arrive in time. Nothing was done."""


class Unavailable(_Later):
    """The service is starting, stopping or has its hands full. Nothing was done."""

    type = "unavailable"


class PaymentError(ServiceError):
    """A payment is not what was asked for."""

    type = "payment.invalid"


class PaymentNotFound(PaymentError):
    """Nobody knows the transaction."""

    type = "payment.not_found"


class PaymentUnconfirmed(PaymentError):
    """The payment is known and may still be undone."""

    type = "payment.unconfirmed"
    retry_after = 5.0
