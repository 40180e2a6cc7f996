"""One-shot jobs, step by step and from posting to release, weighed by their receipts.

Steady state, as in `bench.operations`: ledger slots and nonces are already non-zero, allowances finite. A job asks for no
bond and no reject fee unless the row says so, and its worker is anybody who is registered.
"""

from collections.abc import Iterator
from typing import Any

from bench.operations import Weighed, weigh
from tests.harness.authorizations import permit_for
from tests.harness.escrow import DAY, ETHER
from tests.harness.factory import APPROVE, GWEI, Factory, Job

BOND = 10**6 * GWEI
HALF = 5_000


def warm_up(factory: Factory) -> None:
    """Fills the ledger slots and nonces that everybody's second job finds non-zero."""
    for token in (factory.usdc.address, ETHER):
        factory.post(token=token)  # stays open, so that the contract holds something of each token
        for _ in range(2):
            job = factory.post(token=token, claimBond=BOND)
            job.claim_by_sig()
            job.submit_by_sig()
            job.approve()
            job = factory.post(token=token, claimBond=BOND)
            job.claim()
            job.release_by_sig()
            job.claim()
            job.submit()
            job.approve()
    for account in ("worker", "relayer", "issuer"):
        for token in (factory.usdc, ETHER):
            if factory.earned(factory.actors[account], token) > 1:
                factory.withdraw(factory.actors[account], token)
    factory.post_by_sig()
    _done(factory.post())
    _done(factory.post(token=ETHER))


def _done(job: Job) -> list[Any]:
    return [job.posted, job.claim(), job.submit(), job.approve()]


def postings(factory: Factory) -> Iterator[Weighed]:
    """Every way to post."""
    actors, evaluator = factory.actors, factory.actors["evaluator"]
    yield weigh("post a job, ERC-20", factory.post().posted)
    yield weigh("post a job, ETH", factory.post(token=ETHER).posted)
    yield weigh("post a job, ERC-20, with an evaluator", factory.post(evaluator=evaluator).posted)
    yield weigh("post a job by signature", factory.post_by_sig().posted)
    yield weigh("post a job by EIP-3009", factory.post_with_authorization().posted)
    issuer, terms = actors["issuer"], factory.terms()
    permit = permit_for(factory.escrow, issuer, terms.amount).but(spender=factory.contract)
    arguments = (terms.encoded(), permit.deadline, *permit.signed_by(issuer))
    posted = factory.contract.postJobWithPermit(*arguments, sender=issuer)
    yield weigh("post a job by permit", posted)
    factory.usdc.approve(factory.contract, 2**255, sender=issuer)


def work(factory: Factory) -> Iterator[Weighed]:
    """What the worker does, by call and by signature."""
    job = factory.post()
    yield weigh("claim a job", job.claim())
    yield weigh("submit work", job.submit())
    job = factory.post()
    yield weigh("claim a job by signature", job.claim_by_sig())
    yield weigh("submit work by signature", job.submit_by_sig())
    job = factory.post(claimBond=BOND)
    yield weigh("claim a job with a bond", job.claim())
    yield weigh("submit work, bond back", job.submit())
    job = factory.post(payee=factory.actors["worker"])
    yield weigh("claim a job as its payee", job.claim())
    yield weigh("give a job back", job.release())


def endings(factory: Factory) -> Iterator[Weighed]:
    """Every end, and taking the money."""

    def submitted(**terms: Any) -> Job:
        job = factory.post(**terms)
        job.claim()
        job.submit()
        return job

    yield weigh("approve", submitted().approve())
    yield weigh("approve by signature", submitted().verify_by_sig(*APPROVE))
    yield weigh("send back", submitted(rejectFeeBps=HALF).reopen())
    yield weigh("split", submitted().split(HALF))
    yield weigh("reject", submitted().reject())
    job = submitted()
    job.pass_deadline()
    yield weigh("have silence paid", job.default())
    yield weigh("cancel a job", factory.post().cancel())
    yield weigh("cancel a job by signature", factory.post().cancel_by_sig())
    job = factory.post(workDuration=DAY)
    job.claim()
    job.pass_deadline()
    yield weigh("expire a job", job.expire())
    yield weigh("withdraw what a job earned", factory.withdraw(factory.actors["worker"]))


def whole_jobs(factory: Factory) -> Iterator[Weighed]:
    """From posting to release: the worker has earnings that it did not withdraw yet, or withdraws these, too."""
    worker = factory.actors["worker"]
    _done(factory.post())
    receipts = _done(factory.post())
    yield weigh("one-shot job, post to release", *receipts)
    job = factory.post()
    signed = [job.posted, job.claim_by_sig(), job.submit_by_sig(), job.verify_by_sig(*APPROVE)]
    yield weigh("one-shot job, post to release, by signature", *signed)
    yield weigh("one-shot job, and withdrawn", *receipts, factory.withdraw(worker))


def jobs(factory: Factory) -> Iterator[Weighed]:
    """All rows of one-shot jobs."""
    warm_up(factory)
    yield from postings(factory)
    yield from work(factory)
    yield from endings(factory)
    yield from whole_jobs(factory)
