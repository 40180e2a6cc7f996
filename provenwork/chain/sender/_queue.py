"""The caller's side: what is to be sent is written in the transaction of its cause, and looked up by the same key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, text

from provenwork.chain._transactions import MAX_GAS, Call
from provenwork.core.errors import (
    IdempotencyConflict,
    InvalidState,
    NotFound,
    RateLimited,
    ValidationFailed,
)
from provenwork.core.money import MAX_UINT256
from provenwork.crypto import to_address
from provenwork.store import Transaction

__all__ = [
    "MAX_CALLDATA",
    "Backlog",
    "SentCall",
    "State",
    "accept_nonces",
    "cancel_call",
    "enqueue_call",
    "find_call",
    "sender_backlog",
    "sender_stream",
]

MAX_CALLDATA = 131_072 - 1_024
"""Bytes of data of one call: nodes take transactions of 128 KiB."""

_MAX_KEY = 200

_COUNT = text(
    "SELECT count(*) FROM transactions WHERE chain_id = :chain_id AND sender = :sender AND state = 'queued'"
)
_PUT = text(
    """
    WITH put AS (
        INSERT INTO transactions
            (id, chain_id, sender, key, to_address, value, data, gas, purpose, not_after, state, enqueued_at)
        VALUES (:id, :chain_id, :sender, :key, :to, :value, :data, :gas, :purpose,
            clock_timestamp() + make_interval(secs => CAST(:patience AS double precision)), 'queued', clock_timestamp())
        ON CONFLICT (chain_id, sender, key) DO NOTHING
        RETURNING id
    )
    SELECT id, pg_notify('provenwork', 'transactions:' || :stream) FROM put
    """
)
_FIND = text(
    """
    SELECT t.*, (SELECT array_agg(a.hash ORDER BY a.number) FROM transaction_attempts a WHERE a.transaction_id = t.id)
        AS hashes
    FROM transactions t WHERE chain_id = :chain_id AND sender = :sender AND key = :key
    """
)
_CANCEL_QUEUED = text(
    """
    UPDATE transactions SET state = 'failed', problem = 'cancelled', cancelled = true, decided_at = clock_timestamp()
    WHERE id = :id AND state = 'queued'
    """
)
_CANCEL_SENT = text(
    """
    UPDATE transactions SET cancelled = true WHERE id = :id AND state IN ('sent', 'unknown')
    """
)
_ACCEPT = text(
    """
    INSERT INTO sender_accounts AS a (chain_id, sender, known_below) VALUES (:chain_id, :sender, :below)
    ON CONFLICT (chain_id, sender) DO UPDATE SET known_below = greatest(a.known_below, :below)
    """
)
_BACKLOG = text(
    """
    SELECT count(*) FILTER (WHERE state = 'queued') AS queued, count(*) FILTER (WHERE state = 'sent') AS sent,
        count(*) FILTER (WHERE state = 'unknown') AS unknown, count(*) FILTER (WHERE state = 'mined') AS mined,
        min(enqueued_at) AS oldest
    FROM transactions
    WHERE chain_id = :chain_id AND sender = :sender AND state NOT IN ('settled', 'failed')
    """
)


class State(StrEnum):
    """How far a call is. `SETTLED` and `FAILED` are final; what is `UNKNOWN` is still being found out."""

    QUEUED = "queued"
    """Nothing is signed."""
    SENT = "sent"
    """Signed and stored, and then sent."""
    UNKNOWN = "unknown"
    """Signed, and for longer than usual nobody knows what became of it. It may yet be mined."""
    MINED = "mined"
    """In a block that may still be taken back."""
    SETTLED = "settled"
    """It has happened, once."""
    FAILED = "failed"
    """It has not happened and never will."""

    @property
    def final(self) -> bool:
        """Whether it stays so."""
        return self in {State.SETTLED, State.FAILED}


@dataclass(frozen=True, slots=True)
class SentCall:
    """A call that was enqueued, and what became of it."""

    id: UUID
    chain_id: int
    sender: str
    key: str
    call: Call
    state: State
    nonce: int | None
    hashes: tuple[str, ...]
    """Of all that was signed for it, the oldest first; at most one is ever mined."""
    hash: str | None
    """Of the one that was mined."""
    block_number: int | None
    gas_used: int | None
    fee: int | None
    """Wei, without a rollup's data fee."""
    problem: str
    """Why it failed, or why it takes so long; empty if there is nothing to say."""
    enqueued_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What an account has still to do."""

    queued: int
    sent: int
    unknown: int
    mined: int
    oldest: datetime | None


def sender_stream(chain_id: int, sender: str) -> str:
    """The stream of events in which every change of an account's calls is told."""
    return f"transactions.{chain_id}.{to_address(sender)}"


async def enqueue_call(
    transaction: Transaction,
    chain_id: int,
    sender: str,
    call: Call,
    *,
    key: str,
    gas: int | None = None,
    patience: float | None = None,
    most_queued: int = 10_000,
) -> UUID:
    """Has a call sent, once, when and only when the transaction commits.

    Args:
        transaction: The transaction of whatever the call follows from.
        chain_id: Where.
        sender: The account whose `TransactionSender` sends it.
        call: What.
        key: The caller's name for this one effect: a second call under the same key is the same call.
        gas: The gas limit; estimated when it is signed if it is not said.
        patience: Seconds after which it is not signed any more; for ever if not said.
        most_queued: As soon as so many wait, more are refused (a few more may get in at the same moment).

    Returns:
        The call's id, the same for the same key.

    Raises:
        IdempotencyConflict: The key was used for another call.
        RateLimited: Too many wait.
        ValidationFailed: The key, the value, the data or the gas cannot be.
    """
    if not (0 < len(key) <= _MAX_KEY and key.isascii() and key.isprintable()):
        raise ValidationFailed(f"a key has 1 to {_MAX_KEY} printable ASCII characters")
    if not 0 <= call.value <= MAX_UINT256 or len(call.data) > MAX_CALLDATA:
        raise ValidationFailed(
            "a call's value is a uint256, and its data has at most 130,048 bytes"
        )
    if gas is not None and not 21_000 <= gas <= MAX_GAS:
        raise ValidationFailed(f"a transaction has 21,000 to {MAX_GAS} gas, not {gas}")
    sender = to_address(sender)
    account = {"chain_id": chain_id, "sender": sender}
    known = await find_call(transaction, chain_id, sender, key)
    if known is None:
        if await transaction.scalar(_COUNT, account) >= most_queued:
            raise RateLimited(
                f"{most_queued} calls wait to be sent from {sender}", retry_after=30.0
            )
        values = {
            **account,
            "id": uuid4(),
            "key": key,
            "to": to_address(call.to),
            "value": call.value,
            "data": call.data,
            "gas": gas,
            "purpose": call.purpose[:200].replace("\x00", ""),
            "patience": patience,
            "stream": sender_stream(chain_id, sender),
        }
        row = (await transaction.execute(_PUT, values)).one_or_none()
        if row is not None:
            found: UUID = row.id
            return found
        # Somebody else was faster, and has committed by now.
        known = await find_call(transaction, chain_id, sender, key)
        assert known  # noqa: S101 (rows stay)
    if (known.call.to, known.call.value, known.call.data) != (
        to_address(call.to),
        call.value,
        bytes(call.data),
    ):
        raise IdempotencyConflict(f"the key {key} was used for another call")
    return known.id


async def find_call(
    transaction: Transaction, chain_id: int, sender: str, key: str
) -> SentCall | None:
    """What became of a call; None if nothing was enqueued under that key."""
    values = {"chain_id": chain_id, "sender": to_address(sender), "key": key}
    row = (await transaction.execute(_FIND, values)).one_or_none()
    return None if row is None else _decoded(row)


async def cancel_call(transaction: Transaction, chain_id: int, sender: str, key: str) -> SentCall:
    """Asks for a call not to happen. Where nothing was signed it fails at once; else whichever is mined first decides.

    Raises:
        NotFound: Nothing was enqueued under that key.
        InvalidState: It is mined.
    """
    known = await find_call(transaction, chain_id, sender, key)
    if known is None:
        raise NotFound(f"there is no call {key}")
    if not known.state.final:
        done = await transaction.execute(_CANCEL_QUEUED, {"id": known.id})
        if done.rowcount:
            payload = {"id": str(known.id), "key": key, "problem": "cancelled"}
            transaction.emit(sender_stream(chain_id, sender), "transaction_failed", payload)
        elif not (await transaction.execute(_CANCEL_SENT, {"id": known.id})).rowcount:
            raise InvalidState(f"the call {key} is mined")
        known = await find_call(transaction, chain_id, sender, key)
        assert known  # noqa: S101 (rows stay)
    elif known.state is State.SETTLED:
        raise InvalidState(f"the call {key} is settled")
    return known


async def accept_nonces(transaction: Transaction, chain_id: int, sender: str, below: int) -> None:
    """Says that whatever used an account's nonces below one is known: a person's word, after looking.

    A sender signs nothing new while a nonce is used by what its database does not know: the database may be an older
    copy, in which calls wait that were paid since. Look what the account sent, `cancel_call` what was paid, then accept.

    Raises:
        ValidationFailed: It is no nonce.
    """
    if not 0 <= below < 2**63:
        raise ValidationFailed(f"a nonce is not {below}")
    values = {"chain_id": chain_id, "sender": to_address(sender), "below": below}
    await transaction.execute(_ACCEPT, values)
    transaction.emit(sender_stream(chain_id, sender), "nonces_accepted", {"below": below})


async def sender_backlog(transaction: Transaction, chain_id: int, sender: str) -> Backlog:
    """How much an account has still to do."""
    values = {"chain_id": chain_id, "sender": to_address(sender)}
    row = (await transaction.execute(_BACKLOG, values)).one()
    return Backlog(row.queued, row.sent, row.unknown, row.mined, row.oldest)


def _decoded(row: Row[Any]) -> SentCall:
    return SentCall(
        id=row.id,
        chain_id=row.chain_id,
        sender=row.sender,
        key=row.key,
        call=Call(to_address(row.to_address), bytes(row.data), int(row.value), row.purpose),
        state=State(row.state),
        nonce=row.nonce,
        hashes=tuple(row.hashes or ()),
        hash=row.hash,
        block_number=row.block_number,
        gas_used=row.gas_used,
        fee=None if row.fee is None else int(row.fee),
        problem=row.problem,
        enqueued_at=row.enqueued_at,
        decided_at=row.decided_at,
    )
