"""Sessions paid by EZKL's own proofs: nothing here is confirmed but by Halo2, on chain.

The proofs are made once, for three places of the first job that is opened: the chain forgets that job
after every test, so each test opens it anew.
"""

from dataclasses import replace

import pytest
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from provenwork.chain import verifier
from provenwork.circuits import (
    FIELD,
    Prover,
    load_circuit,
    session_tag,
    tag_to_limbs,
    transcript_commitment,
)
from tests.harness.deployment import whole_marketplace
from tests.harness.escrow import ACTIVE, DISPUTED, MAX_BATCH, PARAMETERS, USDC, Session, advance
from tests.harness.evidence import history, tag_mismatch
from tests.harness.execution import GAS_LIMIT, Reverted, ask, isolated, rpc
from tests.harness.reverts import encoded, reverts
from tests.harness.values import plain

REAL = 64  # the circuit's id in the proof system
A_WHILE = 100
WORD = 32
# What a user received, as its tokenizer's ids, in three pieces that chain on.
PIECES = [
    [128_000, 9_906, 11, 1_917, 0, 128_009],
    list(range(1_000, 1_064)),
    [7] * 40,
]
COUNTS = [len(piece) for piece in PIECES]
OTHER = [*PIECES[0][:-1], 128_008]
ALL = sum(COUNTS)


# ------------------------------------------------------------------------------ the real thing


@pytest.fixture(scope="module")
def circuit():
    """The committed 64-token circuit."""
    return load_circuit("token_count/64")


@pytest.fixture(scope="module")
def real_verifier(circuit, owner):
    """The verifier contract that EZKL wrote for it."""
    return owner.deploy(verifier(circuit.verifier))


@pytest.fixture(scope="module")
def market(escrow, owner, circuit, real_verifier):
    """The escrow, its proof system knowing that circuit by the layout of its manifest."""
    layout = circuit.layout
    escrow.proof_system.registerCircuit(
        REAL,
        real_verifier,
        {
            "instanceCount": layout.instances,
            "tagIndex": layout.tag,
            "countIndex": layout.count,
            "bindsInput": True,
            "commitmentIndex": layout.commitment,
            "scale": layout.scale,
            "maxTokens": circuit.max_tokens,
        },
        sender=owner,
    )
    return escrow


@pytest.fixture(scope="module")
def place(market, chain, host):
    """The tag of a place of the first job that is opened."""
    job = market.marketplace.jobCount() + 1
    address = market.marketplace.address

    def place(first):
        return session_tag(chain.chain_id, address, job, host.address, first)

    return place


@pytest.fixture(scope="module")
def proofs(prover: Prover, place):
    """A proof of every piece at its place, half a second each."""
    return [prover.prove(piece, place(sum(COUNTS[:index]))) for index, piece in enumerate(PIECES)]


@pytest.fixture(scope="module")
def proof(proofs):
    """The first piece's."""
    return proofs[0]


@pytest.fixture
def session(market, place) -> Session:
    """The session that the proofs were made for, some time after its opening."""
    session = market.open(circuitId=REAL)
    assert session.tag(0) == place(0)
    advance(A_WHILE)
    return session


def submit(session, proofs, counts, first=0):
    """The host submits encoded proofs."""
    method = session.marketplace.submitProofsAt
    return method(session.id, first, proofs, counts, sender=session.host)


@pytest.fixture(scope="module")
def assert_rejected():
    """Expects that the first proof of a batch meets this error of the proof system."""

    def assert_rejected(session, proof, error, *, count=COUNTS[0], first=0, **why):
        with reverts(
            session.marketplace.JobMarketplace_ProofRejected,
            index=0,
            reason=encoded(error, **why),
        ):
            submit(session, [proof], [count], first)

    return assert_rejected


@pytest.fixture(scope="module")
def assert_out_of_place(assert_rejected, market, place):
    """Expects that the first piece's proof does not carry the tag that is wanted."""

    def assert_out_of_place(session, proof, wanted, first=0):
        error = market.proof_system.ProofSystem_TagMismatch
        why = tag_mismatch(wanted, place(0))
        assert_rejected(session, proof.encode(), error, first=first, **why)

    return assert_out_of_place


# ------------------------------------------------------------------------------ good ones


def test_one_proof(session, proof):
    """A good proof counts, and its host is paid for what it counts."""
    submit(session, [proof.encode()], COUNTS[:1])
    assert session.details.provenTokens == COUNTS[0]
    session.complete(sender=session.host)
    assert session.escrow.earned(session.host) == session.cost(COUNTS[0])


def test_batch(session, proofs):
    """A batch of them counts, each from where the one before ended."""
    submit(session, [proof.encode() for proof in proofs], COUNTS)
    assert session.details.provenTokens == ALL
    assert [row[1] for row in history(session)] == COUNTS


def test_largest_batch(session, proofs):
    """The largest batch, reckoned from what each proof adds, leaves a quarter of the gas that Base allows.

    Proving sixteen takes too long for every run; sixteen that were proven once took 7,984,381.
    """
    encoded_proofs = [proof.encode() for proof in proofs]
    with isolated():
        first = submit(session, encoded_proofs[:1], COUNTS[:1]).gas_used
    every = submit(session, encoded_proofs, COUNTS).gas_used
    each = (every - first) // (len(proofs) - 1)
    assert first + each * (MAX_BATCH - 1) < GAS_LIMIT * 3 // 4


def test_one_by_one(session, proofs):
    """They count one by one as well, by the form for one proof."""
    for proof, count in zip(proofs, COUNTS, strict=True):
        method = session.marketplace.submitProofOfWork
        method(session.id, proof.encode(), count, sender=session.host)
    assert session.details.provenTokens == ALL


def test_commitment(proofs):
    """Whoever received the tokens can recompute the commitment that stands in the proof."""
    for proof, piece in zip(proofs, PIECES, strict=True):
        assert proof.commitment == transcript_commitment(piece, proof.circuit.size)
        assert proof.instances[proof.circuit.layout.commitment] == proof.commitment
    assert transcript_commitment(OTHER, proofs[0].circuit.size) != proofs[0].commitment


def test_history(session, proof):
    """The history keeps the hash of the proof's instances, so that the commitment is on record."""
    submit(session, [proof.encode()], COUNTS[:1])
    content = keccak(b"".join(part.to_bytes(WORD, "big") for part in proof.instances))
    ((kept, *_),) = history(session)
    assert kept[:20] == content[:20]
    assert plain(session.details.aggregateProofHash) == keccak(bytes(WORD) + content)


def test_another_proof_of_the_same(session, proof, prover, place, chain):
    """Proofs are not unique: another one of the same tokens and place leaves the same digest."""
    again = prover.prove(PIECES[0], place(0))
    assert (again.instances, again.zk != proof.zk) == (proof.instances, True)
    digests = set()
    for made in (proof, again):
        snapshot = chain.snapshot()
        submit(session, [made.encode()], COUNTS[:1])
        digests.add(plain(session.details.aggregateProofHash))
        chain.restore(snapshot)
    assert len(digests) == 1


def test_prompt(market, proof):
    """A prompt job that commits to these tokens takes the proof as its unit."""
    job = market.open_prompt(circuitId=REAL, inputCommitment=proof.commitment, minTokens=1)
    submit(job, [proof.encode()], COUNTS[:1])
    job.complete(sender=job.host)
    assert market.earned(job.host) == job.terms.deposit


def test_contested_claim(session, proofs):
    """A contested claim is answered by the proofs of it."""
    session.claim(ALL)
    session.contest()
    assert session.details.status == DISPUTED
    submit(session, [proof.encode() for proof in proofs], COUNTS)
    assert session.details.status == ACTIVE
    assert session.details.coveredTokens == ALL


def test_behind_a_voucher(session, proofs):
    """A proof may start where a voucher ends."""
    session.redeem(COUNTS[0])
    submit(session, [proofs[1].encode()], [COUNTS[1]], first=COUNTS[0])
    assert session.details.provenTokens == COUNTS[0] + COUNTS[1]


# ------------------------------------------------------------------------------ for another place


def test_other_session(session, market, proof, assert_out_of_place):
    """A proof of another session is refused."""
    other = market.open(circuitId=REAL)
    assert_out_of_place(other, proof, other.tag(0))


def test_other_host(market, proof, other_host, assert_out_of_place):
    """A proof of another host is refused."""
    other = market.open(circuitId=REAL, host=other_host)
    assert_out_of_place(other, proof, other.tag(0))


def test_other_chain(session, proof, chain, assert_out_of_place):
    """A proof of another chain is refused."""
    here, fork = chain.chain_id, chain.chain_id + 1
    wanted = session_tag(fork, session.marketplace.address, session.id, session.host.address, 0)
    try:
        rpc("anvil_setChainId", fork)
        assert_out_of_place(session, proof, wanted)
    finally:
        rpc("anvil_setChainId", here)


def test_other_marketplace(market, proof, project, owner, treasury, user, assert_out_of_place):
    """A proof of another marketplace is refused."""
    deployed = owner.deploy(
        project.JobMarketplace, market.registry, market.proof_system, treasury, owner, PARAMETERS
    )
    marketplace = whole_marketplace(project, deployed.address)
    marketplace.setToken(market.usdc, True, USDC, sender=owner)
    market.usdc.approve(marketplace, 10 * USDC, sender=user)
    twin = replace(market, marketplace=marketplace).open(circuitId=REAL)
    assert_out_of_place(twin, proof, twin.tag(0))


def test_other_position(session, proof, assert_out_of_place):
    """A proof of another position is refused."""
    session.redeem(ALL)
    assert_out_of_place(session, proof, session.tag(1), first=1)


def test_same_proof_twice(session, proof, assert_out_of_place):
    """A proof that counted is refused behind itself."""
    submit(session, [proof.encode()], COUNTS[:1])
    assert_out_of_place(session, proof, session.tag(COUNTS[0]), first=COUNTS[0])


@pytest.mark.parametrize("count", [COUNTS[0] - 1, COUNTS[0] + 1])
def test_other_count(session, market, proof, assert_rejected, count):
    """A proof said to count more or less than it does is refused."""
    error = market.proof_system.ProofSystem_CountMismatch
    assert_rejected(session, proof.encode(), error, count=count, expected=count, actual=COUNTS[0])


def test_other_transcript(market, proof, assert_rejected):
    """A proof of another transcript than the prompt job asks for is refused."""
    wanted = transcript_commitment(OTHER, proof.circuit.size)
    job = market.open_prompt(circuitId=REAL, inputCommitment=wanted, minTokens=1)
    error = market.proof_system.ProofSystem_CommitmentMismatch
    assert_rejected(job, proof.encode(), error, expected=wanted, actual=proof.commitment)


def test_exchanged(session, market, proofs):
    """A batch whose proofs are exchanged is refused, and counts nothing."""
    first, second, third = (proof.encode() for proof in proofs)
    with pytest.raises(Reverted):
        submit(session, [first, third, second], [COUNTS[0], COUNTS[2], COUNTS[1]])
    assert session.details.provenTokens == 0


# ------------------------------------------------------------------------------ rewritten


@pytest.fixture(scope="module")
def assert_disproved(assert_rejected, market, real_verifier):
    """Expects that it is Halo2 that says no, all else being as it should."""

    def assert_disproved(session, proof, **options):
        error = market.proof_system.ProofSystem_ProofRejected
        assert_rejected(session, proof, error, circuitId=REAL, verifier=real_verifier, **options)

    return assert_disproved


def rewritten(proof, at, *values):
    """The same proof under other public instances, as a liar would send it."""
    instances = list(proof.instances)
    instances[at : at + len(values)] = values
    return proof.with_instances(instances).encode()


def test_rewritten_place(session, market, proof, assert_disproved):
    """Writing another session's tag into a proof makes it false."""
    other = market.open(circuitId=REAL)
    tag = proof.circuit.layout.tag
    assert_disproved(other, rewritten(proof, tag, *tag_to_limbs(other.tag(0))))


def test_rewritten_count(session, proof, assert_disproved):
    """Writing a larger count into a proof makes it false."""
    more = COUNTS[0] + 1
    lie = rewritten(proof, proof.circuit.layout.count, more << proof.circuit.layout.scale)
    assert_disproved(session, lie, count=more)


def test_rewritten_transcript(session, proof, assert_disproved):
    """Writing another transcript's commitment into a proof makes it false."""
    other = transcript_commitment(OTHER, proof.circuit.size)
    assert_disproved(session, rewritten(proof, proof.circuit.layout.commitment, other))


@given(data=st.data())
def test_flipped_bit(session, proof, assert_disproved, data):
    """Flipping any bit of a proof makes it false."""
    bit = data.draw(st.integers(0, 8 * len(proof.zk) - 1))
    zk = bytearray(proof.zk)
    zk[bit // 8] ^= 1 << bit % 8
    assert_disproved(session, replace(proof, zk=bytes(zk)).encode())


@pytest.mark.parametrize("part", ["count", "commitment", "tag"])
def test_non_canonical_instance(session, market, proof, assert_rejected, part):
    """An instance plus the field's order, which Halo2 could not tell from it, is refused."""
    index = getattr(proof.circuit.layout, part)
    alias = proof.instances[index] + FIELD
    encoding = bytearray(proof.encode())
    at = len(encoding) - (len(proof.instances) - index) * WORD
    encoding[at : at + WORD] = alias.to_bytes(WORD, "big")
    error = market.proof_system.ProofSystem_InstanceNotInField
    assert_rejected(session, bytes(encoding), error, index=index, instance=alias)


def test_missing_instance(session, market, proof, assert_rejected):
    """A proof without its last instance is refused."""
    whole = proof.encode()
    error = market.proof_system.ProofSystem_NonCanonicalProof
    # A word short, the instances would begin a word earlier than they say.
    begin = int.from_bytes(whole[WORD : 2 * WORD], "big")
    assert_rejected(
        session, whole[:-WORD], error, position=WORD, expected=begin - WORD, actual=begin
    )


def test_trailing_word(session, market, proof, assert_rejected):
    """A proof with a word too many is refused, though EZKL's verifier would not mind."""
    whole = proof.encode()
    error = market.proof_system.ProofSystem_NonCanonicalProof
    begin = int.from_bytes(whole[WORD : 2 * WORD], "big")
    assert_rejected(
        session, whole + bytes(WORD), error, position=WORD, expected=begin + WORD, actual=begin
    )


def test_revoked(session, market, proof, owner, assert_rejected):
    """A good proof is refused once its circuit was revoked."""
    revoked_at = market.proof_system.revokeCircuit(REAL, sender=owner).timestamp
    error = market.proof_system.ProofSystem_CircuitRevoked
    assert_rejected(session, proof.encode(), error, circuitId=REAL, revokedAt=revoked_at)


def test_nobody_else(session, proof, stranger):
    """A good proof is refused from anybody but its host."""
    arguments = (session.id, 0, [proof.encode()], COUNTS[:1])
    error = session.marketplace.JobMarketplace_CallerNotHost
    with reverts(error, host=session.host, caller=stranger):
        ask(session.marketplace.submitProofsAt, *arguments, sender=stranger)
