"""The session tag: which place of which session of which host on which chain a proof speaks of."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils.address import (
    is_checksum_address,
    is_checksum_formatted_address,
    is_hex_address,
    to_canonical_address,
)
from eth_utils.crypto import keccak

from provenwork.core.errors import CircuitInputError

__all__ = ["TAG_LIMBS", "TAG_LIMB_BITS", "limbs_to_tag", "session_tag", "tag_to_limbs"]

TAG_LIMBS = 8
"""A tag stands among the public instances as this many limbs, the most significant one first."""

TAG_LIMB_BITS = 16
"""Bits of one limb: 8 × 16 = 128 bits of tag."""


def session_tag(
    chain_id: int, marketplace: str | bytes, job_id: int, host: str | bytes, first_token: int
) -> int:
    """Computes the tag of one place of one session.

    It is the top 128 bits of keccak256(abi.encode(uint256 chainId, address marketplace, uint256 jobId, address host,
    uint64 firstToken)), as the marketplace's `sessionTag` computes it on chain.

    Args:
        chain_id: The chain's id, at least 1.
        marketplace: The address of the JobMarketplace: 20 bytes, or 0x and 40 hex digits.
        job_id: The session.
        host: The address of its host; a mixed-case address must have a right checksum.
        first_token: How many tokens of the session come before this proof's first one, below 2^64.

    Returns:
        The tag, an integer below 2^128.

    Raises:
        CircuitInputError: A number is out of range, or an address is none.
    """
    words = (
        _number("the chain id", chain_id, 256, least=1),
        _address("the marketplace", marketplace),
        _number("the job id", job_id, 256),
        _address("the host", host),
        _number("the first token", first_token, 64),
    )
    digest = keccak(encode(("uint256", "address", "uint256", "address", "uint64"), words))
    return int.from_bytes(digest[:16], "big")


def tag_to_limbs(tag: int) -> tuple[int, ...]:
    """Splits a tag into its eight 16-bit limbs, the most significant one first.

    Raises:
        CircuitInputError: The tag is not an integer below 2^128.
    """
    octets = _number("the tag", tag, TAG_LIMBS * TAG_LIMB_BITS).to_bytes(16, "big")
    return tuple(int.from_bytes(octets[at : at + 2], "big") for at in range(0, 16, 2))


def limbs_to_tag(limbs: tuple[int, ...]) -> int:
    """Joins eight 16-bit limbs, the most significant one first.

    Raises:
        CircuitInputError: There are not eight, or one has more than 16 bits.
    """
    if len(limbs) != TAG_LIMBS:
        raise CircuitInputError(f"a tag has {TAG_LIMBS} limbs, not {len(limbs)}")
    tag = 0
    for limb in limbs:
        tag = tag << TAG_LIMB_BITS | _number("a limb of the tag", limb, TAG_LIMB_BITS)
    return tag


def _number(what: str, value: int, bits: int, *, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CircuitInputError(f"{what} must be an integer, not {value!r}")
    if not least <= value < 1 << bits:
        raise CircuitInputError(f"{what} must be at least {least} and below 2^{bits}, not {value}")
    return value


def _address(what: str, value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        if len(value) != 20:
            raise CircuitInputError(f"{what} must have 20 bytes, not {len(value)}")
        return value
    hint = "Write 0x and 40 hex digits, all lower case or checksummed."
    if not (isinstance(value, str) and value[:2] == "0x" and is_hex_address(value)):
        raise CircuitInputError(f"{what} is not an address: {value!r}", hint=hint)
    if is_checksum_formatted_address(value) and not is_checksum_address(value):
        raise CircuitInputError(
            f"{what} is not an address, its checksum is wrong: {value}", hint=hint
        )
    return bytes(to_canonical_address(value))
