"""JobFactory: the graph of a job's states, and that there is no other edge in it.

Every step is tried by every role, by a call and by a signature, with arguments that are good if any are. What passes
is mined, and where it leads is compared with the table: a missing edge fails, and so does one too many.
"""

from typing import Any

import pytest

from tests.harness.escrow import DAY, travel_to
from tests.harness.execution import Reverted, ask
from tests.harness.factory import NONE, WORK, Job
from tests.harness.signing import sign
from tests.unit.job_factory import intents
from tests.unit.job_factory.lives import BOND, standing
from tests.unit.job_factory.states import FINAL_STATES, OPEN_STATES

ISSUER, WORKER, OTHER, EVALUATOR, OPERATOR, ANYONE = ROLES = (
    "issuer",
    "worker",
    "host",
    "evaluator",
    "operator",
    "stranger",
)
STATUSES = (
    "None",
    "Open",
    "Claimed",
    "Submitted",
    "Completed",
    "Split",
    "Rejected",
    "Cancelled",
    "Expired",
)
SHARE = 6_000
VERDICTS = {
    "approve": (True, False, 0),
    "reopen": (False, True, 0),
    "split": (False, False, SHARE),
    "reject": (False, False, 0),
}
Edges = dict[tuple[str, str], str]


def steps(job: Job) -> dict[str, tuple[Any, ...]]:
    """What can be tried: a function and its arguments."""
    c, job_id = job.contract, job.id
    return {
        "claim": (c.claimJob, job_id),
        "release": (c.releaseClaim, job_id),
        "submit": (c.submitWork, job_id, WORK),
        **{name: (c.verifyJob, job_id, *verdict) for name, verdict in VERDICTS.items()},
        "silence": (c.claimByDefault, job_id),
        "cancel": (c.cancelJob, job_id),
        "expire": (c.expireJob, job_id),
    }


def signed_steps(job: Job, deadline: int) -> dict[str, intents.Signed]:
    """What can be signed; a claim, by each who might."""
    actors = job.factory.actors
    verdicts = {
        name: intents.verifying(job, *verdict, deadline=deadline)
        for name, verdict in VERDICTS.items()
    }
    return {
        **{
            f"claim by {role}": intents.claiming(job, actors[role], deadline=deadline)
            for role in ROLES
        },
        "release": intents.releasing(job, deadline=deadline),
        "submit": intents.submitting(job, deadline=deadline),
        **verdicts,
        "cancel": intents.cancelling(job, deadline=deadline),
        "expire": intents.expiring(job, deadline=deadline),
    }


def label(job: Job) -> str:
    """Status and round."""
    details = job.details
    return f"{STATUSES[details.status]} {details.round}"


class Tries:
    """Tries one thing after the other in the same situation."""

    def __init__(self, job: Job, chain: Any) -> None:
        self.job, self.chain = job, chain
        self.now, self.here = chain.pending_timestamp, chain.snapshot()
        self.edges: Edges = {}

    def call(self, name: str, role: str, method: Any, *arguments: Any, **tx: Any) -> None:
        """Notes where it leads, if it passes."""
        try:
            ask(method, *arguments, **tx)
        except Reverted:
            return
        method(*arguments, **tx)
        self.edges[name, role] = label(self.job)
        self.chain.restore(self.here)
        self.here = self.chain.snapshot()
        travel_to(self.now)


def edges_by_call(job: Job, chain: Any) -> Edges:
    """Who can do what here by a call, and where it leads."""
    tries = Tries(job, chain)
    for name, (method, *arguments) in steps(job).items():
        value = BOND if name == "claim" else 0
        for role in ROLES:
            sender = job.factory.actors[role]
            tries.call(name, role, method, *arguments, sender=sender, value=value)
    return tries.edges


def edges_by_signature(job: Job, chain: Any) -> Edges:
    """Who can do what here by a signature that the relayer brings, and where it leads."""
    tries = Tries(job, chain)
    for name, intent in signed_steps(job, tries.now + DAY).items():
        step, _, claimer = name.partition(" by ")
        digest = intent.digest()
        for role in ROLES:
            who = job.factory.actors[role]
            # A verdict names whose it is in the call; a claim is signed by others in vain.
            arguments = (*intent.arguments[:-1], who) if step in VERDICTS else intent.arguments
            call = (intent.method, *arguments, intent.intent.deadline, sign(digest, who))
            signed = role if claimer in ("", role) else f"{role} for {claimer}"
            tries.call(step, signed, *call, sender=intent.relayer, value=intent.value)
    return tries.edges


def by(*roles: str, **steps: str) -> Edges:
    """These roles can take these steps, which lead there."""
    return {(name, role): leads_to for name, leads_to in steps.items() for role in roles}


def is_open(round_: int, *claimers: str) -> Edges:
    """It can be claimed, and taken back."""
    claim = by(*claimers, claim=f"Claimed {round_}")
    return claim | by(ISSUER, OPERATOR, cancel=f"Cancelled {round_}")


def is_late(round_: int) -> Edges:
    """Nobody can claim any more."""
    return is_open(round_) | by(*ROLES, expire=f"Expired {round_}")


def is_claimed(round_: int) -> Edges:
    """The worker works."""
    return by(WORKER, submit=f"Submitted {round_}", release=f"Open {round_}")


def judge(round_: int, *verifiers: str) -> Edges:
    """All verdicts, the last round's included."""
    back = by(*verifiers, reopen=f"Open {round_ + 1}") if round_ < 3 else {}
    return back | by(*verifiers, split=f"Split {round_}", reject=f"Rejected {round_}")


APPROVERS = by(ISSUER, OPERATOR, approve="Completed 1")
SILENCE = by(*ROLES, silence="Completed 1")
GRAPH: dict[str, Edges] = {
    "open": is_open(1, WORKER, OTHER),
    "open for one": is_open(1, WORKER),
    "open with evaluator": is_open(1, WORKER, OTHER),
    "open, late": is_late(1),
    "open, given back": is_open(1, WORKER, OTHER),
    "open again": is_open(2, WORKER, OTHER),
    "open a third time": is_open(3, WORKER, OTHER),
    "open again, late": is_late(2),
    "claimed": is_claimed(1),
    "claimed by the payee": is_claimed(1),
    "claimed, no more claims": is_claimed(1) | by(WORKER, release="Expired 1"),
    "claimed, late": by(*ROLES, expire="Expired 1"),
    "claimed again": is_claimed(2),
    "submitted": APPROVERS | judge(1, ISSUER, OPERATOR),
    "submitted, late": APPROVERS | SILENCE,
    "submitted with evaluator": APPROVERS
    | by(EVALUATOR, approve="Completed 1")
    | judge(1, EVALUATOR),
    "submitted with evaluator, late": APPROVERS | by(EVALUATOR, approve="Completed 1") | SILENCE,
    "submitted a third time": by(ISSUER, OPERATOR, approve="Completed 3")
    | judge(3, ISSUER, OPERATOR),
}


def by_signature(edges: Edges) -> Edges:
    """What of it can be signed: silence needs nobody's word, the operator's is not enough, and only the issuer's expires."""
    return {
        (name, role): leads_to
        for (name, role), leads_to in edges.items()
        if name != "silence" and role != OPERATOR and (name != "expire" or role == ISSUER)
    }


@pytest.mark.parametrize("situation", OPEN_STATES)
def test_by_call(factory, chain, situation):
    """It should allow exactly these steps, to exactly these roles."""
    assert edges_by_call(OPEN_STATES[situation](factory), chain) == GRAPH[situation]


@pytest.mark.parametrize("situation", OPEN_STATES)
def test_by_signature(factory, chain, situation):
    """It should allow exactly these steps by signature, to exactly these signers."""
    job = OPEN_STATES[situation](factory)
    assert edges_by_signature(job, chain) == by_signature(GRAPH[situation])


@pytest.mark.parametrize("situation", FINAL_STATES)
def test_final(factory, chain, situation):
    """It should allow nobody anything, by call or by signature."""
    job = FINAL_STATES[situation](factory)
    assert edges_by_call(job, chain) == edges_by_signature(job, chain) == {}


def test_none(factory, chain):
    """It should allow nobody anything."""
    job = standing(factory, NONE)
    assert edges_by_call(job, chain) == edges_by_signature(job, chain) == {}
