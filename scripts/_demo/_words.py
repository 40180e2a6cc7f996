"""Amounts, accounts and events in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from eth_typing import ChecksumAddress

from provenwork.crypto import ZERO_ADDRESS, to_address
from scripts._demo._reading import Event

__all__ = ["Words", "amount"]

Said: TypeAlias = Mapping[str, Any]
"""An event's arguments."""

ETHER_DECIMALS = 18
_OUTCOMES = (
    "answered, the claim stands",
    "ruled on",
    "the claim stands",
    "void: nobody answered",
    "dropped",
)


def amount(units: int, decimals: int) -> str:
    """Base units as a decimal number, exactly."""
    whole, rest = divmod(abs(units), 10**decimals)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole:,}.{rest:0{decimals}d}"


@dataclass(frozen=True)
class Words:
    """Puts what contracts say in words."""

    names: Mapping[ChecksumAddress, str]
    """Who is who."""
    token: ChecksumAddress
    symbol: str
    decimals: int
    prompts: set[int] = field(default_factory=set)
    """The jobs that are one answer for one payment."""

    def name(self, account: str) -> str:
        """A role, or the beginning of an address."""
        return self.names.get(to_address(account), f"{account[:8]}…")

    def money(self, units: int, token: str | None = None) -> str:
        """An amount with its unit; of the session's token unless said."""
        if token == ZERO_ADDRESS:
            text = amount(units, ETHER_DECIMALS).rstrip("0")
            return f"{text}0 ETH" if text.endswith(".") else f"{text} ETH"
        return f"{amount(units, self.decimals)} {self.symbol}"

    def sentence(self, event: Event) -> str:
        """What an event means, or nothing if another one says as much."""
        telling = getattr(self, f"_{event.name}", None)
        return telling(event.arguments, event.time) if telling else ""

    def _WorkerRegistered(self, said: Said, _: int) -> str:  # noqa: N802 (the event's name, as those below)
        return f"the {self.name(said['worker'])} is an active worker"

    def _SessionCreated(self, said: Said, _: int) -> str:  # noqa: N802
        if said["jobId"] in self.prompts:
            return f"job {said['jobId']}: {self.money(said['deposit'])} locked for one answer"
        return (
            f"session {said['jobId']}: {self.money(said['deposit'])} locked, at "
            f"{self.money(said['pricePerToken'])} per million tokens"
        )

    def _ProofSubmitted(self, said: Said, _: int) -> str:  # noqa: N802
        return f"a proof of {said['tokensClaimed']:,} tokens was verified on chain"

    def _VoucherRedeemed(self, said: Said, _: int) -> str:  # noqa: N802
        return f"a voucher acknowledges {said['ackedTokens']:,} tokens"

    def _ClaimMade(self, said: Said, _: int) -> str:  # noqa: N802
        return f"the host claims {said['claimedTokens']:,} tokens in all, on its word"

    def _CheckpointProcessed(self, said: Said, _: int) -> str:  # noqa: N802
        return f"{said['tokensSettled']:,} tokens settled: {self.money(said['paymentAmount'])} credited to the host"

    def _DisputeRaised(self, said: Said, time: int) -> str:  # noqa: N802
        return (
            f"the {self.name(said['challenger'])} puts up {self.money(said['bond'], ZERO_ADDRESS)}; "
            f"the host has {said['deadline'] - time} s to answer"
        )

    def _DisputeResolved(self, said: Said, _: int) -> str:  # noqa: N802
        return (
            f"{_OUTCOMES[said['outcome']]}; of the bond {self.money(said['bondToHost'], ZERO_ADDRESS)} "
            f"pay for gas, {self.money(said['bondToChallenger'], ZERO_ADDRESS)} go back"
        )

    def _SessionCompleted(self, said: Said, _: int) -> str:  # noqa: N802
        if said["jobId"] in self.prompts:
            return f"the answer is paid: {self.money(said['payment'])} to the host"
        return (
            f"the last {said['tokens']:,} tokens settled: {self.money(said['payment'])} to the host; "
            f"{self.money(said['refund'])} back to the user"
        )

    def _Withdrawn(self, said: Said, _: int) -> str:  # noqa: N802
        token, parts = said["token"], []
        if said["gross"]:
            net, fee = said["gross"] - said["fee"], said["fee"]
            parts.append(
                f"{self.money(net, token)} earned, after a fee of {self.money(fee, token)}"
            )
        if said["credit"]:
            parts.append(f"{self.money(said['credit'], token)} that waited for it")
        return f"the {self.name(said['account'])} takes {' and '.join(parts)}"

    def _FeesWithdrawn(self, said: Said, _: int) -> str:  # noqa: N802
        return f"the treasury takes {self.money(said['amount'], said['token'])}"
