"""What anybody can ask the contracts, compared with the model to the second (invariants 10 and 29 to 31)."""

from typing import Any

import ape
from hypothesis.stateful import precondition, rule

from tests.harness import factory
from tests.harness.escrow import (
    ABANDONMENT_PERIOD,
    ACTIVE,
    BOND_PER_PROOF,
    INSTANCES,
    PARAMETERS,
)
from tests.stateful.circuit_rules import MODEL, CircuitRules
from tests.stateful.job_model import JobModel
from tests.stateful.job_posting_rules import INTENTS
from tests.stateful.job_posting_rules import TERMS as JOB_TERMS
from tests.stateful.opening_rules import TERMS, OpeningRules
from tests.stateful.session_model import SessionModel
from tests.stateful.stage import pick
from tests.stateful.world import ZERO
from tests.stateful.world_setup import session_tag

GAS_PER_PROOF = 700_000
GWEI = 10**9
UPPER_160 = ~(2**96 - 1)
DIGESTS = {
    "cancel": ("cancelJobDigest", "jobId", "round"),
    "claim": ("claimJobDigest", "jobId", "round", "worker", "nonce"),
    "release": ("releaseClaimDigest", "jobId", "round", "worker", "nonce"),
    "submit": ("submitWorkDigest", "jobId", "round", "worker", "work"),
    "verify": ("verifyJobDigest", "jobId", "round", "work", "approved", "reopen", "split"),
    "expire": ("expireJobDigest", "jobId", "round"),
}


class ViewRules(CircuitRules, OpeningRules):
    """Every view that `tests.stateful.invariants` does not read after each step anyway."""

    @rule(pick=pick, other=pick)
    @precondition(lambda self: self.books.sessions and self.books.jobs)
    def look_around(self, pick, other):
        """All views about one session, one job, one account and one circuit."""
        sessions, jobs = list(self.books.sessions.values()), list(self.books.jobs.values())
        x, job = sessions[pick % len(sessions)], jobs[other % len(jobs)]
        wanted: dict[tuple[str, str, tuple[Any, ...]], tuple[Any, ...]] = {}
        wanted |= self.about_a_session(x)
        wanted |= self.about_the_market(self.anyone(other))
        wanted |= self.about_a_job(job, other)
        wanted |= self.about_workers(self.anyone(pick))
        wanted |= self.about_circuits(x, other)
        faces = self.world.faces
        asked = [faces[face].question(name, *given) for face, name, given in wanted]
        returned = self.world.look(asked)
        for (call, expected), answer in zip(wanted.items(), returned, strict=True):
            face, name, _ = call
            said = faces[face].values(name, answer)
            assert said == expected, (call, said, expected)
            self.tally[f"{face}.{name}"] += 1

    # --------------------------------------------------------------------------- marketplace

    def about_a_session(self, x: SessionModel) -> dict[Any, tuple[Any, ...]]:
        """Beside its details, which are asked after every step."""
        market, now = self.world.faces["market"].address, self.now
        payable = x.payable(now) if x.is_open else x.settled
        last = max(x.opened_at, x.last_evidence, x.claimed_at)
        abandoned = x.is_open and not x.closing_at and now > last + ABANDONMENT_PERIOD
        history = tuple(
            ((proof & UPPER_160).to_bytes(32, "big"), tokens, at, True)
            for proof, tokens, at in x.history
        )
        open_ones = [y for y in self.books.sessions.values() if y.is_open]
        after = len(self.books.sessions) + 1
        as_host = tuple(y.id for y in open_ones if y.host == x.host)
        as_user = tuple(y.id for y in open_ones if y.user == x.user)
        tag = session_tag(market, x.id, x.host, 7)
        return {
            ("market", "sessionTag", (x.id, 7)): (tag,),
            ("market", "sessionParties", (x.id,)): (x.user, x.host, x.status),
            ("market", "calculateCurrentEarnings", (x.id,)): (x.cost(payable),),
            ("market", "getRequiredProofInterval", (x.id,)): (x.interval,),
            ("market", "isSessionAbandoned", (x.id,)): (abandoned,),
            ("market", "getProofHistory", (x.id, 1, 2)): (history[1:3],),
            ("market", "disputeBond", (x.id,)): (self.bond(x),),
            ("circuits", "sessionTag", (market, x.id, x.host, 7)): (tag,),
            ("lens", "getActiveSessionsForHost", (x.host, 0, 100)): (as_host, after),
            ("lens", "getActiveSessionsForUser", (x.user, 0, 100)): (as_user, after),
            ("lens", "marketplace", ()): (market,),
        }

    def bond(self, x: SessionModel) -> int:
        """What contesting a session's live claim costs now, in wei."""
        if x.status != ACTIVE or not x.is_live(self.now):
            return 0
        proofs = 1
        if x.arbiter == ZERO:
            proofs = -(-(x.claimed - x.standing) // self.books.circuits[x.circuit].max_tokens)
        fee = int(
            self.world.node.tell("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16
        )
        wei = proofs * max(BOND_PER_PROOF, 2 * GAS_PER_PROOF * fee)
        return -(-wei // GWEI) * GWEI

    def about_the_market(self, account: str) -> dict[Any, tuple[Any, ...]]:
        """Settings and numbers."""
        books, faces = self.books, self.world.faces
        terms = (account, ZERO, account, 8, account, 6, ZERO, 1, 2, 3, 4, 5)
        salt = b"\x5a" * 32
        nonce = self.authorization_nonce("market", TERMS, terms, account, salt)
        asked: dict[Any, tuple[Any, ...]] = {
            ("market", "jobCount", ()): (len(books.sessions),),
            ("market", "parameters", ()): (PARAMETERS,),
            ("market", "authorizationNonce", (terms, account, salt)): (nonce,),
            ("market", "extension", ()): (self.extension,),
        }
        for face, name in (
            ("market", "JobMarketplace"),
            ("jobs", "JobFactory"),
            ("registry", "WorkerRegistry"),
        ):
            domain = (f"Provenwork {name}", "1", ape.chain.chain_id, faces[face].address)
            said = (b"\x0f", *domain, bytes(32), ())
            asked[face, "eip712Domain", ()] = said
            asked[face, "getDomainSeparator", ()] = (self.domains[face].separator,)
        for face, owner in books.owners.items():
            asked[face, "owner", ()] = (owner,)
            asked[face, "pendingOwner", ()] = (books.pending_owners[face],)
        return asked

    # ------------------------------------------------------------------------------- factory

    def about_a_job(self, job: JobModel, number: int) -> dict[Any, tuple[Any, ...]]:
        """Beside itself, which is asked after every step: what would be signed about it."""
        account, until = self.anyone(number), self.now + number
        values: dict[str, Any] = {
            "jobId": job.id,
            "round": job.round,
            "worker": account,
            "nonce": number,
            "work": bytes([number]) * 32,
            "approved": number % 2 == 0,
            "reopen": number % 3 == 0,
            "split": number,
        }
        asked: dict[Any, tuple[Any, ...]] = {
            ("jobs", "jobCount", ()): (len(self.books.jobs),),
            ("jobs", "registry", ()): (self.world.faces["registry"].address,),
            ("jobs", "parameters", ()): (
                (
                    factory.MIN_CLAIM,
                    factory.MIN_WORK,
                    factory.MIN_REVIEW,
                    factory.FEE_BPS,
                ),
            ),
        }
        for intent, (view, *names) in DIGESTS.items():
            given = tuple(values[name] for name in names)
            digest = self.domains["jobs"].digest(INTENTS[intent], *given, until)
            asked["jobs", view, (*given, until)] = (digest,)
        terms = (account, ZERO, ZERO, 1, 2, 3, 4, 5, 6, b"\x01" * 32)
        signed = (account, *terms, number, until)
        posting = self.domains["jobs"].digest(INTENTS["post"], *signed)
        asked["jobs", "postJobDigest", (terms, account, number, until)] = (posting,)
        salt = b"\x5a" * 32
        nonce = self.authorization_nonce("jobs", JOB_TERMS, terms, account, salt)
        asked["jobs", "authorizationNonce", (terms, account, salt)] = (nonce,)
        return asked

    # ------------------------------------------------------------------ registry and circuits

    def about_workers(self, account: str) -> dict[Any, tuple[Any, ...]]:
        """A profile is what was last said, and nothing of those who left."""
        worker = self.books.workers.get(account)
        profile = (0, 0, 0) if worker is None else worker.profile
        if profile is None:
            return {}
        of, rate, since = profile
        active = worker is not None and worker.active
        said = (of.to_bytes(32, "big"), rate, since, active)
        return {("registry", "profiles", (account,)): said}

    def about_circuits(self, x: SessionModel, number: int) -> dict[Any, tuple[Any, ...]]:
        """Circuits, models, and what was cached."""
        asked: dict[Any, tuple[Any, ...]] = {}
        for number_, circuit in self.books.circuits.items():
            terms = (circuit.max_tokens, circuit.binds_input, circuit.revoked_at)
            layout = (INSTANCES, 2, INSTANCES - 1, circuit.binds_input, 0, 0, circuit.max_tokens)
            known = (self.accepting_verifier, circuit.revoked_at, layout)
            asked["circuits", "circuitInfo", (number_,)] = terms
            asked["circuits", "circuit", (number_,)] = known
        model = int.from_bytes(MODEL, "big")
        asked["circuits", "modelCircuit", (MODEL,)] = (self.books.models.get(model, 0),)
        cached = sorted(self.books.cached)
        if cached:
            circuit_, tag, tokens, instances = cached[number % len(cached)]
            key = (circuit_, tag, tokens, instances.to_bytes(32, "big"))
            said = not self.books.is_revoked(circuit_)
            asked["circuits", "isProofCached", key] = (said,)
            other = (circuit_, tag, tokens + 1, key[3])
            asked["circuits", "isProofCached", other] = (
                self.is_cached(circuit_, tag, tokens + 1, instances),
            )
        return asked
