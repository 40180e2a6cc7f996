"""What became of creations: where each contract stands, since when, and which transaction made it."""

from __future__ import annotations

from collections.abc import Sequence

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from provenwork.chain import Node
from provenwork.core.errors import ChainError
from scripts._deployment._abi import entry_of
from scripts._deployment._artefacts import SECOND_HALVES, Artefacts
from scripts._deployment._checks import half_arguments
from scripts._deployment._create2 import child_address
from scripts._deployment._journal import StepJournal
from scripts._deployment._record import Placed
from scripts._deployment._steps import Create

__all__ = ["placed_contracts"]


def placed_contracts(
    node: Node, artefacts: Artefacts, creations: Sequence[Create], journal: StepJournal
) -> dict[str, Placed]:
    """Every contract by its name, the halves that some made themselves included."""
    contracts: dict[str, Placed] = {}
    for creation in creations:
        placed = _placed(node, creation, journal)
        contracts[creation.contract] = placed
        if (half := SECOND_HALVES.get(creation.contract)) is not None:
            contracts[half] = _placed_half(node, artefacts, creation, placed, half)
    return contracts


def _placed(node: Node, creation: Create, journal: StepJournal) -> Placed:
    transaction = journal.transaction(creation.purpose)
    receipt = node.receipt(transaction) if transaction is not None else None
    return Placed(
        contract=creation.contract,
        address=creation.address,
        block=receipt.block_number if receipt else _first_block(node, creation.address),
        transaction=receipt.hash if receipt else None,
        gas=receipt.gas_used if receipt else None,
        code_hash="0x" + keccak(node.code(creation.address)).hex(),
        arguments="0x" + creation.encoded.hex(),
    )


def _placed_half(
    node: Node, artefacts: Artefacts, creation: Create, parent: Placed, half: str
) -> Placed:
    address = child_address(creation.address)
    constructor = entry_of(artefacts.abi(creation.contract), "constructor") or {}
    arguments = half_arguments(creation.contract, constructor.get("inputs", ()), creation.encoded)
    return Placed(
        contract=half,
        address=address,
        block=parent.block,
        transaction=parent.transaction,
        gas=None,
        code_hash="0x" + keccak(node.code(address)).hex(),
        arguments="0x" + arguments.hex(),
        made_by=creation.contract,
    )


def _first_block(node: Node, address: ChecksumAddress) -> int:
    """The block in which a contract appeared; 0 if the node does not know the old ones any more."""
    low, high = 0, node.block().number
    try:
        while low < high:
            middle = (low + high) // 2
            code = node.code(address, middle)
            low, high = (low, middle) if code else (middle + 1, high)
    except ChainError:
        return 0
    return low
