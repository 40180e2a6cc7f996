"""Reads back from the chain what was deployed: every contract's code, every constructor argument, role and setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode
from eth_typing import ChecksumAddress

from provenwork.chain import Node
from scripts._deployment._abi import encode_call, entry_of, type_of
from scripts._deployment._artefacts import SECOND_HALVES, Artefacts
from scripts._deployment._bytecode import compare
from scripts._deployment._create2 import child_address
from scripts._deployment._plan import Plan
from scripts._deployment._steps import Fact, shown

__all__ = ["Check", "Standing", "check_contracts", "check_settings", "half_arguments"]

_GETTERS = {
    ("JobFactory", "registry_"): "registry",
    ("JobFactory", "treasury_"): "treasury",
    ("JobFactory", "owner"): "owner",
    ("JobFactory", "params"): "parameters",
    ("JobMarketplace", "treasury_"): "treasury",
    ("JobMarketplace", "params"): "parameters",
    ("JobMarketplace", "owner"): "owner",
    ("ProofSystem", "initialOwner"): "owner",
    ("SessionLens", "marketplace_"): "marketplace",
    ("WorkerRegistry", "initialSigner"): "registrationSigner",
    ("WorkerRegistry", "initialAdmin"): "admin",
}
"""Which view tells what a constructor was given; an argument without one is looked for among the code's immutables."""

_ROLES = frozenset({"owner", "admin"})


@dataclass(frozen=True, slots=True)
class Check:
    """Something that was read back."""

    name: str
    wanted: str
    found: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A contract that should stand somewhere."""

    contract: str
    address: ChecksumAddress
    encoded: bytes
    """What its constructor was given."""


def check_contracts(
    node: Node,
    artefacts: Artefacts,
    contracts: Sequence[Standing],
    handed_over: Sequence[str] = (),
) -> Iterator[Check]:
    """Code and constructor arguments of every contract, and of the halves that they made themselves.

    Args:
        node: The chain.
        artefacts: The compiled contracts.
        contracts: What should stand.
        handed_over: Contracts that may have another owner by now; `check_settings` looks at those.
    """
    for standing in contracts:
        code = node.code(standing.address)
        comparison = compare(code, artefacts.runtime_code(standing.contract))
        yield Check(
            f"{standing.contract}'s code",
            "as compiled",
            comparison.problem or "as compiled",
            comparison.agrees,
        )
        yield from _arguments(node, artefacts, standing, comparison.immutables, handed_over)
        if (half := SECOND_HALVES.get(standing.contract)) is not None:
            address = child_address(standing.address)
            found = compare(node.code(address), artefacts.runtime_code(half))
            yield Check(
                f"{half}'s code", "as compiled", found.problem or "as compiled", found.agrees
            )
            yield _view(
                node, artefacts, standing, "extension", bytes.fromhex(address[2:]).rjust(32, b"\0")
            )


def _arguments(
    node: Node,
    artefacts: Artefacts,
    standing: Standing,
    immutables: Sequence[bytes],
    handed_over: Sequence[str],
) -> Iterator[Check]:
    constructor = entry_of(artefacts.abi(standing.contract), "constructor") or {}
    at = 0
    for item in constructor.get("inputs", ()):
        size = 32 * _words(item)
        value, at = standing.encoded[at : at + size], at + size
        view = _GETTERS.get((standing.contract, item["name"]))
        if view is None:
            held = value in immutables
            name = f"{standing.contract}: {item['name']}"
            wanted = shown(decode([type_of(item)], value)[0])
            yield Check(name, wanted, wanted if held else "not among the code's immutables", held)
        elif view not in _ROLES or standing.contract not in handed_over:
            yield _view(node, artefacts, standing, view, value)


def _view(
    node: Node, artefacts: Artefacts, standing: Standing, view: str, expected: bytes
) -> Check:
    entry = entry_of(artefacts.abi(standing.contract), "function", view)
    if entry is None:
        raise LookupError(f"{standing.contract} has no view {view}")
    outputs = tuple(map(type_of, entry["outputs"]))
    wanted = ", ".join(map(shown, decode(outputs, expected)))
    name = f"{standing.contract}.{view}()"
    data = encode_call(entry, ())
    return _check(node, Fact(name, standing.address, data, outputs, expected, wanted))


def check_settings(node: Node, plan: Plan) -> Iterator[Check]:
    """What was configured, and who was offered each contract or holds it already."""
    for change in plan.changes:
        yield _check(node, *change.done)
    for handover in plan.handovers:
        yield _check(node, *handover.offer.done)


def _check(node: Node, *facts: Fact) -> Check:
    """Whether one of the facts holds; says the one that does, else the first."""
    for fact in facts:
        if fact.holds(node):
            return Check(fact.name, fact.wanted, fact.wanted, holds=True)
    first = facts[0]
    return Check(first.name, first.wanted, first.said(first.answer(node)), holds=False)


def half_arguments(contract: str, inputs: Sequence[Mapping[str, Any]], encoded: bytes) -> bytes:
    """What a contract's constructor gave to the one of its second half: all but the treasury, as one struct."""
    if contract not in SECOND_HALVES:
        raise LookupError(f"{contract} has no second half")
    kept, at = b"", 0
    for item in inputs:
        size = 32 * _words(item)
        kept += b"" if item["name"] == "treasury_" else encoded[at : at + size]
        at += size
    return kept


def _words(item: Mapping[str, Any]) -> int:
    """How many words a value of fixed size takes."""
    if item["type"] == "tuple":
        return sum(map(_words, item["components"]))
    return 1
