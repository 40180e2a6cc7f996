"""What the SDK signs is what the contracts and independent wallets take, and nothing else is."""

import ape
import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from provenwork.core.errors import SignatureInvalid
from provenwork.crypto import (
    CloseAgreement,
    LocalSigner,
    RegisterWorker,
    Voucher,
    is_signature_of,
    marketplace_domain,
    recover_strict,
    registry_domain,
)
from tests.harness.deployment import REGISTER_WORKER
from tests.harness.escrow import CLOSE_AGREEMENT, MINUTE, USDC, VOUCHER
from tests.harness.execution import Reverted, isolated
from tests.harness.signing import typed_digest

uint64 = st.integers(0, 2**64 - 1)
uint256 = st.integers(0, 2**256 - 1)
address = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())


def as_dict(domain) -> dict:
    """A domain as other libraries take it."""
    return {
        "name": domain.name,
        "version": domain.version,
        "chainId": domain.chain_id,
        "verifyingContract": domain.verifying_contract,
    }


def test_the_domains_are_the_contracts(market, escrow, node):
    """The separators computed here are those that the contracts report."""
    assert market.domain.separator == bytes(escrow.marketplace.getDomainSeparator())
    registry = registry_domain(node.chain_id, escrow.registry.address)
    assert registry.separator == bytes(escrow.registry.getDomainSeparator())


@given(job_id=uint256, host=address, tokens=uint64, chain_id=st.integers(1, 2**53))
def test_vouchers_hash_as_wallets_hash_them(job_id, host, tokens, chain_id):
    """An independent implementation of EIP-712 gives the same digest for every voucher."""
    domain = marketplace_domain(chain_id, "0x" + "ab" * 20)
    message = {"jobId": job_id, "host": host, "cumulativeTokens": tokens}
    expected = typed_digest(as_dict(domain), {"Voucher": VOUCHER}, message)
    assert Voucher(job_id, host, tokens).digest(domain) == expected


@given(job_id=uint256, user=address, host=address, tokens=uint64, deadline=uint256)
def test_agreements_hash_as_wallets_hash_them(job_id, user, host, tokens, deadline):
    """The same for agreements."""
    domain = marketplace_domain(8453, "0x" + "ab" * 20)
    message = {
        "jobId": job_id,
        "user": user,
        "host": host,
        "tokens": tokens,
        "deadline": deadline,
    }
    expected = typed_digest(as_dict(domain), {"CloseAgreement": CLOSE_AGREEMENT}, message)
    assert CloseAgreement(job_id, user, host, tokens, deadline).digest(domain) == expected


@given(
    worker=address,
    digest=st.binary(min_size=32, max_size=32),
    rate=uint256,
    nonce=uint256,
    deadline=uint256,
)
def test_registrations_hash_as_wallets_hash_them(worker, digest, rate, nonce, deadline):
    """The same for registrations."""
    domain = registry_domain(8453, "0x" + "ab" * 20)
    message = {
        "worker": worker,
        "ipfsHash": digest,
        "hourlyRate": rate,
        "nonce": nonce,
        "deadline": deadline,
    }
    expected = typed_digest(as_dict(domain), {"RegisterWorker": REGISTER_WORKER}, message)
    assert RegisterWorker(worker, digest, rate, nonce, deadline).digest(domain) == expected


@given(job_id=uint256, host=address, tokens=uint64)
def test_a_wallet_signs_what_it_is_shown(job_id, host, tokens):
    """The typed data handed to a wallet leads to the very signature that the SDK makes."""
    signer, domain = LocalSigner(b"\x11" * 32), marketplace_domain(8453, "0x" + "ab" * 20)
    voucher = Voucher(job_id, host, tokens)
    shown = Account.sign_typed_data(b"\x11" * 32, full_message=voucher.typed_data(domain))
    assert bytes(shown.signature) == voucher.sign(domain, signer)


@given(tokens=st.integers(1, 2**64 - 1), flip=st.integers(0, 65 * 8 - 1))
def test_the_contract_takes_the_voucher_and_no_changed_one(escrow, market, keys, tokens, flip):
    """A voucher signed here is redeemed; with one bit changed it is refused, on chain and off chain alike."""
    with isolated():
        session = escrow.open()
        voucher = Voucher(session.id, keys["host"].address, tokens)
        signature = voucher.sign(market.domain, keys["user"])
        changed = bytearray(signature)
        changed[flip // 8] ^= 1 << flip % 8
        assert not is_signature_of(
            keys["user"].address, voucher.digest(market.domain), bytes(changed)
        )
        redeem = escrow.marketplace.redeemVoucher
        with pytest.raises(Reverted):
            redeem(session.id, tokens, bytes(changed), sender=session.host)
        redeem(session.id, tokens, signature, sender=session.host)
        assert session.details.ackedTokens == tokens


def test_a_registration_signed_here_is_taken(escrow, keys, node, worker):
    """The registry takes a registration that the SDK's signer signed."""
    deadline = ape.chain.pending_timestamp + 5 * MINUTE
    intent = RegisterWorker(worker.address, b"\xc2" * 32, USDC, 0, deadline)
    domain = registry_domain(node.chain_id, escrow.registry.address)
    signature = intent.sign(domain, keys["signer"])
    escrow.registry.registerProfile(b"\xc2" * 32, USDC, deadline, signature, sender=worker)
    assert escrow.registry.isActiveWorker(worker)


@given(digest=st.binary(min_size=32, max_size=32), key=st.integers(1, 2**255))
def test_recovery_finds_the_signer(digest, key):
    """What a key signs is recovered to its account, which eth-account derives alike."""
    secret = key.to_bytes(32, "big")
    signer = LocalSigner(secret)
    assert signer.address == Account.from_key(secret).address
    signature = signer.sign_digest(digest)
    assert recover_strict(digest, signature) == signer.address
    assert bytes(Account.unsafe_sign_hash(digest, secret).signature) == signature


@pytest.mark.parametrize("v", [v for v in range(256) if v not in {27, 28}])
def test_every_other_v_is_refused(v):
    """Only 27 and 28 are a signature's v."""
    signature = LocalSigner(b"\x11" * 32).sign_digest(b"\x22" * 32)
    with pytest.raises(SignatureInvalid):
        recover_strict(b"\x22" * 32, signature[:64] + bytes([v]))


@given(signature=st.binary(max_size=200))
def test_garbage_is_refused_and_never_crashes(signature):
    """Whatever the bytes, there is an answer: an account, or SignatureInvalid."""
    try:
        recovered = recover_strict(b"\x22" * 32, signature)
    except SignatureInvalid:
        recovered = None
    assert recovered is None or len(signature) == 65
