"""What a deployment consists of: contracts to be made and functions to be called, each with what shows that it was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_typing import ChecksumAddress

from provenwork.chain import Call, Node
from provenwork.core.errors import ContractReverted
from provenwork.crypto import ZERO_ADDRESS
from scripts._deployment._create2 import create2_address, creation
from scripts._deployment._errors import DeploymentError

__all__ = ["Arguments", "Change", "Create", "Fact", "Step", "is_done", "remaining", "shown"]

Arguments = tuple[tuple[str, Any], ...]
"""Every single value by its name, those in structs too: ("params.feeBps", 1000)."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What a view answers."""

    name: str
    """What it is about, for messages: JobMarketplace.defaults()."""
    address: ChecksumAddress
    data: bytes
    """The question's calldata."""
    outputs: tuple[str, ...]
    """The types of the answer's values, all of fixed size."""
    expected: bytes
    """What the answer begins with; the values behind it do not matter."""
    wanted: str
    """The same in words."""

    def answer(self, node: Node) -> bytes | None:
        """What the chain answers now; None while nothing that could answer is there."""
        try:
            return node.simulate(Call(self.address, self.data), ZERO_ADDRESS, "latest") or None
        except ContractReverted:
            return None

    def holds(self, node: Node) -> bool:
        """Whether the chain says so now."""
        answer = self.answer(node)
        return answer is not None and answer.startswith(self.expected)

    def said(self, answer: bytes | None) -> str:
        """An answer in words."""
        if answer is None:
            return "nothing"
        try:
            return ", ".join(map(shown, decode(self.outputs, answer)))
        except DecodingError:
            return "0x" + answer.hex()


@dataclass(frozen=True, slots=True)
class Create:
    """A contract to put on the chain."""

    contract: str
    arguments: Arguments
    """Its constructor's."""
    encoded: bytes
    """The same as the constructor gets them."""
    init_code: bytes
    salt: bytes

    @property
    def address(self) -> ChecksumAddress:
        """Where it will stand, and nothing else ever can."""
        return create2_address(self.salt, self.init_code)

    @property
    def purpose(self) -> str:
        """What it is for, in a few words."""
        return f"deploying {self.contract}"

    @property
    def call(self) -> Call:
        """What to send."""
        return creation(self.salt, self.init_code, self.purpose)


@dataclass(frozen=True, slots=True)
class Change:
    """A function to call, once everything stands."""

    contract: str
    function: str
    arguments: Arguments
    call: Call
    done: tuple[Fact, ...]
    """It was done if one of these holds."""
    vacant: Fact | None = None
    """For what is said once and for ever: nothing has been said yet."""

    @property
    def purpose(self) -> str:
        """What it is for, in a few words."""
        return self.call.purpose


Step = Create | Change


def is_done(step: Step, node: Node) -> bool:
    """Whether the chain shows that a step was done, by whomever.

    Raises:
        DeploymentError: Something else was done that cannot be undone.
    """
    if isinstance(step, Create):
        return bool(node.code(step.address))
    if any(fact.holds(node) for fact in step.done):
        return True
    answer = step.vacant.answer(node) if step.vacant is not None else None
    if step.vacant is not None and answer and not answer.startswith(step.vacant.expected):
        raise DeploymentError(
            f"{step.purpose}: {step.vacant.name} is {step.vacant.said(answer)} already, for ever",
            hint="Give what is new another number in the parameters.",
        )
    return False


def remaining(steps: Sequence[Step], node: Node) -> list[Step]:
    """The steps that were not yet done, in their order."""
    return [step for step in steps if not is_done(step, node)]


def shown(value: Any) -> str:
    """A value of an argument or an answer, for people."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple | list):
        return f"({', '.join(map(shown, value))})"
    return str(value)
