"""Proofs: what they show, and that they show nothing else."""

import asyncio
from pathlib import Path

import pytest
from eth_abi import encode

from provenwork.circuits import (
    FIELD,
    Circuit,
    Proof,
    Prover,
    poseidon_hash,
    setup,
    tag_to_limbs,
    transcript_commitment,
    verify,
)
from provenwork.circuits._engine import run_engine
from provenwork.core.errors import CircuitInputError, EngineTimeout, ProofRejected
from tests.services.circuits.conftest import TOKENS


def test_an_honest_proof_is_accepted(proof: Proof, tag: int):
    """A proof verifies, and says tag, count and commitment of what went in."""
    verify(proof, tag=tag, tokens=TOKENS)
    assert proof.tag == tag
    assert proof.count == len(TOKENS)
    assert proof.commitment == transcript_commitment(TOKENS, proof.circuit.size)


def test_the_instances_stand_in_their_order(proof: Proof, tag: int):
    """Commitment, the tag's hash, the tag's limbs, count."""
    limbs = tag_to_limbs(tag)
    commitment = transcript_commitment(TOKENS, 64)
    assert proof.instances == (commitment, poseidon_hash(limbs), *limbs, len(TOKENS))


@pytest.mark.parametrize("index", range(11))
def test_a_changed_instance_is_refused(proof: Proof, index: int):
    """One more in any instance, whether hash, tag or count, and the proof does not hold."""
    changed = list(proof.instances)
    changed[index] += 1
    with pytest.raises(ProofRejected):
        verify(proof.with_instances(changed))


@pytest.mark.parametrize("at", [0, 700, -1])
def test_a_changed_proof_is_refused(proof: Proof, at: int):
    """One bit in the proof's bytes, and it does not hold."""
    changed = bytearray(proof.zk)
    changed[at] ^= 1
    with pytest.raises(ProofRejected):
        verify(Proof(proof.circuit, bytes(changed), proof.instances))


@pytest.mark.parametrize(
    "change",
    [lambda zk: zk[:-1], lambda zk: b"", lambda zk: zk + bytes(32)],
    ids=["shortened", "empty", "longer"],
)
def test_a_proof_of_another_length_is_refused(proof: Proof, change):
    """What is too short is refused, not guessed."""
    with pytest.raises(ProofRejected):
        verify(Proof(proof.circuit, change(proof.zk), proof.instances))


def test_a_proof_of_another_place_is_refused(proof: Proof, tag: int):
    """A good proof is refused for a tag that it does not carry."""
    with pytest.raises(ProofRejected, match="another place"):
        verify(proof, tag=tag ^ 1)


@pytest.mark.parametrize(
    ("tokens", "reason"),
    [(TOKENS[:-1], "counts 6 tokens, these are 5"), ((*TOKENS[:-1], 2), "commits to other tokens")],
)
def test_a_proof_of_other_tokens_is_refused(proof: Proof, tokens, reason):
    """Who received other tokens than were proved sees it."""
    with pytest.raises(ProofRejected, match=reason):
        verify(proof, tokens=tokens)


def _prove_raw(circuit: Circuit, words: list[int], folder: Path) -> Proof:
    """What a prover without our checks gets for these field elements."""
    keys = setup(circuit, cache=folder)
    made = run_engine(
        "prove",
        timeout=120,
        compiled=str(circuit.compiled),
        pk=str(keys.proving_key),
        srs=str(circuit.srs),
        inputs=[words, [0] * 8],
        folder=str(folder),
    )
    return Proof(
        circuit, bytes.fromhex(made["zk"]), tuple(int(value) for value in made["instances"])
    )


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ([FIELD - 1, FIELD - 5, (FIELD + 1) // 2, 9], 4),
        ([2**32, 2**128, 2**200, 0, 7], 4),
        ([0, 0, 3, 0, 4], 2),
        ([1] * 8, 8),
    ],
    ids=["negative", "huge", "padding in between", "full"],
)
def test_every_element_counts_once_or_not_at_all(tiny: Circuit, tmp_path: Path, words, count):
    """Whatever field elements a host feeds, the count is how many are not zero: none counts twice, none takes away."""
    padded = words + [0] * (8 - len(words))
    proof = _prove_raw(tiny, padded, tmp_path)
    assert proof.count == count
    assert proof.commitment == poseidon_hash(padded)
    verify(proof)


def test_padding_alone_counts_nothing(tiny: Circuit, tmp_path: Path):
    """Eight zeros prove a count of zero, which is refused as no proof of work."""
    proof = _prove_raw(tiny, [0] * 8, tmp_path)
    assert proof.count == 0
    with pytest.raises(ProofRejected, match="counts 1 to 8 tokens, not 0"):
        verify(proof)


def test_the_encoding_is_the_canonical_one(proof: Proof):
    """A proof goes on chain as abi.encode(bytes, uint256[]), and comes back from it."""
    encoded = proof.encode()
    assert encoded == encode(["bytes", "uint256[]"], [proof.zk, list(proof.instances)])
    assert Proof.decode(proof.circuit, encoded) == proof


def _gap(encoded: bytes) -> bytes:
    return encoded[:31] + bytes([encoded[31] + 32]) + encoded[32:64] + bytes(32) + encoded[64:]


@pytest.mark.parametrize(
    "change",
    [lambda e: e + bytes(32), lambda e: e[:-1], lambda e: b"", _gap, lambda e: b"\xff" * 64],
    ids=["trailing", "short", "empty", "gap", "nonsense"],
)
def test_another_encoding_is_refused(proof: Proof, change):
    """Trailing bytes, gaps and rubbish are no encoding of a proof."""
    with pytest.raises(CircuitInputError):
        Proof.decode(proof.circuit, change(proof.encode()))


def test_instances_that_cannot_be_are_refused(proof: Proof):
    """An instance at or above the field's order, a negative one, and a missing one make no proof."""
    for instances in (
        (FIELD, *proof.instances[1:]),
        (-1, *proof.instances[1:]),
        proof.instances[:-1],
    ):
        with pytest.raises(CircuitInputError):
            proof.with_instances(instances)


def test_json_keeps_the_proof(proof: Proof):
    """What `to_json` writes, `from_json` reads, and believes only the encoding."""
    written = proof.to_json(TOKENS)
    assert written["tokens"] == list(TOKENS)
    assert written["instances"] == [str(value) for value in proof.instances]
    assert Proof.from_json({**written, "count": 64, "commitment": "0x00"}) == proof


@pytest.mark.parametrize(
    "written", [{}, {"circuit": "token_count/64"}, {"circuit": "token_count/64", "encoded": "0xzz"}]
)
def test_json_that_is_no_proof_is_refused(written):
    """A JSON object without a proof is refused with a reason."""
    with pytest.raises(CircuitInputError, match="not a proof"):
        Proof.from_json(written)


def test_bad_tokens_never_reach_ezkl(prover: Prover, tag: int):
    """Bad input is refused before a process is started."""
    with pytest.raises(CircuitInputError, match="1 to 64 tokens"):
        prover.prove([1] * 65, tag)
    with pytest.raises(CircuitInputError, match="the tag"):
        prover.prove([1], 1 << 128)


def test_proving_ends_in_time(circuit: Circuit, tag: int):
    """A proof that takes longer than allowed is stopped and reported."""
    with pytest.raises(EngineTimeout, match=r"longer than 0\.2 s"):
        Prover(circuit, timeout=0.2).prove(TOKENS, tag)


def test_cancelling_stops_ezkl(prover: Prover, tag: int):
    """Cancelling the coroutine ends the proof, and the prover goes on working."""

    async def cancel_then_prove() -> Proof:
        first = asyncio.create_task(prover.prove_async(TOKENS, tag))
        await asyncio.sleep(0.3)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await prover.prove_async(TOKENS, tag)

    assert asyncio.run(cancel_then_prove()).count == len(TOKENS)
