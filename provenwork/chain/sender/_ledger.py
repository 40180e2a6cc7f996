"""The sender's rows: what it signed, and what became of it. Every change is made under the lease, and told as an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text

from provenwork.chain._transactions import Call, SignedTransaction
from provenwork.chain.sender._chain import Mined
from provenwork.chain.sender._policy import Fees, Policy
from provenwork.chain.sender._queue import State, sender_stream
from provenwork.crypto import to_address
from provenwork.store import Database, Lease, Transaction, require_lease

__all__ = ["Attempt", "Ledger", "Live", "Queued", "Signed"]

# Rows with all that was signed for them; the database's clock says what is due. If that was set back, what was signed in its
# future is as old as that is far, and nothing waits for longer than it ever would.
_ROWS = """
    SELECT t.id, t.key, t.to_address, t.value, t.data, t.purpose, t.state, t.nonce, t.cancelled, t.hash,
        t.block_number, t.block_hash, t.succeeded, a.hash AS attempt_hash, a.raw, a.cancels, a.number, a.max_fee,
        a.priority_fee, a.broadcasts,
        a.next_broadcast_at <= clock_timestamp()
            OR a.next_broadcast_at > clock_timestamp() + make_interval(secs => :longest) AS due,
        abs(extract(epoch FROM clock_timestamp() - a.signed_at)) AS age,
        abs(extract(epoch FROM clock_timestamp() - t.signed_at)) AS since
    FROM (
        SELECT * FROM transactions WHERE chain_id = :chain_id AND sender = :sender AND {condition}
        ORDER BY nonce LIMIT :limit
    ) t JOIN transaction_attempts a ON a.transaction_id = t.id
    ORDER BY t.nonce, a.number
"""
_BELOW = text(_ROWS.format(condition="state IN ('sent', 'unknown') AND nonce < :nonce"))
_FROM = text(
    _ROWS.format(condition="state IN ('sent', 'unknown') AND nonce >= :nonce AND nonce < :until")
)
_MINED_BY = text(_ROWS.format(condition="state = 'mined' AND block_number <= :number"))
_DECIDED = text(
    _ROWS.format(
        condition="state IN ('mined', 'settled', 'failed') AND nonce >= :nonce AND nonce < :until"
    )
)
_MINED_BLOCKS = text(
    """
    SELECT block_number, block_hash FROM transactions
    WHERE chain_id = :chain_id AND sender = :sender AND state = 'mined'
    GROUP BY 1, 2 ORDER BY 1 LIMIT 500
    """
)
_NONCES = text(
    "SELECT nonce FROM transactions WHERE chain_id = :chain_id AND sender = :sender AND nonce >= :nonce AND nonce < :until"
)
_BOUNDS = text(
    """
    SELECT min(nonce) AS first, max(nonce) AS last FROM transactions
    WHERE chain_id = :chain_id AND sender = :sender AND nonce IS NOT NULL
    """
)
_OPEN = text(
    """
    INSERT INTO sender_accounts (chain_id, sender, known_below) VALUES (:chain_id, :sender, coalesce(
        (SELECT min(nonce) FROM transactions WHERE chain_id = :chain_id AND sender = :sender), :upper))
    ON CONFLICT (chain_id, sender) DO NOTHING
    """
)
_KNOWN = text(
    """
    SELECT a.known_below, t.* FROM sender_accounts a LEFT JOIN LATERAL (
        SELECT nonce, hash IS NOT NULL AS known, hash IS NOT NULL AND state IN ('settled', 'failed') AS final
        FROM transactions WHERE chain_id = :chain_id AND sender = :sender AND nonce >= a.known_below AND nonce < :upper
        ORDER BY nonce LIMIT :limit
    ) t ON true
    WHERE a.chain_id = :chain_id AND a.sender = :sender ORDER BY t.nonce
    """
)
_KNOWN_BELOW = text(
    """
    UPDATE sender_accounts SET known_below = greatest(known_below, :below)
    WHERE chain_id = :chain_id AND sender = :sender
    """
)
_QUEUED = text(
    """
    SELECT id, key, to_address, value, data, gas, purpose, problem, not_after <= clock_timestamp() AS expired
    FROM transactions WHERE chain_id = :chain_id AND sender = :sender AND state = 'queued' ORDER BY place LIMIT :limit
    """
)
_LOCK_QUEUED = text(
    "SELECT id FROM transactions WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'queued' FOR UPDATE"
)
_SENT = text(
    "UPDATE transactions SET state = 'sent', nonce = :nonce, problem = '', signed_at = clock_timestamp() WHERE id = :id"
)
_ATTEMPT = text(
    """
    INSERT INTO transaction_attempts
        (hash, transaction_id, number, cancels, raw, max_fee, priority_fee, signed_at, next_broadcast_at)
    VALUES (:hash, :id, :number, :cancels, :raw, :limit, :priority, clock_timestamp(), clock_timestamp())
    """
)
_BROADCAST = text(
    """
    UPDATE transaction_attempts SET broadcasts = broadcasts + 1, answer = :answer,
        next_broadcast_at = clock_timestamp() + make_interval(secs => least(:longest, :first * 2.0 ^ least(broadcasts, 30)))
    WHERE hash = :hash
    """
)
_AGAIN = text(
    """
    UPDATE transaction_attempts SET next_broadcast_at = clock_timestamp()
    WHERE transaction_id = ANY(CAST(:ids AS uuid[]))
    """
)
_MINED = text(
    """
    UPDATE transactions SET state = 'mined', hash = :hash, block_number = :block_number, block_hash = :block_hash,
        succeeded = :succeeded, gas_used = :gas_used, fee = :fee, problem = ''
    WHERE id = :id AND state IN ('sent', 'unknown')
    """
)
_UNMINED = text(
    """
    UPDATE transactions SET state = 'sent', hash = NULL, block_number = NULL, block_hash = NULL, succeeded = NULL,
        gas_used = NULL, fee = NULL
    WHERE chain_id = :chain_id AND sender = :sender AND state = 'mined' AND block_number = :number AND block_hash = :hash
    RETURNING id, key, nonce
    """
)
_DECIDE = text(
    """
    UPDATE transactions t SET state = new.state, problem = new.problem, decided_at = clock_timestamp()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:problems AS text[])) AS new (id, state, problem)
    WHERE t.id = new.id AND t.state NOT IN ('settled', 'failed')
    RETURNING t.id
    """
)
_UNKNOWN = text("UPDATE transactions SET state = 'unknown' WHERE id = :id AND state = 'sent'")
_PROBLEM = text("UPDATE transactions SET problem = :problem WHERE id = :id AND problem <> :problem")


_REMEMBERED = 64
"""After so many more nonces it is noted that all of them are known, and they are not looked at again."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Signed bytes."""

    hash: str
    raw: bytes
    cancels: bool
    number: int
    fees: Fees
    broadcasts: int
    due: bool
    age: float


@dataclass(frozen=True, slots=True)
class Live:
    """A row that has a nonce."""

    id: UUID
    key: str
    call: Call
    state: State
    nonce: int
    cancelled: bool
    hash: str | None
    block_number: int | None
    block_hash: str | None
    succeeded: bool | None
    since: float
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def last(self) -> Attempt:
        """The latest attempt."""
        return self.attempts[-1]


@dataclass(frozen=True, slots=True)
class Queued:
    """A row of which nothing is signed."""

    id: UUID
    key: str
    call: Call
    gas: int | None
    problem: str
    expired: bool


@dataclass(frozen=True, slots=True)
class Signed:
    """What is about to be stored."""

    id: UUID
    key: str
    transaction: SignedTransaction
    fees: Fees
    number: int = 1
    cancels: bool = False


class Ledger:
    """The rows of one account on one chain."""

    def __init__(self, database: Database, chain_id: int, sender: str, policy: Policy) -> None:
        self._database = database
        self._policy = policy
        self._account = {"chain_id": chain_id, "sender": sender}
        self._stream = sender_stream(chain_id, sender)

    # ------------------------------------------------------------------------------------------------------ reading

    async def below(self, nonce: int) -> list[Live]:
        """What is not mined although the chain is beyond its nonce."""
        return await self._rows(_BELOW, nonce=nonce, limit=200)

    async def window(self, nonce: int) -> list[Live]:
        """What is not mined and within reach of the chain's nonce."""
        until = nonce + self._policy.window
        return await self._rows(_FROM, nonce=nonce, until=until, limit=self._policy.window)

    async def mined_by(self, number: int) -> list[Live]:
        """What is mined in a block up to one."""
        return await self._rows(_MINED_BY, number=number, limit=500)

    async def mined_from(self, nonce: int) -> list[Live]:
        """What was mined or decided although the chain has not come to its nonce."""
        until = nonce + self._policy.window
        return await self._rows(_DECIDED, nonce=nonce, until=until, limit=self._policy.window)

    async def mined_blocks(self) -> list[tuple[int, str]]:
        """The blocks, by number and hash, of all that is mined and not final."""
        async with self._database.transaction(read_only=True) as transaction:
            rows = await transaction.execute(_MINED_BLOCKS, self._account)
            return [(row.block_number, row.block_hash) for row in rows]

    async def free_nonces(self, nonce: int) -> tuple[list[int], bool]:
        """The nonces that were never given away, from the chain's on and within the window; and whether there is a gap.

        A gap is one with a later nonce given away: until it is filled nothing after it is mined.
        """
        until = nonce + self._policy.window
        async with self._database.transaction(read_only=True) as transaction:
            bounds = (await transaction.execute(_BOUNDS, self._account)).one()
            values = {**self._account, "nonce": nonce, "until": until}
            given = set((await transaction.execute(_NONCES, values)).scalars())
        if bounds.first is None:
            return list(range(nonce, until)), False
        # What lies before the first of ours was used by somebody else, and a node that lags may not know it.
        free = [n for n in range(max(nonce, bounds.first), until) if n not in given]
        return free, bool(free) and free[0] < bounds.last

    async def open(self, upper: int) -> None:
        """Takes the account as it is found, the first time: below a nonce it may have a past that is not in these rows."""
        async with self._database.transaction() as transaction:
            await transaction.execute(_OPEN, {**self._account, "upper": upper})

    async def unaccounted(self, lease: Lease, nonce: int, pending: int) -> int | None:
        """The first nonce that is used by what these rows do not know, or not yet; None if there is none.

        Args:
            lease: The right to note how far all are known.
            nonce: The next one that the chain takes: all below were used by transactions that were mined.
            pending: The next one after those in the node's pool: for all below a signature is known at least.
        """
        upper, most = max(nonce, pending), 1_000
        values = {**self._account, "upper": upper, "limit": most}
        while True:
            async with self._database.transaction() as transaction:
                rows = (await transaction.execute(_KNOWN, values)).all()
                if not rows:
                    # Another database by now, from before the account's first look.
                    return nonce
                given = [row for row in rows if row.nonce is not None]
                below = rows[0].known_below
                known = [
                    row.nonce == below + index and (row.known or row.nonce >= nonce)
                    for index, row in enumerate(given)
                ]
                end = below + (known.index(False) if False in known else len(known))
                final = 0
                while final < end - below and given[final].final:
                    final += 1
                if final > _REMEMBERED:
                    await require_lease(transaction, lease)
                    await transaction.execute(
                        _KNOWN_BELOW, {**self._account, "below": below + final}
                    )
            if len(given) < most or False in known:
                return end if end < upper else None
            if final <= _REMEMBERED:
                return None

    async def queued(self, limit: int) -> list[Queued]:
        """What waits, the first first."""
        async with self._database.transaction(read_only=True) as transaction:
            rows = await transaction.execute(_QUEUED, {**self._account, "limit": limit})
            return [Queued(r.id, r.key, _call(r), r.gas, r.problem, bool(r.expired)) for r in rows]

    async def _rows(self, question: Any, **values: int) -> list[Live]:
        async with self._database.transaction(read_only=True) as transaction:
            longest = self._policy.rebroadcast_longest
            named = {**self._account, **values, "longest": longest}
            rows = (await transaction.execute(question, named)).all()
        found: dict[UUID, Live] = {}
        for r in rows:
            live = found.get(r.id)
            if live is None:
                live = found[r.id] = Live(
                    r.id, r.key, _call(r), State(r.state), r.nonce, r.cancelled, r.hash, r.block_number, r.block_hash,
                    r.succeeded, float(r.since),
                )  # fmt: skip
            live.attempts.append(
                Attempt(
                    hash=r.attempt_hash,
                    raw=bytes(r.raw),
                    cancels=r.cancels,
                    number=r.number,
                    fees=Fees(int(r.priority_fee), int(r.max_fee)),
                    broadcasts=r.broadcasts,
                    due=r.due,
                    age=float(r.age),
                )
            )
        return list(found.values())

    # ------------------------------------------------------------------------------------------------------ writing

    async def store(self, lease: Lease, signed: Sequence[Signed]) -> bool:
        """Keeps first signatures; False, and nothing is kept, if one of the calls does not wait any more."""
        async with self._database.transaction() as transaction:
            await require_lease(transaction, lease)
            ids = [one.id for one in signed]
            waiting = (await transaction.execute(_LOCK_QUEUED, {"ids": ids})).all()
            if len(waiting) != len(ids):
                return False
            await transaction.execute(
                _SENT, [{"id": one.id, "nonce": one.transaction.nonce} for one in signed]
            )
            await self._keep(transaction, signed)
        return True

    async def store_again(
        self, lease: Lease, signed: Sequence[Signed], *, silently: bool = False
    ) -> None:
        """Keeps further signatures for nonces that were given away; silently for calls that are final already."""
        async with self._database.transaction() as transaction:
            await require_lease(transaction, lease)
            await self._keep(transaction, signed, silently=silently)

    async def _keep(
        self, transaction: Transaction, signed: Sequence[Signed], *, silently: bool = False
    ) -> None:
        rows = [
            {
                "id": one.id,
                "hash": one.transaction.hash,
                "number": one.number,
                "cancels": one.cancels,
                "raw": one.transaction.raw,
                "limit": one.fees.limit,
                "priority": one.fees.priority,
            }
            for one in signed
        ]
        await transaction.execute(_ATTEMPT, rows)
        for one in signed if not silently else ():
            told = {"nonce": one.transaction.nonce, "hash": one.transaction.hash}
            self._tell(transaction, one.id, one.key, "signed", attempt=one.number, **told)

    async def broadcast(self, answers: dict[str, str]) -> None:
        """Notes that bytes were sent, and what the node had against them."""
        values = [
            {
                "hash": hash_,
                "answer": _kept(answer),
                "first": self._policy.rebroadcast_after,
                "longest": self._policy.rebroadcast_longest,
            }
            for hash_, answer in answers.items()
        ]
        async with self._database.transaction() as transaction:
            await transaction.execute(_BROADCAST, values)

    async def found(self, lease: Lease, found: Sequence[tuple[Live, Mined]]) -> None:
        """They are in blocks."""
        async with self._database.transaction() as transaction:
            await require_lease(transaction, lease)
            await transaction.execute(
                _MINED,
                [
                    {
                        "id": live.id,
                        "hash": one.hash,
                        "block_number": one.block_number,
                        "block_hash": one.block_hash,
                        "succeeded": one.succeeded,
                        "gas_used": one.gas_used,
                        "fee": one.fee,
                    }
                    for live, one in found
                ],
            )
            for live, one in found:
                told = {"hash": one.hash, "blockNumber": one.block_number}
                self._tell(transaction, live.id, live.key, "mined", **told)

    async def unmined(self, lease: Lease, blocks: Sequence[tuple[int, str]]) -> None:
        """The chain took blocks back: what was in them is to be mined again, and sent again at once."""
        async with self._database.transaction() as transaction:
            await require_lease(transaction, lease)
            for number, hash_ in blocks:
                values = {**self._account, "number": number, "hash": hash_}
                rows = (await transaction.execute(_UNMINED, values)).all()
                await transaction.execute(_AGAIN, {"ids": [row.id for row in rows]})
                for row in rows:
                    self._tell(transaction, row.id, row.key, "unmined", blockNumber=number)

    async def decide(self, lease: Lease, outcomes: Sequence[tuple[Live | Queued, str]]) -> None:
        """They are final: settled without a problem, failed with one."""
        async with self._database.transaction() as transaction:
            await require_lease(transaction, lease)
            decided = [
                (row, State.FAILED if problem else State.SETTLED, _kept(problem))
                for row, problem in outcomes
            ]
            values = {
                "ids": [row.id for row, _, _ in decided],
                "states": [str(state) for _, state, _ in decided],
                "problems": [problem for _, _, problem in decided],
            }
            done = set((await transaction.execute(_DECIDE, values)).scalars())
            for row, state, problem in decided:
                if row.id in done:
                    told: dict[str, object] = {"problem": problem} if problem else {}
                    if isinstance(row, Live) and row.hash:
                        told["hash"] = row.hash
                    self._tell(transaction, row.id, row.key, state, **told)

    async def unknown(self, lease: Lease, rows: Sequence[Live]) -> None:
        """Nobody has known for long what became of them."""
        async with self._database.transaction() as transaction:
            await require_lease(transaction, lease)
            for row in rows:
                if (await transaction.execute(_UNKNOWN, {"id": row.id})).rowcount:
                    self._tell(transaction, row.id, row.key, State.UNKNOWN, nonce=row.nonce)

    async def note(self, row: Live | Queued, problem: str) -> None:
        """Why it takes so long."""
        async with self._database.transaction() as transaction:
            values = {"id": row.id, "problem": _kept(problem)}
            await transaction.execute(_PROBLEM, values)

    def _tell(
        self, transaction: Transaction, id_: UUID, key: str, what: str, **more: object
    ) -> None:
        transaction.emit(self._stream, f"transaction_{what}", {"id": str(id_), "key": key, **more})


def _kept(problem: str) -> str:
    """As Postgres takes it: what nodes say may be no text at all."""
    return problem[:500].replace("\x00", "").encode(errors="replace").decode()


def _call(row: Any) -> Call:
    return Call(to_address(row.to_address), bytes(row.data), int(row.value), row.purpose)
