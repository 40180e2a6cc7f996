"""The invariants of docs/SPEC.md, section 12, by their numbers; those that a rule shows itself stand with the rules."""

from typing import Any

from hypothesis.stateful import invariant

from tests.harness import escrow, factory
from tests.harness.escrow import ACTIVE, DISPUTED, PRICE_UNIT
from tests.harness.factory import CLAIMED, OPEN, SUBMITTED
from tests.stateful.money_rules import MoneyRules
from tests.stateful.session_model import FINAL
from tests.stateful.world import ZERO

FEES = {"market": escrow.FEE_BPS, "jobs": factory.FEE_BPS}
SESSION_EDGES = {
    ("DisputeRaised", ACTIVE, DISPUTED),
    ("DisputeResolved", DISPUTED, ACTIVE),
    *((name, ACTIVE, status) for name, status in FINAL.items()),
}
JOB_EDGES = {
    ("JobClaimed", OPEN, CLAIMED),
    ("ClaimReleased", CLAIMED, OPEN),
    ("WorkSubmitted", CLAIMED, SUBMITTED),
    ("JobReopened", SUBMITTED, OPEN),
    ("JobCompleted", SUBMITTED, factory.COMPLETED),
    ("JobSplit", SUBMITTED, factory.SPLIT),
    ("JobRejected", SUBMITTED, factory.REJECTED),
    ("JobCancelled", OPEN, factory.CANCELLED),
    ("JobExpired", OPEN, factory.EXPIRED),
    ("JobExpired", CLAIMED, factory.EXPIRED),
}
FIXED = (
    "pricePerToken", "sessionStartTime", "assignedHost", "checkpointInterval", "jobType", "user", "token",
    "maxTokensPerSecond", "circuitId", "voucherSigner", "voucherCap", "watcher", "arbiter", "inputCommitment", "minTokens",
)  # fmt: skip
JOB_FIXED = (
    "issuer", "payee", "verifier", "token", "claimDuration", "workDuration", "reviewDuration", "claimBond", "rejectFeeBps",
)  # fmt: skip
COUNTERS = (
    "provenTokens",
    "ackedTokens",
    "maturedTokens",
    "settledTokens",
    "coveredTokens",
    "payableTokens",
)
BY_TIME = ("coveredTokens", "payableTokens")


class Invariants(MoneyRules):
    """What is true after every step, read from the chain in one request."""

    def __init__(self) -> None:
        super().__init__()
        self.highest: dict[int, tuple[int, ...]] = {}
        self.finals: dict[tuple[str, int], dict[str, Any]] = {}
        self.first_seen: dict[tuple[str, int], dict[str, Any]] = {}
        self.before: dict[Any, Any] = {}
        self.nonces_before: dict[str, int] = {}

    # ------------------------------------------------------------------------------- looking

    def look(self) -> dict[Any, Any]:
        """All that the contracts say, asked once for each change."""
        if self.seen is None:
            asked = self._questions()
            returned = self.world.look([question for *_, question in asked])
            self.seen = {
                key: face.answer(function, answer) if function else {"wei": int(answer, 16)}
                for (key, face, function, _), answer in zip(asked, returned, strict=True)
            }
        return self.seen

    def _questions(self) -> list[tuple[Any, Any, str, dict[str, str]]]:
        faces, books, found = self.world.faces, self.books, []

        def want(key: Any, face: str, function: str, *arguments: Any) -> None:
            contract = faces[face]
            found.append((key, contract, function, contract.question(function, *arguments)))

        for job in books.sessions:
            want(("session", job), "market", "getSessionDetails", job)
        for job in books.jobs:
            want(("job", job), "jobs", "getJob", job)
        for contract, ledger in books.ledgers.items():
            for account, token in ledger.earned:
                want(("earned", contract, account, token), contract, "earned", account, token)
            for account, token in ledger.credits:
                want(("credits", contract, account, token), contract, "credits", account, token)
            for token in ledger.fees:
                want(("fees", contract, token), contract, "feesOwed", token)
            for purse in ("usdc", "deny"):
                want(("held", contract, purse), purse, "balanceOf", faces[contract].address)
            wei = ("held", contract, "ether")
            found.append((wei, faces[contract], "", {"to": faces[contract].address}))
        want("workers", "registry", "activeWorkerCount")
        return found

    def held(self, contract: str, purse: str) -> int:
        """What a contract holds, in base units."""
        (amount,) = self.look()["held", contract, purse].values()
        return int(amount)

    # --------------------------------------------------------------------------------- money

    @invariant()
    def invariant_01_solvency(self):
        for contract in ("market", "jobs"):
            for purse, token in self.tokens.items():
                owed = self.books.owed(contract, token) + self.given[contract, token]
                assert self.held(contract, purse) == owed, (contract, purse)

    @invariant()
    def invariant_02_sessions_conserve(self):
        for x in self.books.sessions.values():
            assert 0 <= x.paid <= x.deposit
            assert x.refund is None or x.paid + x.refund == x.deposit

    @invariant()
    def invariant_03_jobs_conserve(self):
        for job in self.books.jobs.values():
            if job.is_held:
                assert job.held == job.amount
            else:
                assert job.earned + job.refunded == job.posted

    def invariant_04_nothing_is_made_or_lost(self):
        """Asked at the end of a history: the tokens in all hands are all there are."""
        people = [key.address for key in self.world.keys.values()]
        holders = people + [self.world.faces[name].address for name in ("market", "jobs")]
        for purse in ("usdc", "deny"):
            token = self.world.faces[purse]
            questions = [token.question("balanceOf", holder) for holder in holders]
            *balances, supply = self.world.look([*questions, token.question("totalSupply")])
            assert sum(int(balance, 16) for balance in balances) == int(supply, 16)

    @invariant()
    def invariant_05_ledgers(self):
        seen = self.look()
        for contract, ledger in self.books.ledgers.items():
            for (account, token), amount in ledger.earned.items():
                assert list(seen["earned", contract, account, token].values()) == [amount]
            for (account, token), amount in ledger.credits.items():
                assert list(seen["credits", contract, account, token].values()) == [amount]
            for token, amount in ledger.fees.items():
                assert list(seen["fees", contract, token].values()) == [amount]

    @invariant()
    def invariant_06_fees(self):
        for log in self.books.withdrawn:
            share = FEES[log["contract"]]
            assert log["fee"] == -(-log["gross"] * share // 10_000)

    # ------------------------------------------------------------------------------ evidence

    def acknowledged(self, x: Any) -> int:
        """The most that the user can have acknowledged, by a voucher that closed the session, too."""
        vouchers = [self.counts_as(x, amount) for job, amount, _ in self.vouchers if job == x.id]
        return max([x.acked, *vouchers])

    @invariant()
    def invariant_07_no_token_counts_twice(self):
        for x in self.books.sessions.values():
            single = max(x.standing, x.claimed, 0 if x.is_open else self.acknowledged(x))
            assert x.settled <= single

    @invariant()
    def invariant_08_evidence_stays(self):
        for x in self.books.sessions.values():
            if x.is_open:
                details = self.look()["session", x.id]
                now = tuple(details[name] for name in COUNTERS)
                before = self.highest.get(x.id, now)
                assert all(new >= old for new, old in zip(now, before, strict=True)), (before, now)
                self.highest[x.id] = now
                assert (
                    details["settledTokens"] <= details["payableTokens"] <= details["coveredTokens"]
                )

    @invariant()
    def invariant_09_a_closing_pays_the_evidence(self):
        for x in self.books.sessions.values():
            if x.refund is not None:
                bought = 1 if x.prompt else x.deposit * PRICE_UNIT // x.price
                granted = 1 if x.prompt else x.granted(x.closed_at)
                assert x.settled >= min(x.standing, bought, granted)

    @invariant()
    def invariant_10_a_proof_has_one_place(self):
        for x in self.books.sessions.values():
            ends = 0
            for first, end in x.spans:
                assert first >= ends, x.spans
                ends = end if not x.prompt else 1
            assert x.spans == [] or not x.prompt or len(x.spans) == 1

    @invariant()
    def invariant_11_vouchers_end_at_their_cap(self):
        for x in self.books.sessions.values():
            assert not x.cap or not x.is_open or x.acked <= x.cap

    # -------------------------------------------------------------------------------- bounds

    @invariant()
    def invariant_12_a_users_loss_is_bounded(self):
        for x in self.books.sessions.values():
            if x.prompt:
                continue
            details = self.look()["session", x.id]
            until = self.now if x.is_open else x.closed_at
            seconds = min(until, x.closing_at or x.ends_at) - x.opened_at
            granted = max(self.acknowledged(x), x.rate * seconds) + x.interval
            assert details["payableTokens"] <= granted
            assert details["payableTokens"] * x.price <= x.deposit * PRICE_UNIT

    @invariant()
    def invariant_13_an_issuers_loss_is_bounded(self):
        for job in self.books.jobs.values():
            assert 0 <= job.earned <= job.posted
            assert 1 <= job.round <= 3

    @invariant()
    def invariant_14_bonds(self):
        for x in self.books.sessions.values():
            assert (x.bond > 0) == (x.status == DISPUTED)
        for job in self.books.jobs.values():
            assert job.bond == (job.claim_bond if job.status == CLAIMED else 0)

    # -------------------------------------------------------------------------------- states

    @invariant()
    def invariant_15_edges(self):
        for kind, *edge in self.books.edges:
            allowed = SESSION_EDGES if kind == "session" else JOB_EDGES
            stays = edge[1] == edge[2] and kind == "session" and edge[1] in (ACTIVE, DISPUTED)
            assert stays or tuple(edge) in allowed, (kind, edge)

    @invariant()
    def invariant_16_terminal_is_terminal(self):
        final = [("session", x.id) for x in self.books.sessions.values() if not x.is_open]
        final += [("job", job.id) for job in self.books.jobs.values() if not job.is_held]
        for key in final:
            details = self.look()[key]
            assert self.finals.setdefault(key, details) == details

    @invariant()
    def invariant_17_terms_are_fixed(self):
        for key, details in self.look().items():
            if key[0] not in ("session", "job"):
                continue
            first = self.first_seen.setdefault(key, details)
            fixed = FIXED if key[0] == "session" else JOB_FIXED
            assert all(details[name] == first[name] for name in fixed)
            if key[0] == "session":
                assert details["depositAmount"] >= first["depositAmount"]
                assert details["endsAt"] >= first["endsAt"]

    # -------------------------------------------------------------------------------- others

    @invariant()
    def invariant_22_nobody_else_is_touched(self):
        seen = self.look()
        if seen is self.before:
            return
        for key, old in self.before.items():
            contract = {"session": "market", "job": "jobs"}.get(key[0])
            if contract is None or (contract, key[1]) in self.books.named:
                continue
            new = seen[key]
            assert all(new[name] == old[name] for name in old if name not in BY_TIME), key
        for key, old in self.before.items():
            if key[0] not in ("earned", "credits") or key not in seen:
                continue
            _, contract, account, _ = key
            hosts = {
                x.host for x in self.books.sessions.values() if ("market", x.id) in self.books.named
            }
            named = (contract, account) in self.books.named or account in hosts
            assert named or seen[key] == old, key
        self.before = seen
        self.books.named = set()

    # --------------------------------------------------------------------------------- roles

    @invariant()
    def invariant_28_the_registry_counts(self):
        active = sum(worker.active for worker in self.books.workers.values())
        assert list(self.look()["workers"].values()) == [active]
        assert self.books.admin != self.books.signer
        for address, worker in self.books.workers.items():
            assert worker.nonce >= self.nonces_before.get(address, 0)
            self.nonces_before[address] = worker.nonce

    # -------------------------------------------------------------------------------- events

    @invariant()
    def invariant_29_sessions_from_events(self):
        for x in self.books.sessions.values():
            assert self.look()["session", x.id] == x.details(self.now)

    @invariant()
    def invariant_30_jobs_from_events(self):
        for job in self.books.jobs.values():
            assert self.look()["job", job.id] == job.details()

    def invariant_31_settings_from_events(self):
        """Asked at the end of a history: registry, settings, operators and nonces."""
        books, wanted = self.books, []

        def holds(face: str, function: str, arguments: tuple[Any, ...], *values: Any) -> None:
            wanted.append((self.world.faces[face], function, arguments, values))

        for contract, settings in books.settings.items():
            holds(contract, "paused", (), int(settings.paused))
            holds(contract, "treasury", (), settings.treasury)
            for index, (token, terms) in enumerate(settings.tokens.items()):
                holds(contract, "tokenTerms", (token,), *map(int, terms), index)
        holds("market", "defaults", (), *books.settings["market"].defaults)
        holds("registry", "admin", (), books.admin)
        holds("registry", "pendingAdmin", (), books.pending_admin)
        holds("registry", "registrationSigner", (), books.signer)
        holds("registry", "pendingSigner", (), books.pending_signer)
        for address, worker in books.workers.items():
            holds("registry", "isActiveWorker", (address,), int(worker.active))
            holds("registry", "nonces", (address,), worker.nonce)
        for account, nonce in books.nonces.items():
            holds("jobs", "nonces", (account,), nonce)
        for (issuer, operator), until in books.operators.items():
            holds("jobs", "operatorUntil", (issuer, operator), until)
        for account, digest in books.revoked_intents:
            holds("jobs", "isIntentRevoked", (account, digest.to_bytes(32, "big")), 1)
        answers = self.world.look([face.question(name, *args) for face, name, args, _ in wanted])
        for (face, name, _, values), answer in zip(wanted, answers, strict=True):
            assert tuple(face.answer(name, answer).values()) == values, name
        assert ZERO not in books.workers
