"""What the indexer keeps is enough: books kept from the event log alone equal the contracts' storage, reorgs included."""

import asyncio

import ape
import pytest

from provenwork.chain import Rpc, abi
from provenwork.chain.indexer import Indexer, Watched
from provenwork.store import Database, acquire_lease, read_events
from tests.harness.escrow import advance
from tests.harness.execution import isolated
from tests.services.store.conftest import data_folder, server, template, url
from tests.stateful.books import Books
from tests.stateful.world import ZERO, Face, Log

__all__ = ["data_folder", "server", "template", "url"]

CONTRACTS = {
    "market": "JobMarketplace",
    "jobs": "JobFactory",
    "registry": "WorkerRegistry",
    "circuits": "ProofSystem",
}


def flat(arguments):
    """Arguments as the books take them: numbers, and addresses in small letters."""
    found = {}
    for name, value in arguments.items():
        if isinstance(value, dict):
            found |= flat(value)
        elif isinstance(value, str) and value.startswith("0x"):
            found[name] = value.lower() if len(value) == 42 else int(value, 16)
        else:
            found[name] = int(value)
    return found


class Follower:
    """Indexes the contracts of the local chain, and keeps books of the stream."""

    def __init__(self, url, contracts, owner):
        self.url = url
        self.owner = owner.address.lower()
        self.names = {contract.address.lower(): name for name, contract in contracts.items()}
        self.watched = [
            Watched(name, contract.address, abi(CONTRACTS[name]))
            for name, contract in contracts.items()
        ]

    async def _catch_up(self):
        node = ape.chain.provider.uri
        async with Database(self.url) as database, Rpc(node, ape.chain.chain_id) as rpc:
            indexer = Indexer(database, rpc, self.watched, every_header=False)
            async with database.transaction() as transaction:
                lease = await acquire_lease(
                    transaction, f"{indexer.lease_name}.{id(indexer)}", "test", seconds=600
                )
            await indexer.open()
            while await indexer.step(lease):
                pass
            await indexer.close()
            async with database.transaction() as transaction:
                return await read_events(transaction, indexer.stream, limit=1_000_000)

    def books(self):
        """What the stream tells, without what was reverted."""
        rows = asyncio.run(self._catch_up())
        reverted = {row.payload["seq"] for row in rows if row.type == "reverted"}
        books, self.reverted = Books(self.names), len(reverted)
        books.owners = dict.fromkeys(self.names.values(), ZERO)
        # As the constructors make them: owned by nobody first.
        books.pending_owners = dict.fromkeys(self.names.values(), self.owner)
        for row in rows:
            if row.seq not in reverted and row.type not in ("reverted", "finalized"):
                log = Log(row.payload["address"].lower(), row.type, flat(row.payload["args"]))
                books.read([log], row.payload["timestamp"])
        return books


@pytest.fixture
def contracts(escrow, factory):
    """All contracts that the books are about."""
    return {
        "market": escrow.marketplace,
        "jobs": factory.contract,
        "registry": escrow.registry,
        "circuits": escrow.proof_system,
    }


def assert_equals_storage(books, contracts, accounts):
    """Every session, every job, every ledger and what each contract holds."""
    faces = {name: Face(contract) for name, contract in contracts.items()}
    now = ape.chain.blocks.head.timestamp

    def ask(name, function, *arguments):
        question = faces[name].question(function, *arguments)
        answer = ape.chain.provider.web3.eth.call({**question, "to": contracts[name].address})
        return faces[name].answer(function, "0x" + bytes(answer).hex())

    assert books.sessions
    assert books.jobs
    for job, session in books.sessions.items():
        assert ask("market", "getSessionDetails", job) == session.details(now)
    for job in books.jobs.values():
        assert ask("jobs", "getJob", job.id) == job.details()
    for name, ledger in books.ledgers.items():
        for (account, token), amount in ledger.earned.items():
            assert list(ask(name, "earned", account, token).values()) == [amount]
        for (account, token), amount in ledger.credits.items():
            assert list(ask(name, "credits", account, token).values()) == [amount]
        for token, amount in ledger.fees.items():
            assert list(ask(name, "feesOwed", token).values()) == [amount]
    for worker in accounts:
        active = ask("registry", "isActiveWorker", worker.address)
        assert list(active.values()) == [int(books.is_active(worker.address.lower()))]


def test_books_from_the_stream(
    escrow, factory, contracts, url, owner, host, user, stranger, other_host
):
    """Sessions, jobs, ledgers and workers rebuilt from the event log are what storage says, before and after a reorg."""
    follower = Follower(url, contracts, owner)
    session = escrow.open()
    session.prove(1_000, 500)
    session.redeem(3_000)
    job = factory.post()
    job.claim()
    with isolated():
        # What is about to be taken back.
        session.close_with_voucher(5_000)
        escrow.withdraw(host)
        job.submit()
        job.approve()
        factory.post()
        assert_equals_storage(follower.books(), contracts, [host, other_host, stranger])
        assert follower.reverted == 0
    advance(60)
    contested = escrow.open()
    contested.claim(1_000)
    contested.contest()
    session.redeem(4_000)
    session.complete(sender=user)
    prompt = escrow.open_prompt()
    prompt.close_with_voucher(1)
    escrow.withdraw(host)
    job.submit()
    job.split(4_000)
    factory.post().cancel()
    advance(1)
    for _ in range(12):
        ape.chain.mine()
    assert_equals_storage(follower.books(), contracts, [host, other_host, stranger])
    assert follower.reverted == 5
