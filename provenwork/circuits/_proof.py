"""A proof: the bytes, its public instances, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_abi.abi import encode

from provenwork.circuits._circuit import Circuit, load_circuit
from provenwork.circuits._poseidon import FIELD
from provenwork.circuits._tag import limbs_to_tag
from provenwork.core.errors import CircuitInputError

__all__ = ["Proof"]

_TYPES = ("bytes", "uint256[]")


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof of one circuit. That it exists says nothing: `verify` it.

    Raises:
        CircuitInputError: The instances are not as many as the circuit has, or one is not below the field's order.
    """

    circuit: Circuit
    zk: bytes
    """What EZKL made: opaque, and not unique; never use it as a key."""
    instances: tuple[int, ...]
    """The public instances, as the circuit's layout orders them."""

    def __post_init__(self) -> None:
        if len(self.instances) != self.circuit.layout.instances:
            raise CircuitInputError(
                f"a proof of {self.circuit.name} has {self.circuit.layout.instances} instances, not {len(self.instances)}"
            )
        for index, instance in enumerate(self.instances):
            if not 0 <= instance < FIELD:
                raise CircuitInputError(
                    f"instance {index} is not an element of the field: {instance}"
                )

    @property
    def tag(self) -> int:
        """The session tag: which place of which session it speaks of, 128 bits.

        Raises:
            CircuitInputError: A limb has more than 16 bits (the contracts refuse such a proof).
        """
        layout = self.circuit.layout
        return limbs_to_tag(self.instances[layout.tag : layout.tag + layout.tag_limbs])

    @property
    def count(self) -> int:
        """How many tokens it counts."""
        return self.instances[self.circuit.layout.count] >> self.circuit.layout.scale

    @property
    def commitment(self) -> int:
        """The Poseidon commitment to its tokens; compare with `transcript_commitment`."""
        return self.instances[self.circuit.layout.commitment]

    @property
    def prompt_commitment(self) -> int | None:
        """The Poseidon commitment to its prompt; compare with `prompt_commitment`. None if the circuit takes no prompt."""
        place = self.circuit.layout.prompt_commitment
        return None if place is None else self.instances[place]

    def encode(self) -> bytes:
        """What the contracts take: abi.encode(bytes zk, uint256[] instances), in its one canonical form."""
        return encode(_TYPES, (self.zk, self.instances))

    @classmethod
    def decode(cls, circuit: Circuit, encoded: bytes) -> Proof:
        """Reads what `encode` wrote, and nothing else.

        Raises:
            CircuitInputError: The bytes are not the canonical encoding of a proof of this circuit.
        """
        # By hand: a general decoder believes the lengths inside, and a hostile one makes it work for minutes.
        count = circuit.layout.instances
        length = int.from_bytes(encoded[64:96], "big") if len(encoded) >= 96 else len(encoded)
        zk = encoded[96 : 96 + min(length, len(encoded))]
        tail = encoded[-32 * count :]
        instances = tuple(
            int.from_bytes(tail[at : at + 32], "big") for at in range(0, len(tail), 32)
        )
        if encode(_TYPES, (zk, instances)) != encoded:
            raise CircuitInputError(
                f"this is not the canonical encoding of a proof of {circuit.name}"
            )
        return cls(circuit, zk, instances)

    def to_json(self, tokens: Sequence[int] | None = None) -> dict[str, Any]:
        """The proof as JSON: what `provenwork circuits prove` writes.

        Args:
            tokens: The tokens that it binds; they are not in the proof itself, and are left out if not given.

        Returns:
            The circuit's name, tag, count and commitment; the tokens; the instances as decimal strings; the proof and the
            canonical encoding in hexadecimal.
        """
        return {
            "circuit": self.circuit.name,
            "tag": f"0x{self.tag:032x}",
            "count": self.count,
            "commitment": f"0x{self.commitment:064x}",
            **({} if tokens is None else {"tokens": list(tokens)}),
            "instances": [str(instance) for instance in self.instances],
            "proof": "0x" + self.zk.hex(),
            "encoded": "0x" + self.encode().hex(),
        }

    @classmethod
    def from_json(cls, written: Mapping[str, Any], folder: Path | None = None) -> Proof:
        """Reads what `to_json` wrote: only its circuit and its encoding; what else it says is not believed.

        Args:
            written: The JSON object.
            folder: Where the circuits are; `artefacts_folder()` by default.

        Raises:
            UnknownCircuit: There is no such circuit.
            CircuitInputError: It is not a proof of that circuit.
        """
        name, encoded = written.get("circuit"), written.get("encoded")
        if not (isinstance(name, str) and isinstance(encoded, str) and encoded.startswith("0x")):
            raise CircuitInputError(
                "this is not a proof: it needs a `circuit`, and `encoded` in hexadecimal"
            )
        try:
            octets = bytes.fromhex(encoded[2:])
        except ValueError:
            raise CircuitInputError("this is not a proof: `encoded` is not hexadecimal") from None
        return cls.decode(load_circuit(name, folder), octets)

    def with_instances(self, instances: Sequence[int]) -> Proof:
        """The same bytes with other instances: what a liar would send."""
        return Proof(self.circuit, self.zk, tuple(instances))
