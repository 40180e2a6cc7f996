"""What a signature is worth in JobFactory: exactly what it says, once, in one job of one contract.

A refused call changes nothing, so most examples share one stage and need no snapshot of the chain.
"""

from dataclasses import replace

import ape
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.harness.escrow import DAY, HOUR, MINUTE
from tests.harness.events import emitted
from tests.harness.execution import ask, isolated, rpc
from tests.harness.factory import (
    CANCELLED,
    CLAIMED,
    EXPIRED,
    GWEI,
    INTENTS,
    MAX_INTENT_TIME,
    OPEN,
    SPLIT,
    SUBMITTED,
    deploy_factory,
)
from tests.harness.reverts import reverts
from tests.harness.signing import compact, high_s
from tests.harness.values import plain
from tests.unit.job_factory.intents import (
    cancelling,
    claiming,
    expiring,
    posting,
    releasing,
    submitting,
    verifying,
)
from tests.unit.job_factory.kinds import KINDS, SHARE
from tests.unit.job_factory.lives import posted, reopened
from tests.unit.job_factory.posting import details_of

OF_A_JOB = [kind for kind in KINDS if kind != "PostJob"]
kinds = st.sampled_from(sorted(KINDS))
every_kind = pytest.mark.parametrize("kind", KINDS)
every_kind_of_a_job = pytest.mark.parametrize("kind", OF_A_JOB)


@pytest.fixture(scope="module")
def stage(factory):
    """One intent of each kind, all of which would be carried out now."""
    expired = posted(factory, claimDuration=HOUR)
    expired.pass_deadline()
    others = {
        "ClaimJob": posted(factory),
        "CancelJob": posted(factory),
        "ReleaseClaim": posted(factory).in_status(CLAIMED),
        "SubmitWork": posted(factory).in_status(CLAIMED),
        "VerifyJob": posted(factory).in_status(SUBMITTED),
    }
    deadline = ape.chain.pending_timestamp + DAY
    issuer = factory.actors["issuer"]
    intents = {
        "PostJob": posting(factory, factory.terms(), issuer, deadline=deadline),
        "ExpireJob": expiring(expired, deadline=deadline),
        "CancelJob": cancelling(others["CancelJob"], deadline=deadline),
        "ClaimJob": claiming(others["ClaimJob"], deadline=deadline),
        "ReleaseClaim": releasing(others["ReleaseClaim"], deadline=deadline),
        "SubmitWork": submitting(others["SubmitWork"], deadline=deadline),
        "VerifyJob": verifying(others["VerifyJob"], False, False, SHARE, deadline=deadline),
    }
    assert set(intents) == set(INTENTS)
    for intent in intents.values():
        intent.ask()
    return intents


@pytest.fixture(scope="module")
def assert_refused(factory):
    """Brings an intent with a signature that is not its signer's."""

    def assert_refused(intent, signature, **changes):
        with reverts(
            factory.contract.JobFactory_SignatureInvalid,
            signer=intent.signer,
            digest=intent.digest(**changes),
        ):
            intent.ask(signature)

    return assert_refused


# What each intent does: the status of its job, and whose name the event bears.
DONE = {
    "CancelJob": (CANCELLED, "canceller", "issuer"),
    "ExpireJob": (EXPIRED, None, None),
    "ClaimJob": (CLAIMED, "worker", "worker"),
    "ReleaseClaim": (OPEN, "worker", "worker"),
    "SubmitWork": (SUBMITTED, "worker", "worker"),
    "VerifyJob": (SPLIT, "verifier", "issuer"),
    "PostJob": (OPEN, "issuer", "issuer"),
}


@every_kind
@pytest.mark.parametrize("who", ["relayer", "stranger"])
def test_carried_out(factory, stage, actors, kind, who):
    """It should carry it out in the signer's name."""
    intent = stage[kind]
    status, role, name = DONE[kind]
    happened = [log for log in emitted(intent.relay(sender=actors[who])) if log.name != "NonceUsed"]
    job_id = intent.intent.message.get("jobId") or factory.contract.jobCount()
    assert details_of(factory, job_id)["status"] == status
    if role:
        assert dict(happened[0].arguments)[role] == actors[name].address.lower()


numbers = st.integers(0, 2**256 - 1)
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
VALUES = {
    "address": addresses,
    "uint256": st.one_of(st.integers(0, 10), numbers),
    "uint16": st.integers(0, 2**16 - 1),
    "bool": st.booleans(),
    "bytes32": st.binary(min_size=32, max_size=32),
}
messages = kinds.flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        st.fixed_dictionaries({name: VALUES[of] for name, of in INTENTS[kind]}),
    )
)


@given(signed=messages)
def test_digest(factory, signed):
    """It should be the contract's own, and that of an independent implementation."""
    kind, message = signed
    getter = getattr(factory.contract, f"{kind[0].lower()}{kind[1:]}Digest")
    arguments = [message[name] for name, _ in INTENTS[kind]]
    if kind == "PostJob":
        issuer, *terms, nonce, deadline = arguments
        arguments = [tuple(terms), issuer, nonce, deadline]
    assert bytes(ask(getter, *arguments)) == factory.intent(kind, **message).digest()


other_fields = kinds.flatmap(
    lambda kind: st.sampled_from(INTENTS[kind]).flatmap(
        lambda field: st.tuples(st.just(kind), st.just(field[0]), VALUES[field[1]])
    )
)


@given(change=other_fields)
def test_other_field(stage, assert_refused, change):
    """It should refuse it, whichever field and value."""
    kind, field, value = change
    intent = stage[kind]
    assume(plain(intent.intent.message[field]) != plain(value))
    assert_refused(intent, intent.signature(**{field: value}))


# For each argument that is signed another value, with which the call would pass if it were signed.
ARGUMENTS = {
    ("PostJob", "payee"): "stranger",
    ("PostJob", "evaluator"): "stranger",
    ("PostJob", "amount"): 10**6,
    ("PostJob", "claimDuration"): 2 * HOUR,
    ("PostJob", "workDuration"): HOUR,
    ("PostJob", "reviewDuration"): HOUR,
    ("PostJob", "claimBond"): GWEI,
    ("PostJob", "rejectFeeBps"): 1,
    ("PostJob", "specHash"): bytes(32),
    ("ClaimJob", "worker"): "host",
    ("SubmitWork", "workHash"): b"\x4e" * 32,
    ("VerifyJob", "splitBps"): SHARE - 1,
    ("VerifyJob", "splitBps none"): 0,
    ("VerifyJob", "approved"): True,
    ("VerifyJob", "reopen"): True,
}


def changed(factory, kind, intent, field, value):
    """The intent with another value in that field of message and call; with the split gone where it would contradict."""
    changes = {field: value}
    if kind == "VerifyJob":
        changes = {"splitBps": 0} | changes
        verdict = intent.intent.message | changes
        parts = [verdict[name] for name in ("workHash", "approved", "reopen", "splitBps")]
        arguments = (intent.arguments[0], *parts, intent.arguments[-1])
    elif kind == "PostJob":
        terms = factory.terms().but(**changes)
        arguments = (terms.encoded(), *intent.arguments[1:])
    else:
        new = getattr(value, "address", value)
        arguments = (intent.arguments[0], new)
    signer = value if field == "worker" else intent.signer
    return intent.but(intent=intent.intent.but(**changes), arguments=arguments, signer=signer)


@pytest.mark.parametrize(("kind", "field"), ARGUMENTS)
def test_changed_argument(factory, stage, actors, assert_refused, kind, field):
    """It should refuse it, whichever argument.

    The signer's own signature over the same change is good: the change was all that was wrong.
    """
    value = ARGUMENTS[kind, field]
    value = actors.get(value, value) if isinstance(value, str) else value
    intent = stage[kind]
    other = changed(factory, kind, intent, field.split()[0], value)
    assert_refused(other, intent.signature())
    other.ask()


other_domains = st.tuples(
    kinds,
    st.one_of(
        st.tuples(st.just("chainId"), st.integers(1, 2**64)),
        st.tuples(st.just("verifyingContract"), addresses),
        st.tuples(
            st.just("name"), st.sampled_from(["Provenwork JobMarketplace", "", "JobFactory"])
        ),
        st.tuples(st.just("version"), st.sampled_from(["", "2", "1.0"])),
    ),
)


@given(change=other_domains)
def test_other_domain(factory, stage, assert_refused, change):
    """It should refuse it, whichever field and value."""
    kind, (field, value) = change
    assume(factory.domain()[field] != value)
    intent = stage[kind]
    assert_refused(intent, intent.signature(**{field: value}))


@every_kind
def test_fork(stage, assert_refused, chain, kind):
    """It should refuse it on the new chain."""
    here, fork = chain.chain_id, chain.chain_id + 1
    intent = stage[kind]
    try:
        rpc("anvil_setChainId", fork)
        assert_refused(intent, intent.signature(), chainId=fork)
    finally:
        rpc("anvil_setChainId", here)


@pytest.fixture(scope="module")
def other_factory(project, escrow):
    """A second factory of the same makers."""
    return deploy_factory(project, escrow)


@every_kind
def test_other_factory(factory, other_factory, kind):
    """It should refuse what was signed for the first.

    The job there has the number, the parties and the terms of ours.
    """
    theirs = KINDS[kind](other_factory)
    signature = theirs.signature(verifyingContract=factory.contract)
    with reverts(
        other_factory.contract.JobFactory_SignatureInvalid,
        signer=theirs.signer,
        digest=theirs.digest(),
    ):
        theirs.relay(signature)
    theirs.relay()


@every_kind_of_a_job
def test_other_job(factory, kind):
    """It should refuse what was signed for the first."""
    first, second = KINDS[kind](factory), KINDS[kind](factory)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid,
        signer=second.signer,
        digest=second.digest(),
    ):
        second.relay(first.signature())
    second.relay()


# How a job comes to where an intent of that kind counts, in any round.
ARRIVE = {
    "CancelJob": (lambda job: job, cancelling),
    "ExpireJob": (lambda job: job, expiring),
    "ClaimJob": (lambda job: job, claiming),
    "ReleaseClaim": (lambda job: job.in_status(CLAIMED), releasing),
    "SubmitWork": (lambda job: job.in_status(CLAIMED), submitting),
    "VerifyJob": (
        lambda job: job.in_status(SUBMITTED),
        lambda job, **timed: verifying(job, False, False, SHARE, **timed),
    ),
}


@every_kind_of_a_job
@pytest.mark.parametrize("rounds", [1, 2])
def test_other_round(factory, chain, kind, rounds):
    """It should refuse what was signed for the round before."""
    arrive, sign = ARRIVE[kind]
    job = posted(factory, claimDuration=HOUR)
    if rounds == 2:
        reopened(job)
    deadline = chain.pending_timestamp + 3 * DAY
    with isolated():
        arrive(job)
        intent = sign(job, deadline=deadline)
        signature = intent.signature()
    arrive(reopened(job))
    if kind == "ExpireJob":
        job.pass_deadline()
    with reverts(
        factory.contract.JobFactory_SignatureInvalid,
        signer=intent.signer,
        digest=intent.digest(round=rounds + 1),
    ):
        intent.relay(signature)
    sign(job, deadline=deadline).relay()


AFTERWARDS = {
    "CancelJob": (OPEN, CANCELLED),
    "ClaimJob": (OPEN, CLAIMED),
    "ReleaseClaim": (CLAIMED, OPEN),
    "SubmitWork": (CLAIMED, SUBMITTED),
    "VerifyJob": (SUBMITTED, SPLIT),
}


@every_kind
def test_twice(factory, stage, kind):
    """It should refuse it."""
    intent = stage[kind]
    signature = intent.signature()
    intent.relay(signature)
    contract, job_id = factory.contract, intent.arguments[0]
    if kind == "PostJob":
        digest = intent.digest(nonce=1)
        refusal = reverts(contract.JobFactory_SignatureInvalid, signer=intent.signer, digest=digest)
    elif kind == "ExpireJob":
        refusal = reverts(contract.JobFactory_NotExpirable, jobId=job_id, status=EXPIRED)
    else:
        expected, actual = AFTERWARDS[kind]
        refusal = reverts(
            contract.JobFactory_WrongStatus, jobId=job_id, expected=expected, actual=actual
        )
    with refusal:
        intent.relay(signature)


TWINS = [("CancelJob", "ExpireJob"), ("ClaimJob", "ReleaseClaim")]


@pytest.mark.parametrize(
    ("kind", "signed_as"), [*TWINS, *((second, first) for first, second in TWINS)]
)
def test_other_intent(stage, assert_refused, kind, signed_as):
    """It should refuse it.

    These have the same fields, so only the name of the struct tells them apart.
    """
    assert INTENTS[kind] == INTENTS[signed_as]
    intent = stage[kind]
    other = replace(intent.intent, struct=signed_as)
    assert_refused(intent, other.signed_by(intent.signer))


@every_kind
def test_high_s(stage, assert_refused, kind):
    """It should refuse the twin with the high s."""
    assert_refused(stage[kind], high_s(stage[kind].signature()))


@given(kind=kinds, v=st.integers(0, 255))
def test_other_v(stage, assert_refused, kind, v):
    """It should refuse every v but the one that was signed."""
    signature = stage[kind].signature()
    assume(v != signature[64])
    assert_refused(stage[kind], signature[:64] + bytes([v]))


@given(
    kind=kinds,
    tail=st.binary(min_size=1, max_size=70),
    cut=st.integers(1, 65),
    longer=st.booleans(),
)
def test_other_length(stage, assert_refused, kind, tail, cut, longer):
    """It should refuse every length but 65 bytes."""
    signature = stage[kind].signature()
    assert_refused(stage[kind], signature + tail if longer else signature[:-cut])


@every_kind
def test_compact(stage, assert_refused, kind):
    """It should refuse the compact form."""
    assert_refused(stage[kind], compact(stage[kind].signature()))


@given(
    kind=kinds,
    signature=st.one_of(st.binary(max_size=200), st.binary(min_size=65, max_size=65)),
)
def test_arbitrary_bytes(stage, assert_refused, kind, signature):
    """It should refuse arbitrary bytes."""
    assert_refused(stage[kind], signature)


@every_kind
@pytest.mark.parametrize(
    "signature",
    [b"", bytes(65), bytes(64) + b"\x1b", b"\xff" * 64 + b"\x1c"],
    ids=["empty", "zero", "zero with v", "beyond the order"],
)
def test_nobody(stage, assert_refused, kind, signature):
    """It should refuse one from which nobody can be recovered."""
    assert_refused(stage[kind], signature)


# With times that last longer than an intent may.
SLOW = {"claimDuration": 30 * DAY, "workDuration": 30 * DAY, "reviewDuration": 14 * DAY}


def timed(factory, kind, deadline):
    """An intent of that kind which counts until then."""
    if kind == "PostJob":
        return posting(factory, factory.terms(), factory.actors["issuer"], deadline=deadline)
    arrive, sign = ARRIVE[kind]
    slow = SLOW if kind != "ExpireJob" else {"claimDuration": HOUR}
    job = arrive(posted(factory, **slow))
    if kind == "ExpireJob":
        job.pass_deadline()
        ape.chain.mine()
    return sign(job, deadline=deadline)


@every_kind
@pytest.mark.parametrize("ahead", [0, MAX_INTENT_TIME], ids=["now", "seven days"])
def test_in_time(factory, chain, kind, ahead):
    """It should accept it."""
    now = chain.pending_timestamp + 2 * HOUR
    intent = timed(factory, kind, now + ahead)
    chain.pending_timestamp = now
    assert intent.relay().timestamp == now


@every_kind
@pytest.mark.parametrize("ahead", [-1, MAX_INTENT_TIME + 1, None])
def test_out_of_time(factory, chain, kind, ahead):
    """It should refuse it, as it does the largest number."""
    now = chain.pending_timestamp + 2 * HOUR + MINUTE
    deadline = 2**256 - 1 if ahead is None else now + ahead
    intent = timed(factory, kind, deadline)
    chain.pending_timestamp = now
    with reverts(
        factory.contract.JobFactory_DeadlineOutOfRange,
        min=now,
        max=now + MAX_INTENT_TIME,
        actual=deadline,
    ):
        intent.relay()
