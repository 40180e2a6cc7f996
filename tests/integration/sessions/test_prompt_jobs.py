"""A prompt, its answer and the proof of it, played by both sides of the SDK with EZKL's own proofs."""

import threading
from dataclasses import replace

import pytest

from provenwork.chain import PromptTerms, SessionStatus, verifier
from provenwork.circuits import Prover, language_model, load_circuit
from provenwork.core.errors import (
    CircuitInputError,
    NothingToDo,
    ProofRejected,
    SessionOver,
    SessionUnknown,
    StoreError,
    TermsInvalid,
    TermsRefused,
)
from provenwork.sessions import Action, HostPolicy
from tests.harness.escrow import CLOSE_WINDOW, FEE_BPS, HOUR, USDC, advance
from tests.harness.execution import rpc

MODELED = 16
PAYMENT = USDC // 10
MODEL = language_model()
PROMPT = MODEL.encode("Who checks the proof?")
OTHER_PROMPT = MODEL.encode("What is a proof?")
ANSWER = MODEL.generate(PROMPT, 16, until_end=True)


@pytest.fixture(scope="module")
def circuit():
    """The committed circuit of the language model."""
    return load_circuit("tiny_lm/16")


@pytest.fixture(scope="module")
def model_prover(circuit) -> Prover:
    """Makes its proofs, three seconds each on two idle cores."""
    return Prover(circuit)


@pytest.fixture(scope="module")
def modeled(escrow, owner, circuit) -> int:
    """The circuit's number on chain, with the verifier that EZKL wrote for it."""
    layout = circuit.layout
    contract = owner.deploy(verifier(circuit.verifier))
    places = (layout.instances, layout.tag, layout.count, True, layout.prompt_commitment)
    escrow.proof_system.registerCircuit(
        MODELED, contract, (*places, layout.scale, circuit.max_tokens), sender=owner
    )
    return MODELED


@pytest.fixture
def prompt_terms(escrow, modeled) -> PromptTerms:
    """A tenth of a USDC for an answer of at least ten words."""
    return PromptTerms(
        host=escrow.actors["host"].address,
        token=escrow.usdc.address,
        payment=PAYMENT,
        circuit_id=modeled,
        min_tokens=10,
        max_duration=HOUR,
    )


@pytest.fixture
def answerer(make_host, model_prover, modeled):
    """The host, which can prove what the model says; made again from its file as often as asked."""
    return lambda **changes: make_host(provers={modeled: model_prover}, **changes)


def wait_for_proofs(host) -> None:
    """Until the queue has nothing left to do."""
    pause = threading.Event()
    for _ in range(2_400):
        if host.proofs.waiting == 0:
            return
        pause.wait(0.05)
    raise AssertionError("the proof took longer than two minutes")


def test_a_prompt_is_answered_proven_and_paid(
    payer, answerer, prompt_terms, circuit, escrow, tmp_path
):
    """The host answers, is killed, proves, is killed again and is paid; the user holds exactly what was proven."""
    before = escrow.usdc.balanceOf(payer.address)
    job = payer.ask(prompt_terms, circuit, PROMPT)
    assert escrow.usdc.balanceOf(payer.address) == before - PAYMENT
    with pytest.raises(NothingToDo, match="nothing is proven"):
        job.check(ANSWER)

    theirs = answerer().accept_prompt(job.job_id, job.prompt)
    assert theirs.next_step().because == "there is no answer yet"
    with pytest.raises(NothingToDo, match="no answer"):
        theirs.prove()
    served = theirs.serve(MODEL.generate(theirs.prompt, theirs.max_tokens, until_end=True))
    assert MODEL.decode(served.tokens) == "the chain checks it and then pays the host ."

    host = answerer()
    theirs = host.prompt_job(job.job_id)
    assert (theirs.prompt, theirs.answer) == (list(PROMPT), list(ANSWER))
    with pytest.raises(NothingToDo, match="not made yet"):
        theirs.close()
    assert host.tick()[job.job_id].plan.prove == ((0, len(ANSWER)),)
    assert host.proofs.work()
    assert host.problems() == []

    host = answerer()
    assert [known.job_id for known in host.prompt_jobs()] == [job.job_id]
    assert host.sessions() == []
    ticked = host.tick()[job.job_id]
    assert ticked.problem is None
    assert ticked.plan.step.action is Action.CLOSE_WITH_PROOF
    assert job.details().status is SessionStatus.COMPLETED
    fee = -(-PAYMENT * FEE_BPS // 10_000)
    assert host.withdraw(escrow.usdc.address) == PAYMENT - fee
    assert host.tick() == {}

    record = job.check(served.tokens)
    assert record.tokens == len(ANSWER)
    for other in (ANSWER[:-1], [*ANSWER, 0], [(ANSWER[0] + 1) % 32, *ANSWER[1:]]):
        with pytest.raises(ProofRejected, match="not these"):
            job.check(other)
    again = payer.prompt_job(job.job_id, circuit, PROMPT)
    assert again.check(ANSWER) == record
    with pytest.raises(SessionUnknown, match="not about this prompt"):
        payer.prompt_job(job.job_id, circuit, OTHER_PROMPT)


def test_a_session_continues_one_text(payer, answerer, terms, modeled, escrow):
    """A metered session by the same circuit: each proof continues the session's own text, the first one the prompt."""
    host = answerer()
    mine = payer.open(replace(terms, circuit_id=modeled, proof_interval=64))
    theirs = host.accept(mine.job_id)
    theirs.begin(PROMPT)
    served = theirs.serve(MODEL.generate(PROMPT, 20))
    mine.voucher_every = 0
    mine.receive(served.tokens, host_count=served.total)
    assert theirs.prove() == 2
    host.start()
    wait_for_proofs(host)
    assert host.problems() == []
    assert theirs.submit() == 20
    assert [record.tokens for record in host.marketplace.proofs(mine.job_id)] == [16, 4]
    with pytest.raises(StoreError, match="another prompt"):
        theirs.begin(OTHER_PROMPT)
    assert theirs.close().settled == 20


def test_words_that_are_not_the_models_are_a_problem_of_the_host(
    payer, answerer, prompt_terms, circuit
):
    """A host that serves something else than the model says cannot prove it, and its operator learns why."""
    job = payer.ask(prompt_terms, circuit, PROMPT)
    host = answerer()
    theirs = host.accept_prompt(job.job_id, PROMPT)
    theirs.serve([*ANSWER[:-1], ANSWER[-1] + 1])
    theirs.prove()
    while host.proofs.work():
        pass
    (problem,) = host.problems()
    assert "token 9 is 1, but after this prompt the model says 0: '.'" in problem.problem


def test_an_unanswered_prompt_is_refunded(payer, answerer, prompt_terms, circuit, escrow):
    """When the host stays silent, the user asks to close and has everything back after the close window."""
    before = escrow.usdc.balanceOf(payer.address)
    job = payer.ask(prompt_terms, circuit, PROMPT)
    theirs = answerer().accept_prompt(job.job_id, PROMPT)
    job.session.close()
    with pytest.raises(SessionOver):
        theirs.serve(ANSWER)
    advance(CLOSE_WINDOW + 1)
    rpc("evm_mine")
    assert job.session.finalize().settled == 0
    assert escrow.usdc.balanceOf(payer.address) == before
    assert theirs.next_step().because == "the job is final"


def test_an_answer_of_the_wrong_length_is_not_written_down(payer, answerer, prompt_terms, circuit):
    """Fewer tokens than asked for, more than can be proven, or a second answer."""
    job = payer.ask(prompt_terms, circuit, PROMPT)
    theirs = answerer().accept_prompt(job.job_id, PROMPT)
    for tokens in (ANSWER[:9], MODEL.generate(PROMPT, 17)):
        with pytest.raises(ValueError, match="must have 10 to 16"):
            theirs.serve(tokens)
    assert theirs.answer == []
    theirs.serve(ANSWER)
    with pytest.raises(StoreError, match="does not end at 0"):
        theirs.serve(ANSWER)


def test_an_acknowledged_answer_needs_no_proof(payer, answerer, prompt_terms, circuit, escrow):
    """A voucher for the one unit, redeemed by anybody, makes the host's next tick close the job, paid."""
    job = payer.ask(prompt_terms, circuit, PROMPT)
    host = answerer()
    host.accept_prompt(job.job_id, PROMPT)
    job.session.receive(1)
    voucher = job.session.voucher()
    host.sender.send(host.marketplace.redeem_voucher(job.job_id, voucher.tokens, voucher.signature))
    assert host.tick()[job.job_id].plan.step.action is Action.CLOSE
    assert job.details().status is SessionStatus.COMPLETED
    assert host.earned(escrow.usdc.address) == PAYMENT


@pytest.mark.parametrize(
    ("code", "changes", "policy"),
    [
        ("payment", {}, {"min_price_per_million": 10_001 * USDC}),
        ("payment", {}, {"min_deposit": PAYMENT + 1}),
        ("duration", {"max_duration": 600}, {"min_duration_left": 900}),
        ("fee", {}, {"max_fee_bps": FEE_BPS - 1}),
        ("user", {}, {"blocked_users": True}),
        ("prompt", {"prompt": OTHER_PROMPT}, {}),
    ],
)
def test_a_prompt_that_the_host_does_not_answer(
    payer, answerer, prompt_terms, circuit, escrow, code, changes, policy
):
    """Too little money, too little time, an unwanted user, or another prompt than the one that was sent."""
    token = escrow.usdc.address
    asked = changes.pop("prompt", PROMPT)
    job = payer.ask(replace(prompt_terms, **changes), circuit, asked)
    options = {"min_price_per_million": 1} | policy
    for name in ("min_price_per_million", "min_deposit"):
        if name in options:
            options[name] = {token: options[name]}
    if "blocked_users" in options:
        options["blocked_users"] = frozenset({payer.address})
    host = answerer(policy=HostPolicy(**options))
    with pytest.raises(TermsRefused) as refused:
        host.accept_prompt(job.job_id, PROMPT)
    assert [reason.code for reason in refused.value.reasons] == [code]
    assert host.store.open_sessions() == []


def test_sessions_and_prompt_jobs_are_told_apart(payer, answerer, prompt_terms, terms, circuit):
    """A prompt job is not accepted as a session, nor a session as a prompt job."""
    host = answerer()
    job = payer.ask(prompt_terms, circuit, PROMPT)
    with pytest.raises(TermsRefused) as refused:
        host.accept(job.job_id)
    assert [reason.code for reason in refused.value.reasons] == ["prompt_job"]
    session = payer.open(replace(terms, circuit_id=MODELED, proof_interval=64))
    with pytest.raises(TermsRefused) as refused:
        host.accept_prompt(session.job_id, PROMPT)
    assert "session" in [reason.code for reason in refused.value.reasons]
    with pytest.raises(SessionUnknown):
        host.prompt_job(session.job_id)


def test_terms_that_nobody_could_meet_are_not_opened(payer, prompt_terms, circuit):
    """A circuit without prompt, more tokens than it proves, or no prompt, and nothing is sent."""
    with pytest.raises(TermsInvalid, match="takes no prompt"):
        payer.ask(prompt_terms, load_circuit("token_count/64"), PROMPT)
    with pytest.raises(TermsInvalid, match="counts 1 to 16"):
        payer.ask(replace(prompt_terms, min_tokens=17), circuit, PROMPT)
    with pytest.raises(CircuitInputError, match="1 to 8 tokens"):
        payer.ask(prompt_terms, circuit, PROMPT * 2)
