"""A contract that emits what it is told to, written by hand in the EVM's own words, and the ABI of its events."""

from eth_abi import encode
from eth_utils import keccak, to_checksum_address

from provenwork.chain.indexer import Watched


def assemble() -> str:
    """The runtime code. Calldata: count, topic 0, topic 1, two words of data; it emits so many equal logs."""
    head = bytes.fromhex("6000355b")  # [i], JUMPDEST at 3
    body = bytes.fromhex(
        "60406060600037"  # CALLDATACOPY(destination 0, from 96, 64 bytes)
        "604035"  # topic1
        "602035"  # topic0
        "60406000a2"  # LOG2(offset 0, size 64, topic0, topic1)
        "60019003"  # i - 1
        "600356"  # JUMP
    )  # fmt: skip
    test = bytes.fromhex("8015")  # DUP1 ISZERO
    end = len(head) + len(test) + 3 + len(body)
    jump = bytes([0x60, end, 0x57])
    return "0x" + (head + test + jump + body + b"\x5b\x00").hex()


def _event(name, **inputs):
    parts = [
        {"name": key, "type": kind.removesuffix("!"), "indexed": kind.endswith("!")}
        for key, kind in inputs.items()
    ]
    return {"type": "event", "name": name, "inputs": parts}


ABI = [_event("Paid", who="address!", amount="uint256", note="uint256")]
TOPIC = keccak(text="Paid(address,uint256,uint256)")


def emit(who: int, amount: int, note: int = 0, count: int = 1, topic: bytes = TOPIC) -> str:
    """Calldata that has it emit `Paid`, so many times."""
    words = [count.to_bytes(32, "big"), topic, who.to_bytes(32, "big")]
    return "0x" + (b"".join(words) + encode(["uint256", "uint256"], [amount, note])).hex()


def address(index: int) -> str:
    """Where the emitter of a number is."""
    return to_checksum_address("0x" + (0xE000 + index).to_bytes(20, "big").hex())


def watched(index: int, from_block: int = 0) -> Watched:
    """It, to be indexed."""
    return Watched(f"Emitter{index}", address(index), ABI, from_block)
