"""Promise 10: whoever reads nothing but JobFactory's events knows everything that it knows."""

import pytest

from tests.harness.escrow import DAY, ETHER, HOUR
from tests.harness.execution import ask
from tests.harness.factory import REJECT, REOPEN
from tests.stateful.factory_model import Books
from tests.unit.job_factory.intents import cancelling, claiming, expiring, releasing, submitting
from tests.unit.job_factory.lives import posted
from tests.unit.job_factory.posting import details_of

OTHER_WORK = bytes(range(1, 33))


def late(step):
    """A step that waits until the time of whoever had to act is over."""

    def wait(job):
        job.pass_deadline()
        return step(job)

    return wait


LIVES = {
    "approved": [lambda j: j.claim(), lambda j: j.submit(OTHER_WORK), lambda j: j.approve()],
    "silent": [lambda j: j.claim(), lambda j: j.submit(), late(lambda j: j.default())],
    "split": [lambda j: j.claim(), lambda j: j.submit(), lambda j: j.split(6_000)],
    "three rounds": [
        *[lambda j: j.claim(), lambda j: j.submit(), lambda j: j.reopen()],
        *[lambda j: claiming(j).relay(), lambda j: submitting(j, OTHER_WORK).relay()],
        *[lambda j: j.verify(*REOPEN), lambda j: j.claim_by_sig(), lambda j: j.submit()],
        lambda j: j.verify(*REJECT),
    ],
    "cancelled": [lambda j: cancelling(j).relay()],
    "unclaimed": [late(lambda j: expiring(j).relay())],
    "no work": [lambda j: claiming(j).relay(), late(lambda j: j.expire())],
    "given back": [
        *[lambda j: j.claim(), lambda j: releasing(j).relay()],
        *[lambda j: j.claim(), late(lambda j: j.expire())],
    ],
}


@pytest.fixture
def books(factory):
    """Reads every receipt it is given."""
    return Books()


def play(factory, books, life, **terms):
    """A life of a job; after each step the events and the contract must agree."""
    job = posted(factory, claimDuration=HOUR, workDuration=2 * HOUR, **terms)
    books.read(job.posted, factory.contract)
    assert details_of(factory, job.id) == books.accounts[job.id].details()
    for step in LIVES[life]:
        books.read(step(job), factory.contract)
        assert details_of(factory, job.id) == books.accounts[job.id].details()
    return job


@pytest.mark.parametrize("life", LIVES)
def test_told(factory, books, worker, life):
    """It should be told by its events alone, as it is read from the contract."""
    play(factory, books, life)
    play(factory, books, life, token=ETHER, payee=worker)
    for token in (ETHER, factory.usdc.address):
        assert books.owed(token) == factory.held(token)


def test_sums(factory, books, actors, stranger, chain):
    """It should sum up in the events to what the contract owes and holds."""
    contract = factory.contract
    for life in LIVES:
        for token in (ETHER, factory.usdc.address):
            play(factory, books, life, token=token)
    books.read(factory.appoint(chain.pending_timestamp + DAY), contract)
    for (account, token), amount in list((books.earned + books.credits).items()):
        who = next(a for a in actors.values() if a.address.lower() == account)
        assert ask(contract.earned, who, token) == books.earned[account, token]
        assert ask(contract.credits, who, token) == books.credits[account, token]
        if amount:
            books.read(factory.withdraw(who, token), contract)
    for token in (ETHER, factory.usdc.address):
        assert books.owed(token) == factory.held(token) == ask(contract.feesOwed, token) > 0
        books.read(contract.withdrawFees(token, sender=stranger), contract)
        assert books.owed(token) == factory.held(token) == 0
    for who in actors.values():
        assert factory.nonce(who) == books.nonces[who.address.lower()]
