"""JobMarketplaceExtension.setDefaults: what the short forms of opening copy."""

import pytest

from tests.harness.escrow import INPUT_BOUND, METERED, UNREGISTERED
from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.openings import MAX_RATE, details_of

RATE = 321


@pytest.mark.parametrize("caller", ["admin", "treasury", "host", "stranger"])
def test_revert_when_the_caller_is_not_the_owner(marketplace, actors, caller):
    """It should revert: the caller must be the owner."""
    with reverts(marketplace.OwnableUnauthorizedAccount, account=actors[caller]):
        marketplace.setDefaults(METERED, RATE, sender=actors[caller])


def test_revert_when_the_circuit_is_unknown(marketplace, owner):
    """It should revert: the circuit must be registered, or 0 for none."""
    with reverts(marketplace.JobMarketplace_CircuitUnknown, circuitId=UNREGISTERED):
        marketplace.setDefaults(UNREGISTERED, RATE, sender=owner)


def test_revert_given_the_circuit_was_revoked(escrow, marketplace, owner):
    """It should revert: the circuit must not be revoked."""
    revoked = escrow.proof_system.revokeCircuit(METERED, sender=owner)
    with reverts(
        marketplace.JobMarketplace_CircuitRevoked, circuitId=METERED, revokedAt=revoked.timestamp
    ):
        marketplace.setDefaults(METERED, RATE, sender=owner)


@pytest.mark.parametrize("rate", [0, MAX_RATE + 1, 2**16 + RATE, 2**256 - 1])
def test_revert_when_the_rate_is_out_of_range(marketplace, owner, rate):
    """It should revert: the rate must lie in [1, 10,000] tokens per second."""
    with reverts(marketplace.JobMarketplace_RateOutOfRange, min=1, max=MAX_RATE, actual=rate):
        marketplace.setDefaults(METERED, rate, sender=owner)


@pytest.mark.parametrize("rate", [1, MAX_RATE])
def test_extreme_rate(marketplace, owner, rate):
    """It should store it beside the circuit."""
    marketplace.setDefaults(INPUT_BOUND, rate, sender=owner)
    assert tuple(marketplace.defaults()) == (INPUT_BOUND, rate)


def test_no_circuit(marketplace, owner):
    """It should store that there is none."""
    marketplace.setDefaults(0, RATE, sender=owner)
    assert tuple(marketplace.defaults()) == (0, RATE)


def test_events(marketplace, owner):
    """It should emit both."""
    assert emitted(marketplace.setDefaults(INPUT_BOUND, RATE, sender=owner)) == [
        event(marketplace.DefaultsSet, circuitId=INPUT_BOUND, maxTokensPerSecond=RATE)
    ]


def test_new_sessions(escrow, marketplace, owner, user):
    """It should copy them into sessions that are opened from now on."""
    usual = escrow.terms()
    form = (usual.host, usual.token, usual.deposit, usual.pricePerToken)
    for circuit, rate in ((INPUT_BOUND, RATE), (0, 1), (METERED, MAX_RATE)):
        marketplace.setDefaults(circuit, rate, sender=owner)
        marketplace.createSessionJobWithToken(
            *form, usual.maxDuration, usual.proofInterval, sender=user
        )
        stored = details_of(escrow, marketplace.jobCount())
        assert (stored["circuitId"], stored["maxTokensPerSecond"]) == (circuit, rate)


def test_own_terms(escrow, marketplace, owner):
    """It should leave sessions alone that name their own."""
    marketplace.setDefaults(INPUT_BOUND, RATE, sender=owner)
    details = escrow.open(circuitId=METERED, maxTokensPerSecond=RATE + 1).details
    assert (details.circuitId, details.maxTokensPerSecond) == (METERED, RATE + 1)
