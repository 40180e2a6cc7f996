"""What the tests' children do: `python -m tests.services.store.child SCENARIO URL ...`.

Each says where it is and then waits there, so that the test can kill it at that very moment.
"""

import asyncio
import sys
from itertools import count
from pathlib import Path
from typing import NoReturn

from sqlalchemy import text

from provenwork.core.errors import LeaseLost
from provenwork.store import (
    Answer,
    Courier,
    Database,
    EmbeddedServer,
    Message,
    RequestId,
    Transaction,
    acquire_lease,
    answer_once,
    require_lease,
)


def say(line: str) -> None:
    """Tells the test."""
    print(line, flush=True)


async def wait_to_be_killed() -> NoReturn:
    """Is where the test wants it."""
    await asyncio.sleep(300)
    raise SystemExit("nobody killed this child")


async def emit(url: str, name: str) -> None:
    """Commits an effect and its event again and again, as fast as it can."""
    async with Database(url, pool_size=2) as database:
        for number in count():
            async with database.transaction() as transaction:
                await transaction.execute(
                    text("INSERT INTO effects VALUES (:id)"), {"id": f"{name}-{number}"}
                )
                transaction.emit("jobs", "happened", {"id": f"{name}-{number}"})
                transaction.emit("others", "happened", {"id": f"{name}-{number}"})
            if number == 0:
                say("emitting")


async def answer(url: str, moment: str) -> None:
    """Answers a request, and stays at a moment of it."""

    async def effect(transaction: Transaction) -> Answer:
        await transaction.execute(text("INSERT INTO effects VALUES ('paid')"))
        transaction.emit("jobs", "paid", {})
        if moment == "inside":
            say("inside")
            await wait_to_be_killed()
        return Answer(201, b'{"paid":"1"}')

    async with Database(url) as database:
        await answer_once(database, RequestId("alice", "POST", "/jobs", "key"), b"{}", effect)
        say("after")
        await wait_to_be_killed()


async def deliver(url: str, moment: str) -> None:
    """Takes a message, and stays before or after delivering it."""

    async def courier(message: Message) -> None:
        if moment == "after":
            async with database.transaction() as transaction:
                await transaction.execute(
                    text("INSERT INTO effects VALUES (:id)"), {"id": str(message.id)}
                )
        say(moment)
        await wait_to_be_killed()

    async with Database(url) as database:
        await Courier(database, "mail", courier, timeout=60.0).run()


async def work(url: str, seconds: str) -> None:
    """Takes a lease, waits to be frozen through its end, and then tries to act on it."""
    async with Database(url) as database:
        async with database.transaction() as transaction:
            lease = await acquire_lease(transaction, "job", "sleepy", seconds=float(seconds))
        say(f"token {lease.token}")
        await asyncio.to_thread(sys.stdin.readline)
        try:
            async with database.transaction() as transaction:
                await require_lease(transaction, lease)
                await transaction.execute(text("INSERT INTO effects VALUES ('late')"))
        except LeaseLost:
            say("refused")
        else:
            say("acted")


async def use(folder: str) -> None:
    """Uses an embedded server."""
    with EmbeddedServer(Path(folder)) as server:
        say(f"uses {server.url.query['host']}")
        await wait_to_be_killed()


SCENARIOS = {scenario.__name__: scenario for scenario in (emit, answer, deliver, work, use)}

if __name__ == "__main__":
    asyncio.run(SCENARIOS[sys.argv[1]](*sys.argv[2:]))
