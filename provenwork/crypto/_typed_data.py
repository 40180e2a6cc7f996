"""EIP-712: typed data, hashed from one definition."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar, get_type_hints

from eth_abi.abi import encode
from eth_abi.exceptions import EncodingError
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from provenwork.core.errors import TypedDataInvalid
from provenwork.crypto._address import to_address
from provenwork.crypto._ecdsa import recover_strict, require_signature
from provenwork.crypto._signer import Signer

__all__ = ["Domain", "TypedData"]

_DOMAIN_FIELDS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_TYPE_STRING = re.compile(r"([A-Za-z]\w*)\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts: one version of one contract on one chain."""

    name: str
    version: str
    chain_id: int
    verifying_contract: ChecksumAddress

    @property
    def separator(self) -> bytes:
        """The domain separator, 32 bytes; the contract's `getDomainSeparator` or `DOMAIN_SEPARATOR`."""
        types = ",".join(f"{kind} {name}" for name, kind in _DOMAIN_FIELDS)
        words = (
            keccak(text=f"EIP712Domain({types})"),
            keccak(text=self.name),
            keccak(text=self.version),
            self.chain_id,
            to_address(self.verifying_contract),
        )
        return keccak(encode(("bytes32", "bytes32", "bytes32", "uint256", "address"), words))


class TypedData:
    """A struct that somebody signs: a frozen dataclass whose fields stand in the order of its `TYPE` string.

    Only fields of one word (numbers, addresses, bytes32, bool) are needed here, and only they work.
    """

    __slots__ = ()

    TYPE: ClassVar[str]
    """The struct's type string, for example `Voucher(uint256 jobId,address host,uint64 cumulativeTokens)`."""

    @classmethod
    def layout(cls) -> tuple[str, list[tuple[str, str]]]:
        """The struct's name, and its fields as (name, type)."""
        match = _TYPE_STRING.fullmatch(cls.TYPE)
        if match is None:
            raise TypedDataInvalid(f"{cls.__name__}.TYPE is no type string: {cls.TYPE!r}")
        pairs = [field.split(" ") for field in match[2].split(",")]
        return match[1], [(name, kind) for kind, name in pairs]

    @classmethod
    def type_hash(cls) -> bytes:
        """The struct's type hash, 32 bytes."""
        return keccak(text=cls.TYPE)

    def values(self) -> tuple[Any, ...]:
        """The values in the order of the type string."""
        return tuple(getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]

    def struct_hash(self) -> bytes:
        """The struct's hash, 32 bytes.

        Raises:
            TypedDataInvalid: A value does not fit its type.
        """
        types, values = [kind for _, kind in self.layout()[1]], self.values()
        if any(
            kind == "bytes32" and len(word) != 32 for kind, word in zip(types, values, strict=True)
        ):
            raise TypedDataInvalid(f"{type(self).__name__}: a bytes32 has 32 bytes")
        try:
            return keccak(self.type_hash() + encode(types, values))
        except (EncodingError, TypeError, ValueError, OverflowError) as problem:
            raise TypedDataInvalid(f"{type(self).__name__}: {problem}") from None

    def digest(self, domain: Domain) -> bytes:
        """What is signed: keccak256(0x1901 ‖ domain separator ‖ struct hash)."""
        return keccak(b"\x19\x01" + domain.separator + self.struct_hash())

    def sign(self, domain: Domain, signer: Signer) -> bytes:
        """Signs it: 65 bytes r ‖ s ‖ v."""
        return signer.sign_digest(self.digest(domain))

    def recover(self, domain: Domain, signature: bytes) -> ChecksumAddress:
        """Who signed it, as strictly as the contracts ask.

        Raises:
            SignatureInvalid: The signature is malformed, or no key's.
        """
        return recover_strict(self.digest(domain), signature)

    def require_signed(self, domain: Domain, signer: str, signature: bytes) -> None:
        """Returns if the signer signed it.

        Raises:
            SignatureInvalid: The signature is malformed, or another's.
        """
        require_signature(signer, self.digest(domain), signature)

    def typed_data(self, domain: Domain) -> dict[str, Any]:
        """What a wallet shows and signs with `eth_signTypedData_v4`, ready for JSON."""
        name, layout = self.layout()
        message = zip(layout, self.values(), strict=True)
        return {
            "types": {
                "EIP712Domain": [{"name": n, "type": kind} for n, kind in _DOMAIN_FIELDS],
                name: [{"name": n, "type": kind} for n, kind in layout],
            },
            "primaryType": name,
            "domain": {
                "name": domain.name,
                "version": domain.version,
                "chainId": domain.chain_id,
                "verifyingContract": domain.verifying_contract,
            },
            # Numbers as strings: JavaScript's own are exact only to 2^53.
            "message": {n: _plain(value) for (n, _), value in message},
        }

    def __init_subclass__(cls) -> None:
        """Refuses a definition whose fields and type string differ in number."""
        declared = [
            name for name, kind in get_type_hints(cls).items() if "ClassVar" not in str(kind)
        ]
        if len(declared) != len(cls.layout()[1]):
            raise TypedDataInvalid(
                f"{cls.__name__} has {len(declared)} fields, but its TYPE {cls.TYPE}"
            )


def _plain(value: Any) -> str | bool:
    if isinstance(value, bool):
        return value
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
