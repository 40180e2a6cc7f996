"""JobFactory's constructor: what is fixed for ever, and what it begins with."""

import pytest

from tests.harness.escrow import DAY, ETHER, MINUTE, ZERO
from tests.harness.events import emitted, event
from tests.harness.execution import rpc
from tests.harness.factory import FEE_BPS, MIN_CLAIM, MIN_REVIEW, MIN_WORK
from tests.harness.reverts import reverts

MAX_FEE = 1_000  # in basis points
CODE_LIMIT = 24_576  # EIP-170
NAMES = ("minClaimDuration", "minWorkDuration", "minReviewDuration", "feeBps")
USUAL = (MIN_CLAIM, MIN_WORK, MIN_REVIEW, FEE_BPS)
MOST = (30 * DAY, 30 * DAY, 14 * DAY, MAX_FEE)
DURATIONS = NAMES[:3]


@pytest.fixture
def deploy(project, escrow, owner, treasury):
    """Deploys a factory, with other arguments where said."""

    def deploy(registry=None, treasury=treasury, owner_=owner, **changes):
        parameters = dict(zip(NAMES, USUAL, strict=True))
        assert set(changes) <= set(parameters)
        return owner.deploy(
            project.JobFactory,
            registry or escrow.registry,
            treasury,
            owner_,
            tuple((parameters | changes).values()),
        )

    return deploy


@pytest.mark.parametrize("missing", ["registry", "owner", "treasury"])
def test_missing(factory, deploy, missing):
    """It should refuse a factory without registry, owner or treasury."""
    contract = factory.contract
    error, arguments, refused = {
        "registry": (contract.JobFactory_ZeroAddress, {}, {"registry": ZERO}),
        "owner": (contract.OwnableInvalidOwner, {"owner": ZERO}, {"owner_": ZERO}),
        "treasury": (
            contract.JobFactory_TreasuryInvalid,
            {"treasury": ZERO},
            {"treasury": ZERO},
        ),
    }[missing]
    with reverts(error, **arguments):
        deploy(**refused)


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize("wrong", ["zero", "more", "odd"])
def test_durations(factory, deploy, name, wrong):
    """It should refuse it."""
    most = dict(zip(NAMES, MOST, strict=True))[name]
    seconds = {"zero": 0, "more": most + MINUTE, "odd": MINUTE + 1}[wrong]
    if wrong == "odd":
        error = factory.contract.JobFactory_DurationNotWholeMinutes
        arguments = {"duration": seconds}
    else:
        error = factory.contract.JobFactory_DurationOutOfRange
        arguments = {"min": MINUTE, "max": most, "actual": seconds}
    with reverts(error, **arguments):
        deploy(**{name: seconds})


@pytest.mark.parametrize("fee", [MAX_FEE + 1, 2**256 - 1])
def test_fee(factory, deploy, fee):
    """It should refuse it."""
    with reverts(factory.contract.JobFactory_FeeTooHigh, max=MAX_FEE, actual=fee):
        deploy(feeBps=fee)


@pytest.mark.parametrize("parameters", [(MINUTE, MINUTE, MINUTE, 0), MOST])
def test_bounds(deploy, parameters):
    """It should keep it."""
    fresh = deploy(**dict(zip(NAMES, parameters, strict=True)))
    assert tuple(fresh.parameters()) == parameters


def test_events(deploy, owner, treasury):
    """It should emit owner and treasury."""
    fresh = deploy()
    assert emitted(fresh.creation_metadata.receipt) == [
        event(fresh.OwnershipTransferred, previousOwner=ZERO, newOwner=owner),
        event(fresh.TreasurySet, treasury=treasury),
    ]


def test_beginnings(deploy, escrow, owner, treasury, usdc):
    """It should keep the parameters, and begin with nothing."""
    fresh = deploy()
    assert tuple(fresh.parameters()) == USUAL
    assert (fresh.registry(), fresh.treasury()) == (escrow.registry, treasury)
    assert (fresh.owner(), fresh.pendingOwner()) == (owner, ZERO)
    assert (fresh.jobCount(), fresh.paused()) == (0, False)
    for token in (ETHER, usdc):
        assert tuple(fresh.tokenTerms(token)) == (False, 0, 0)
        assert fresh.feesOwed(token) == fresh.earned(owner, token) == 0


def test_size(factory):
    """It should stay below the size of a contract."""
    code = rpc("eth_getCode", factory.contract.address, "latest")
    assert 0 < len(code) // 2 - 1 <= CODE_LIMIT
