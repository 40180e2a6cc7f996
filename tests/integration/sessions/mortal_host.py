"""A host that is killed at a point of its life, run by `test_crash.py` in processes of its own.

It reads one run a line from stdin, as JSON, and answers each with a line. Every run is a fork, so that killing it kills
exactly what a power cut would: this process's memory, and nothing that is on disk or on the chain.
"""

import json
import os
import signal
import sys

from provenwork.chain import Marketplace, Node, ProofSystem
from provenwork.core.errors import ProvenworkError
from provenwork.crypto import LocalSigner, Voucher
from provenwork.sessions import Host, HostPolicy, HostStore, Place, SignedVoucher
from tests.harness.escrow import METERED
from tests.harness.stubs import StubProver

CHUNK, CHUNKS, ACKNOWLEDGED = 100, 3, 200

WRITES = (
    "add_session",
    "append",
    "keep_voucher",
    "set_greeted",
    "want_proof",
    "keep_proof",
    "signed",
    "resolved",
    "set_done",
)


class Mortality:
    """Counts the points that a run passes, and kills the process at one of them."""

    def __init__(self, fatal: str) -> None:
        self.fatal = fatal
        self.passed: list[str] = []

    def passes(self, kind: str) -> None:
        """The run is about to do something for the n-th time."""
        ordinal = 1 + sum(point.startswith(f"{kind}:") for point in self.passed)
        self.passed.append(f"{kind}:{ordinal}")
        if self.passed[-1] == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def mortal_store(path: str, place: Place, mortality: Mortality) -> HostStore:
    """A store whose process may die right before any write."""

    class MortalStore(HostStore):
        pass

    def mortal(name: str):
        def write(self, *arguments, **options):
            mortality.passes(name)
            return getattr(HostStore, name)(self, *arguments, **options)

        return write

    for name in WRITES:
        setattr(MortalStore, name, mortal(name))
    return MortalStore(path, place)


class MortalNode(Node):
    """A node whose caller may die right after a transaction has left."""

    mortality: Mortality

    def broadcast(self, raw: bytes) -> str | None:
        answer = super().broadcast(raw)
        self.mortality.passes("broadcast")
        return answer


def live(run: dict, mortality: Mortality) -> None:
    """The host's program, written so that it can be started again at any point."""
    node = MortalNode(run["uri"])
    node.mortality = mortality
    market = Marketplace(node, run["marketplace"])
    signer, user = LocalSigner(run["host_key"]), LocalSigner(run["user_key"])
    place = Place(node.chain_id, market.address, signer.address)
    host = Host(
        market,
        signer,
        mortal_store(run["store"], place, mortality),
        policy=HostPolicy(min_price_per_million={run["token"]: 1}),
        proof_system=ProofSystem(node, run["proof_system"]),
        provers={METERED: StubProver()},
        poll=0.005,
    )
    host.reconcile()
    known = host.store.session(run["job_id"]) is not None
    session = host.session(run["job_id"]) if known else host.accept(run["job_id"])
    if not session.refresh().is_open:
        return
    while session.served < CHUNK * CHUNKS:
        session.serve([session.served // CHUNK] * CHUNK)
    voucher = Voucher(run["job_id"], signer.address, ACKNOWLEDGED)
    session.accept(SignedVoucher(voucher, voucher.sign(market.domain, user)))
    if session.refresh().acked < ACKNOWLEDGED:
        session.redeem()
    session.prove()
    while host.proofs.work():
        pass
    if session.refresh().proven < CHUNK * CHUNKS:
        session.submit()
    session.close()


def main() -> None:
    """Forks a host for each line."""
    for line in sys.stdin:
        run = json.loads(line)
        report, wanted = os.pipe()
        if (child := os.fork()) == 0:
            mortality = Mortality(run["fatal"])
            try:
                live(run, mortality)
                answer = {"points": mortality.passed}
            except ProvenworkError as problem:
                answer = {"problem": repr(problem)}
            os.write(wanted, json.dumps(answer).encode())
            os._exit(0)
        os.close(wanted)
        _, status = os.waitpid(child, 0)
        with os.fdopen(report, "rb") as channel:
            said = channel.read()
        answer = json.loads(said) if said else {}
        answer["killed"] = os.WIFSIGNALED(status)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
