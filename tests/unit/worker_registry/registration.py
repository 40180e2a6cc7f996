"""What the registration backend signs, written down independently of the contract."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from tests.harness.signing import sign, typed_digest

DAY = 24 * 60 * 60
PROFILE = bytes.fromhex("c3" * 32)
OTHER_PROFILE = bytes.fromhex("d4" * 32)
RATE = 42_500_000  # 42.50 USDC per hour
OTHER_RATE = 9_000_000
MAX_RATE = 2**96 - 1

TYPES = {
    "RegisterWorker": [
        {"name": "worker", "type": "address"},
        {"name": "ipfsHash", "type": "bytes32"},
        {"name": "hourlyRate", "type": "uint256"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ]
}


@dataclass(frozen=True)
class Registration:
    """One `RegisterWorker` message and the domain it is signed in."""

    worker: str
    deadline: int
    chainId: int
    verifyingContract: str
    ipfsHash: bytes = PROFILE
    hourlyRate: int = RATE
    nonce: int = 0
    name: str = "Provenwork WorkerRegistry"
    version: str = "1"

    def but(self, **changes: Any) -> Self:
        """The same with other values in some fields."""
        return replace(self, **changes)

    def digest(self) -> bytes:
        """What is signed."""
        fields = asdict(self)
        message = {part["name"]: fields.pop(part["name"]) for part in TYPES["RegisterWorker"]}
        return typed_digest(fields, TYPES, message)

    def signed_by(self, signer: Any) -> bytes:
        """The signer's signature."""
        return sign(self.digest(), signer)
