"""JobMarketplace's constructor: what is fixed for ever, and what it begins with."""

import pytest

from tests.harness.deployment import deploy_marketplace, extension_of
from tests.harness.escrow import DAY, DEFAULT_RATE, ETHER, PARAMETERS, ZERO
from tests.harness.events import emitted, event
from tests.harness.execution import rpc
from tests.harness.reverts import reverts

MAX_WINDOW = 30 * DAY
MAX_BOND = 10**18
MAX_FEE = 1_000  # in basis points
CODE_LIMIT = 24_576  # EIP-170
NAMES = ("closeWindow", "challengeWindow", "answerWindow", "arbiterWindow", "abandonmentPeriod")
BOND, FEE = "bondPerProof", "feeBps"


def parameters(**changes):
    """The usual parameters, changed as said."""
    usual = dict(zip((*NAMES, BOND, FEE), PARAMETERS, strict=True))
    assert set(changes) <= set(usual)
    return tuple((usual | changes).values())


@pytest.fixture
def deploy(project, escrow, owner, treasury):
    """Deploys a marketplace, with other arguments where said."""

    def deploy(registry=None, proof_system=None, treasury=treasury, owner_=owner, **changes):
        return deploy_marketplace(
            project,
            owner,
            registry or escrow.registry,
            proof_system or escrow.proof_system,
            treasury,
            owner_,
            parameters(**changes),
        )

    return deploy


@pytest.mark.parametrize("missing", ["registry", "proof_system"])
def test_missing_contracts(marketplace, deploy, missing):
    """It should refuse a marketplace without registry or proof system."""
    with reverts(marketplace.JobMarketplace_ZeroAddress):
        deploy(**{missing: ZERO})


def test_missing_owner(marketplace, deploy):
    """It should refuse a marketplace without an owner."""
    with reverts(marketplace.OwnableInvalidOwner, owner=ZERO):
        deploy(owner_=ZERO)


def test_missing_treasury(marketplace, deploy):
    """It should refuse a marketplace without a treasury."""
    with reverts(marketplace.JobMarketplace_TreasuryInvalid, treasury=ZERO):
        deploy(treasury=ZERO)


@pytest.mark.parametrize("seconds", [0, MAX_WINDOW + 1, 2**256 - 1])
@pytest.mark.parametrize("window", NAMES)
def test_windows_out_of_bounds(marketplace, deploy, window, seconds):
    """It should refuse one of zero seconds, or beyond thirty days."""
    usual_close_window = PARAMETERS[0]
    most = usual_close_window if window == "challengeWindow" else MAX_WINDOW
    with reverts(marketplace.JobMarketplace_WindowOutOfRange, min=1, max=most, actual=seconds):
        deploy(**{window: seconds})


def test_long_challenge_window(marketplace, deploy):
    """It should refuse a challenge window that is longer than the close window."""
    with reverts(marketplace.JobMarketplace_WindowOutOfRange, min=1, max=500, actual=501):
        deploy(closeWindow=500, challengeWindow=501)


@pytest.mark.parametrize("seconds", [1, MAX_WINDOW])
@pytest.mark.parametrize("window", NAMES)
def test_windows_at_their_bounds(deploy, window, seconds):
    """It should keep it."""
    changes = {window: seconds}
    if window == "closeWindow" and seconds == 1:
        changes["challengeWindow"] = 1
    if window == "challengeWindow":
        changes["closeWindow"] = MAX_WINDOW
    assert getattr(deploy(**changes).parameters(), window) == seconds


@pytest.mark.parametrize("fee", [MAX_FEE + 1, 10_000, 2**256 - 1])
def test_large_fee(marketplace, deploy, fee):
    """It should refuse it."""
    with reverts(marketplace.JobMarketplace_FeeTooHigh, max=MAX_FEE, actual=fee):
        deploy(feeBps=fee)


@pytest.mark.parametrize("fee", [0, MAX_FEE])
def test_extreme_fee(deploy, fee):
    """It should keep it."""
    assert deploy(feeBps=fee).parameters().feeBps == fee


@pytest.mark.parametrize("bond", [0, MAX_BOND + 1, 2**256 - 1])
def test_bond_out_of_bounds(marketplace, deploy, bond):
    """It should refuse it."""
    with reverts(marketplace.JobMarketplace_BondOutOfRange, min=1, max=MAX_BOND, actual=bond):
        deploy(bondPerProof=bond)


@pytest.mark.parametrize("bond", [1, MAX_BOND])
def test_extreme_bond(deploy, bond):
    """It should keep it."""
    assert deploy(bondPerProof=bond).parameters().bondPerProof == bond


def test_events(project, escrow, owner, treasury, operator):
    """It should emit owner, treasury and default rate, and that nobody owns its extension."""
    deployed = owner.deploy(
        project.JobMarketplace,
        escrow.registry,
        escrow.proof_system,
        treasury,
        operator,
        PARAMETERS,
    )
    extension = extension_of(project, deployed)
    taken = {"previousOwner": ZERO, "newOwner": operator}
    given_up = {"previousOwner": operator, "newOwner": ZERO}
    assert emitted(deployed.creation_metadata.receipt) == [
        event(deployed.OwnershipTransferred, **taken),
        event(extension.OwnershipTransferred, **taken),
        event(extension.OwnershipTransferred, **given_up),
        event(deployed.TreasurySet, treasury=treasury),
        event(deployed.DefaultsSet, circuitId=0, maxTokensPerSecond=DEFAULT_RATE),
    ]


def test_parameters(deploy):
    """It should keep the parameters."""
    assert tuple(deploy().parameters()) == PARAMETERS


def test_beginning(deploy, usdc, owner, treasury):
    """It should allow no token and have no default circuit, no jobs and no debts."""
    fresh = deploy()
    assert tuple(fresh.tokenTerms(ETHER)) == tuple(fresh.tokenTerms(usdc)) == (False, 0, 0)
    assert tuple(fresh.defaults()) == (0, DEFAULT_RATE)
    assert fresh.jobCount() == 0
    for token in (ETHER, usdc):
        assert fresh.feesOwed(token) == 0
        assert fresh.earned(owner, token) == fresh.credits(owner, token) == 0
    assert (fresh.owner(), fresh.pendingOwner(), fresh.treasury()) == (owner, ZERO, treasury)


def test_not_paused(deploy):
    """It should not be paused."""
    assert not deploy().paused()


def test_size(project, marketplace):
    """It should stay below the size of a contract, both halves."""
    for half in (marketplace, extension_of(project, marketplace)):
        code = rpc("eth_getCode", half.address, "latest")
        assert 0 < len(code) // 2 - 1 <= CODE_LIMIT
