"""What a registration signature is worth: exactly what it says, once, here.

A refused registration changes nothing, so these examples need no snapshot of the chain.
"""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.harness.execution import ask, isolated, rpc
from tests.harness.reverts import reverts
from tests.harness.signing import compact, high_s
from tests.unit.worker_registry.registration import DAY, MAX_RATE, Registration

hashes = st.binary(min_size=32, max_size=32).filter(any)
rates = st.integers(0, MAX_RATE)
delays = st.integers(DAY, 6 * DAY)
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())

# Every field of the message and of the domain, with values that it might have had instead.
other_values = st.one_of(
    st.tuples(st.just("worker"), addresses),
    st.tuples(st.just("ipfsHash"), hashes),
    st.tuples(st.just("hourlyRate"), st.integers(0, 2**256 - 1)),
    st.tuples(st.just("nonce"), st.integers(0, 2**64 - 1)),
    st.tuples(st.just("deadline"), st.integers(0, 2**256 - 1)),
    st.tuples(st.just("chainId"), st.integers(1, 2**64)),
    st.tuples(st.just("verifyingContract"), addresses),
    st.tuples(st.just("name"), st.sampled_from(["Provenwork JobFactory", "", "WorkerRegistry"])),
    st.tuples(st.just("version"), st.sampled_from(["", "2", "1.0"])),
)


@pytest.fixture
def assert_refused(registry, signer):
    """Sends a registration, and expects the registry to deny that the signer signed it."""

    def assert_refused(wanted: Registration, signature: bytes, worker) -> None:
        with reverts(
            registry.WorkerRegistry_InvalidSignature,
            registrationSigner=signer,
            digest=wanted.digest(),
        ):
            ask(
                registry.registerProfile,
                wanted.ipfsHash,
                wanted.hourlyRate,
                wanted.deadline,
                signature,
                sender=worker,
            )

    return assert_refused


@given(ipfs_hash=hashes, rate=rates, delay=delays)
def test_what_was_signed(registry, register, host, chain, ipfs_hash, rate, delay):
    """It should accept it and store what was signed."""
    with isolated():
        deadline = chain.pending_timestamp + delay
        tx = register(host, ipfsHash=ipfs_hash, hourlyRate=rate, deadline=deadline)
        assert tuple(registry.profiles(host)) == (ipfs_hash, rate, tx.timestamp, True)


@given(change=other_values)
def test_other_field(assert_refused, consent, host, signer, change):
    """It should refuse it, whichever field and value."""
    wanted = consent(host)
    field, value = change
    signed = wanted.but(**{field: value})
    assume(signed.digest() != wanted.digest())
    assert_refused(wanted, signed.signed_by(signer), host)


@given(ipfs_hash=hashes)
def test_high_s(assert_refused, consent, host, signer, ipfs_hash):
    """It should refuse the twin with the high s."""
    wanted = consent(host, ipfsHash=ipfs_hash)
    assert_refused(wanted, high_s(wanted.signed_by(signer)), host)


@given(v=st.integers(0, 255))
def test_other_v(assert_refused, consent, host, signer, v):
    """It should refuse every v but the one that was signed."""
    wanted = consent(host)
    signature = wanted.signed_by(signer)
    assume(v != signature[64])
    assert_refused(wanted, signature[:64] + bytes([v]), host)


@given(tail=st.binary(min_size=1, max_size=70), cut=st.integers(1, 65), longer=st.booleans())
def test_other_length(assert_refused, consent, host, signer, tail, cut, longer):
    """It should refuse every length but 65 bytes."""
    wanted = consent(host)
    signature = wanted.signed_by(signer)
    assert_refused(wanted, signature + tail if longer else signature[:-cut], host)


@given(ipfs_hash=hashes)
def test_compact(assert_refused, consent, host, signer, ipfs_hash):
    """It should refuse the compact form."""
    wanted = consent(host, ipfsHash=ipfs_hash)
    assert_refused(wanted, compact(wanted.signed_by(signer)), host)


@given(signature=st.one_of(st.binary(max_size=200), st.binary(min_size=65, max_size=65)))
def test_arbitrary_bytes(assert_refused, consent, host, signature):
    """It should refuse it."""
    assert_refused(consent(host), signature, host)


@given(ipfs_hash=hashes)
def test_other_worker(assert_refused, consent, host, worker, signer, ipfs_hash):
    """It should refuse what was signed for someone else."""
    signed = consent(host, ipfsHash=ipfs_hash)
    assert_refused(signed.but(worker=worker.address), signed.signed_by(signer), worker)


def test_fork(registry, assert_refused, consent, chain, host, signer):
    """It should refuse what was signed for the old chain."""
    signed = consent(host)
    here = chain.chain_id
    try:
        rpc("anvil_setChainId", here + 1)
        assert_refused(signed.but(chainId=here + 1), signed.signed_by(signer), host)
    finally:
        rpc("anvil_setChainId", here)
