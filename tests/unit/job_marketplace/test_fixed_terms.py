"""Promise 5: terms are fixed at opening, and no officer's act reaches an open session."""

import pytest

from tests.harness.escrow import (
    FEE_BPS,
    INPUT_BOUND,
    METERED,
    SINGLE_PROMPT,
)
from tests.unit.job_marketplace.openings import MAX_DEPOSIT, MAX_RATE, details_of

BPS = 10_000
ACKNOWLEDGED = 1_000_000
PROVEN = 1_000


def _deactivate(escrow):
    escrow.registry.deactivate(escrow.actors["host"], sender=escrow.actors["admin"])


def _deregister(escrow):
    escrow.registry.deregister(sender=escrow.actors["host"])


def _stop_token(escrow):
    escrow.marketplace.setToken(escrow.usdc, False, MAX_DEPOSIT, sender=escrow.actors["owner"])


def _raise_minimum(escrow):
    escrow.marketplace.setToken(escrow.usdc, True, MAX_DEPOSIT, sender=escrow.actors["owner"])


def _change_defaults(escrow):
    escrow.marketplace.setDefaults(INPUT_BOUND, MAX_RATE, sender=escrow.actors["owner"])


def _change_treasury(escrow):
    escrow.marketplace.setTreasury(escrow.actors["relayer"], sender=escrow.actors["owner"])


def _pause(escrow):
    escrow.marketplace.pause(sender=escrow.actors["owner"])


def _hand_over(escrow):
    escrow.marketplace.transferOwnership(escrow.actors["operator"], sender=escrow.actors["owner"])
    escrow.marketplace.acceptOwnership(sender=escrow.actors["operator"])


def _disable_registrations(escrow):
    escrow.registry.disableSigner(sender=escrow.actors["admin"])


ACTS = {
    "the host is deactivated": _deactivate,
    "the host deregisters": _deregister,
    "the token is stopped": _stop_token,
    "the minimum is raised": _raise_minimum,
    "the defaults change": _change_defaults,
    "the treasury changes": _change_treasury,
    "the contract is paused": _pause,
    "the owner hands over": _hand_over,
    "the registry loses its signer": _disable_registrations,
}


def payout(escrow, job, tokens):
    """Closes on a voucher; what host, treasury and user receive in the end."""
    usdc, marketplace, host = escrow.usdc, escrow.marketplace, escrow.actors["host"]
    treasury = marketplace.treasury()
    before = [usdc.balanceOf(account) for account in (host, treasury, job.user)]
    job.close_with_voucher(tokens)
    marketplace.withdraw(usdc, host, sender=host)
    marketplace.withdrawFees(usdc, sender=host)
    after = [usdc.balanceOf(account) for account in (host, treasury, job.user)]
    return tuple(now - then for then, now in zip(before, after, strict=True))


def agreed(deposit, cost):
    """How a deposit is to be divided: host, treasury, user."""
    fee = -(-cost * FEE_BPS // BPS)
    return cost - fee, fee, deposit - cost


@pytest.mark.parametrize("act", ACTS)
def test_terms_stand(escrow, act):
    """It should keep its terms whatever the officers change."""
    session = escrow.open()
    before = details_of(escrow, session.id)
    ACTS[act](escrow)
    assert details_of(escrow, session.id) == before


@pytest.mark.parametrize("act", ACTS)
def test_payout_stands(escrow, act):
    """It should pay out as agreed whatever the officers change."""
    session = escrow.open()
    ACTS[act](escrow)
    paid = payout(escrow, session, ACKNOWLEDGED)
    assert paid == agreed(session.terms.deposit, session.cost(ACKNOWLEDGED))


@pytest.mark.parametrize("act", ACTS)
def test_evidence_stands(escrow, act):
    """It should take the evidence that it would have taken."""
    session = escrow.open()
    ACTS[act](escrow)
    session.prove(PROVEN)
    session.redeem(ACKNOWLEDGED)
    session.claim(ACKNOWLEDGED + PROVEN)
    details = session.details
    assert details.provenTokens == PROVEN
    assert details.ackedTokens == ACKNOWLEDGED
    assert details.claimedTokens == ACKNOWLEDGED + PROVEN


@pytest.mark.parametrize("act", ACTS)
def test_prompt_job(escrow, act):
    """It should keep its terms and pay out as agreed."""
    job = escrow.open_prompt()
    before = details_of(escrow, job.id)
    ACTS[act](escrow)
    assert details_of(escrow, job.id) == before
    assert before["jobType"] == SINGLE_PROMPT
    assert payout(escrow, job, 1) == agreed(job.terms.deposit, job.terms.deposit)


def test_defaults_of_the_day(escrow, marketplace, owner, user):
    """It should keep them when the defaults change."""
    terms = escrow.terms()
    form = (terms.host, terms.token, terms.deposit, terms.pricePerToken)
    marketplace.setDefaults(METERED, 7, sender=owner)
    marketplace.createSessionJobWithToken(
        *form, terms.maxDuration, terms.proofInterval, sender=user
    )
    before = details_of(escrow, marketplace.jobCount())
    marketplace.setDefaults(0, MAX_RATE, sender=owner)
    assert details_of(escrow, marketplace.jobCount()) == before
    assert (before["circuitId"], before["maxTokensPerSecond"]) == (METERED, 7)


def test_revoked_circuit(escrow, owner):
    """It should keep the terms, and pay for what was acknowledged."""
    session = escrow.open()
    before = details_of(escrow, session.id)
    escrow.proof_system.revokeCircuit(METERED, sender=owner)
    assert details_of(escrow, session.id) == before
    paid = payout(escrow, session, ACKNOWLEDGED)
    assert paid == agreed(session.terms.deposit, session.cost(ACKNOWLEDGED))


def test_approval_withdrawn(escrow, marketplace, usdc, user):
    """It should change nothing."""
    session = escrow.open()
    before = details_of(escrow, session.id)
    usdc.approve(marketplace, 0, sender=user)
    assert details_of(escrow, session.id) == before
    paid = payout(escrow, session, ACKNOWLEDGED)
    assert paid == agreed(session.terms.deposit, session.cost(ACKNOWLEDGED))


def test_all_at_once(escrow):
    """It should pay out as agreed."""
    session = escrow.open()
    # A host that was deactivated has nothing to deregister; who hands over can do no more.
    for act in (act for act in ACTS.values() if act not in (_deregister, _hand_over)):
        act(escrow)
    _hand_over(escrow)
    paid = payout(escrow, session, ACKNOWLEDGED)
    assert paid == agreed(session.terms.deposit, session.cost(ACKNOWLEDGED))
