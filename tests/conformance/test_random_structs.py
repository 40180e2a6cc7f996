"""What provenwork.crypto signs is what the contracts hash, whatever the values.

Each example is a message of random values, signed by a random key on the strength of the package's digest alone. A contract
that hashed anything else would find another signer: all but one in 2^160 times.
"""

from dataclasses import dataclass
from typing import Any

import ape
import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import assume, given
from hypothesis import strategies as st

from provenwork.crypto import (
    CloseAgreement,
    Domain,
    LocalSigner,
    Permit,
    ReceiveWithAuthorization,
    RegisterWorker,
    Voucher,
    marketplace_domain,
    registry_domain,
    to_address,
)
from tests.harness.actors import contract_actor
from tests.harness.deployment import register
from tests.harness.escrow import MINUTE, USDC, Escrow
from tests.harness.execution import ask, isolated, rpc, storage_word
from tests.harness.reverts import reverts
from tests.harness.signing import SECP256K1_N
from tests.unit.job_marketplace.test_opening_storage import JOB_COUNT_AT, SHARED
from tests.unit.worker_registry.test_storage_layout import NONCE_AT, PROFILES

DAY = 24 * 60 * MINUTE
MAX_JOB_ID = 2**40 - 1

keys = st.integers(1, SECP256K1_N - 1).map(lambda key: LocalSigner(key.to_bytes(32, "big")))
words = st.binary(min_size=32, max_size=32)
job_ids = st.integers(1, MAX_JOB_ID)
token_counts = st.integers(1, 2**64 - 1)
amounts = st.integers(0, 2**128 - 1)


@dataclass(frozen=True)
class Account:
    """A key as a sender."""

    address: str


def as_sender(signer: LocalSigner) -> Any:
    """A key's account, with ether."""
    return contract_actor(Account(signer.address))


def put_word(contract: Any, slot: int, word: int) -> None:
    """Writes one of a contract's storage slots."""
    rpc("anvil_setStorageAt", contract.address, hex(slot), f"0x{word:064x}")


def put_nonce(registry: Any, worker: str, nonce: int) -> None:
    """A worker that is not active has this nonce."""
    profile = keccak(encode(["address", "uint256"], [worker, PROFILES]))
    put_word(registry, int.from_bytes(profile, "big") + 1, nonce << NONCE_AT)
    assert registry.nonces(worker) == nonce


def open_as(escrow: Escrow, job_id: int, user: LocalSigner, host: LocalSigner) -> None:
    """Opens a session under a number of our choosing, of parties that have keys."""
    owner = escrow.actors["owner"]
    shared = storage_word(escrow.marketplace, SHARED) & ~(MAX_JOB_ID << JOB_COUNT_AT)
    put_word(escrow.marketplace, SHARED, shared | job_id - 1 << JOB_COUNT_AT)
    register(escrow.registry, escrow.actors["signer"], as_sender(host))
    escrow.usdc.mint(user.address, 10 * USDC, sender=owner)
    escrow.usdc.approve(escrow.marketplace, 10 * USDC, sender=as_sender(user))
    session = escrow.open(user=as_sender(user), host=as_sender(host), circuitId=0)
    assert session.id == job_id


@pytest.fixture(scope="module")
def marketplace_at(escrow: Escrow) -> Domain:
    """The marketplace's domain, of the package's making."""
    return marketplace_domain(ape.chain.chain_id, escrow.marketplace.address)


@pytest.fixture(scope="module")
def token_at(escrow: Escrow) -> Domain:
    """The token's domain."""
    return Domain("USD Coin", "2", ape.chain.chain_id, escrow.usdc.address)


@given(job_id=job_ids, user=keys, host=keys, tokens=token_counts)
def test_voucher(escrow, marketplace_at, stranger, job_id, user, host, tokens):
    """A voucher counts for exactly its tokens."""
    assume(user.address != host.address)
    with isolated():
        open_as(escrow, job_id, user, host)
        signature = Voucher(job_id, host.address, tokens).sign(marketplace_at, user)
        escrow.marketplace.redeemVoucher(job_id, tokens, signature, sender=stranger)
        assert ask(escrow.marketplace.getSessionDetails, job_id).ackedTokens == tokens


@given(job_id=job_ids, user=keys, host=keys, tokens=token_counts, delay=st.integers(MINUTE, 600))
def test_close_agreement(escrow, marketplace_at, chain, job_id, user, host, tokens, delay):
    """An agreement closes at exactly its tokens."""
    assume(user.address != host.address)
    with isolated():
        open_as(escrow, job_id, user, host)
        deadline = chain.pending_timestamp + delay
        said = CloseAgreement(job_id, user.address, host.address, tokens, deadline)
        escrow.marketplace.closeWithAgreement(
            job_id, tokens, deadline, said.sign(marketplace_at, host), sender=as_sender(user)
        )
        assert ask(escrow.marketplace.getSessionDetails, job_id).ackedTokens == tokens


@given(
    worker=st.binary(min_size=20, max_size=20).map(to_address),
    ipfs_hash=words.filter(any),
    rate=st.integers(0, 2**96 - 1),
    nonce=st.integers(0, 2**64 - 1),
    delay=st.integers(MINUTE, 7 * DAY),
)
def test_register_worker(escrow, signer, chain, worker, ipfs_hash, rate, nonce, delay, stranger):
    """The registry's own digest, which it shows when it refuses, is the package's."""
    registry = escrow.registry
    with isolated():
        put_nonce(registry, worker, nonce)
        deadline = chain.pending_timestamp + delay
        domain = registry_domain(chain.chain_id, registry.address)
        said = RegisterWorker(worker, ipfs_hash, rate, nonce, deadline)
        with reverts(
            registry.WorkerRegistry_InvalidSignature,
            registrationSigner=signer,
            digest=said.digest(domain),
        ):
            ask(
                registry.registerProfile,
                ipfs_hash,
                rate,
                deadline,
                said.sign(domain, LocalSigner(stranger.private_key)),
                sender=Account(worker),
            )


@given(owner=keys, spender=keys, value=st.integers(0, 2**256 - 1), delay=st.integers(MINUTE, DAY))
def test_permit(escrow, token_at, chain, stranger, owner, spender, value, delay):
    """A permit allows exactly its value."""
    with isolated():
        deadline = chain.pending_timestamp + delay
        said = Permit(owner.address, spender.address, value, 0, deadline)
        signature = said.sign(token_at, owner)
        v, r, s = signature[64], signature[:32], signature[32:64]
        escrow.usdc.permit(
            owner.address, spender.address, value, deadline, v, r, s, sender=stranger
        )
        assert ask(escrow.usdc.allowance, owner.address, spender.address) == value


@given(
    payer=keys,
    payee=keys,
    value=amounts,
    nonce=words,
    past=st.integers(1, 10**9),
    left=st.integers(MINUTE, 2**64),
)
def test_receive_with_authorization(
    escrow, token_at, chain, payer, payee, value, nonce, past, left
):
    """An authorization pays exactly its value."""
    assume(payer.address != payee.address)
    with isolated():
        escrow.usdc.mint(payer.address, value, sender=escrow.actors["owner"])
        now = chain.pending_timestamp
        said = ReceiveWithAuthorization(
            payer.address, payee.address, value, now - past, now + left, nonce
        )
        escrow.usdc.receiveWithAuthorization(
            *said.values(), said.sign(token_at, payer), sender=as_sender(payee)
        )
        assert ask(escrow.usdc.authorizationState, payer.address, nonce)
        assert ask(escrow.usdc.balanceOf, payee.address) == value
