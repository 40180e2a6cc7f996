"""Events alone rebuild the registry's state."""

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.execution import Reverted, isolated
from tests.harness.values import ZERO_ADDRESS
from tests.unit.worker_registry.registration import OTHER_PROFILE as PROFILE
from tests.unit.worker_registry.registration import OTHER_RATE as RATE

WORKERS = ("host", "worker", "other_host")
OFFICERS = ("admin", "signer", "operator", "relayer")

steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["register", "update", "leave"]), st.sampled_from(WORKERS)),
        st.tuples(st.just("deactivate"), st.sampled_from(WORKERS)),
        st.tuples(
            st.sampled_from(["propose_signer", "accept_signer", "propose_admin", "accept_admin"]),
            st.sampled_from(OFFICERS),
        ),
        st.tuples(st.sampled_from(["cancel_signer", "cancel_admin", "disable"]), st.none()),
    ),
    min_size=5,
    max_size=25,
)


class Rebuilt:
    """What an indexer knows that has seen the events, and nothing else."""

    def __init__(self) -> None:
        self.roles = dict.fromkeys(
            ("admin", "pendingAdmin", "registrationSigner", "pendingSigner"), ZERO_ADDRESS
        )
        self.profiles: dict[str, tuple] = {}
        self.nonces: dict[str, int] = defaultdict(int)

    def apply(self, log: Any) -> None:
        """Takes one event into account."""
        getattr(self, f"_on_{log.event_name}")(log)

    def _on_WorkerRegistered(self, log):
        self.profiles[log.worker] = (log.ipfsHash, log.hourlyRate, log.timestamp, True)
        self.nonces[log.worker] = log.nextNonce

    def _on_ProfileUpdated(self, log):
        _, _, registered_at, active = self.profiles[log.worker]
        self.profiles[log.worker] = (log.ipfsHash, log.hourlyRate, registered_at, active)

    def _on_WorkerDeregistered(self, log):
        del self.profiles[log.worker]

    def _on_WorkerDeactivated(self, log):
        self.profiles.pop(log.worker, None)
        self.nonces[log.worker] = log.nextNonce

    def _on_SignerUpdateProposed(self, log):
        self.roles["pendingSigner"] = log.pendingSigner

    def _on_SignerUpdateCancelled(self, log):
        self.roles["pendingSigner"] = ZERO_ADDRESS

    def _on_SignerUpdated(self, log):
        self.roles |= {"registrationSigner": log.newSigner, "pendingSigner": ZERO_ADDRESS}

    def _on_SignerDisabled(self, log):
        self.roles |= {"registrationSigner": ZERO_ADDRESS, "pendingSigner": ZERO_ADDRESS}

    def _on_AdminTransferStarted(self, log):
        self.roles["pendingAdmin"] = log.pendingAdmin

    def _on_AdminTransferCancelled(self, log):
        self.roles["pendingAdmin"] = ZERO_ADDRESS

    def _on_AdminTransferred(self, log):
        self.roles |= {"admin": log.newAdmin, "pendingAdmin": ZERO_ADDRESS}


def _step(action, actor, registry, consent, known: Rebuilt, accounts) -> tuple[bool, Any]:
    """Whether a step must succeed, as far as the events tell, and how to take it."""
    roles = known.roles
    admin, signer = (accounts.get(roles[role]) for role in ("admin", "registrationSigner"))
    address = actor and actor.address
    active = address in known.profiles

    def register():
        wanted = consent(actor)
        return registry.registerProfile(
            wanted.ipfsHash,
            wanted.hourlyRate,
            wanted.deadline,
            # Nobody is the signer after it was disabled: then not even its signature counts.
            wanted.signed_by(signer or accounts["anyone"]),
            sender=actor,
        )

    steps = {
        "register": (not active and signer is not None, register),
        "update": (active, lambda: registry.updateProfile(PROFILE, RATE, sender=actor)),
        "leave": (active, lambda: registry.deregister(sender=actor)),
        "deactivate": (True, lambda: registry.deactivate(actor, sender=admin)),
        "propose_signer": (
            actor != admin,
            lambda: registry.proposeSignerUpdate(actor, sender=admin),
        ),
        "accept_signer": (
            address == roles["pendingSigner"] and actor != admin,
            lambda: registry.acceptSignerRole(sender=actor),
        ),
        "cancel_signer": (
            roles["pendingSigner"] != ZERO_ADDRESS,
            lambda: registry.cancelSignerUpdate(sender=admin),
        ),
        "disable": (True, lambda: registry.disableSigner(sender=admin)),
        "propose_admin": (actor != signer, lambda: registry.transferAdmin(actor, sender=admin)),
        "accept_admin": (
            address == roles["pendingAdmin"] and actor != signer,
            lambda: registry.acceptAdmin(sender=actor),
        ),
        "cancel_admin": (
            roles["pendingAdmin"] != ZERO_ADDRESS,
            lambda: registry.cancelAdminTransfer(sender=admin),
        ),
    }
    return steps[action]


@given(steps=steps)
def test_rebuild(registry, consent, actors, chain, steps):
    """It should be possible to rebuild all storage from the events alone.

    The events also tell which steps will be refused, and those are.
    """
    known = Rebuilt()
    for log in registry.creation_metadata.receipt.events:
        known.apply(log)
    accounts = {account.address: account for account in actors.values()}
    accounts["anyone"] = actors["stranger"]
    with isolated():
        for action, name in steps:
            possible, take = _step(action, actors.get(name), registry, consent, known, accounts)
            if not possible:
                with pytest.raises(Reverted):
                    take()
                continue
            for log in take().events:
                known.apply(log)
        assert {role: getattr(registry, role)() for role in known.roles} == known.roles
        assert registry.activeWorkerCount() == len(known.profiles)
        for worker in map(actors.get, WORKERS):
            stored = tuple(registry.profiles(worker))
            assert stored == known.profiles.get(worker.address, (bytes(32), 0, 0, False))
            assert registry.nonces(worker) == known.nonces[worker.address]
