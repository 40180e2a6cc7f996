"""What an opening makes of the answers of registry and proof system, should they ever be other contracts than these."""

import pytest

from tests.harness.deployment import MINIMUM_ETHER, deploy_marketplace
from tests.harness.escrow import ETHER, PARAMETERS, ZERO
from tests.harness.execution import Reverted, ask

CODELESS = "0x" + "c0" * 20
REASON = b"\x4e\x0f\xf1\xce" + b"\x11" * 40
WORD = (1).to_bytes(32, "big")


@pytest.fixture
def opening(project, escrow, owner, user, treasury):
    """Tries to open a session in ETH where one of the two contracts is another."""

    def opening(of, other):
        others = {"registry": escrow.registry, "proof system": escrow.proof_system} | {of: other}
        market = deploy_marketplace(project, owner, *others.values(), treasury, owner, PARAMETERS)
        market.setToken(ETHER, True, MINIMUM_ETHER, sender=owner)
        terms = escrow.terms(token=ETHER, deposit=10**18, arbiter=ZERO)
        market.openSession(terms.encoded(), value=terms.deposit, sender=user)
        return market

    return opening


each = pytest.mark.parametrize("of", ["registry", "proof system"])


@each
@pytest.mark.parametrize("reason", [b"", REASON], ids=["silence", "a reason"])
def test_reverts(project, owner, opening, of, reason):
    """It should revert with the same bytes."""
    with pytest.raises(Reverted) as refusal:
        opening(of, owner.deploy(project.RevertingContract, reason))
    assert refusal.value.data == reason


@each
def test_codeless(opening, of):
    """It should revert, as a call through the compiler would."""
    with pytest.raises(Reverted) as refusal:
        opening(of, CODELESS)
    assert refusal.value.data == b""


@each
def test_short(project, owner, opening, of):
    """It should revert."""
    short = {"registry": WORD[:31], "proof system": (WORD * 3)[:95]}[of]
    with pytest.raises(Reverted) as refusal:
        opening(of, owner.deploy(project.AnsweringContract, short))
    assert refusal.value.data == b""


@each
def test_long(project, owner, opening, of):
    """It should read what it knows, and ignore the rest."""
    # Active; a circuit for one token that commits to its input, never revoked.
    answer = {"registry": WORD, "proof system": WORD * 2 + bytes(32)}[of] + b"\xff" * 64
    market = opening(of, owner.deploy(project.AnsweringContract, answer))
    assert ask(market.jobCount) == 1
