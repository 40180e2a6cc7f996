"""What a voucher's signature is worth: exactly what it says, in one session of one contract.

A refused voucher changes nothing, so these examples need no snapshot of the chain.
"""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provenwork.core.errors import SignatureInvalid
from provenwork.crypto import recover_strict
from tests.harness.actors import contract_actor
from tests.harness.deployment import whole_marketplace
from tests.harness.escrow import (
    MINUTE,
    PARAMETERS,
    USDC,
    VOUCHER,
    ZERO,
    advance,
)
from tests.harness.execution import ask, isolated, put_code, rpc
from tests.harness.reverts import reverts
from tests.harness.signing import compact, high_s, sign, typed_digest

TOKENS = 400
A_WHILE = 100
MAGIC_WORD = bytes.fromhex("1626ba7e").ljust(32, b"\x00")  # "yes" in ERC-1271
DENIAL = bytes(32)

totals = st.integers(1, 2**64 - 1)
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
# Every field of the message and of the domain, with values that it might have had instead.
other_fields = st.one_of(
    st.tuples(st.just("jobId"), st.integers(0, 2**256 - 1)),
    st.tuples(st.just("host"), addresses),
    st.tuples(st.just("cumulativeTokens"), st.integers(0, 2**64 - 1)),
)
other_domains = st.one_of(
    st.tuples(st.just("chainId"), st.integers(1, 2**64)),
    st.tuples(st.just("verifyingContract"), addresses),
    st.tuples(st.just("name"), st.sampled_from(["Provenwork JobFactory", "", "JobMarketplace"])),
    st.tuples(st.just("version"), st.sampled_from(["", "2", "1.0"])),
)


@pytest.fixture
def session(escrow):
    """A session in which time has passed, so that the rate bounds nothing."""
    session = escrow.open()
    advance(A_WHILE)
    return session


def digest(session, tokens, domain=None):
    """What the signer of a voucher signs, by an implementation that is not the contract's."""
    message = {
        "jobId": session.id,
        "host": session.host.address,
        "cumulativeTokens": tokens,
    }
    return typed_digest(domain or session.escrow.domain(), {"Voucher": VOUCHER}, message)


def recovered(digest, signature):
    """Whose signature it is, or nobody's."""
    try:
        return recover_strict(digest, signature)
    except SignatureInvalid:
        return ZERO


@pytest.fixture(scope="module")
def assert_refused(stranger):
    """Brings a voucher, and expects that its signature is not the expected signer's."""

    def assert_refused(session, signature, *, tokens=TOKENS, domain=None, signer=None):
        expected = signer or session.user
        with reverts(
            session.marketplace.JobMarketplace_VoucherSignatureInvalid,
            expected=expected,
            recovered=recovered(digest(session, tokens, domain), signature),
        ):
            ask(session.marketplace.redeemVoucher, session.id, tokens, signature, sender=stranger)

    return assert_refused


@given(tokens=totals)
def test_what_was_signed(session, chain, tokens):
    """It should count exactly that total."""
    with isolated():
        session.redeem(tokens)
        assert session.details.ackedTokens == tokens


@given(change=st.one_of(other_fields, other_domains))
def test_other_field(session, assert_refused, change):
    """It should refuse it, whichever field and value."""
    field, value = change
    if field in {"jobId", "host", "cumulativeTokens"}:
        right = {"jobId": session.id, "host": session.host.address, "cumulativeTokens": TOKENS}
        assume(str(right[field]).lower() != str(value))
        signature = session.voucher(TOKENS, **{field: value})
    else:
        assume(session.escrow.domain()[field] != value)
        signature = session.voucher(TOKENS, domain=session.escrow.domain(**{field: value}))
    assert_refused(session, signature)


@given(tokens=totals)
def test_high_s(session, assert_refused, tokens):
    """It should refuse the twin with the high s."""
    assert_refused(session, high_s(session.voucher(tokens)), tokens=tokens)


@given(v=st.integers(0, 255))
def test_other_v(session, assert_refused, v):
    """It should refuse every v but the one that was signed."""
    signature = session.voucher(TOKENS)
    assume(v != signature[64])
    assert_refused(session, signature[:64] + bytes([v]))


@given(tail=st.binary(min_size=1, max_size=70), cut=st.integers(1, 65), longer=st.booleans())
def test_other_length(session, assert_refused, tail, cut, longer):
    """It should refuse every length but 65 bytes."""
    signature = session.voucher(TOKENS)
    assert_refused(session, signature + tail if longer else signature[:-cut])


@given(tokens=totals)
def test_compact(session, assert_refused, tokens):
    """It should refuse the compact form."""
    assert_refused(session, compact(session.voucher(tokens)), tokens=tokens)


@given(signature=st.one_of(st.binary(max_size=200), st.binary(min_size=65, max_size=65)))
def test_arbitrary_bytes(session, assert_refused, signature):
    """It should refuse arbitrary bytes."""
    assert_refused(session, signature)


@pytest.mark.parametrize(
    "signature",
    [b"", bytes(65), bytes(64) + b"\x1b", b"\xff" * 64 + b"\x1c"],
    ids=["empty", "zero", "zero with v", "beyond the order"],
)
def test_nobody(session, escrow, assert_refused, signature):
    """It should refuse one from which nobody can be recovered.

    The address zero as voucher signer means the user, never whoever cannot be recovered.
    """
    assert session.terms.voucherSigner == ZERO
    assert recovered(digest(session, TOKENS), signature) == ZERO
    assert_refused(session, signature)


def test_fork(session, assert_refused, chain):
    """It should refuse it on the new chain."""
    here, fork = chain.chain_id, chain.chain_id + 1
    signature = session.voucher(TOKENS)
    try:
        rpc("anvil_setChainId", fork)
        assert_refused(session, signature, domain=session.escrow.domain(chainId=fork))
    finally:
        rpc("anvil_setChainId", here)


def test_other_marketplace(session, escrow, project, owner, user, treasury, assert_refused):
    """It should refuse what was signed for the first."""
    deployed = owner.deploy(
        project.JobMarketplace, escrow.registry, escrow.proof_system, treasury, owner, PARAMETERS
    )
    marketplace = whole_marketplace(project, deployed.address)
    marketplace.setToken(escrow.usdc, True, USDC, sender=owner)
    escrow.usdc.approve(marketplace, session.terms.deposit, sender=user)
    # Its first session, as if it had the number of ours.
    twin = replace(escrow, marketplace=marketplace).open()
    signature = session.voucher(TOKENS, jobId=twin.id)
    assert_refused(twin, signature)


def carry_code(project, owner, account, code, *arguments):
    """An account's key stays, and code stands at its address (EIP-7702)."""
    put_code(owner.deploy(code, *arguments), account.address)


def test_key_with_code(session, project, owner, user, relayer):
    """It should count what the key signed."""
    carry_code(project, owner, user, project.MockWallet, relayer)
    session.redeem(TOKENS)
    assert session.details.ackedTokens == TOKENS


def test_code_denies(session, project, owner, user):
    """It should count what the key signed though the code denies it."""
    carry_code(project, owner, user, project.AnsweringContract, DENIAL)
    session.redeem(TOKENS)
    assert session.details.ackedTokens == TOKENS


def test_code_approves(session, project, owner, user, relayer, assert_refused):
    """It should refuse what only the code approves."""
    carry_code(project, owner, user, project.MockWallet, relayer)
    signature = session.voucher(TOKENS, signer=relayer)
    asked = project.MockWallet.at(user.address).isValidSignature
    assert bytes(ask(asked, digest(session, TOKENS), signature)) == MAGIC_WORD[:4]
    assert_refused(session, signature)


@pytest.fixture
def wallet(project, escrow, owner, relayer):
    """A contract wallet of the relayer's, with money, as a user of the escrow."""
    wallet = contract_actor(owner.deploy(project.MockWallet, relayer))
    escrow.usdc.mint(wallet, 10 * USDC, sender=owner)
    escrow.usdc.approve(escrow.marketplace, 10 * USDC, sender=wallet)
    return wallet


def test_wallet_without_signer(escrow, wallet, relayer, assert_refused):
    """It should refuse what the wallet's owner signed, so that its vouchers never count."""
    session = escrow.open(user=wallet)
    assert_refused(session, session.voucher(TOKENS, signer=relayer))
    session.complete(sender=session.host)
    assert escrow.earned(session.host) == 0
    assert escrow.balance(wallet) == 10 * USDC


@pytest.mark.parametrize("signature", [b"", b"\x01", bytes(65)])
def test_approving_wallet(escrow, project, owner, wallet, assert_refused, signature):
    """It should refuse what the wallet itself would approve."""
    session = escrow.open(user=wallet)
    put_code(owner.deploy(project.AnsweringContract, MAGIC_WORD), wallet.address)
    assert_refused(session, signature)


def test_wallet_with_signer(escrow, wallet, voucher_signer):
    """It should count what the key signed."""
    session = escrow.open(user=wallet, voucherSigner=voucher_signer)
    session.redeem(TOKENS, signer=voucher_signer)
    assert session.details.ackedTokens == TOKENS


def test_signer_is_fixed(escrow, project, owner, wallet, voucher_signer, assert_refused, relayer):
    """It should count what the signer of the opening signed.

    Neither a later session of the same user that names another, nor new code of the user's
    changes who signs for this one.
    """
    session = escrow.open(user=wallet, voucherSigner=voucher_signer, deposit=5 * USDC)
    escrow.open(user=wallet, voucherSigner=relayer, deposit=5 * USDC)
    put_code(owner.deploy(project.AnsweringContract, DENIAL), wallet.address)
    signature = session.voucher(TOKENS, signer=relayer)
    assert_refused(session, signature, signer=voucher_signer)
    session.redeem(TOKENS, signer=voucher_signer)
    assert session.details.voucherSigner == voucher_signer.address
    assert session.details.ackedTokens == TOKENS


def test_agreement(session, assert_refused, chain, user):
    """It should refuse it."""
    deadline = chain.pending_timestamp + MINUTE
    assert_refused(session, session.agreement(TOKENS, deadline, signer=user))
    assert_refused(session, sign(b"\x01" * 32, user))
