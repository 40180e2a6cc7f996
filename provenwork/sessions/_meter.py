"""The user's own count, and the one rule of signing: never for more than was received."""

from __future__ import annotations

from provenwork.core.errors import OverCounted

__all__ = ["Meter"]


class Meter:
    """Counts what the user received and signed. Once the host over-counted, it signs nothing any more.

    Args:
        received: AI tokens received before (after a restart).
        signed: The highest voucher signed before.
    """

    def __init__(self, *, received: int = 0, signed: int = 0) -> None:
        if min(received, signed) < 0:
            raise ValueError("a count is not negative")
        self._received = max(received, signed)
        self._signed = signed
        self._stopped: OverCounted | None = None

    @property
    def received(self) -> int:
        """AI tokens received since the session began."""
        return self._received

    @property
    def signed(self) -> int:
        """The highest number of AI tokens acknowledged."""
        return self._signed

    @property
    def stopped(self) -> OverCounted | None:
        """Why nothing is signed any more, if so."""
        return self._stopped

    def receive(self, tokens: int) -> int:
        """Counts tokens that arrived; returns the new total."""
        if tokens < 0:
            raise ValueError(f"received {tokens} tokens")
        self._received += tokens
        return self._received

    def sign(self, tokens: int) -> int:
        """Notes that a voucher for so many tokens is about to be signed; returns what it must say.

        A voucher never says less than an earlier one: the earlier one counts in any case.

        Raises:
            OverCounted: They were not received, or the host over-counted before.
        """
        if self._stopped is not None:
            raise self._stopped
        if tokens > self._received:
            raise OverCounted(
                f"asked to acknowledge {tokens} tokens, received {self._received}",
                kind="request",
                counted=tokens,
                received=self._received,
                hint="Acknowledge what was received, and no more.",
            )
        self._signed = max(self._signed, tokens)
        return self._signed

    def compare(self, counted: int, kind: str, *, in_flight: int = 0, hint: str = "") -> None:
        """Compares with the host's count; from the first excess on nothing is signed.

        Args:
            counted: How many AI tokens the host says it sent or claims.
            kind: Where that was seen: stream, claim or proof.
            in_flight: How many the host may be ahead because they are still on their way.
            hint: What the user can do about it.

        Raises:
            OverCounted: The host counts more.
        """
        if counted <= self._received + in_flight:
            return
        self._stopped = OverCounted(
            f"the host counts {counted} tokens ({kind}), but {self._received} were received",
            kind=kind,
            counted=counted,
            received=self._received,
            hint=hint
            or "Nothing more will be signed. Close the session; what was not received stays unpaid.",
        )
        raise self._stopped
