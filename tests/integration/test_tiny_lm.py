"""Work that was asked for: prompt jobs and sessions paid by what the language model says, proven on chain.

The proofs are made once, for the first job that is opened: the chain forgets that job after every test.
"""

import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenwork.chain import verifier
from provenwork.circuits import (
    FIELD,
    Circuit,
    Proof,
    Prover,
    encode_prompt,
    encode_tokens,
    instances_hash,
    language_model,
    load_circuit,
    prompt_commitment,
    session_tag,
    tag_to_limbs,
)
from provenwork.circuits._engine import run_engine
from tests.harness.escrow import COMPLETED, advance
from tests.harness.evidence import history, tag_mismatch
from tests.harness.execution import Reverted, ask, rpc
from tests.harness.reverts import encoded, reverts

MODELED = 16  # the circuit's id in the proof system
SIZE = 16
A_WHILE = 100
EIP_170 = 24_576
MODEL = language_model()
PROMPT = MODEL.encode("who pays for the work ?")
OTHER_PROMPT = MODEL.encode("what is a proof ?")
TEXT = MODEL.generate(PROMPT, 2 * SIZE)
WRONG_FROM = 5
WRONG = [*TEXT[:WRONG_FROM], (TEXT[WRONG_FROM] + 1) % 32, *TEXT[WRONG_FROM + 1 : SIZE]]


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    """The committed circuit of the language model."""
    return load_circuit("tiny_lm/16")


@pytest.fixture(scope="module")
def model_prover(circuit) -> Prover:
    """Makes its proofs, three seconds each on two idle cores."""
    return Prover(circuit)


@pytest.fixture(scope="module")
def model_verifier(circuit, owner):
    """The verifier contract that EZKL wrote for it."""
    return owner.deploy(verifier(circuit.verifier))


@pytest.fixture(scope="module")
def market(escrow, owner, circuit, model_verifier):
    """The escrow, its proof system knowing the circuit: what it commits to is the prompt."""
    layout = circuit.layout
    places = (layout.instances, layout.tag, layout.count, True, layout.prompt_commitment)
    escrow.proof_system.registerCircuit(
        MODELED, model_verifier, (*places, layout.scale, circuit.max_tokens), sender=owner
    )
    return escrow


@pytest.fixture(scope="module")
def tag(market, chain, host):
    """The tag of a place of the first job that is opened."""
    job = market.marketplace.jobCount() + 1
    address = market.marketplace.address
    return lambda first: session_tag(chain.chain_id, address, job, host.address, first)


@pytest.fixture(scope="module")
def answer(model_prover, tag) -> Proof:
    """Proves the first sixteen words after the prompt."""
    return model_prover.prove(TEXT[:SIZE], tag(0), PROMPT)


@pytest.fixture(scope="module")
def sequel(model_prover, tag) -> Proof:
    """Proves the next sixteen, which continue them."""
    return model_prover.prove(TEXT[SIZE:], tag(SIZE), TEXT[SIZE - 8 : SIZE])


@pytest.fixture(scope="module")
def wrong(circuit, model_prover, tag) -> Proof:
    """What EZKL proves of an answer whose sixth word the model would not say, if nobody checks it before."""
    with tempfile.TemporaryDirectory() as folder:
        made = run_engine(
            "prove",
            timeout=600,
            compiled=str(circuit.compiled),
            pk=str(model_prover._keys.proving_key),
            srs=str(circuit.srs),
            inputs=[encode_prompt(PROMPT, 8), encode_tokens(WRONG, SIZE), tag_to_limbs(tag(0))],
            folder=folder,
        )
    instances = tuple(int(value) for value in made["instances"])
    return Proof(circuit, bytes.fromhex(made["zk"]), instances)


@pytest.fixture
def ask_for(market):
    """Opens the prompt job that the proofs were made for: about a prompt, for so many tokens at least."""

    def ask_for(prompt=PROMPT, tokens=SIZE):
        commitment = prompt_commitment(prompt, 8)
        return market.open_prompt(circuitId=MODELED, inputCommitment=commitment, minTokens=tokens)

    return ask_for


@pytest.fixture(scope="module")
def assert_refused(market):
    """Expects that the job's host brings a proof in vain, for the reason that the proof system gives."""

    def assert_refused(job, proof, tokens, error, **why):
        reason = encoded(error, **why)
        with reverts(market.marketplace.JobMarketplace_ProofRejected, index=0, reason=reason):
            market.marketplace.submitProofOfWork(job.id, proof.encode(), tokens, sender=job.host)

    return assert_refused


def submit(job, proof, tokens, first=0):
    """The host submits one proof."""
    method = job.marketplace.submitProofsAt
    return method(job.id, first, [proof.encode()], [tokens], sender=job.host)


# ------------------------------------------------------------------------------------------------ requested work is paid


def test_the_verifier_fits(model_verifier):
    """The verifier's code is within the limit for contracts."""
    size = len(bytes.fromhex(rpc("eth_getCode", model_verifier.address, "latest")[2:]))
    assert 10_000 < size < EIP_170


def test_a_prompt_job_is_paid_by_its_answer(ask_for, market, answer):
    """One transaction proves the answer to the prompt that was asked, pays the host all of it and closes the job."""
    job = ask_for()
    method = market.marketplace.claimWithProof
    tx = method(job.id, 0, [answer.encode()], [SIZE], sender=job.host)
    assert job.details.status == COMPLETED
    assert market.earned(job.host) == job.terms.deposit
    assert 600_000 < tx.gas_used < 900_000


def test_the_record_is_what_the_user_computes(ask_for, answer):
    """From prompt, answer and place alone, the user computes the hash that the chain keeps of the proof."""
    job = ask_for()
    submit(job, answer, SIZE)
    ((kept, *_),) = history(job)
    assert kept[:20] == instances_hash(answer.instances)[:20]


def test_fewer_tokens_are_enough_if_fewer_were_asked_for(ask_for, market, wrong):
    """The right beginning of an answer is paid where it is as long as the job asks."""
    job = ask_for(tokens=WRONG_FROM)
    submit(job, wrong, WRONG_FROM)
    job.complete(sender=job.host)
    assert market.earned(job.host) == job.terms.deposit


def test_a_session_is_metered_by_the_model(market, answer, sequel):
    """In a session the host proves text that continues the session's own text, and is paid by the token."""
    session = market.open(circuitId=MODELED)
    advance(A_WHILE)
    submit(session, answer, SIZE)
    submit(session, sequel, SIZE, first=SIZE)
    assert session.details.provenTokens == 2 * SIZE
    session.complete(sender=session.host)
    assert market.earned(session.host) == session.cost(2 * SIZE)


# ------------------------------------------------------------------------------------------------ anything else is not


def test_an_answer_to_another_prompt(ask_for, market, answer, assert_refused):
    """A proof about another prompt than the one asked is refused, whatever it counts."""
    job = ask_for(OTHER_PROMPT)
    assert_refused(
        job,
        answer,
        SIZE,
        market.proof_system.ProofSystem_CommitmentMismatch,
        expected=prompt_commitment(OTHER_PROMPT, 8),
        actual=prompt_commitment(PROMPT, 8),
    )


def test_an_answer_relabelled_to_the_prompt(
    ask_for, market, answer, model_verifier, assert_refused
):
    """Writing the wanted prompt's commitment into a proof about another one makes a proof of nothing."""
    job = ask_for(OTHER_PROMPT)
    changed = [prompt_commitment(OTHER_PROMPT, 8), *answer.instances[1:]]
    error = market.proof_system.ProofSystem_ProofRejected
    relabelled = answer.with_instances(changed)
    assert_refused(job, relabelled, SIZE, error, circuitId=MODELED, verifier=model_verifier)


def test_a_wrong_word(ask_for, market, wrong, model_verifier, assert_refused):
    """An answer with a wrong sixth word counts five: more cannot be claimed, written into the proof, or paid."""
    job = ask_for()
    assert wrong.count == WRONG_FROM
    system = market.proof_system
    assert_refused(
        job, wrong, SIZE, system.ProofSystem_CountMismatch, expected=SIZE, actual=WRONG_FROM
    )
    raised = wrong.with_instances([*wrong.instances[:-1], SIZE])
    assert_refused(
        job,
        raised,
        SIZE,
        system.ProofSystem_ProofRejected,
        circuitId=MODELED,
        verifier=model_verifier,
    )
    with reverts(
        market.marketplace.JobMarketplace_TokensBelowMinimum, minTokens=SIZE, actual=WRONG_FROM
    ):
        submit(job, wrong, WRONG_FROM)


def test_twice(ask_for, market, answer, tag, assert_refused):
    """The same answer is not paid twice: not in its job, and not in another one about the same prompt."""
    job = ask_for()
    submit(job, answer, SIZE)
    with reverts(market.marketplace.JobMarketplace_FirstTokenOutOfRange, min=1, max=0, actual=0):
        submit(job, answer, SIZE)
    second, error = ask_for(), market.proof_system.ProofSystem_TagMismatch
    assert_refused(second, answer, SIZE, error, **tag_mismatch(second.tag(0), tag(0)))


def test_a_sequel_out_of_its_place(market, sequel, tag, assert_refused):
    """Text that was proven to continue a session does not begin one."""
    session = market.open(circuitId=MODELED)
    error = market.proof_system.ProofSystem_TagMismatch
    assert_refused(session, sequel, SIZE, error, **tag_mismatch(tag(0), tag(SIZE)))


@given(index=st.integers(0, 11), change=st.integers(1, FIELD - 1))
def test_any_other_instance(market, answer, tag, index, change):
    """No public value can be exchanged for another: prompt, answer, place or count."""
    changed = list(answer.instances)
    changed[index] = (changed[index] + change) % FIELD
    proof = answer.with_instances(changed)
    count = changed[-1] if 1 <= changed[-1] <= SIZE else SIZE
    with pytest.raises(Reverted):
        ask(
            market.proof_system.verifySessionProof,
            MODELED,
            tag(0),
            changed[0],
            proof.encode(),
            count,
        )
