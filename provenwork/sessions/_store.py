"""What a host must not forget, in one sqlite file: transcripts, vouchers, proofs, agreements and signed transactions.

Every write is on disk before its method returns (WAL, synchronous=FULL), and a method is one transaction: a process that
is killed anywhere finds, when it starts again, each of them done or not done.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenwork.chain import SignedTransaction
from provenwork.core.errors import StoreError
from provenwork.crypto import Voucher, to_address
from provenwork.sessions._wire import SignedVoucher, pack_tokens, unpack_tokens

__all__ = ["HostStore", "Place", "ProofTask", "StoredPrompt", "StoredSession"]

_VERSION = "1"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    job_id TEXT PRIMARY KEY,
    served INTEGER NOT NULL,        -- AI tokens: the end of the transcript
    served_at REAL NOT NULL,        -- when the transcript last grew
    greeted INTEGER NOT NULL,       -- whether the voucher signer has signed anything
    agreed_until INTEGER NOT NULL,  -- until when a signed agreement may close the session
    done INTEGER NOT NULL           -- whether it was seen final
) STRICT;
CREATE TABLE IF NOT EXISTS chunks (
    job_id TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, ids BLOB NOT NULL,
    PRIMARY KEY (job_id, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS prompts (
    job_id TEXT PRIMARY KEY,
    ids BLOB NOT NULL,              -- what stands before the transcript
    single INTEGER NOT NULL         -- whether one answer to it is the whole job
) STRICT;
CREATE TABLE IF NOT EXISTS vouchers (
    job_id TEXT PRIMARY KEY, host TEXT NOT NULL, cumulative TEXT NOT NULL, signature BLOB NOT NULL,
    received_at REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS proofs (
    job_id TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, circuit_id INTEGER NOT NULL,
    urgent INTEGER NOT NULL, attempts INTEGER NOT NULL, problem TEXT NOT NULL, proof BLOB,
    PRIMARY KEY (job_id, first)
) STRICT;
CREATE TABLE IF NOT EXISTS transactions (
    hash TEXT PRIMARY KEY, raw BLOB NOT NULL, nonce INTEGER NOT NULL, purpose TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('unknown', 'settled', 'failed')), signed_at REAL NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose sessions, in which marketplace, on which chain."""

    chain_id: int
    marketplace: str
    host: str


@dataclass(frozen=True, slots=True)
class StoredSession:
    """What the store knows of a session."""

    job_id: int
    served: int
    """AI tokens: the end of the transcript."""
    served_at: float
    """When the transcript last grew, in Unix seconds of this machine."""
    greeted: bool
    """Whether the voucher signer has shown its key."""
    agreed_until: int
    """Unix seconds; until then a signed agreement may close the session."""
    done: bool
    """Whether it was seen final."""


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    """What stands before a session's first token."""

    tokens: list[int]
    single: bool
    """Whether one answer to it is the whole job."""


@dataclass(frozen=True, slots=True)
class ProofTask:
    """A proof that is wanted, or made."""

    job_id: int
    first: int
    """How many AI tokens of the session come before it."""
    count: int
    circuit_id: int
    attempts: int
    problem: str
    """What the last attempt failed of."""
    proof: bytes | None
    """As the contracts take it, once it is made."""


class HostStore:
    """One host's durable memory. One process at a time may hold it.

    Args:
        path: The sqlite file; made if it is not there.
        place: What the file is bound to when it is made.

    Raises:
        StoreError: Another process holds it, or it was made for another chain, marketplace, host or version.
    """

    def __init__(self, path: Path | str, place: Place) -> None:
        self.path = Path(path)
        self._guard = threading.RLock()
        self._lock = self._take_lock()
        self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
            self._bind(
                {
                    "version": _VERSION,
                    "chain_id": str(place.chain_id),
                    "marketplace": to_address(place.marketplace),
                    "host": to_address(place.host),
                }
            )
        except sqlite3.DatabaseError as problem:
            self.close()
            raise StoreError(f"{self.path} cannot be read: {problem}") from problem
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Lets go of the file; everything is on disk already."""
        with self._guard:
            self._db.close()
            self._lock.close()

    # ---------------------------------------------------------------------------------------------------- sessions

    def add_session(self, job_id: int) -> None:
        """Begins to remember a session; nothing changes if it is known."""
        with self._write() as db:
            db.execute(
                "INSERT OR IGNORE INTO sessions VALUES (?, 0, ?, 0, 0, 0)",
                (str(job_id), time.time()),
            )

    def session(self, job_id: int) -> StoredSession | None:
        """What is known of a session."""
        row = self._row("SELECT * FROM sessions WHERE job_id = ?", str(job_id))
        return None if row is None else _session(row)

    def open_sessions(self) -> list[int]:
        """The sessions that were not seen final."""
        rows = self._rows(
            "SELECT job_id FROM sessions WHERE done = 0 ORDER BY CAST(job_id AS INTEGER)"
        )
        return [int(row[0]) for row in rows]

    def keep_prompt(self, job_id: int, prompt: Sequence[int], *, single: bool) -> None:
        """Keeps what stands before a session's first token.

        Raises:
            StoreError: Another prompt is kept, or tokens were served before.
        """
        packed = pack_tokens(prompt)
        with self._write() as db:
            known = db.execute(
                "SELECT ids, single FROM prompts WHERE job_id = ?", (str(job_id),)
            ).fetchone()
            if known == (packed, single):
                return
            served = db.execute(
                "SELECT served FROM sessions WHERE job_id = ?", (str(job_id),)
            ).fetchone()
            if known is not None or served is None or served[0]:
                raise StoreError(f"session {job_id} has begun with another prompt")
            db.execute("INSERT INTO prompts VALUES (?, ?, ?)", (str(job_id), packed, single))

    def prompt(self, job_id: int) -> StoredPrompt | None:
        """What stands before a session's first token, if anything was kept."""
        row = self._row("SELECT ids, single FROM prompts WHERE job_id = ?", str(job_id))
        return None if row is None else StoredPrompt(unpack_tokens(bytes(row[0])), bool(row[1]))

    def set_greeted(self, job_id: int) -> None:
        """The voucher signer has shown its key."""
        with self._write() as db:
            db.execute("UPDATE sessions SET greeted = 1 WHERE job_id = ?", (str(job_id),))

    def set_agreed(self, job_id: int, until: int) -> None:
        """An agreement is about to be signed that may close the session until then."""
        with self._write() as db:
            db.execute(
                "UPDATE sessions SET agreed_until = max(agreed_until, ?) WHERE job_id = ?",
                (until, str(job_id)),
            )

    def set_done(self, job_id: int) -> None:
        """The session was seen final; proofs that nobody needs any more are dropped."""
        with self._write() as db:
            db.execute("UPDATE sessions SET done = 1 WHERE job_id = ?", (str(job_id),))
            db.execute("DELETE FROM proofs WHERE job_id = ?", (str(job_id),))

    # -------------------------------------------------------------------------------------------------- transcript

    def append(self, job_id: int, first: int, tokens: Sequence[int]) -> int:
        """Adds served tokens to the transcript, which must end at `first`.

        Returns:
            The end of the transcript.

        Raises:
            StoreError: It ends elsewhere: somebody else has served meanwhile.
            ValueError: Something is not a token id.
        """
        packed = pack_tokens(tokens)
        with self._write() as db:
            changed = db.execute(
                "UPDATE sessions SET served = served + ?, served_at = ? WHERE job_id = ? AND served = ?",
                (len(tokens), time.time(), str(job_id), first),
            ).rowcount
            if changed != 1:
                raise StoreError(f"the transcript of session {job_id} does not end at {first}")
            db.execute(
                "INSERT INTO chunks VALUES (?, ?, ?, ?)", (str(job_id), first, len(tokens), packed)
            )
        return first + len(tokens)

    def packed_transcript(self, job_id: int, first: int, end: int) -> Iterator[bytes]:
        """The tokens of [first, end), packed, piece by piece."""
        rows = self._rows(
            "SELECT first, count, ids FROM chunks WHERE job_id = ? AND first < ? AND first + count > ? ORDER BY first",
            str(job_id),
            end,
            first,
        )
        for start, count, ids in rows:
            low, high = max(first - start, 0), min(end - start, count)
            yield ids[4 * low : 4 * high]

    def transcript(self, job_id: int, first: int, end: int) -> list[int]:
        """The token ids of [first, end).

        Raises:
            StoreError: The transcript does not reach so far.
        """
        tokens = unpack_tokens(b"".join(self.packed_transcript(job_id, first, end)))
        if len(tokens) != max(0, end - first):
            raise StoreError(f"the transcript of session {job_id} has no [{first}, {end})")
        return tokens

    # ---------------------------------------------------------------------------------------------------- vouchers

    def keep_voucher(self, signed: SignedVoucher) -> None:
        """Keeps a voucher if it says more than the one that is kept."""
        voucher = signed.voucher
        with self._write() as db:
            row = db.execute(
                "SELECT cumulative FROM vouchers WHERE job_id = ?", (str(voucher.job_id),)
            ).fetchone()
            if row is None or int(row[0]) < voucher.cumulative_tokens:
                db.execute(
                    "INSERT OR REPLACE INTO vouchers VALUES (?, ?, ?, ?, ?)",
                    (
                        str(voucher.job_id),
                        voucher.host,
                        str(voucher.cumulative_tokens),
                        signed.signature,
                        time.time(),
                    ),
                )

    def voucher(self, job_id: int) -> SignedVoucher | None:
        """The highest voucher of a session."""
        row = self._row("SELECT * FROM vouchers WHERE job_id = ?", str(job_id))
        if row is None:
            return None
        return SignedVoucher(Voucher(int(row[0]), to_address(row[1]), int(row[2])), bytes(row[3]))

    # ------------------------------------------------------------------------------------------------------ proofs

    def want_proof(
        self, job_id: int, first: int, count: int, circuit_id: int, *, urgent: bool = False
    ) -> None:
        """Asks for a proof of [first, first + count). One that begins there and counts as much is not asked for twice."""
        with self._write() as db:
            row = db.execute(
                "SELECT count, circuit_id FROM proofs WHERE job_id = ? AND first = ?",
                (str(job_id), first),
            ).fetchone()
            if row == (count, circuit_id):
                db.execute(
                    "UPDATE proofs SET urgent = max(urgent, ?) WHERE job_id = ? AND first = ?",
                    (urgent, str(job_id), first),
                )
                return
            db.execute(
                "INSERT OR REPLACE INTO proofs VALUES (?, ?, ?, ?, ?, 0, '', NULL)",
                (str(job_id), first, count, circuit_id, urgent),
            )

    def next_proof(self, max_attempts: int) -> ProofTask | None:
        """The proof to make next: urgent ones first, then in order."""
        row = self._row(
            "SELECT * FROM proofs WHERE proof IS NULL AND attempts < ? "
            "ORDER BY urgent DESC, attempts, CAST(job_id AS INTEGER), first LIMIT 1",
            max_attempts,
        )
        return None if row is None else _task(row)

    def queued_proofs(self, max_attempts: int) -> int:
        """How many proofs wait to be made."""
        row = self._row(
            "SELECT count(*) FROM proofs WHERE proof IS NULL AND attempts < ?", max_attempts
        )
        return int(row[0]) if row else 0

    def keep_proof(self, task: ProofTask, proof: bytes) -> None:
        """Keeps a proof that was made, if it is still wanted."""
        with self._write() as db:
            db.execute(
                "UPDATE proofs SET proof = ?, problem = '' WHERE job_id = ? AND first = ? AND count = ? AND circuit_id = ?",
                (proof, str(task.job_id), task.first, task.count, task.circuit_id),
            )

    def proof_failed(self, task: ProofTask, problem: str) -> None:
        """Notes an attempt that failed."""
        with self._write() as db:
            db.execute(
                "UPDATE proofs SET attempts = attempts + 1, problem = ? WHERE job_id = ? AND first = ?",
                (problem, str(task.job_id), task.first),
            )

    def proofs(self, job_id: int) -> list[ProofTask]:
        """All proofs of a session, wanted or made, in order."""
        rows = self._rows("SELECT * FROM proofs WHERE job_id = ? ORDER BY first", str(job_id))
        return [_task(row) for row in rows]

    def failed_proofs(self, max_attempts: int) -> list[ProofTask]:
        """The proofs that are tried no more."""
        rows = self._rows(
            "SELECT * FROM proofs WHERE proof IS NULL AND attempts >= ?", max_attempts
        )
        return [_task(row) for row in rows]

    def drop_proofs(self, job_id: int, proven: int) -> None:
        """Forgets proofs that begin before what is proven on chain: they cannot count any more."""
        with self._write() as db:
            db.execute("DELETE FROM proofs WHERE job_id = ? AND first < ?", (str(job_id), proven))

    # ---------------------------------------------------------------- signed transactions, as a Sender's Journal

    def signed(self, transaction: SignedTransaction) -> None:
        """Keeps a transaction that is about to be sent."""
        with self._write() as db:
            db.execute(
                "INSERT INTO transactions VALUES (?, ?, ?, ?, 'unknown', ?)",
                (
                    transaction.hash,
                    transaction.raw,
                    transaction.nonce,
                    transaction.purpose,
                    time.time(),
                ),
            )

    def resolved(self, hash: str, *, succeeded: bool) -> None:  # noqa: A002 (the field's name)
        """Its outcome is known."""
        with self._write() as db:
            db.execute(
                "UPDATE transactions SET state = ? WHERE hash = ?",
                ("settled" if succeeded else "failed", hash),
            )

    def unresolved(self) -> Sequence[SignedTransaction]:
        """The transactions whose outcome is not known, by nonce."""
        rows = self._rows(
            "SELECT hash, raw, nonce, purpose FROM transactions WHERE state = 'unknown' ORDER BY nonce"
        )
        return [SignedTransaction(row[0], bytes(row[1]), row[2], row[3]) for row in rows]

    # --------------------------------------------------------------------------------------------------- internals

    def _take_lock(self) -> Any:
        handle = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise StoreError(
                f"another process holds {self.path}",
                hint="Two hosts on one store would serve the same tokens twice: stop the other one.",
            ) from None
        return os.fdopen(handle, "r+")

    def _bind(self, wanted: dict[str, str]) -> None:
        with self._write() as db:
            db.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", wanted.items())
        for key, value in self._rows("SELECT key, value FROM meta"):
            if wanted.get(key) != value:
                raise StoreError(f"{self.path} belongs to {key} {value}, not {wanted.get(key)}")

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        with self._guard:
            return self._db.execute(query, arguments).fetchall()

    def _row(self, query: str, *arguments: Any) -> tuple[Any, ...] | None:
        with self._guard:
            row: tuple[Any, ...] | None = self._db.execute(query, arguments).fetchone()
            return row


def _session(row: tuple[Any, ...]) -> StoredSession:
    job_id, served, served_at, greeted, agreed_until, done = row
    return StoredSession(int(job_id), served, served_at, bool(greeted), agreed_until, bool(done))


def _task(row: tuple[Any, ...]) -> ProofTask:
    job_id, first, count, circuit_id, _, attempts, problem, proof = row
    return ProofTask(int(job_id), first, count, circuit_id, attempts, problem, proof)
