"""A session whose claim is contested and answered with EZKL's own proofs, made on the spot and verified on chain."""

import threading
from dataclasses import replace

import pytest

from provenwork.chain import SessionStatus, verifier
from provenwork.circuits import Prover, load_circuit
from provenwork.core.errors import EngineError
from provenwork.sessions import Action
from tests.harness.escrow import ETHER

CIRCUIT_64 = 64
SERVED = 150  # two full proofs and a short one


@pytest.fixture(scope="module")
def real_prover() -> Prover:
    """Makes the proofs of the 64-token circuit."""
    return Prover(load_circuit("token_count/64"))


@pytest.fixture(scope="module")
def real_circuit(escrow, owner) -> int:
    """The 64-token circuit with the verifier that EZKL wrote for it."""
    layout = load_circuit("token_count/64").layout
    contract = owner.deploy(verifier("TokenCount64Verifier"))
    places = (layout.instances, layout.tag, layout.count, True, layout.commitment, layout.scale, 64)
    escrow.proof_system.registerCircuit(CIRCUIT_64, contract, places, sender=owner)
    return CIRCUIT_64


@pytest.fixture
def proving(payer, make_host, terms, real_prover, real_circuit):
    """A session of the 64-token circuit from both sides, and its host, which proves in the background."""
    host = make_host(provers={real_circuit: real_prover})
    host.start()
    mine = payer.open(replace(terms, circuit_id=real_circuit, proof_interval=256))
    return mine, host.accept(mine.job_id), host


def wait_for_proofs(host) -> None:
    """Until the queue has nothing left to do."""
    pause = threading.Event()
    for _ in range(1_200):
        if host.proofs.waiting == 0:
            return
        pause.wait(0.05)
    raise AssertionError("the proofs took longer than a minute")


def test_a_contested_claim_is_proven(proving, payer):
    """The host claims, the user contests, and three real proofs answer in one transaction; then a voucher closes."""
    mine, theirs, host = proving
    served = theirs.serve([token % 50_000 for token in range(7, 7 + SERVED)])
    mine.voucher_every = 0
    mine.receive(served.tokens, host_count=served.total)
    assert theirs.claim() == SERVED
    bond = mine.contest(force=True)
    assert len(host.tick()[theirs.job_id].plan.prove) == 3
    wait_for_proofs(host)
    assert host.problems() == []
    assert host.tick()[theirs.job_id].plan.step.action is Action.SUBMIT
    details = theirs.refresh()
    assert (details.status, details.proven, details.proof_count) == (
        SessionStatus.ACTIVE,
        SERVED,
        3,
    )
    market = host.marketplace
    assert market.credits(host.address, ETHER) + market.credits(payer.address, ETHER) >= bond
    theirs.serve([1] * 10)
    mine.receive([1] * 10)
    theirs.accept(mine.voucher())
    assert theirs.close().settled == SERVED + 10


def test_proofs_survive_a_restart_and_a_voucher_in_between(proving, make_host, real_prover):
    """Proofs that were made before a restart are used after it, also when a voucher has moved what is covered since."""
    mine, theirs, host = proving
    theirs.serve([3] * 100)
    assert theirs.prove() == 2
    wait_for_proofs(host)
    mine.receive([3] * 70)
    theirs.accept(mine.voucher())
    theirs.redeem()
    again = make_host(provers={CIRCUIT_64: real_prover}).session(theirs.job_id)
    assert again.submit() == 100


def test_a_prover_that_fails_is_reported(payer, make_host, terms, real_circuit, real_prover):
    """A proof that cannot be made is tried a few times, and then an operator finds it among the problems."""

    class Broken:
        circuit = real_prover.circuit

        def prove(self, tokens, tag, prompt=()):
            raise EngineError("out of memory")

    host = make_host(provers={real_circuit: Broken()})
    mine = payer.open(replace(terms, circuit_id=real_circuit, proof_interval=256))
    theirs = host.accept(mine.job_id)
    theirs.serve([3] * 10)
    theirs.prove()
    while host.proofs.work():
        pass
    (problem,) = host.problems()
    assert (problem.attempts, problem.problem) == (3, "out of memory")
