"""JobFactory.revokeIntent: what one signed, one can take back."""

import pytest

from tests.harness.events import emitted, event
from tests.harness.factory import APPROVE, CANCELLED, CLAIMED, COMPLETED
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import cancelling, claiming, verifying
from tests.unit.job_factory.kinds import KINDS
from tests.unit.job_factory.lives import posted, worked

DIGEST = b"\x0d" * 32


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(factory, kind):
    """It should make it worthless."""
    intent = KINDS[kind](factory)
    signature = intent.signature()
    intent.ask(signature)
    factory.contract.revokeIntent(intent.digest(), sender=intent.signer)
    with reverts(
        factory.contract.JobFactory_IntentRevoked,
        signer=intent.signer,
        digest=intent.digest(),
    ):
        intent.relay(signature)


@pytest.mark.parametrize("who", ["worker", "evaluator", "relayer", "owner", "stranger"])
def test_others(factory, actors, who):
    """It should leave what others signed alone."""
    job = posted(factory)
    intent = cancelling(job)
    factory.contract.revokeIntent(intent.digest(), sender=actors[who])
    intent.relay()
    assert job.status == CANCELLED


def test_same_digest_of_two(factory, issuer, evaluator):
    """It should leave what others signed alone, also where both sign the same."""
    job = worked(posted(factory, evaluator=evaluator))
    theirs, ours = verifying(job, *APPROVE, verifier=evaluator), verifying(job, *APPROVE)
    assert theirs.digest() == ours.digest()
    factory.contract.revokeIntent(ours.digest(), sender=issuer)
    with reverts(factory.contract.JobFactory_IntentRevoked, signer=issuer, digest=ours.digest()):
        ours.relay()
    theirs.relay()
    assert job.status == COMPLETED


def test_calls(factory, worker):
    """It should leave what its signer does by a call alone."""
    job = posted(factory)
    factory.contract.revokeIntent(claiming(job).digest(), sender=worker)
    job.claim()
    assert job.status == CLAIMED


def test_beforehand(factory, issuer):
    """It should make it worthless beforehand."""
    job = posted(factory)
    intent = cancelling(job)
    factory.contract.revokeIntent(intent.digest(), sender=issuer)
    with reverts(factory.contract.JobFactory_IntentRevoked, signer=issuer, digest=intent.digest()):
        intent.relay(intent.signature())


def test_events(factory, issuer, worker):
    """It should emit IntentRevoked, and show it for the caller only."""
    contract = factory.contract
    assert not contract.isIntentRevoked(issuer, DIGEST)
    assert emitted(contract.revokeIntent(DIGEST, sender=issuer)) == [
        event(contract.IntentRevoked, account=issuer, digest=DIGEST)
    ]
    assert contract.isIntentRevoked(issuer, DIGEST)
    assert not contract.isIntentRevoked(worker, DIGEST)
    assert not contract.isIntentRevoked(issuer, bytes(32))


def test_for_good(factory, issuer):
    """It should stay revoked, and may be revoked again."""
    contract = factory.contract
    for _ in range(2):
        contract.revokeIntent(DIGEST, sender=issuer)
        assert contract.isIntentRevoked(issuer, DIGEST)
