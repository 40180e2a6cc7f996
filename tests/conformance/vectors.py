"""The golden vectors, as tests speak of them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FILE = HERE / "eip712.json"
SCRIPT = HERE / "make_vectors.mjs"
CHAIN_ID = 8453


@dataclass(frozen=True)
class Refused:
    """A signature that must not count for its vector's message."""

    name: str
    signature: bytes
    recovered: str
    """Whose it seems to be over the vector's digest; the address zero if it is malformed."""
    digest: bytes | None
    """What it really signs, where that is typed data."""


@dataclass(frozen=True)
class Vector:
    """A message, its hashes and its signature, as ethers made them."""

    struct: str
    name: str
    contract: str
    typed_data: dict[str, Any]
    """Domain, types, primary type and message."""
    hashes: dict[str, str]
    """encodeType, typeHash, domainSeparator, structHash and digest."""
    signer: str
    private_key: str
    signature: bytes
    opening: dict[str, Any] | None
    """Contract, terms, payer and salt, where the message's nonce is made from them."""
    refused: tuple[Refused, ...]

    def __str__(self) -> str:
        return f"{self.struct}, {self.name}"

    @property
    def message(self) -> dict[str, Any]:
        """The fields by their names in the type string: numbers as numbers, bytes32 as bytes."""
        fields = self.typed_data["types"][self.struct]
        return {
            field["name"]: _value(field["type"], self.typed_data["message"][field["name"]])
            for field in fields
        }

    @property
    def digest(self) -> bytes:
        """What is signed."""
        return bytes.fromhex(self.hashes["digest"][2:])


def _value(kind: str, written: Any) -> Any:
    if kind == "bytes32":
        return bytes.fromhex(written[2:])
    return int(written) if kind.startswith("uint") else written


def _bytes(written: str) -> bytes:
    return bytes.fromhex(written[2:])


def _refused(entry: dict[str, Any]) -> Refused:
    digest = _bytes(entry["digest"]) if "digest" in entry else None
    return Refused(entry["name"], _bytes(entry["signature"]), entry["recovered"], digest)


def _vector(entry: dict[str, Any]) -> Vector:
    return Vector(
        struct=entry["struct"],
        name=entry["name"],
        contract=entry["contract"],
        typed_data={key: entry[key] for key in ("domain", "types", "primaryType", "message")},
        hashes={
            key: entry[key]
            for key in ("encodeType", "typeHash", "domainSeparator", "structHash", "digest")
        },
        signer=entry["signer"]["address"],
        private_key=entry["signer"]["privateKey"],
        signature=_bytes(entry["signature"]),
        opening=entry.get("opening"),
        refused=tuple(map(_refused, entry.get("negatives", []))),
    )


_contents = json.loads(FILE.read_text())
DEPLOYER: str = _contents["deployer"]
CONTRACTS: dict[str, dict[str, Any]] = _contents["contracts"]
"""Name, version, the deployer's nonce and the address that it gives, by the contract's name."""
VECTORS: list[Vector] = [_vector(entry) for entry in _contents["vectors"]]
BY_NAME: dict[tuple[str, str], Vector] = {(v.struct, v.name): v for v in VECTORS}
USUAL: dict[str, Vector] = {v.struct: v for v in VECTORS if v.name == "usual"}
"""The one of each struct that real contracts are asked about, by the struct's name."""
