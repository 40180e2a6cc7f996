"""Every bound of an opening at its last good and its first bad value, and beyond its bits."""

import pytest

from tests.harness.deployment import MINIMUM_ETHER, MINIMUM_USDC
from tests.harness.escrow import ETHER, INPUT_BOUND, PRICE_UNIT, USDC
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.openings import (
    MAX_DEPOSIT,
    MAX_DURATION,
    MAX_INTERVAL,
    MAX_PRICE,
    MAX_RATE,
    MAX_VOUCHER_CAP,
    MIN_DURATION,
)

# term: (what the error is called, least, most, the bits it is stored in)
BOUNDS = {
    "deposit": ("Deposit", MINIMUM_USDC, MAX_DEPOSIT, 96),
    "pricePerToken": ("Price", 1, MAX_PRICE, 64),
    "maxDuration": ("Duration", MIN_DURATION, MAX_DURATION, 40),
    "proofInterval": ("ProofInterval", 1, MAX_INTERVAL, 16),
    "maxTokensPerSecond": ("Rate", 1, MAX_RATE, 16),
}
# In getSessionDetails a term can have another name.
STORED_AS = {
    "deposit": "depositAmount",
    "proofInterval": "checkpointInterval",
}
# With these every single term may be as small or as large as it may be at all.
ROOMY = {"deposit": 10**18, "pricePerToken": 10**6, "proofInterval": 1}


@pytest.fixture(autouse=True)
def riches(usdc, owner, user):
    """The user can pay the largest deposit."""
    usdc.mint(user, MAX_DEPOSIT, sender=owner)


def _open_where_it_fits(escrow, term, value):
    """Opens with one term at its bound, and the deposit and price such that they do not mind."""
    # The largest price needs a deposit that buys a token; the least deposit a price that lets it.
    roomy = ROOMY | ({"pricePerToken": 1} if term == "deposit" else {})
    return escrow.open(**(roomy | {term: value}))


@pytest.mark.parametrize("end", ["least", "most"])
@pytest.mark.parametrize("term", BOUNDS)
def test_bounds(escrow, term, end):
    """It should accept and store it."""
    _, least, most, _ = BOUNDS[term]
    value = {"least": least, "most": most}[end]
    session = _open_where_it_fits(escrow, term, value)
    assert getattr(session.details, STORED_AS.get(term, term)) == value


def test_largest_of_all(escrow, marketplace, usdc):
    """It should accept and store the largest price and deposit together."""
    held = usdc.balanceOf(marketplace)
    session = escrow.open(deposit=MAX_DEPOSIT, pricePerToken=MAX_PRICE, proofInterval=MAX_INTERVAL)
    assert session.details.depositAmount == MAX_DEPOSIT
    assert session.details.pricePerToken == MAX_PRICE
    assert usdc.balanceOf(marketplace) - held == MAX_DEPOSIT


def assert_refused(escrow, term, value):
    name, least, most, _ = BOUNDS[term]
    error = getattr(escrow.marketplace, f"JobMarketplace_{name}OutOfRange")
    with reverts(error, min=least, max=most, actual=value):
        _open_where_it_fits(escrow, term, value)


@pytest.mark.parametrize("side", ["below", "above"])
@pytest.mark.parametrize("term", BOUNDS)
def test_beyond_the_bounds(escrow, term, side):
    """It should refuse it and name the bounds."""
    _, least, most, _ = BOUNDS[term]
    assert_refused(escrow, term, least - 1 if side == "below" else most + 1)


@pytest.mark.parametrize("term", BOUNDS)
def test_nothing_is_cut_off(escrow, term):
    """It should refuse it whole.

    The lower bits of the first value are an allowed one, the second is the largest word there is.
    """
    _, least, _, bits = BOUNDS[term]
    assert_refused(escrow, term, 2**bits + least)
    assert_refused(escrow, term, 2**256 - 1)


def test_least_ether(escrow, marketplace):
    """It should accept the least deposit of ETH, and refuse a wei less."""
    ether = {"token": ETHER, "pricePerToken": 1}
    assert escrow.open(deposit=MINIMUM_ETHER, **ether).details.depositAmount == MINIMUM_ETHER
    with reverts(
        marketplace.JobMarketplace_DepositOutOfRange,
        min=MINIMUM_ETHER,
        max=MAX_DEPOSIT,
        actual=MINIMUM_ETHER - 1,
    ):
        escrow.open(deposit=MINIMUM_ETHER - 1, **ether)


@pytest.fixture
def no_minimum(marketplace, usdc, owner):
    """USDC without a least deposit."""
    marketplace.setToken(usdc, True, 0, sender=owner)


@pytest.mark.parametrize(
    ("price", "interval"),
    [(2 * USDC, 1_000), (2 * USDC, MAX_INTERVAL), (1, 1), (PRICE_UNIT + 1, 1), (MAX_PRICE, 7)],
)
def test_exactly_one_interval(escrow, marketplace, no_minimum, price, interval):
    """It should accept it, and refuse a base unit less."""
    enough = -(-price * interval // PRICE_UNIT)
    deal = {"pricePerToken": price, "proofInterval": interval}
    assert escrow.open(deposit=enough, **deal).details.depositAmount == enough
    with reverts(
        marketplace.JobMarketplace_DepositBuysTooLittle,
        proofInterval=interval,
        tokensBought=(enough - 1) * PRICE_UNIT // price,
    ):
        escrow.open(deposit=enough - 1, **deal)


def test_nothing_buys_nothing(escrow, marketplace, no_minimum):
    """It should still want a deposit that buys a proof interval."""
    with reverts(marketplace.JobMarketplace_DepositBuysTooLittle, proofInterval=1, tokensBought=0):
        escrow.open(deposit=0, proofInterval=1)
    assert (
        escrow.open(deposit=1, pricePerToken=PRICE_UNIT, proofInterval=1).details.depositAmount == 1
    )


def test_free_prompt(escrow, no_minimum):
    """It should accept a prompt job that costs nothing.

    The owner who sets no minimum allows it; nothing is at stake in such a job.
    """
    assert escrow.open_prompt(payment=0).details.depositAmount == 0


def test_largest_cap(escrow):
    """It should store all of it."""
    assert escrow.open(voucherCap=MAX_VOUCHER_CAP).details.voucherCap == MAX_VOUCHER_CAP


def test_cap_beyond(escrow, marketplace):
    """It should refuse a larger one, also where its stored bits would be zero."""
    for cap in (MAX_VOUCHER_CAP + 1, 2**255):
        with reverts(
            marketplace.JobMarketplace_VoucherCapOutOfRange, min=0, max=MAX_VOUCHER_CAP, actual=cap
        ):
            escrow.open(voucherCap=cap)


PROMPT_BOUNDS = {
    "payment": ("Deposit", MINIMUM_USDC, MAX_DEPOSIT, "depositAmount"),
    "maxDuration": ("Duration", MIN_DURATION, MAX_DURATION, "maxDuration"),
}


@pytest.mark.parametrize("end", ["least", "most"])
@pytest.mark.parametrize("term", PROMPT_BOUNDS)
@pytest.mark.parametrize("circuit", [0, INPUT_BOUND])
def test_prompt_bounds(escrow, term, end, circuit):
    """It should accept and store the bound."""
    _, least, most, stored_as = PROMPT_BOUNDS[term]
    value = {"least": least, "most": most}[end]
    unproven = {"circuitId": 0, "inputCommitment": 0, "minTokens": 0}
    job = escrow.open_prompt(**({} if circuit else unproven) | {term: value})
    assert getattr(job.details, stored_as) == value


@pytest.mark.parametrize("side", ["below", "above"])
@pytest.mark.parametrize("term", PROMPT_BOUNDS)
def test_beyond_the_prompt_bounds(escrow, term, side):
    """It should refuse one beyond, in the same words as a session."""
    name, least, most, _ = PROMPT_BOUNDS[term]
    value = least - 1 if side == "below" else most + 1
    error = getattr(escrow.marketplace, f"JobMarketplace_{name}OutOfRange")
    with reverts(error, min=least, max=most, actual=value):
        escrow.open_prompt(**{term: value})
