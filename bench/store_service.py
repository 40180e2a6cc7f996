"""A commit with an event and an outbox message, beside one with a bare insert."""

from __future__ import annotations

from statistics import median

from sqlalchemy import text

from bench.services import Row, Stage, rate
from provenwork.store import Database, enqueue

COMMITS = 100
ROUNDS = 9
_INSERT = text("INSERT INTO effects VALUES (:id)")


async def rows(stage: Stage) -> list[Row]:
    """One after the other on one connection: each waits for the disk."""
    async with stage.database() as database:
        async with database.transaction() as transaction:
            await transaction.execute(text("CREATE TABLE effects (id text)"))
        whole, bare = [], []
        for _ in range(ROUNDS):
            bare.append(await rate(COMMITS, lambda: _commit(database, told=False)))
            whole.append(await rate(COMMITS, lambda: _commit(database, told=True)))
        return [
            Row(
                "commit with event and outbox message",
                median(whole),
                "commits/s",
                median(bare),
                "round trips to Postgres: five statements instead of three; the disk's sync is the same",
            )
        ]


async def _commit(database: Database, *, told: bool) -> None:
    for number in range(COMMITS):
        async with database.transaction() as transaction:
            await transaction.execute(_INSERT, {"id": str(number)})
            if told:
                payload = {"jobId": str(number)}
                transaction.emit("jobs", "job_posted", payload)
                await enqueue(transaction, "mail", payload)
