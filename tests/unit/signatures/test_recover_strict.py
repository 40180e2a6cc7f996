"""Signatures.recoverStrict: one form of signature, and zero for all others."""

import pytest
from eth_account import Account
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.harness.execution import ask
from tests.harness.signing import SECP256K1_N, compact, high_s, sign
from tests.harness.values import ZERO_ADDRESS

digests = st.binary(min_size=32, max_size=32)
keys = st.integers(1, SECP256K1_N - 1).map(lambda key: Account.from_key(key.to_bytes(32, "big")))

DIGEST = bytes.fromhex("5a" * 32)
HALF_N = SECP256K1_N // 2


def _word(number):
    return number.to_bytes(32, "big")


class _Key:
    """An account of eth-account's, as `sign` takes it."""

    def __init__(self, account):
        self.address = account.address
        self.private_key = account.key


@given(digest=digests, account=keys)
def test_signed(signatures, digest, account):
    """It should name the key's account, for any digest and key."""
    signature = sign(digest, _Key(account))
    assert ask(signatures.recoverStrict, digest, signature) == account.address


@given(digest=digests)
def test_high_s(signatures, digest, user):
    """It should name nobody."""
    signature = high_s(sign(digest, user))
    assert int.from_bytes(signature[32:64], "big") > HALF_N
    assert ask(signatures.recoverStrict, digest, signature) == ZERO_ADDRESS


@given(v=st.integers(0, 255))
@example(v=0)
@example(v=1)
@example(v=26)
@example(v=29)
def test_v(signatures, v, user):
    """It should name nobody, whatever else v is."""
    assume(v not in (27, 28))
    signature = sign(DIGEST, user)[:64] + bytes([v])
    assert ask(signatures.recoverStrict, DIGEST, signature) == ZERO_ADDRESS


@given(digest=digests)
def test_other_v(signatures, digest, user):
    """It should name an account that is not the signer's."""
    signature = sign(digest, user)
    flipped = signature[:64] + bytes([27 + 28 - signature[64]])
    assert ask(signatures.recoverStrict, digest, flipped) != user


@given(tail=st.binary(min_size=1, max_size=70), cut=st.integers(1, 65))
def test_length(signatures, tail, cut, user):
    """It should name nobody for longer and shorter signatures."""
    signature = sign(DIGEST, user)
    assert ask(signatures.recoverStrict, DIGEST, signature + tail) == ZERO_ADDRESS
    assert ask(signatures.recoverStrict, DIGEST, signature[:-cut]) == ZERO_ADDRESS


@given(digest=digests)
def test_compact(signatures, digest, user):
    """It should name nobody for the compact form."""
    signature = compact(sign(digest, user))
    assert ask(signatures.recoverStrict, digest, signature) == ZERO_ADDRESS


@pytest.mark.parametrize("v", [27, 28])
@pytest.mark.parametrize(
    ("r", "s"),
    [(0, 1), (1, 0), (0, 0), (SECP256K1_N, 1), (2**256 - 1, 1), (1, SECP256K1_N), (1, HALF_N + 1)],
)
def test_range(signatures, r, s, v):
    """It should name nobody for zero and for the curve's order."""
    signature = _word(r) + _word(s) + bytes([v])
    assert ask(signatures.recoverStrict, DIGEST, signature) == ZERO_ADDRESS


@given(digest=digests, signature=st.binary(max_size=200))
def test_arbitrary(signatures, digest, signature, user):
    """It should not revert."""
    assert ask(signatures.recoverStrict, digest, signature) != user
