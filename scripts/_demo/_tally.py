"""What it came to: read from the chain's events and balances, compared with each other, and written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eth_typing import ChecksumAddress

from provenwork.chain import SessionStatus
from provenwork.crypto import ZERO_ADDRESS
from scripts._demo._reading import Event, Mined
from scripts._demo._stage import DemoError, Stage
from scripts._demo._story import Story
from scripts._demo._workshop import Timing

__all__ = ["Holdings", "ProofEntry", "Tally", "events_of", "holdings"]


@dataclass(frozen=True, slots=True)
class Holdings:
    """Who holds what of the payment token, in base units."""

    user: int
    host: int
    treasury: int
    escrow: int


@dataclass(frozen=True, slots=True)
class ProofEntry:
    """A proof: made here, verified there."""

    circuit: str
    tokens: int
    gas: int
    """Of its transaction; of its share of it, if several proofs went in one."""
    proving_seconds: float
    transaction: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What the chain says became of a deposit. Money is in base units of the token."""

    job_id: int
    token: ChecksumAddress
    symbol: str
    decimals: int
    deposit: int
    host: int
    """What the host took out, after the fee."""
    treasury: int
    """The fee."""
    refund: int
    """What came back to the user."""
    tokens: int
    """AI tokens that were paid for."""
    proven: int
    """AI tokens that were proven."""
    bond: int
    """Wei."""
    bond_to_host: int
    """Wei."""
    proofs: tuple[ProofEntry, ...]
    before: Holdings
    after: Holdings

    @classmethod
    def of(cls, story: Story, before: Holdings) -> Tally:
        """Reads it all, and compares.

        Raises:
            DemoError: Two things that must agree do not.
        """
        stage, reader = story.stage, story.stage.reader
        reader.new()
        events = _Events(reader.events, story.job_id)
        withdrawal = events.one("Withdrawn", account=stage.host.address, token=stage.token.address)
        dispute = events.one("DisputeResolved")
        tally = cls(
            job_id=story.job_id,
            token=stage.token.address,
            symbol=stage.symbol,
            decimals=stage.decimals,
            deposit=events.one("SessionCreated")["deposit"],
            host=withdrawal["gross"] - withdrawal["fee"],
            treasury=events.one("FeesWithdrawn", token=stage.token.address)["amount"],
            refund=events.one("SessionCompleted")["refund"],
            tokens=events.total("CheckpointProcessed", "tokensSettled")
            + events.one("SessionCompleted")["tokens"],
            proven=events.total("ProofSubmitted", "tokensClaimed"),
            bond=events.one("DisputeRaised")["bond"],
            bond_to_host=dispute["bondToHost"],
            proofs=_proofs(
                reader.mined, story.job_id, story.workshop.circuit.name, story.workshop.timings
            ),
            before=before,
            after=holdings(stage),
        )
        tally.compare(story)
        return tally

    def compare(self, story: Story) -> None:
        """Compares every number with another one that must agree with it.

        Raises:
            DemoError: It does not.
        """
        stage, details = story.stage, story.stage.marketplace.details(story.job_id)
        events = _Events(stage.reader.events, story.job_id)
        market, before, after = stage.marketplace, self.before, self.after
        settled = events.total("CheckpointProcessed", "paymentAmount")
        closing = events.one("SessionCompleted")
        token = stage.token.address
        owed = (
            market.earned(stage.host.address, token)
            + int(market.ask("feesOwed", token))
            + sum(market.credits(who.address, token) for who in (stage.user, stage.host))
        )
        for what, found, expected in (
            ("host + treasury + refund", self.host + self.treasury + self.refund, self.deposit),
            (
                "settled + closing payment + refund",
                settled + closing["payment"] + self.refund,
                self.deposit,
            ),
            ("what the host has more", after.host - before.host, self.host),
            ("what the treasury has more", after.treasury - before.treasury, self.treasury),
            ("what the user has less", before.user - after.user, self.deposit - self.refund),
            ("what is left in the escrow", after.escrow - before.escrow, 0),
            ("what the escrow owes in the token", owed, 0),
            ("the session's status", details.status, SessionStatus.COMPLETED),
            ("the session's settled tokens", details.settled, story.script.total),
            ("the tokens paid for", self.tokens, story.script.total),
            ("the tokens received", story.samples[-1].streamed, story.script.total),
            ("the proofs on chain", details.proof_count, len(self.proofs)),
            ("the proofs made", len(story.workshop.timings), len(self.proofs)),
            (
                "the credits in ETH",
                sum(market.credits(who.address, ZERO_ADDRESS) for who in (stage.user, stage.host)),
                0,
            ),
        ):
            if found != expected:
                raise DemoError(f"the chain does not add up: {what}: {found}, expected {expected}")

    def to_json(self) -> dict[str, Any]:
        """The demo's result: amounts as decimal strings of base units."""
        return {
            "token": self.token,
            "symbol": self.symbol,
            "decimals": self.decimals,
            "deposit": str(self.deposit),
            "host": str(self.host),
            "treasury": str(self.treasury),
            "refund": str(self.refund),
            "tokens": self.tokens,
            "provenTokens": self.proven,
            "bond": str(self.bond),
            "bondToHost": str(self.bond_to_host),
            "jobId": str(self.job_id),
            "proofs": [asdict(proof) for proof in self.proofs],
        }


def holdings(stage: Stage) -> Holdings:
    """Who holds what of the payment token now."""
    balance = stage.token.balance_of
    return Holdings(
        user=balance(stage.user.address),
        host=balance(stage.host.address),
        treasury=balance(stage.treasury.address),
        escrow=balance(stage.marketplace.address),
    )


def events_of(transaction: Mined, name: str, job_id: int) -> list[Mapping[str, Any]]:
    """The arguments of a transaction's events of a name, about one job."""
    return [
        event.arguments
        for event in transaction.events
        if event.name == name and event.arguments["jobId"] == job_id
    ]


class _Events:
    """The events of one session, and those of no session."""

    def __init__(self, events: Sequence[Event], job_id: int) -> None:
        self._events = [event for event in events if event.arguments.get("jobId", job_id) == job_id]

    def one(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        """The arguments of the only event of that name with these arguments."""
        found = self._named(name, **arguments)
        if len(found) != 1:
            raise DemoError(f"the chain has {len(found)} events {name}, expected one")
        return found[0]

    def total(self, name: str, argument: str) -> int:
        """The sum of an argument over all events of a name."""
        return sum(int(said[argument]) for said in self._named(name))

    def _named(self, name: str, **arguments: Any) -> list[Mapping[str, Any]]:
        return [
            event.arguments
            for event in self._events
            if event.name == name
            and all(event.arguments[key] == value for key, value in arguments.items())
        ]


def _proofs(
    mined: Sequence[Mined], job_id: int, circuit: str, timings: Sequence[Timing]
) -> tuple[ProofEntry, ...]:
    """The proofs that the chain verified, each with the time that it took to make."""
    verified = []
    for transaction in mined:
        said = events_of(transaction, "ProofSubmitted", job_id)
        counts = [int(arguments["tokensClaimed"]) for arguments in said]
        verified += [
            (count, _share(transaction.gas, len(counts), index), transaction.hash)
            for index, count in enumerate(counts)
        ]
    if [count for count, _, _ in verified] != [timing.tokens for timing in timings]:
        raise DemoError("the proofs on chain are not the ones that were made")
    return tuple(
        ProofEntry(circuit, count, gas, round(timing.seconds, 3), transaction)
        for (count, gas, transaction), timing in zip(verified, timings, strict=True)
    )


def _share(whole: int, parts: int, index: int) -> int:
    """One of several nearly equal shares that add up to the whole."""
    return whole // parts + (index < whole % parts)
