"""JobMarketplace.redeemVoucher: the user's signature under a total, the cheapest evidence of all."""

from dataclasses import replace

import pytest

from tests.harness.escrow import (
    ACTIVE,
    ANSWER_WINDOW,
    ANSWERED,
    COMPLETED,
    DISPUTED,
    advance,
    travel_to,
)
from tests.harness.events import emitted
from tests.harness.evidence import (
    checkpoint_processed,
    credited,
    dispute_resolved,
    everything,
    voucher_redeemed,
)
from tests.harness.execution import isolated
from tests.harness.reverts import reverts

NO_JOB = 10**6
A_WHILE = 100
TOKENS = 400
CAP = 900
ALL_TOKENS = 2**64 - 1
NO_CIRCUIT = 0


@pytest.fixture
def session(escrow):
    """A session in which time has passed, so that the rate bounds nothing."""
    session = escrow.open()
    advance(A_WHILE)
    return session


def test_revert_given_no_such_session(session, marketplace):
    """It should revert: the session must exist."""
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=NO_JOB):
        replace(session, id=NO_JOB).redeem(TOKENS)


def test_revert_given_a_final_session(session, marketplace):
    """It should revert: the session must be active or disputed."""
    session.complete(sender=session.host)
    with reverts(marketplace.JobMarketplace_SessionNotOpen, jobId=session.id, status=COMPLETED):
        session.redeem(TOKENS)


@pytest.mark.parametrize("tokens", [0, TOKENS - 1, TOKENS])
def test_revert_when_it_is_not_newer(session, marketplace, tokens):
    """It should revert: the voucher must acknowledge more than was acknowledged before."""
    session.redeem(TOKENS)
    with reverts(marketplace.JobMarketplace_VoucherNotNewer, acked=TOKENS, tokens=tokens):
        session.redeem(tokens)


@pytest.mark.parametrize("forger", ["host", "stranger", "owner", "watcher"])
def test_revert_when_somebody_else_signed(session, marketplace, user, actors, forger):
    """It should revert: the signature must be the voucher signer's."""
    with reverts(
        marketplace.JobMarketplace_VoucherSignatureInvalid, expected=user, recovered=actors[forger]
    ):
        session.redeem(TOKENS, signer=actors[forger])


def test_total(session):
    """It should put its total in the place of the one before."""
    session.redeem(TOKENS)
    assert session.details.ackedTokens == TOKENS
    session.redeem(TOKENS + 1)
    assert session.details.ackedTokens == TOKENS + 1


def test_time(session):
    """It should keep its time as that of the last evidence."""
    assert session.redeem(TOKENS).timestamp == session.details.lastProofSubmission
    later = advance(A_WHILE)
    session.redeem(TOKENS + 1)
    assert session.details.lastProofSubmission == later


def test_event(session):
    """It should emit VoucherRedeemed with the new total."""
    session.redeem(1)
    assert emitted(session.redeem(TOKENS)) == [voucher_redeemed(session, TOKENS)]


def test_all_else(session):
    """It should leave all else alone."""
    session.prove(48)
    before = everything(session)
    advance(A_WHILE)
    session.redeem(TOKENS)
    changed = {name for name, value in everything(session).items() if value != before[name]}
    assert changed == {"ackedTokens", "coveredTokens", "lastProofSubmission", "payableTokens"}


@pytest.mark.parametrize("bringer", ["user", "host", "stranger", "relayer", "treasury"])
def test_anyone(session, actors, bringer):
    """It should count all the same."""
    session.redeem(TOKENS, sender=actors[bringer])
    assert session.details.ackedTokens == TOKENS


def test_last_of_many(session, chain):
    """It should leave what all of them would leave."""
    now = advance(A_WHILE)
    with isolated():
        for tokens in (1, 2, TOKENS):
            travel_to(now)
            session.redeem(tokens)
        all_of_them = everything(session)
    travel_to(now)
    session.redeem(TOKENS)
    assert everything(session) == all_of_them


def test_below_proven(session):
    """It should count them apart from the proven tokens."""
    session.prove(TOKENS)
    session.redeem(TOKENS - 1)
    details = session.details
    assert (details.provenTokens, details.ackedTokens) == (TOKENS, TOKENS - 1)
    assert details.coveredTokens == TOKENS


def test_all_tokens(session, escrow):
    """It should count, and pay no more than the deposit."""
    session.redeem(ALL_TOKENS)
    assert session.details.ackedTokens == session.details.coveredTokens == ALL_TOKENS
    assert escrow.earned(session.host) == session.terms.deposit


def test_named_signer(escrow, voucher_signer):
    """It should count what the signer signed."""
    session = escrow.open(voucherSigner=voucher_signer)
    session.redeem(TOKENS, signer=voucher_signer)
    assert session.details.ackedTokens == TOKENS


def test_user_itself(escrow, marketplace, user, voucher_signer):
    """It should refuse what the user signed itself."""
    session = escrow.open(voucherSigner=voucher_signer)
    with reverts(
        marketplace.JobMarketplace_VoucherSignatureInvalid, expected=voucher_signer, recovered=user
    ):
        session.redeem(TOKENS, signer=user)


def test_signer_of_another_session(escrow, marketplace, voucher_signer, relayer):
    """It should refuse what another session's signer signed."""
    escrow.open(voucherSigner=relayer)
    session = escrow.open(voucherSigner=voucher_signer)
    with reverts(
        marketplace.JobMarketplace_VoucherSignatureInvalid,
        expected=voucher_signer,
        recovered=relayer,
    ):
        session.redeem(TOKENS, signer=relayer)


@pytest.fixture(params=["user", "voucher_signer"])
def capped(escrow, actors, request):
    """A session whose vouchers count at most CAP tokens, and who signs them."""
    signer = actors[request.param]
    return escrow.open(voucherSigner=signer, voucherCap=CAP), signer


@pytest.mark.parametrize("tokens", [CAP, CAP + 1, ALL_TOKENS])
def test_cap(capped, tokens):
    """It should count the voucher at the cap and a larger one up to the cap."""
    session, signer = capped
    assert emitted(session.redeem(tokens, signer=signer)) == [voucher_redeemed(session, CAP)]
    assert session.details.ackedTokens == CAP


@pytest.mark.parametrize("tokens", [CAP, CAP + 1, ALL_TOKENS])
def test_cap_reached(capped, marketplace, tokens):
    """It should refuse all vouchers once the cap is reached."""
    session, signer = capped
    session.redeem(CAP, signer=signer)
    with reverts(marketplace.JobMarketplace_VoucherNotNewer, acked=CAP, tokens=CAP):
        session.redeem(tokens, signer=signer)


def test_proofs_beyond_the_cap(capped):
    """It should count proofs beyond the cap."""
    session, signer = capped
    session.redeem(CAP, signer=signer)
    session.prove(48, first=CAP)
    assert session.details.coveredTokens == CAP + 48


def test_no_circuit(escrow):
    """It should count."""
    session = escrow.open(circuitId=NO_CIRCUIT)
    session.redeem(TOKENS)
    assert session.details.coveredTokens == TOKENS


def test_interval_due(session):
    """It should emit CheckpointProcessed after the voucher."""
    interval = session.terms.proofInterval
    assert emitted(session.redeem(interval)) == [
        voucher_redeemed(session, interval),
        checkpoint_processed(session, interval, session.cost(interval)),
    ]


@pytest.fixture
def bond(session):
    """The bond with which the user contests the host's claim of an interval."""
    session.claim(session.terms.proofInterval)
    bond = session.bond()
    session.contest(value=bond)
    return bond


def test_answer(session, bond, user):
    """It should emit the voucher, the dispute's end and the checkpoint in this order."""
    claimed = session.terms.proofInterval
    assert emitted(session.redeem(claimed)) == [
        voucher_redeemed(session, claimed),
        dispute_resolved(session, ANSWERED, challenger=user, to_challenger=bond),
        credited(session, user, bond),
        checkpoint_processed(session, claimed, session.cost(claimed)),
    ]


def test_bond(session, bond, escrow, user):
    """It should give the whole bond back."""
    session.redeem(session.terms.proofInterval)
    assert escrow.credits(user) == bond > 0
    assert escrow.credits(session.host) == 0
    assert session.details.status == ACTIVE


def test_no_answer(session, bond, escrow, user):
    """It should count and leave the dispute open."""
    short = session.terms.proofInterval - 1
    assert emitted(session.redeem(short)) == [voucher_redeemed(session, short)]
    assert session.details.status == DISPUTED
    assert escrow.credits(user) == 0


def test_too_late_to_answer(session, escrow, user):
    """It should count and leave the dispute to be expired."""
    claimed = session.terms.proofInterval
    session.claim(claimed)
    contested = session.contest().timestamp
    travel_to(contested + ANSWER_WINDOW + 1)
    session.redeem(claimed)
    assert session.details.ackedTokens == claimed
    assert session.details.status == DISPUTED
    assert escrow.credits(user) == 0


def test_administration(session, escrow, marketplace, owner, admin):
    """It should count all the same."""
    marketplace.pause(sender=owner)
    escrow.registry.deactivate(session.host, sender=admin)
    marketplace.setToken(session.terms.token, False, 1, sender=owner)
    session.redeem(TOKENS)
    assert session.details.ackedTokens == TOKENS


def test_prompt(escrow):
    """It should count its unit with a voucher for 1."""
    job = escrow.open_prompt()
    job.redeem(1)
    assert job.details.payableTokens == 1
    assert escrow.marketplace.calculateCurrentEarnings(job.id) == job.terms.deposit
