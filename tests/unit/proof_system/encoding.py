"""Circuits, places and proofs, written down independently of the contract."""

from dataclasses import dataclass, replace
from typing import Any, Self

from eth_abi import encode
from eth_utils import keccak

FIELD_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617
MAX_INSTANCES = 32
MAX_SCALE = 32
MAX_TOKENS = 16_384
MAX_BATCH = 16
MAX_ZK_WORDS = 1_024
TAG_LIMBS = 8
WORD = 32

# What no test's instance happens to be where it says nothing.
FILLER = 0xF111E5
COMMITMENT = 0xC0FFEE << 200  # below the field's order, above any count
ZK = bytes(range(1, 97))
TOKENS = 48
# Eight limbs of which no two are equal, the smallest and the largest among them.
TAG = 0x0001_2345_FFFF_6789_0000_ABCD_8000_EF01


@dataclass(frozen=True)
class Layout:
    """A circuit's layout; as it stands, that of EZKL's hashed inputs: commitments, tag, count."""

    instanceCount: int = 11
    tagIndex: int = 2
    countIndex: int = 10
    bindsInput: bool = True
    commitmentIndex: int = 0
    scale: int = 0
    maxTokens: int = 64

    def but(self, **changes: Any) -> Self:
        """The same with other values in some fields."""
        return replace(self, **changes)

    def instances(self, tag: int, tokens: int, commitment: int = COMMITMENT) -> list[int]:
        """What a prover's public instances are for this place and count."""
        instances = [FILLER] * self.instanceCount
        instances[self.tagIndex : self.tagIndex + TAG_LIMBS] = tag_limbs(tag)
        instances[self.countIndex] = tokens << self.scale
        if self.bindsInput:
            instances[self.commitmentIndex] = commitment
        return instances


HASHED = Layout()
HASHED_ID = 1
PRIVATE = Layout(instanceCount=9, tagIndex=0, countIndex=8, bindsInput=False)
PRIVATE_ID = 2


def tag_limbs(tag: int) -> list[int]:
    """Eight times 16 bits, the most significant first."""
    return [tag >> shift & 0xFFFF for shift in range(112, -1, -16)]


def place_tag(chain_id: int, marketplace: str, job_id: int, host: str, first_token: int) -> int:
    """The tag of one place of one session."""
    types = ["uint256", "address", "uint256", "address", "uint64"]
    place = encode(types, [chain_id, marketplace, job_id, host, first_token])
    return int.from_bytes(keccak(place)[:16], "big")


def session_proof(instances: list[int], zk: bytes = ZK) -> bytes:
    """`abi.encode(bytes zk, uint256[] instances)`."""
    return encode(["bytes", "uint256[]"], [zk, instances])


def instances_hash(instances: list[int]) -> bytes:
    """What the contract calls the hash of the instances."""
    return keccak(b"".join(instance.to_bytes(WORD, "big") for instance in instances))


def statement(
    circuit_id: int, marketplace: str, job_id: int, first_token: int, proof: bytes
) -> bytes:
    """A self-contained proof, as `verifyEKZL` takes it."""
    types = ["uint32", "address", "uint256", "uint64", "bytes"]
    return encode(types, [circuit_id, marketplace, job_id, first_token, proof])
