"""What `getSessionDetails` shows of each kind of job just after its opening."""

import pytest

from tests.harness.authorizations import authorized, permit_for
from tests.harness.escrow import (
    ACTIVE,
    COMMITMENT,
    DEFAULT_RATE,
    ETHER,
    INPUT_BOUND,
    METERED,
    SESSION,
    SINGLE_PROMPT,
    ZERO,
)
from tests.harness.values import plain
from tests.unit.job_marketplace.openings import details_of, fresh_details

CAP = 123_456
MIN_TOKENS = 10


def seed_in_ether(escrow, user, terms):
    """The short form in ETH."""
    form = (terms.host, 10**16, 10**15, terms.maxDuration, terms.proofInterval)
    escrow.marketplace.createSessionJob(*form, value=10**16, sender=user)


def seed_in_token(escrow, user, terms):
    """The short form in a token."""
    form = (terms.host, terms.token, terms.deposit, terms.pricePerToken)
    escrow.marketplace.createSessionJobWithToken(
        *form, terms.maxDuration, terms.proofInterval, sender=user
    )


def long_form(escrow, user, terms):
    """All terms."""
    escrow.marketplace.openSession(terms.encoded(), sender=user)


def with_permit(escrow, user, terms):
    """All terms, with a permit."""
    permit = permit_for(escrow, user, terms.deposit)
    signature = permit.signed_by(user)
    escrow.marketplace.openSessionWithPermit(
        terms.encoded(), permit.deadline, *signature, sender=user
    )


def with_authorization(escrow, user, terms):
    """All terms, relayed."""
    opening = authorized(escrow, user, terms)
    opening.relay(opening.signed_by(user))


FORMS = [seed_in_ether, seed_in_token, long_form, with_permit, with_authorization]


@pytest.fixture
def latest(escrow):
    """The details of the latest job."""
    return lambda: details_of(escrow, escrow.marketplace.jobCount())


@pytest.mark.parametrize("beyond", [0, 1, 2**40, 2**256 - 1])
def test_unknown(escrow, marketplace, beyond):
    """It should show nothing at all."""
    escrow.open()
    unknown = 0 if beyond == 0 else min(marketplace.jobCount() + beyond, 2**256 - 1)
    details = details_of(escrow, unknown)
    assert set(details.values()) == {0, ZERO, bytes(32)}


def test_unknown_parties(escrow, marketplace):
    """It should name nobody as a party."""
    for unknown in (0, escrow.open().id + 1):
        assert tuple(marketplace.sessionParties(unknown)) == (ZERO, ZERO, ACTIVE)


@pytest.mark.parametrize("form", FORMS)
def test_session_type(escrow, user, latest, form):
    """It should be of the type Session, whichever form opened it."""
    form(escrow, user, escrow.terms())
    details = latest()
    assert details["jobType"] == SESSION
    assert details["inputCommitment"] == details["minTokens"] == 0


@pytest.mark.parametrize("form", FORMS)
def test_parties(escrow, marketplace, user, host, form):
    """It should show its parties."""
    form(escrow, user, escrow.terms())
    parties = marketplace.sessionParties(marketplace.jobCount())
    assert tuple(parties) == (user, host, ACTIVE)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_happened_yet(escrow, marketplace, user, latest, chain, form):
    """It should show no evidence, no claim, no dispute and no end but its own."""
    terms = escrow.terms(maxTokensPerSecond=DEFAULT_RATE)
    form(escrow, user, terms)
    if form is seed_in_ether:
        terms = terms.but(token=ETHER, deposit=10**16, pricePerToken=10**15)
    opened_at = chain.blocks.head.timestamp
    assert latest() == fresh_details(user, terms, opened_at)


@pytest.mark.parametrize("arbitrated", [True, False])
def test_prompt_type(escrow, user, arbiter, latest, chain, arbitrated):
    """It should be of the type SinglePrompt, at no price and no rate."""
    job = escrow.open_prompt(arbiter=arbiter if arbitrated else ZERO, minTokens=MIN_TOKENS)
    opened_at = chain.blocks.head.timestamp
    expected = fresh_details(
        user,
        job.terms,
        opened_at,
        jobType=SINGLE_PROMPT,
        pricePerToken=0,
        maxTokensPerSecond=0,
        inputCommitment=COMMITMENT,
        minTokens=MIN_TOKENS,
    )
    assert latest() == expected


def test_defaults(escrow, user, latest):
    """It should show the user as voucher signer, and nobody as watcher and arbiter."""
    escrow.open()
    details = latest()
    assert details["voucherSigner"] == plain(user)
    assert details["watcher"] == details["arbiter"] == ZERO
    assert details["voucherCap"] == 0


@pytest.mark.parametrize("role", ["voucherSigner", "watcher", "arbiter"])
def test_one_role(escrow, latest, stranger, role):
    """It should show each in its own field and nowhere else."""
    escrow.open(**{role: stranger})
    details = latest()
    assert [name for name, value in details.items() if value == plain(stranger)] == [role]


def test_cap(escrow, user, latest):
    """It should show the user as voucher signer, with the cap."""
    escrow.open(voucherCap=CAP)
    details = latest()
    assert (details["voucherSigner"], details["voucherCap"]) == (plain(user), CAP)


@pytest.mark.parametrize("interval", [1, 777])
def test_interval(escrow, marketplace, latest, interval):
    """It should be asked for by its own name too."""
    session = escrow.open(proofInterval=interval)
    assert marketplace.getRequiredProofInterval(session.id) == interval
    assert latest()["checkpointInterval"] == interval


def test_proof_requirements(escrow, latest):
    """It should show what the proofs have to meet."""
    escrow.open(circuitId=INPUT_BOUND, proofInterval=333, maxTokensPerSecond=44)
    details = latest()
    assert details["circuitId"] == INPUT_BOUND
    assert details["checkpointInterval"] == 333
    assert details["maxTokensPerSecond"] == 44
    escrow.open(circuitId=METERED)
    assert latest()["circuitId"] == METERED


def test_no_circuit(escrow, latest):
    """It should show that no circuit judges, where none was named."""
    escrow.open(circuitId=0)
    assert latest()["circuitId"] == 0
