"""JobMarketplace.createSessionJob: the short form, in ETH."""

import pytest

from tests.harness.deployment import MINIMUM_ETHER, deploy_marketplace
from tests.harness.escrow import (
    DEFAULT_RATE,
    ETHER,
    INPUT_BOUND,
    METERED,
    PARAMETERS,
    ZERO,
)
from tests.harness.events import emitted
from tests.harness.execution import ask
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.openings import (
    SEED_REFUSALS,
    details_of,
    fresh_details,
    opening_events,
)


@pytest.fixture
def terms(escrow):
    """What the short form makes of its five arguments."""
    return escrow.terms(
        token=ETHER,
        deposit=10**16,
        pricePerToken=2 * 10**15,
        circuitId=METERED,
        maxTokensPerSecond=DEFAULT_RATE,
    )


def arguments(terms):
    """The five that the caller says."""
    return terms.host, terms.deposit, terms.pricePerToken, terms.maxDuration, terms.proofInterval


def create(marketplace, terms, sender, value=None):
    """Opens by the short form."""
    value = terms.deposit if value is None else value
    return marketplace.createSessionJob(*arguments(terms), value=value, sender=sender)


@pytest.mark.parametrize("case", SEED_REFUSALS)
def test_revert_when_the_terms_are_wrong(escrow, marketplace, user, terms, case):
    """It should revert: the terms must be such as {openSession} accepts."""
    changes, error, arguments = SEED_REFUSALS[case](escrow, terms)
    with reverts(error, **arguments):
        # No value: the terms are checked first, and not every deposit here exists.
        create(marketplace, terms.but(**changes), user, value=0)


@pytest.mark.parametrize("difference", [-1, 1])
def test_value(marketplace, user, terms, difference):
    """It should refuse it."""
    sent = terms.deposit + difference
    with reverts(marketplace.Payments_ValueMismatch, expected=terms.deposit, actual=sent):
        create(marketplace, terms, user, value=sent)


def test_ether_not_allowed(marketplace, user, owner, terms):
    """It should refuse to open."""
    marketplace.setToken(ETHER, False, MINIMUM_ETHER, sender=owner)
    with reverts(marketplace.JobMarketplace_TokenNotAllowed, token=ETHER):
        create(marketplace, terms, user)


def test_without_defaults(escrow, project, user, owner, treasury, terms):
    """It should open at 200 tokens per second, without a circuit."""
    bare = deploy_marketplace(
        project, owner, escrow.registry, escrow.proof_system, treasury, owner, PARAMETERS
    )
    bare.setToken(ETHER, True, MINIMUM_ETHER, sender=owner)
    create(bare, terms, user)
    details = ask(bare.getSessionDetails, bare.jobCount())
    assert (details.maxTokensPerSecond, details.circuitId) == (DEFAULT_RATE, 0)


def test_revoked_default(escrow, marketplace, user, owner, terms):
    """It should refuse to open until the owner sets another."""
    revoked = escrow.proof_system.revokeCircuit(METERED, sender=owner)
    with reverts(
        marketplace.JobMarketplace_CircuitRevoked, circuitId=METERED, revokedAt=revoked.timestamp
    ):
        create(marketplace, terms, user)
    marketplace.setDefaults(INPUT_BOUND, DEFAULT_RATE, sender=owner)
    create(marketplace, terms, user)
    assert details_of(escrow, marketplace.jobCount())["circuitId"] == INPUT_BOUND


def test_no_default_circuit(escrow, marketplace, user, owner, terms):
    """It should open a session without one."""
    marketplace.setDefaults(0, DEFAULT_RATE, sender=owner)
    create(marketplace, terms, user)
    assert details_of(escrow, marketplace.jobCount())["circuitId"] == 0


def test_id(marketplace, user, terms):
    """It should return the next job's id."""
    expected = marketplace.jobCount() + 1
    create_job = marketplace.createSessionJob
    assert ask(create_job, *arguments(terms), sender=user, value=terms.deposit) == expected


def test_value_is_locked(marketplace, user, terms):
    """It should lock the value sent."""
    held, owned = marketplace.balance, user.balance
    tx = create(marketplace, terms, user)
    assert marketplace.balance - held == terms.deposit
    assert owned - user.balance == terms.deposit + tx.total_fees_paid


def test_events(escrow, marketplace, user, terms):
    """It should emit the session and its terms, defaults and all."""
    tx = create(marketplace, terms, user)
    job_id = marketplace.jobCount()
    assert emitted(tx) == opening_events(escrow, job_id, user, terms, tx.timestamp)


def test_like_the_long_form(escrow, marketplace, user, terms):
    """It should store what openSession stores on the same terms."""
    short = create(marketplace, terms, user)
    by_short = details_of(escrow, marketplace.jobCount())
    long = marketplace.openSession(terms.encoded(), value=terms.deposit, sender=user)
    by_long = details_of(escrow, marketplace.jobCount())
    assert by_short == fresh_details(user, terms, short.timestamp)
    assert by_long == fresh_details(user, terms, long.timestamp)


def test_nobody_else(escrow, marketplace, user, terms):
    """It should name nobody but user and host."""
    create(marketplace, terms, user)
    details = details_of(escrow, marketplace.jobCount())
    assert details["watcher"] == details["arbiter"] == ZERO
    assert details["voucherSigner"] == details["user"] == user.address.lower()
