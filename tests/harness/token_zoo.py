"""Payment tokens that are not as the standard would like them, and what each does to who uses it.

docs/SPEC.md, section 14, has the table. Each is sound at first, then there is trouble, then there is not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.harness.escrow import USDC
from tests.harness.execution import Reverted
from tests.harness.reverts import reverts

PUSHED, CREDITED, SHORT = "pushed", "credited", "short"
FEE_BPS = 100


@dataclass(frozen=True)
class Stage:
    """Who is who where a token is tried: the escrow or the factory, who pays, who is paid."""

    project: Any
    contract: Any
    owner: Any
    payer: Any
    payee: Any

    def hook(self) -> Any:
        """What calls the contract back from within a transfer."""
        hook = self.owner.deploy(self.project.Reentering)
        call = self.contract.withdraw.encode_input(self.contract.address, self.payer.address)
        hook.arm(self.contract, call, sender=self.owner)
        return hook


Trouble = Callable[[Stage, Any, bool], Any]
Error = Callable[[Stage, Any, int], tuple[Any, dict[str, Any]]]


def _nothing(at: Stage, token: Any, on: bool) -> None:
    """It is as it is."""


def _switch(name: str) -> Trouble:
    return lambda at, token, on: getattr(token, name)(on, sender=at.owner)


def _denies(whom: str) -> Trouble:
    return lambda at, token, on: token.deny(getattr(at, whom), on, sender=at.owner)


def _denied(whom: str) -> Error:
    return lambda at, token, amount: (
        token.DenylistToken_Denied,
        {"account": getattr(at, whom)},
    )


def _failed(at: Stage, token: Any, amount: int) -> tuple[Any, dict[str, Any]]:
    return at.contract.SafeERC20FailedOperation, {"token": token}


def _paused(at: Stage, token: Any, amount: int) -> tuple[Any, dict[str, Any]]:
    return token.EnforcedPause, {}


def _short(at: Stage, token: Any, amount: int) -> tuple[Any, dict[str, Any]]:
    received = amount - amount * FEE_BPS // 10_000
    return at.contract.Payments_TransferShort, {"expected": amount, "received": received}


def _not_allowed(at: Stage, token: Any, amount: int) -> tuple[Any, dict[str, Any]]:
    told = {"spender": at.contract, "allowance": 0, "needed": amount}
    return token.ERC20InsufficientAllowance, told


def _no_reason(at: Stage, token: Any, amount: int) -> tuple[Any, dict[str, Any]]:
    return None, {}


@dataclass(frozen=True)
class Animal:
    """A kind of token."""

    name: str
    kind: str
    """The contract that stands for it."""
    arguments: tuple[Any, ...] = ()
    trouble: Trouble = _nothing
    door: Error | None = None
    """With what a payment into the contract is refused while there is trouble; nothing if it is taken."""
    by_permit: bool = False
    """Whether the payment is tried with a permit."""
    refund: str = PUSHED
    withdrawal: Error | None = None
    """With what the payee's withdrawal is refused while there is trouble."""
    short: bool = False
    """Whether less arrives than was sent."""
    unit: int = 1
    """What stands for a millionth of a dollar."""
    supply: int = 10**6 * USDC

    def __str__(self) -> str:
        return self.name

    def born(self, at: Stage) -> Any:
        """Deployed, allowed, and plenty of it in the payer's hands, all of it approved."""
        token = at.owner.deploy(getattr(at.project, self.kind), *self.arguments)
        at.contract.setToken(token, True, 1, sender=at.owner)
        token.mint(at.payer, self.supply * self.unit, sender=at.owner)
        token.approve(at.contract, 2**255, sender=at.payer)
        return token

    def less(self, amount: int) -> int:
        """What arrives of what is sent while there is trouble."""
        return amount - amount * FEE_BPS // 10_000 if self.short else amount


def _fee(at: Stage, token: Any, on: bool) -> None:
    token.setFee(FEE_BPS if on else 0, sender=at.owner)


def _hooked(at: Stage, token: Any, on: bool) -> None:
    for account in (at.payer, at.payee):
        token.setHook(at.hook() if on else "0x" + "00" * 20, sender=account)


def _unapproved(at: Stage, token: Any, on: bool) -> None:
    token.approve(at.contract, 0 if on else 2**255, sender=at.payer)


ZOO = (
    Animal("says nothing", "SilentToken"),
    Animal("returns false", "FalseToken", (), _switch("setRefusing"), _failed, refund=CREDITED, withdrawal=_failed),
    Animal("takes a fee", "FeeToken", (), _fee, _short, refund=SHORT, short=True),
    Animal("denies the payer", "DenylistToken", (), _denies("payer"), _denied("payer"), refund=CREDITED),
    Animal("denies the payee", "DenylistToken", (), _denies("payee"), withdrawal=_denied("payee")),
    Animal(
        "denies the contract", "DenylistToken", (), _denies("contract"), _denied("contract"), refund=CREDITED,
        withdrawal=_denied("contract"),
    ),
    Animal("is paused", "PausingToken", (), _switch("setTrouble"), _paused, refund=CREDITED, withdrawal=_paused),
    Animal("calls back", "HookedToken", (), _hooked),
    Animal("has no decimals", "DecimalsToken", (0,)),
    Animal("has 18 decimals", "DecimalsToken", (18,), unit=10**12),
    Animal("is more than 128 bits", "DecimalsToken", (6,), supply=2**200),
    Animal("lies about permits", "WrappedEther", (), _unapproved, _not_allowed, by_permit=True),
    Animal("spends all gas", "GuzzlingToken", (), _switch("setTrouble"), _no_reason, refund=CREDITED, withdrawal=_no_reason),
    Animal("says a lot", "FloodingToken", (), _switch("setTrouble")),
)  # fmt: skip
REBASING = Animal("rebases", "ShrinkingToken")


def refused_or_not(told: Error | None, at: Stage, token: Any, amount: int, action: Any) -> None:
    """Does something that is refused as said, or passes."""
    if told is None:
        action()
        return
    error, arguments = told(at, token, amount)
    if error is not None:
        with reverts(error, **arguments):
            action()
        return
    with pytest.raises(Reverted) as refusal:
        action()
    assert refusal.value.data == b""
