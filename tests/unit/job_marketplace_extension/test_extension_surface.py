"""JobMarketplace and its extension: what can be called at all, from where, and to what effect.

The marketplace forwards what it does not know, so whatever the extension offers, anybody can call.
"""

from typing import Any

import pytest
from eth_utils import keccak

from tests.harness.escrow import ETHER, ZERO
from tests.harness.execution import Reverted, isolated, rpc, simulate
from tests.harness.reverts import encoded, reverts

OWNERS = {
    "transferOwnership",
    "acceptOwnership",
    "renounceOwnership",
    "setToken",
    "setDefaults",
    "setTreasury",
    "pause",
    "unpause",
}
EARNED = 1_000
CLAIMED = 500
ZEROES = {"bool": False, "bytes": b"", "address": ZERO}


@pytest.fixture(scope="module")
def extension(project, marketplace):
    """The extension, at its own address: the marketplace's first creation (nonce 1)."""
    rlp = b"\xd6\x94" + bytes.fromhex(marketplace.address[2:]) + b"\x01"
    return project.JobMarketplaceExtension.at(f"0x{keccak(rlp)[12:].hex()}")


def nothing(parameter: Any) -> Any:
    """A well-formed argument that says nothing."""
    if parameter.canonical_type.endswith("[]"):
        return []
    if parameter.components:
        return tuple(nothing(part) for part in parameter.components)
    kind = parameter.canonical_type
    return (
        bytes(int(kind[5:])) if kind[5:].isdigit() and kind[:5] == "bytes" else ZEROES.get(kind, 0)
    )


def call_of(contract: Any, name: str, *first: Any) -> bytes:
    """A call of a function with these first arguments, and nothing in the others."""
    abi = next(abi for abi in contract.contract_type.mutable_methods if abi.name == name)
    arguments = [*first, *(nothing(parameter) for parameter in abi.inputs[len(first) :])]
    return bytes(getattr(contract, name).encode_input(*arguments))


def functions(contract: Any) -> set[str]:
    """The names of the functions that change something."""
    return {abi.name for abi in contract.contract_type.mutable_methods}


def test_reentrance(escrow, project, marketplace, owner, host):
    """It should refuse it, unless it is a view or the owner's."""
    reentrant = owner.deploy(project.ReentrantReceiver)
    escrow.open(token=ETHER, pricePerToken=10**6).close_with_voucher(EARNED)
    guarded = encoded(marketplace.ReentrancyGuardReentrantCall)
    for function in sorted(functions(marketplace) - OWNERS):
        with isolated():
            reentrant.prepare(marketplace, call_of(marketplace, function), sender=owner)
            escrow.withdraw(host, ETHER, to=reentrant)
            assert reentrant.answer() == guarded, function


def test_no_effect(escrow, marketplace, extension, actors):
    """It should leave the marketplace as it was."""
    session = escrow.open(token=ETHER, arbiter=actors["arbiter"])
    session.claim(CLAIMED)
    session.contest()

    def everything():
        proof = rpc("eth_getProof", marketplace.address, [], "latest")
        return proof["storageHash"], proof["balance"], escrow.balance(marketplace)

    before = everything()
    for function in sorted(functions(extension)):
        abi = next(m for m in extension.contract_type.mutable_methods if m.name == function)
        about = [session.id] if abi.inputs and abi.inputs[0].name == "jobId" else []
        for caller in ("user", "host", "arbiter", "owner", "stranger"):
            request = {
                "from": actors[caller].address,
                "to": extension.address,
                "data": "0x" + call_of(extension, function, *about).hex(),
            }
            try:
                simulate(request)
            except Reverted:
                continue
            rpc("eth_sendTransactionSync", request)
            assert everything() == before, function
    assert everything() == before
    assert escrow.balance(extension, ETHER) == 0


@pytest.mark.parametrize("value", [0, 1])
def test_unknown(marketplace, stranger, value):
    """It should revert with nothing to say."""
    request = {"from": stranger.address, "to": marketplace.address, "data": "0xdeadbeef"}
    with pytest.raises(Reverted) as refusal:
        simulate(request | {"value": hex(value)})
    assert refusal.value.data == b""


@pytest.mark.parametrize("value", [0, 1])
def test_no_call(marketplace, stranger, value):
    """It should refuse ETH that comes with no call."""
    with reverts(marketplace.JobMarketplace_EtherUnexpected, sender=stranger, value=value):
        simulate({"from": stranger.address, "to": marketplace.address, "value": hex(value)})
