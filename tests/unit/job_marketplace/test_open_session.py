"""JobMarketplace.openSession: all the terms, checked and written down."""

import pytest

from tests.harness.deployment import MINIMUM_USDC, payment_token
from tests.harness.escrow import (
    ETHER,
    INPUT_BOUND,
    MINUTE,
    PRICE_UNIT,
    UNREGISTERED,
    USDC,
)
from tests.harness.events import emitted
from tests.harness.execution import ask
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.openings import (
    MAX_DEPOSIT,
    MAX_DURATION,
    MAX_INTERVAL,
    MAX_PRICE,
    MAX_RATE,
    MAX_VOUCHER_CAP,
    MIN_DURATION,
    REFUSALS,
    details_of,
    fresh_details,
    opening_events,
    payment,
)

DEPOSIT = 10 * USDC
ETHER_DEPOSIT = 10**16
ONE_PERCENT = 100  # in basis points


def test_revert_when_paused(escrow, marketplace, owner):
    """It should revert: the contract must not be paused."""
    marketplace.pause(sender=owner)
    with reverts(marketplace.EnforcedPause):
        escrow.open()


def test_revert_when_the_host_is_inactive(escrow, marketplace, stranger):
    """It should revert: the host must be an active worker."""
    with reverts(marketplace.JobMarketplace_HostNotActive, host=stranger):
        escrow.open(host=stranger)


@pytest.mark.parametrize("role", ["user", "voucherSigner", "watcher"])
def test_revert_when_the_host_is_another_party(escrow, marketplace, host, user, role):
    """It should revert: the host must be none of user, voucher signer and watcher."""
    with reverts(marketplace.JobMarketplace_RolesCollide, account=host):
        if role == "user":
            escrow.open(user=host)
        else:
            escrow.open(**{role: host})


@pytest.mark.parametrize("role", ["user", "host", "voucherSigner", "watcher"])
def test_revert_when_the_arbiter_is_a_party(escrow, marketplace, arbiter, user, host, role):
    """It should revert: the arbiter, if named, must be none of user, host, voucher signer and watcher."""
    changes = {
        "user": {"arbiter": user},
        "host": {"arbiter": host},
        "voucherSigner": {"arbiter": arbiter, "voucherSigner": arbiter},
        "watcher": {"arbiter": arbiter, "watcher": arbiter},
    }[role]
    with reverts(marketplace.JobMarketplace_RolesCollide, account=changes["arbiter"]):
        escrow.open(**changes)


@pytest.mark.parametrize("known", [False, True], ids=["never listed", "stopped"])
def test_revert_when_the_token_is_not_allowed(escrow, marketplace, project, owner, usdc, known):
    """It should revert: the token must be allowed."""
    token = usdc if known else owner.deploy(project.MockUSDC)
    if known:
        marketplace.setToken(token, False, MINIMUM_USDC, sender=owner)
    with reverts(marketplace.JobMarketplace_TokenNotAllowed, token=token):
        escrow.open(token=token)


@pytest.mark.parametrize("deposit", [MINIMUM_USDC - 1, MAX_DEPOSIT + 1])
def test_revert_when_the_deposit_is_out_of_range(escrow, marketplace, deposit):
    """It should revert: the deposit must be at least the token's minimum and fit 96 bits."""
    with reverts(
        marketplace.JobMarketplace_DepositOutOfRange,
        min=MINIMUM_USDC,
        max=MAX_DEPOSIT,
        actual=deposit,
    ):
        escrow.open(deposit=deposit)


@pytest.mark.parametrize("price", [0, MAX_PRICE + 1])
def test_revert_when_the_price_is_out_of_range(escrow, marketplace, price):
    """It should revert: the price must be positive and fit 64 bits."""
    with reverts(marketplace.JobMarketplace_PriceOutOfRange, min=1, max=MAX_PRICE, actual=price):
        escrow.open(pricePerToken=price)


@pytest.mark.parametrize("duration", [MIN_DURATION - 1, MAX_DURATION + 1])
def test_revert_when_the_duration_is_out_of_range(escrow, marketplace, duration):
    """It should revert: the duration must lie in [10 minutes, 90 days]."""
    with reverts(
        marketplace.JobMarketplace_DurationOutOfRange,
        min=MIN_DURATION,
        max=MAX_DURATION,
        actual=duration,
    ):
        escrow.open(maxDuration=duration)


@pytest.mark.parametrize("interval", [0, MAX_INTERVAL + 1])
def test_revert_when_the_interval_is_out_of_range(escrow, marketplace, interval):
    """It should revert: the proof interval must lie in [1, 16,384]."""
    with reverts(
        marketplace.JobMarketplace_ProofIntervalOutOfRange,
        min=1,
        max=MAX_INTERVAL,
        actual=interval,
    ):
        escrow.open(proofInterval=interval)


@pytest.mark.parametrize("rate", [0, MAX_RATE + 1])
def test_revert_when_the_rate_is_out_of_range(escrow, marketplace, rate):
    """It should revert: the rate must lie in [1, 10,000] tokens per second."""
    with reverts(marketplace.JobMarketplace_RateOutOfRange, min=1, max=MAX_RATE, actual=rate):
        escrow.open(maxTokensPerSecond=rate)


def test_revert_when_the_voucher_cap_is_too_large(escrow, marketplace):
    """It should revert: the voucher cap must fit 64 bits."""
    cap = MAX_VOUCHER_CAP + 1
    error = marketplace.JobMarketplace_VoucherCapOutOfRange
    with reverts(error, min=0, max=MAX_VOUCHER_CAP, actual=cap):
        escrow.open(voucherCap=cap)


def test_revert_when_the_deposit_buys_too_little(escrow, marketplace):
    """It should revert: the deposit must pay for at least one proof interval."""
    interval = 1_000
    price = DEPOSIT * PRICE_UNIT // interval
    with reverts(
        marketplace.JobMarketplace_DepositBuysTooLittle,
        proofInterval=interval,
        tokensBought=interval - 1,
    ):
        escrow.open(deposit=DEPOSIT - 1, pricePerToken=price, proofInterval=interval)


def test_revert_when_the_circuit_is_unknown(escrow, marketplace):
    """It should revert: the circuit, if named, must be registered."""
    with reverts(marketplace.JobMarketplace_CircuitUnknown, circuitId=UNREGISTERED):
        escrow.open(circuitId=UNREGISTERED)


def test_revert_given_the_circuit_was_revoked(escrow, marketplace, owner):
    """It should revert: the circuit, if named, must not be revoked."""
    revoked = escrow.proof_system.revokeCircuit(INPUT_BOUND, sender=owner)
    with reverts(
        marketplace.JobMarketplace_CircuitRevoked,
        circuitId=INPUT_BOUND,
        revokedAt=revoked.timestamp,
    ):
        escrow.open(circuitId=INPUT_BOUND)


@pytest.mark.parametrize(
    ("token", "expected", "sent"),
    [
        ("ETH", ETHER_DEPOSIT, ETHER_DEPOSIT - 1),
        ("ETH", ETHER_DEPOSIT, ETHER_DEPOSIT + 1),
        ("ETH", ETHER_DEPOSIT, 0),
        ("USDC", 0, 1),
        ("USDC", 0, DEPOSIT),
    ],
)
def test_revert_when_the_value_differs(escrow, marketplace, user, token, expected, sent):
    """It should revert: the value sent must be the deposit for ETH, and zero for a token."""
    terms = escrow.terms()
    if token == "ETH":
        terms = terms.but(token=ETHER, deposit=ETHER_DEPOSIT)
    with reverts(marketplace.Payments_ValueMismatch, expected=expected, actual=sent):
        marketplace.openSession(terms.encoded(), value=sent, sender=user)


def test_revert_given_a_fee_on_transfer(escrow, marketplace, project, owner):
    """It should revert: the token must deliver the whole deposit."""
    token = payment_token(escrow, project.FeeToken)
    token.setFee(ONE_PERCENT, sender=owner)
    with reverts(
        marketplace.Payments_TransferShort,
        expected=DEPOSIT,
        received=DEPOSIT * 99 // 100,
    ):
        escrow.open(token=token, deposit=DEPOSIT)


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(escrow, case):
    """It should refuse them in the same words as the other forms."""
    changes, error, arguments = REFUSALS[case](escrow, escrow.terms())
    with reverts(error, **arguments):
        escrow.open(**changes)


def test_a_refusal_leaves_no_trace(escrow, marketplace, stranger):
    """It should give the good one the next id, as if nothing had been."""
    before = marketplace.jobCount()
    with reverts(marketplace.JobMarketplace_HostNotActive, host=stranger):
        escrow.open(host=stranger)
    assert escrow.open().id == before + 1


def test_ether(escrow, marketplace, user):
    """It should lock the value sent."""
    held, owned = marketplace.balance, user.balance
    terms = escrow.terms(token=ETHER, deposit=ETHER_DEPOSIT)
    tx = marketplace.openSession(terms.encoded(), value=ETHER_DEPOSIT, sender=user)
    assert marketplace.balance - held == ETHER_DEPOSIT
    assert owned - user.balance == ETHER_DEPOSIT + tx.total_fees_paid


def test_ether_events(escrow, marketplace, user):
    """It should emit the session and its terms."""
    terms = escrow.terms(token=ETHER, deposit=ETHER_DEPOSIT)
    tx = marketplace.openSession(terms.encoded(), value=ETHER_DEPOSIT, sender=user)
    assert emitted(tx) == opening_events(escrow, marketplace.jobCount(), user, terms, tx.timestamp)


def test_usdc(escrow, marketplace, usdc, user):
    """It should lock the deposit out of the user's balance."""
    held, owned, ether = usdc.balanceOf(marketplace), usdc.balanceOf(user), marketplace.balance
    escrow.open(deposit=DEPOSIT)
    assert usdc.balanceOf(marketplace) - held == DEPOSIT
    assert owned - usdc.balanceOf(user) == DEPOSIT
    assert marketplace.balance == ether


def test_usdc_events(escrow, marketplace, usdc, user):
    """It should emit the session and its terms, then let the token speak."""
    terms = escrow.terms()
    tx = marketplace.openSession(terms.encoded(), sender=user)
    assert emitted(tx) == [
        *opening_events(escrow, marketplace.jobCount(), user, terms, tx.timestamp),
        payment(usdc, user, marketplace, terms.deposit),
    ]


@pytest.fixture
def full_terms(escrow, host, voucher_signer, watcher, arbiter):
    """Terms in which nothing is left to a default."""
    return escrow.terms(
        deposit=7 * USDC,
        pricePerToken=3 * USDC,
        maxDuration=45 * MINUTE,
        proofInterval=512,
        maxTokensPerSecond=90,
        circuitId=INPUT_BOUND,
        voucherSigner=voucher_signer,
        voucherCap=2_000_000,
        watcher=watcher,
        arbiter=arbiter,
    )


def test_id(marketplace, user, full_terms):
    """It should return the next job's id."""
    expected = marketplace.jobCount() + 1
    assert ask(marketplace.openSession, full_terms.encoded(), sender=user) == expected


def test_full_events(escrow, marketplace, usdc, user, full_terms):
    """It should emit every term."""
    tx = marketplace.openSession(full_terms.encoded(), sender=user)
    assert emitted(tx) == [
        *opening_events(escrow, marketplace.jobCount(), user, full_terms, tx.timestamp),
        payment(usdc, user, marketplace, full_terms.deposit),
    ]


def test_full_terms(escrow, marketplace, user, full_terms):
    """It should store every term."""
    tx = marketplace.openSession(full_terms.encoded(), sender=user)
    stored = details_of(escrow, marketplace.jobCount())
    assert stored == fresh_details(user, full_terms, tx.timestamp)
