"""JobMarketplace.createSessionJobWithToken: the short form, in a token."""

import pytest

from tests.harness.deployment import payment_token
from tests.harness.escrow import DEFAULT_RATE, ETHER, METERED
from tests.harness.events import emitted
from tests.harness.execution import ask
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.openings import (
    SEED_REFUSALS,
    details_of,
    fresh_details,
    opening_events,
    payment,
)

ONE_PERCENT = 100  # in basis points


@pytest.fixture
def terms(escrow):
    """What the short form makes of its six arguments."""
    return escrow.terms(circuitId=METERED, maxTokensPerSecond=DEFAULT_RATE)


def arguments(terms):
    """The six that the caller says."""
    return (
        terms.host,
        terms.token,
        terms.deposit,
        terms.pricePerToken,
        terms.maxDuration,
        terms.proofInterval,
    )


def create(marketplace, terms, sender, value=0):
    """Opens by the short form."""
    return marketplace.createSessionJobWithToken(*arguments(terms), value=value, sender=sender)


@pytest.mark.parametrize("case", SEED_REFUSALS)
def test_revert_when_the_terms_are_wrong(escrow, marketplace, user, terms, case):
    """It should revert: the terms must be such as {openSession} accepts."""
    changes, error, arguments = SEED_REFUSALS[case](escrow, terms)
    with reverts(error, **arguments):
        create(marketplace, terms.but(**changes), user)


def test_value(marketplace, user, terms):
    """It should refuse it."""
    with reverts(marketplace.Payments_ValueMismatch, expected=0, actual=1):
        create(marketplace, terms, user, value=1)


def test_ether(escrow, marketplace, user, terms):
    """It should open the session that createSessionJob opens."""
    terms = terms.but(token=ETHER, deposit=10**16, pricePerToken=2 * 10**15)
    held = marketplace.balance
    tx = create(marketplace, terms, user, value=terms.deposit)
    stored = details_of(escrow, marketplace.jobCount())
    assert stored == fresh_details(user, terms, tx.timestamp)
    assert marketplace.balance - held == terms.deposit


def test_allowance(marketplace, usdc, user, terms):
    """It should refuse in the token's words."""
    usdc.approve(marketplace, terms.deposit - 1, sender=user)
    with reverts(
        usdc.ERC20InsufficientAllowance,
        spender=marketplace,
        allowance=terms.deposit - 1,
        needed=terms.deposit,
    ):
        create(marketplace, terms, user)


def test_fee_on_transfer(escrow, marketplace, project, owner, user, terms):
    """It should refuse what arrives."""
    token = payment_token(escrow, project.FeeToken)
    token.setFee(ONE_PERCENT, sender=owner)
    with reverts(
        marketplace.Payments_TransferShort,
        expected=terms.deposit,
        received=terms.deposit * 99 // 100,
    ):
        create(marketplace, terms.but(token=token), user)


def test_id(marketplace, user, terms):
    """It should return the next job's id."""
    expected = marketplace.jobCount() + 1
    create_job = marketplace.createSessionJobWithToken
    assert ask(create_job, *arguments(terms), sender=user) == expected


def test_deposit_is_locked(marketplace, usdc, user, terms):
    """It should lock the deposit."""
    held, owned = usdc.balanceOf(marketplace), usdc.balanceOf(user)
    create(marketplace, terms, user)
    assert usdc.balanceOf(marketplace) - held == terms.deposit
    assert owned - usdc.balanceOf(user) == terms.deposit


def test_events(escrow, marketplace, usdc, user, terms):
    """It should emit the session and its terms, defaults and all."""
    tx = create(marketplace, terms, user)
    assert emitted(tx) == [
        *opening_events(escrow, marketplace.jobCount(), user, terms, tx.timestamp),
        payment(usdc, user, marketplace, terms.deposit),
    ]


def test_like_the_long_form(escrow, marketplace, user, terms):
    """It should store what openSession stores on the same terms."""
    short = create(marketplace, terms, user)
    by_short = details_of(escrow, marketplace.jobCount())
    long = marketplace.openSession(terms.encoded(), sender=user)
    by_long = details_of(escrow, marketplace.jobCount())
    assert by_short == fresh_details(user, terms, short.timestamp)
    assert by_long == fresh_details(user, terms, long.timestamp)
