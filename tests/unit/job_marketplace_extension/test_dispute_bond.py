"""JobMarketplace.disputeBond: what contesting a claim costs, so that it is not done for sport."""

import pytest

from tests.harness.escrow import BOND_PER_PROOF, MAX_TOKENS
from tests.harness.execution import ask, set_base_fee
from tests.harness.reverts import reverts

UNKNOWN = 404
CLAIMED = 900
LONGEST_INTERVAL = 16_384
GAS_PER_PROOF = 700_000
GWEI = 10**9
ABSURD_FEE = 10**18
# Twice the gas of a proof costs as much as the least bond at about this base fee.
TURNING_FEE = BOND_PER_PROOF // (2 * GAS_PER_PROOF)


@pytest.fixture
def session(escrow):
    """A session with a claim, at no base fee."""
    session = escrow.open()
    session.claim(CLAIMED)
    set_base_fee(0)
    return session


def test_unknown(marketplace):
    """It should be zero for an unknown session."""
    assert ask(marketplace.disputeBond, UNKNOWN) == 0


def test_no_claim(escrow):
    """It should be zero without a claim."""
    assert escrow.open().bond() == 0


def test_matured(session):
    """It should be zero once the claim has matured."""
    session.pass_challenge_window()
    assert session.bond() == 0


@pytest.mark.parametrize("evidence", ["prove", "redeem"])
def test_reached(session, evidence):
    """It should be zero once evidence has reached the claim."""
    getattr(session, evidence)(CLAIMED)
    assert session.bond() == 0


def test_contested(session):
    """It should be zero once the claim is contested."""
    session.contest()
    assert session.bond() == 0


def test_final(session, host):
    """It should be zero once the session is final."""
    session.complete(sender=host)
    assert session.bond() == 0


@pytest.mark.parametrize(
    ("tokens", "proofs"),
    [
        (1, 1),
        (MAX_TOKENS, 1),
        (MAX_TOKENS + 1, 2),
        (2 * MAX_TOKENS, 2),
        (LONGEST_INTERVAL - MAX_TOKENS + 1, 16),
        (LONGEST_INTERVAL, 16),
    ],
)
def test_proofs(escrow, tokens, proofs):
    """It should be a bond for each proof that an answer takes."""
    session = escrow.open(proofInterval=LONGEST_INTERVAL)
    covered = 100
    session.redeem(covered)
    session.claim(covered + tokens)
    set_base_fee(0)
    assert session.bond() == proofs * BOND_PER_PROOF


def test_base_fee(escrow):
    """It should follow twice the gas of these proofs when that is more."""
    session = escrow.open(proofInterval=LONGEST_INTERVAL)
    session.claim(3 * MAX_TOKENS)
    set_base_fee(GWEI)
    assert session.bond() == 3 * 2 * GAS_PER_PROOF * GWEI


def test_turning_point(session):
    """It should be the larger of both on either side of where they meet."""
    set_base_fee(TURNING_FEE)
    assert session.bond() == BOND_PER_PROOF
    set_base_fee(TURNING_FEE + 1)
    assert session.bond() == BOND_PER_PROOF + GWEI


@pytest.mark.parametrize(
    ("base_fee", "gwei"), [(10**8, 140_000), (10**8 + 1, 140_001), (10**8 + 714, 140_001)]
)
def test_whole_gwei(session, base_fee, gwei):
    """It should round up to a whole gwei."""
    set_base_fee(base_fee)
    assert session.bond() == gwei * GWEI


def test_bounded(session):
    """It should be at most what 40 bits of gwei hold, whatever the base fee."""
    set_base_fee(ABSURD_FEE)
    quoted = session.bond()
    set_base_fee(0)  # a snapshot does not hold it, and other tests have to pay it
    assert quoted == (2**40 - 1) * GWEI


def test_closer(escrow):
    """It should fall as evidence comes closer."""
    session = escrow.open(proofInterval=LONGEST_INTERVAL)
    session.claim(2 * MAX_TOKENS)
    session.redeem(MAX_TOKENS)
    set_base_fee(0)
    assert session.bond() == BOND_PER_PROOF


def test_arbiter(escrow, arbiter):
    """It should count the answer as one proof."""
    session = escrow.open(arbiter=arbiter, proofInterval=LONGEST_INTERVAL)
    session.claim(LONGEST_INTERVAL)
    set_base_fee(0)
    assert session.bond() == BOND_PER_PROOF


def test_prompt_job(escrow):
    """It should count its unit as one proof."""
    job = escrow.open_prompt()
    job.claim(1)
    set_base_fee(0)
    assert job.bond() == BOND_PER_PROOF


def test_same_block(escrow, marketplace, session, user):
    """It should be exactly enough."""
    set_base_fee(GWEI)
    quoted = session.bond()
    with reverts(marketplace.JobMarketplace_BondTooLow, required=quoted, actual=quoted - 1):
        session.contest(value=quoted - 1)
    session.contest(value=quoted)
    assert (session.details.bond, escrow.credits(user)) == (quoted, 0)
