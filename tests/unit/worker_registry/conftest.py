"""A registry, and registrations in it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.worker_registry.registration import DAY, Registration


@pytest.fixture(scope="module")
def registry(project, owner, signer, admin):
    """A registry without workers."""
    return owner.deploy(project.WorkerRegistry, signer, admin)


@pytest.fixture(scope="module")
def consent(registry, chain) -> Callable[..., Registration]:
    """What the signer has to sign for a worker now: its next nonce, a day's time."""

    def consent(worker: Any, **changes: Any) -> Registration:
        usual = Registration(
            worker=worker.address,
            nonce=registry.nonces(worker),
            deadline=chain.pending_timestamp + DAY,
            chainId=chain.chain_id,
            verifyingContract=registry.address,
        )
        return usual.but(**changes)

    return consent


@pytest.fixture(scope="module")
def register(registry, signer, consent) -> Callable[..., Any]:
    """Registers a worker with the signer's consent; says what the signer signs otherwise."""

    def register(worker: Any, signature: bytes | None = None, **changes: Any) -> Any:
        wanted = consent(worker, **changes)
        return registry.registerProfile(
            wanted.ipfsHash,
            wanted.hourlyRate,
            wanted.deadline,
            wanted.signed_by(signer) if signature is None else signature,
            sender=worker,
        )

    return register
