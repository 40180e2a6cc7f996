"""Talks to the local chain without detours: one request per question, no traces of reverts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ape
from hexbytes import HexBytes

# The most gas that Base lets one transaction have (EIP-7825), so no test needs more than users get.
GAS_LIMIT = 2**24


class Reverted(Exception):
    """A call that the contract refused, with the data it gave."""

    def __init__(self, data: bytes) -> None:
        super().__init__(f"reverted with 0x{data.hex()}")
        self.data = data


class RpcError(Exception):
    """The node answered with an error that is not a revert."""


def rpc(method: str, *params: Any) -> Any:
    """Asks the node.

    Raises:
        Reverted: The call was executed and reverted.
        RpcError: Anything else went wrong.
    """
    answer = ape.chain.provider.web3.provider.make_request(method, list(params))
    if (error := answer.get("error")) is None:
        return answer["result"]
    # Anvil gives data with a revert, be it empty, and with nothing else.
    if isinstance(data := error.get("data"), str):
        raise Reverted(bytes(HexBytes(data)))
    raise RpcError(f"{method}: {error}")


def simulate(request: dict[str, Any]) -> bytes:
    """Executes a call in the next block, at the next block's time, without mining it.

    Raises:
        Reverted: The call reverted.
    """
    return bytes(HexBytes(rpc("eth_call", request, "pending")))


def ask(
    method: Any, *arguments: Any, sender: Any = None, value: int = 0, gas: int = GAS_LIMIT
) -> Any:
    """What a contract's method would return in the next block; it need not be a view.

    Six times as fast as calling it through Ape, fifty times if it reverts.

    Raises:
        Reverted: The call reverted.
    """
    returned = ask_raw(method, *arguments, sender=sender, value=value, gas=gas)
    abi = next(abi for abi in method.abis if len(abi.inputs) == len(arguments))
    decoded = ape.chain.provider.network.ecosystem.decode_returndata(abi, returned)
    if not abi.outputs:
        return None
    return decoded[0] if len(abi.outputs) == 1 and isinstance(decoded, tuple) else decoded


def ask_raw(
    method: Any, *arguments: Any, sender: Any = None, value: int = 0, gas: int = GAS_LIMIT
) -> bytes:
    """As `ask`, without decoding the answer: what takes longest, and is not needed to compare two.

    Raises:
        Reverted: The call reverted.
    """
    request = {
        "to": method.contract.address,
        "data": method.encode_input(*arguments).to_0x_hex(),
        "gas": hex(gas),
    }
    if sender is not None:
        request["from"] = sender.address
    if value:
        request["value"] = hex(value)
    return simulate(request)


def least_gas(method: Any, *arguments: Any, sender: Any) -> int:
    """The smallest gas limit with which a call passes now, if less never does."""
    too_little, enough = 0, GAS_LIMIT
    while enough - too_little > 1:
        gas = (too_little + enough) // 2
        try:
            ask(method, *arguments, sender=sender, gas=gas)
        except Reverted:
            too_little = gas
        else:
            enough = gas
    return enough


@contextmanager
def isolated() -> Iterator[None]:
    """Whatever happens inside, the chain is afterwards what it was before.

    Not Ape's `chain.isolate()`, which swallows what is raised inside: a failed assertion, too.
    """
    snapshot = ape.chain.snapshot()
    try:
        yield
    finally:
        ape.chain.restore(snapshot)


def storage_word(contract: Any, slot: int) -> int:
    """The raw word in one of a contract's storage slots."""
    return int(rpc("eth_getStorageAt", contract.address, hex(slot), "latest"), 16)


def put_code(contract: Any, address: str) -> None:
    """Places a deployed contract's code at an address of our choosing."""
    rpc("anvil_setCode", address, rpc("eth_getCode", contract.address, "latest"))


def delegate(account: Any, contract: Any) -> None:
    """Lets an account borrow a contract's code, as its key can by EIP-7702."""
    rpc("anvil_setCode", account.address, f"0xef0100{contract.address.lower()[2:]}")


def set_base_fee(wei: int) -> None:
    """The next block's base fee, per unit of gas."""
    rpc("anvil_setNextBlockBaseFeePerGas", hex(wei))


def written_words(receipt: Any, contract: Any) -> dict[int, int]:
    """The slots of a contract that a transaction changed, and what they hold since."""
    options = {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}}
    change = rpc("debug_traceTransaction", receipt.txn_hash, options)
    before, after = (
        change[when].get(contract.address.lower(), {}).get("storage", {})
        for when in ("pre", "post")
    )
    return {int(slot, 16): int(after.get(slot, "0x0"), 16) for slot in before | after}
