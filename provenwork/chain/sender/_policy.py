"""How patient, how generous and how hasty a sender is; and what a transaction pays. Nothing here asks anybody."""

from __future__ import annotations

from dataclasses import dataclass

from provenwork.core.errors import ValidationFailed

__all__ = ["Fees", "Policy"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits of one sender."""

    confirmations: int = 12
    """Blocks on top of a transaction's, until it is settled; what the chain takes back later is `FinalityBroken`."""
    window: int = 16
    """The most nonces from the chain's on that are signed: what a node's pool keeps of one account."""
    unknown_after: float = 120.0
    """Seconds after which what is not mined counts as unknown."""
    bump_after: float = 30.0
    """Seconds after which the account's next transaction is signed again for more."""
    rebroadcast_after: float = 5.0
    """Seconds until the same bytes are sent a second time; doubles each time."""
    rebroadcast_longest: float = 300.0
    max_attempts: int = 20
    """The most signatures for one nonce."""
    max_fee_per_gas: int | None = None
    """The most to pay for gas, in wei; dearer calls wait."""
    proof_pause: float = 10.0
    """Seconds between two searches for who used a nonce."""
    poll: float = 1.0
    """Seconds between two looks at the chain."""

    def __post_init__(self) -> None:
        if self.confirmations < 0 or self.window < 1 or self.max_attempts < 1:
            raise ValidationFailed("confirmations are 0 or more; window and attempts at least 1")


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction pays, in wei per gas (EIP-1559)."""

    priority: int
    limit: int

    @classmethod
    def today(cls, base_fee: int, priority: int, most: int | None) -> Fees | None:
        """What is paid now: twice the base fee, so that it may double; None if even the base fee is beyond `most`."""
        limit = 2 * base_fee + priority
        if most is not None and limit > most:
            if base_fee + priority > most:
                return None
            limit = most
        return cls(priority, limit)

    def pays(self, base_fee: int, priority: int) -> bool:
        """Whether it is mined at a base fee where others tip so much."""
        return self.limit - base_fee >= min(self.priority, priority)

    def outbidding(self, before: Fees, most: int | None) -> Fees | None:
        """These fees, and at least an eighth above `before`: nodes replace for a tenth. None if that is beyond `most`."""
        raised = Fees(
            max(self.priority, before.priority * 9 // 8 + 1),
            max(self.limit, before.limit * 9 // 8 + 1),
        )
        return None if most is not None and raised.limit > most else raised
