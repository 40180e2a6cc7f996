"""The tiny_lm circuit: it counts what the model says after the prompt, and nothing else that anybody could feed it."""

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provenwork.circuits import (
    FIELD,
    Circuit,
    Proof,
    Prover,
    encode_prompt,
    encode_tokens,
    expected_instances,
    language_model,
    load_circuit,
    poseidon_hash,
    prompt_commitment,
    tag_to_limbs,
    transcript_commitment,
    verify,
)
from provenwork.circuits._engine import run_engine
from provenwork.circuits._tiny_lm import check_settings, onnx_model, run_args
from provenwork.core.errors import ArtefactError, CircuitInputError, EngineError, ProofRejected

MODEL = language_model()
WORDS = len(MODEL.vocabulary)
PROMPT = MODEL.encode("who pays for the work ?")
ANSWER = MODEL.generate(PROMPT, 16)
OTHER_PROMPT = MODEL.encode("what is a proof ?")
SIZE, PROMPT_SIZE = 16, 8


@pytest.fixture(scope="module")
def lm() -> Circuit:
    """The committed circuit."""
    return load_circuit("tiny_lm/16")


@pytest.fixture(scope="module")
def lm_prover(lm: Circuit) -> Prover:
    """A prover with its keys in the repository's own cache."""
    return Prover(lm)


@pytest.fixture(scope="module")
def answered(lm_prover: Prover, tag: int) -> Proof:
    """An honest proof of the whole answer."""
    return lm_prover.prove(ANSWER, tag, PROMPT)


@pytest.fixture(scope="module")
def counted(lm: Circuit):
    """What the circuit counts of these field elements: tokens and prompt as it reads them, past all our checks."""

    def counted(tokens: list[int], prompt: list[int], compiled: Path | None = None) -> int:
        with tempfile.TemporaryDirectory() as folder:
            outputs = run_engine(
                "evaluate",
                timeout=60,
                compiled=str(compiled or lm.compiled),
                inputs=[prompt, tokens, [0] * 8],
                folder=folder,
            )
        return int(outputs[-1])

    return counted


# ------------------------------------------------------------------------------------------------------- the circuit


def test_it_is_committed_as_its_source_makes_it(lm: Circuit):
    """Every committed file is the manifest's, and the network is made of the committed weights."""
    lm.check_committed()
    assert lm.network.read_bytes() == onnx_model(SIZE)
    assert (lm.max_tokens, lm.prompt_size, lm.logrows) == (SIZE, PROMPT_SIZE, 14)
    assert (lm.verifier, lm.layout.instances, lm.layout.prompt_commitment) == (
        "TinyLm16Verifier",
        12,
        0,
    )


def test_it_rests_on_signs_and_digits_alone(lm: Circuit):
    """No lookups, and range checks of signs and digits only; a build in which EZKL adds others is refused."""
    settings = json.loads(lm.settings.read_text())
    check_settings(settings, 14)
    for name, value in (
        ("required_lookups", ["Abs"]),
        ("num_dynamic_lookups", 1),
        ("required_range_checks", [[-1, 1], [0, 8191], [0, 1]]),
        ("required_range_checks", []),
    ):
        with pytest.raises(ArtefactError, match="EZKL would add"):
            check_settings({**settings, name: value}, 14)
    with pytest.raises(CircuitInputError, match=r"more than 2\^13 has"):
        check_settings(settings, 13)
    with pytest.raises(CircuitInputError, match="have no digits"):
        check_settings({**settings, "num_rows": 1}, 11)


@given(
    prompt=st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=PROMPT_SIZE),
    length=st.integers(1, SIZE),
    change=st.tuples(st.integers(0, SIZE - 1), st.integers(0, WORDS - 1)),
)
def test_the_circuit_is_the_model(counted, prompt, length, change):
    """For every prompt and answer, right or wrong somewhere, the circuit counts exactly what plain Python does."""
    tokens = MODEL.generate(prompt, length)
    place, word = change
    if place < length:
        tokens[place] = word
    assert counted(encode_tokens(tokens, SIZE), encode_prompt(prompt, PROMPT_SIZE)) == (
        MODEL.agreement(prompt, tokens)
    )


@given(
    st.integers(0, SIZE - 1),
    st.one_of(
        st.just(0),
        st.integers(WORDS + 1, 2**20),
        st.integers(1, WORDS).map(lambda word: FIELD - word),
        st.integers(WORDS + 1, FIELD - 1),
    ),
)
def test_what_is_no_word_ends_the_count(counted, place, element):
    """Padding, an id out of range, a negative one or any other field element counts nothing, nor does what follows it."""
    tokens = encode_tokens(ANSWER, SIZE)
    tokens[place] = element
    assert counted(tokens, encode_prompt(PROMPT, PROMPT_SIZE)) == place


@given(st.lists(st.integers(0, FIELD - 1), min_size=PROMPT_SIZE, max_size=PROMPT_SIZE))
def test_a_prompt_of_no_words_is_no_way_in(counted, elements):
    """A prompt of arbitrary field elements is read as no words at all; the count is what the model says after that."""
    assume(not any(1 <= element <= WORDS for element in elements))
    silence = [WORDS] * PROMPT_SIZE  # ids that are no words
    right = MODEL.agreement(silence, ANSWER)
    assert counted(encode_tokens(ANSWER, SIZE), elements) == right < SIZE


def test_of_equal_scores_only_the_first_counts(counted, tmp_path: Path):
    """Where all words score the same, only the first one counts: nobody may choose among them."""
    indifferent = replace(
        MODEL,
        output=tuple(tuple(0 for _ in row) for row in MODEL.output),
        output_bias=tuple(0 for _ in MODEL.output_bias),
    )
    compiled = _compiled(onnx_model(SIZE, indifferent), tmp_path)
    prompt = encode_prompt(PROMPT, PROMPT_SIZE)
    assert counted(encode_tokens([0] * SIZE, SIZE), prompt, compiled) == SIZE
    for word in range(1, WORDS, 6):
        assert counted(encode_tokens([word] * SIZE, SIZE), prompt, compiled) == 0
        assert counted(encode_tokens([0, 0, word, 0], SIZE), prompt, compiled) == 2


# --------------------------------------------------------------------------------------------------------- honest use


def test_an_honest_proof_says_what_was_asked_and_answered(answered: Proof, tag: int):
    """Commitment to the prompt, commitment to the answer, the tag and the count, each where the layout says."""
    verify(answered, tag=tag, tokens=ANSWER, prompt=PROMPT)
    assert answered.instances == expected_instances(answered.circuit, ANSWER, tag, PROMPT)
    assert answered.prompt_commitment == prompt_commitment(PROMPT, PROMPT_SIZE)
    assert answered.commitment == transcript_commitment(ANSWER, SIZE)
    assert (answered.count, answered.tag) == (SIZE, tag)


def test_the_prompt_is_padded_in_front():
    """The prompt's commitment is known before any answer: Poseidon over zeros, then each id plus one."""
    assert encode_prompt([7, 0], 4) == [0, 0, 8, 1]
    assert prompt_commitment([7, 0], 4) == poseidon_hash([0, 0, 8, 1])


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ([], "prompt of 1 to 8 tokens, not 0"),
        ([1] * 9, "prompt of 1 to 8 tokens, not 9"),
        ([3, -1], "token 1 must be in"),
        ([1.5], "token 0 must be an integer"),
        ("who", "a prompt must be a list"),
        (None, "a prompt must be a list"),
    ],
)
def test_what_is_no_prompt_is_refused(prompt, reason):
    """A prompt has one to eight ids."""
    with pytest.raises(CircuitInputError, match=reason):
        prompt_commitment(prompt, PROMPT_SIZE)


def test_an_answer_that_is_not_the_models_is_not_even_tried(lm_prover: Prover, tag: int):
    """The prover says which word is wrong, and what the model says instead, before EZKL is started."""
    wrong = [*ANSWER[:5], (ANSWER[5] + 1) % WORDS, *ANSWER[6:]]
    with pytest.raises(CircuitInputError, match=f"token 5 is {wrong[5]}, but .* says {ANSWER[5]}"):
        lm_prover.prove(wrong, tag, PROMPT)
    with pytest.raises(CircuitInputError, match="token 0 is"):
        lm_prover.prove(ANSWER, tag, OTHER_PROMPT)
    with pytest.raises(CircuitInputError, match="prompt of 1 to 8"):
        lm_prover.prove(ANSWER, tag)


def test_a_circuit_without_prompt_takes_none(prover: Prover, tag: int):
    """A prompt for token_count is a mistake, and is refused."""
    with pytest.raises(CircuitInputError, match="token_count takes no prompt"):
        prover.prove([1, 2], tag, [3])


# ------------------------------------------------------------------------------------------------------------ attacks


@pytest.mark.parametrize("index", range(12))
def test_a_changed_instance_is_refused(answered: Proof, index: int):
    """Another prompt, answer, place or count than was proven, and the proof does not hold."""
    changed = list(answered.instances)
    changed[index] = (changed[index] - 1) % FIELD
    with pytest.raises(ProofRejected):
        verify(answered.with_instances(changed))


def test_another_prompt_or_answer_is_seen(answered: Proof, tag: int):
    """Who asked something else, or received something else, sees that the proof is not about it."""
    with pytest.raises(ProofRejected, match="another prompt"):
        verify(answered, tag=tag, tokens=ANSWER, prompt=OTHER_PROMPT)
    with pytest.raises(ProofRejected, match="other tokens"):
        verify(answered, tokens=[*ANSWER[:-1], (ANSWER[-1] + 1) % WORDS])


def test_a_wrong_word_cannot_be_counted(lm: Circuit, lm_prover: Prover, tag: int):
    """A prover without our checks gets a proof of five tokens for an answer whose sixth is wrong; claiming all fails."""
    wrong = [*ANSWER[:5], (ANSWER[5] + 1) % WORDS, *ANSWER[6:]]
    made = _forge(lm, lm_prover, wrong, tag)
    proof = _proof(lm, made)
    verify(proof, tag=tag, prompt=PROMPT)
    assert (proof.count, proof.commitment) == (5, transcript_commitment(wrong, SIZE))
    with pytest.raises(ProofRejected):
        verify(proof.with_instances([*proof.instances[:-1], SIZE]))


def test_a_rewritten_witness_proves_nothing(lm: Circuit, lm_prover: Prover, tag: int):
    """A witness in which the count was raised by hand makes no proof that holds."""
    wrong = [*ANSWER[:5], (ANSWER[5] + 1) % WORDS, *ANSWER[6:]]
    raised = _proof(lm, _forge(lm, lm_prover, wrong, tag, count=SIZE))
    assert raised.count == SIZE
    with pytest.raises(ProofRejected, match="does not hold"):
        verify(raised)


def test_another_models_proof_is_refused(lm: Circuit, tag: int, tmp_path: Path):
    """The same circuit with one other weight makes proofs of its own, which the committed key refuses."""
    other = replace(MODEL, output_bias=(MODEL.output_bias[0] + 1, *MODEL.output_bias[1:]))
    compiled = _compiled(onnx_model(SIZE, other), tmp_path)
    pk, vk = tmp_path / "pk.bin", tmp_path / "vk.bin"
    run_engine(
        "make_keys", timeout=600, compiled=str(compiled), srs=str(lm.srs), vk=str(vk), pk=str(pk)
    )
    tokens = other.generate(PROMPT, SIZE)
    made = run_engine(
        "prove",
        timeout=600,
        compiled=str(compiled),
        pk=str(pk),
        srs=str(lm.srs),
        inputs=[encode_prompt(PROMPT, PROMPT_SIZE), encode_tokens(tokens, SIZE), tag_to_limbs(tag)],
        folder=str(tmp_path),
    )
    with pytest.raises(ProofRejected):
        verify(_proof(lm, made))


def _compiled(network: bytes, folder: Path) -> Path:
    """A network as EZKL runs it."""
    (folder / "network.onnx").write_bytes(network)
    files = {"onnx": str(folder / "network.onnx"), "settings": str(folder / "settings.json")}
    run_engine("build_settings", timeout=60, **files, run_args=run_args(14))
    run_engine("compile_network", timeout=60, **files, compiled=str(folder / "circuit.ezkl"))
    return folder / "circuit.ezkl"


def _proof(circuit: Circuit, made: dict) -> Proof:
    instances = tuple(int(value) for value in made["instances"])
    return Proof(circuit, bytes.fromhex(made["zk"]), instances)


def _forge(
    circuit: Circuit, prover: Prover, tokens: list[int], tag: int, *, count: int | None = None
) -> dict:
    """What a host gets from EZKL that skips our checks, and rewrites the count in the witness if one is given."""
    task = {
        "inputs": [
            encode_prompt(PROMPT, PROMPT_SIZE),
            encode_tokens(tokens, SIZE),
            list(tag_to_limbs(tag)),
        ],
        "compiled": str(circuit.compiled),
        "pk": str(prover._keys.proving_key),
        "srs": str(circuit.srs),
        "count": count,
    }
    forger = Path(__file__).with_name("forger.py")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, str(forger)],
            input=json.dumps(task | {"folder": folder}),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise EngineError(done.stderr[-300:]) from None
