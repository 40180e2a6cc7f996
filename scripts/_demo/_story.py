"""The story: a worker registers, is hired, streams, proves, claims, is contested, answers, and is paid."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provenwork.chain import SessionStatus, Terms
from provenwork.crypto import ZERO_ADDRESS, RegisterWorker, registry_domain
from provenwork.sessions import (
    Host,
    HostPolicy,
    HostSession,
    SignedVoucher,
    User,
    UserSession,
    deposit_for,
)
from scripts._demo._screen import Meter, Screen
from scripts._demo._stage import DemoError, Stage
from scripts._demo._tokens import decode, words
from scripts._demo._workshop import Workshop

__all__ = ["Sample", "Script", "Story"]

PRICE = 60_000_000
"""Base units of USDC per million tokens: what a large reasoning model costs, so that the amounts can be read."""
BASE_FEE = 5_000_000
"""Wei for a unit of gas, as on Base."""
RATE = 200
"""AI tokens per second that are payable without the user's word."""
FEWEST = 100_000
"""The least deposit, in base units of USDC."""

PROFILE = {
    "bio": "A careful language model",
    "skills": ["explaining"],
    "github": "",
    "portfolio": "",
}


@dataclass(frozen=True, slots=True)
class Script:
    """Which tokens are streamed, and up to where in which way; positions are AI tokens since the session began."""

    tokens: Sequence[int]
    batch: int
    """How many tokens the host proves before it settles, and again."""

    @classmethod
    def of(cls, tokens: Sequence[int], batch: int) -> Script:
        """As much of the text as the story takes with batches of this size."""
        return cls(tokens[: 3 * batch + batch // 12], batch)

    @property
    def total(self) -> int:
        """All of it."""
        return len(self.tokens)

    @property
    def first(self) -> int:
        """The end of the first batch that is proven."""
        return self.batch

    @property
    def second(self) -> int:
        """The end of the second one."""
        return 2 * self.batch

    @property
    def silent_from(self) -> int:
        """Where the user stops to sign."""
        return 2 * self.batch + 3 * self.batch // 16

    @property
    def silent_until(self) -> int:
        """Where the user signs again; so much is claimed."""
        return 2 * self.batch + 11 * self.batch // 16

    @property
    def interval(self) -> int:
        """The session's proof interval: more than a batch, less than two."""
        return 3 * self.batch // 2

    @property
    def voucher_every(self) -> int:
        """Tokens between two vouchers."""
        return max(1, self.batch // 8)


@dataclass(frozen=True, slots=True)
class Sample:
    """What happened off chain at a moment, for the chart."""

    time: float
    """Unix seconds."""
    streamed: int
    signed: int
    """The last voucher."""


class Story:
    """One session, from the host's registration to the last withdrawal.

    Args:
        stage: Who plays where.
        screen: Where it is told.
        workshop: Makes the proofs.
        folder: Where the host keeps its store.
        text: What the host answers, as token ids.
        batches: Proofs in a batch.
        pace: AI tokens per second; no bound if None.
    """

    def __init__(
        self,
        stage: Stage,
        screen: Screen,
        workshop: Workshop,
        *,
        folder: Path,
        text: Sequence[int],
        batches: int,
        pace: float | None,
    ) -> None:
        self.stage, self.screen, self.workshop = stage, screen, workshop
        self.script = Script.of(text, workshop.circuit.max_tokens * batches)
        self.samples: list[Sample] = []
        self.meter = Meter(self.script.total)
        self.last_block = 0
        """The block of its last transaction, once it is played."""
        self._submitted = 0
        self._folder = folder
        self._pace = pace
        self._user: User
        self._host: Host
        self._mine: UserSession
        self._theirs: HostSession

    @property
    def job_id(self) -> int:
        """The session."""
        return self._mine.job_id

    def play(self) -> None:
        """All scenes.

        Raises:
            DemoError: Something is not as it must be.
            ProvenworkError: Whatever the SDK refuses.
        """
        self._register()
        self._open()
        with self._host, self._stopping_at_once():
            with self.screen.metered(self.meter, self.workshop):
                self._work()
                self._settle()
                self._claim()
                self._contest()
                self._finish()
            self._withdraw()
        self.last_block = self.stage.node.block().number

    # ------------------------------------------------------------------------------------------------------- scenes

    def _register(self) -> None:
        self.screen.scene(
            "A worker registers",
            "The backend has checked the newcomer and signs an intent: this worker, this profile, this nonce, until then. "
            "Without the signature the registry refuses.",
        )
        stage = self.stage
        document = json.dumps(PROFILE, sort_keys=True).encode()
        digest = hashlib.sha256(document).digest()
        self.screen.note(f"profile {_cid(digest)[:24]}…, kept off chain")
        intent = RegisterWorker(
            worker=stage.host.address,
            ipfs_hash=digest,
            hourly_rate=25_000_000,
            nonce=stage.registry.nonce(stage.host.address),
            deadline=stage.node.now() + 3_600,
        )
        signature = intent.sign(
            registry_domain(stage.node.chain_id, stage.registry.address), stage.backend
        )
        stage.sender(stage.host).send(
            stage.registry.register_profile(
                intent.ipfs_hash, intent.hourly_rate, intent.deadline, signature
            )
        )
        self._told()
        self._require(stage.registry.is_active_worker(stage.host.address), "the host is registered")

    def _open(self) -> None:
        stage, script = self.stage, self.script
        self._user = User(stage.marketplace, stage.user, sender=stage.sender(stage.user))
        number = stage.circuit_number(self.workshop.circuit.name)
        terms = Terms(
            host=stage.host.address,
            token=stage.token.address,
            deposit=max(FEWEST, _rounded_up(deposit_for(script.total * 4 // 3, PRICE), 10_000)),
            price_per_million=PRICE,
            max_duration=3_600,
            proof_interval=script.interval,
            max_tokens_per_second=RATE,
            circuit_id=number,
        )
        quote = self._user.quote(terms)
        self.screen.scene(
            "A user opens a session",
            f"The deposit pays for {quote.tokens:,} tokens. Beyond what the user signs for, or {RATE} a second, the host "
            f"can charge at most {quote.unproven_tokens:,} of them ({stage.words.money(quote.unproven_cost)}). One "
            "transaction: the escrow may take the deposit because the user signed a permit.",
        )
        self._mine = self._user.open_with_permit(terms)
        self._mine.voucher_every = script.voucher_every
        self._told()
        self._host = Host(
            stage.marketplace,
            stage.host,
            self._folder / "host.sqlite",
            policy=HostPolicy(
                min_price_per_million={stage.token.address: PRICE}, max_unacknowledged=script.batch
            ),
            proof_system=stage.proof_system,
            provers={number: self.workshop},
            poll=0.02,
        )
        self._theirs = self._host.accept(self.job_id)
        found = list(stage.lens.open_sessions_of_host(stage.host.address))
        self._require(self.job_id in found, "the lens finds the session")
        self.screen.note("the host finds nothing against the terms, and accepts")

    def _work(self) -> None:
        script = self.script
        self.screen.scene(
            "The host streams, the user signs, and the host proves",
            "The user counts what arrives, and acknowledges it with vouchers: signatures, which cost no gas. Meanwhile the "
            "host makes EZKL proofs of the same tokens, to be paid even if the user should vanish.",
        )
        self._stream(script.first)
        self._theirs.prove(script.first)
        self._stream(script.second)
        self._theirs.prove(script.second)
        self._submit(script.first)

    def _settle(self) -> None:
        self.screen.scene(
            "A checkpoint pays",
            "Anyone may have the contract settle what is proven. From here on this part is the host's, whatever happens. "
            "The next batch is proven meanwhile.",
        )
        self._theirs.checkpoint()
        self._told()
        self._stream(self.script.silent_from)
        self._acknowledge()
        self._submit(self.script.second)

    def _claim(self) -> None:
        script = self.script
        self.screen.scene(
            "The user falls silent, and the host claims",
            "The host goes on as far as its own policy lets it run ahead of the vouchers. Then it brings the last voucher "
            "and claims the rest on its word: a tenth of a proof's gas, and final unless the user objects.",
        )
        self._mine.voucher_every, self.meter.silent = 0, True
        self._stream(script.silent_until)
        self._theirs.claim()
        self._told()

    def _contest(self) -> None:
        stage = self.stage
        self.screen.scene(
            "The user contests the claim, and the host answers with proofs",
            "Nobody judges but the circuit. If no evidence comes in time, the claim is void. If it comes, the bond pays for "
            "its gas (for which the local chain charges 0.005 gwei now, as Base does).",
        )
        stage.charge(BASE_FEE)
        # All of it did arrive, so the SDK has to be forced.
        self._mine.contest(force=True)
        self._told()
        while self._theirs.refresh().status is SessionStatus.DISPUTED:
            stage.charge(BASE_FEE)
            # What the host's software does by itself: ask for the proofs, wait, submit.
            for ticked in self._host.tick().values():
                if ticked.problem is not None:
                    raise ticked.problem
            self._pause(0.2)
        stage.charge(0)
        self._tell_timings()
        self._told()

    def _finish(self) -> None:
        self.screen.scene(
            "The session closes with a voucher",
            "The user signs again, for everything. The host brings the last voucher and closes in the same transaction; the "
            "rest of the deposit goes back to the user at once.",
        )
        self._mine.voucher_every, self.meter.silent = self.script.voucher_every, False
        self._stream(self.script.total)
        self._acknowledge()
        self._theirs.close()
        self._told()

    def _withdraw(self) -> None:
        self.screen.scene(
            "Everyone withdraws",
            "Earnings and bonds wait in the contract until they are fetched: no receiver can block anybody else's money.",
        )
        stage = self.stage
        self._host.sender.send(stage.marketplace.withdraw(stage.token.address, stage.host.address))
        stage.sender(stage.treasury).send(
            stage.marketplace.call("withdrawFees", stage.token.address)
        )
        for account in (self._host, self._user):
            account.withdraw(ZERO_ADDRESS)
        self._told()

    # -------------------------------------------------------------------------------------------------------- parts

    def _stream(self, end: int) -> None:
        """The host serves up to a position; the user counts, and signs now and then."""
        started, begun = time.monotonic(), self._theirs.served
        self._sample()
        for piece in words(self.script.tokens[begun:end]):
            served = self._theirs.serve(piece)
            self._hand_over(self._mine.receive(served.tokens, host_count=served.total))
            self.meter.text += decode(served.tokens)
            self._sample()
            if self._pace is not None:
                self._pause(started + (served.total - begun) / self._pace - time.monotonic())

    def _acknowledge(self) -> None:
        """The user signs for everything so far."""
        self._hand_over(self._mine.voucher())
        self._sample()

    def _hand_over(self, voucher: SignedVoucher | None) -> None:
        """A voucher travels to the host."""
        if voucher is not None:
            self._theirs.accept(voucher.to_json())
            self.meter.vouchers += 1

    def _submit(self, end: int) -> None:
        """Waits for the proofs up to a position, and brings them to the chain."""
        while not self._made(end):
            self._pause(0.1)
        self._theirs.submit()
        self._tell_timings()
        self._told()

    def _tell_timings(self) -> None:
        """How long the proofs took that were submitted just now."""
        count = self.stage.marketplace.details(self.job_id).proof_count
        made = self.workshop.timings[self._submitted : count]
        self._submitted = count
        each = ", ".join(f"{timing.tokens:,} tokens in {timing.seconds:.1f} s" for timing in made)
        self.screen.note(f"proven here: {each}")

    def _made(self, end: int) -> bool:
        """Whether the proofs up to a position are ready."""
        tasks = self._host.store.proofs(self.job_id)
        return all(task.proof is not None for task in tasks if task.first < end)

    @contextmanager
    def _stopping_at_once(self) -> Iterator[None]:
        """The host's queue would let its proof finish; who interrupts the demo does not want to wait for that."""
        try:
            yield
        except BaseException:
            self.workshop.stop()
            raise

    def _require_proofs(self) -> None:
        self.workshop.require_sound()
        for task in self._host.problems():
            raise DemoError(
                f"the proof of {task.count} tokens from {task.first} on failed: {task.problem}"
            )

    def _pause(self, seconds: float) -> None:
        self.screen.beat(self.workshop)
        self._require_proofs()
        if seconds > 0:
            time.sleep(seconds)

    def _sample(self) -> None:
        self.meter.streamed = self._theirs.served
        self.meter.acknowledged = self._mine.signed
        self.samples.append(Sample(time.time(), self._mine.received, self._mine.signed))

    def _told(self) -> None:
        """Tells what the chain has of it, and shows its counters."""
        self.screen.transactions(self.stage.reader.new(), self.stage.words)
        if hasattr(self, "_mine"):
            details = self.stage.marketplace.details(self.job_id)
            self.meter.proven, self.meter.settled = details.proven, details.settled
            self.meter.claimed = details.claimed

    @staticmethod
    def _require(holds: bool, what: str) -> None:
        if not holds:
            raise DemoError(f"it does not hold that {what}")


def _cid(digest: bytes) -> str:
    """A CID of version 1 for a raw document with this SHA-256."""
    return "b" + base64.b32encode(b"\x01\x55\x12\x20" + digest).decode().lower().rstrip("=")


def _rounded_up(amount: int, unit: int) -> int:
    return -(-amount // unit) * unit
