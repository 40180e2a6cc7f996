"""Addresses: one spelling, and no half-right ones."""

from __future__ import annotations

from eth_typing import ChecksumAddress
from eth_utils.address import is_address, to_checksum_address

from provenwork.core.errors import AddressInvalid

__all__ = ["ZERO_ADDRESS", "to_address"]


def to_address(value: str | bytes) -> ChecksumAddress:
    """The checksummed spelling (EIP-55) of an address.

    Args:
        value: 20 bytes, or 0x and 40 hex digits; mixed case must carry a right checksum.

    Raises:
        AddressInvalid: It is neither.
    """
    if isinstance(value, bytes):
        if len(value) != 20:
            raise AddressInvalid(f"an address has 20 bytes, not {len(value)}")
        return to_checksum_address(value)
    if value[:2] != "0x" or not is_address(value):
        raise AddressInvalid(
            f"not an address: {value!r}",
            hint="Write 0x and 40 hex digits, all lower case or checksummed.",
        )
    return to_checksum_address(value)


ZERO_ADDRESS = to_address(bytes(20))
"""ETH where a payment token is asked for, and nobody where an account is."""
