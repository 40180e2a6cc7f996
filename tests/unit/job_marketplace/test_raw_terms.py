"""JobMarketplace: terms as bytes that no compiler made. Their accounts are read by hand, so every bit is tried."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.harness.authorizations import SALT, TERMS, authorized
from tests.harness.escrow import ETHER
from tests.harness.execution import Reverted, ask, rpc, simulate

WORD = 32
ACCOUNTS = {"host": 0, "watcher": 1, "voucherSigner": 2, "arbiter": 4, "token": 6}
LENGTH = 12 * WORD
LOWEST, HIGHEST = 1 << 160, 1 << 255  # of the bits above an address
NO_PERMIT = encode(["uint256", "uint8", "bytes32", "bytes32"], [0, 27, b"\x01" * 32, b"\x02" * 32])


@pytest.fixture
def terms(escrow, watcher, voucher_signer, arbiter):
    """Terms in which every account is named."""
    named = {"watcher": watcher, "voucherSigner": voucher_signer, "arbiter": arbiter}
    return escrow.terms(**named)


@pytest.fixture
def forms(escrow, marketplace, user, terms):
    """What stands behind the terms in a call of each opening that takes them."""
    opening = authorized(escrow, user, terms=terms)
    head = encode(
        ["address", "bytes32", "uint256", "uint256"],
        [user.address, SALT, opening.validAfter, opening.validBefore],
    )
    # The signature's offset counts from the terms' beginning: they, and five words, come before it.
    offset = (LENGTH + len(head) + WORD).to_bytes(WORD, "big")
    signature = encode(["bytes"], [opening.signed_by(user)])[WORD:]
    return {
        "openSession": b"",
        "openSessionWithPermit": NO_PERMIT,
        "openSessionWithAuthorization": head + offset + signature,
    }


def call(marketplace, user, form, data, rest):
    """Sends an opening as raw bytes."""
    abi = next(abi for abi in marketplace.contract_type.abi if getattr(abi, "name", "") == form)
    selector = keccak(text=abi.selector)[:4]
    request = {"from": user.address, "to": marketplace.address, "gas": hex(2**24)}
    return simulate(request | {"data": "0x" + (selector + data + rest).hex()})


def with_bit(data, word, bit):
    """The same words, with one more bit in one of them."""
    at = word * WORD
    changed = int.from_bytes(data[at : at + WORD], "big") | bit
    return data[:at] + changed.to_bytes(WORD, "big") + data[at + WORD :]


def assert_refused(marketplace, user, form, data, rest):
    """The opening reverts, and gives no reason."""
    with pytest.raises(Reverted) as refusal:
        call(marketplace, user, form, data, rest)
    assert refusal.value.data == b""


@pytest.mark.parametrize("account", ACCOUNTS)
def test_bits_above(marketplace, user, terms, forms, account):
    """It should refuse every opening without a word, and open nothing."""
    data = encode([TERMS], [terms.encoded()])
    for form, rest in forms.items():
        # As they stand they open a session, so that it is the bit that is refused.
        opened = call(marketplace, user, form, data, rest)
        assert int.from_bytes(opened, "big") == ask(marketplace.jobCount) + 1
        for bit in (LOWEST, HIGHEST):
            assert_refused(marketplace, user, form, with_bit(data, ACCOUNTS[account], bit), rest)


def test_nonce(marketplace, user, terms):
    """It should find another authorization's nonce than for the account itself.

    So what was signed for an account opens nothing for a word that merely ends in it.
    """
    data, rest = encode([TERMS], [terms.encoded()]), bytes(12) + bytes.fromhex(user.address[2:])
    nonces = {
        call(marketplace, user, "authorizationNonce", changed, rest + SALT)
        for changed in (data, *(with_bit(data, word, LOWEST) for word in ACCOUNTS.values()))
    }
    assert len(nonces) == 1 + len(ACCOUNTS)


def test_short(marketplace, user, terms):
    """It should refuse the opening without a word."""
    data = encode([TERMS], [terms.encoded()])
    assert_refused(marketplace, user, "openSession", data[:-1], b"")
    assert_refused(marketplace, user, "openSessionWithPermit", data, NO_PERMIT[:-1])


def test_long(escrow, marketplace, user, terms):
    """It should open the session that the terms describe."""
    data = encode([TERMS], [terms.encoded()])
    count = ask(marketplace.jobCount)
    rest = b"\xff" * 5 * WORD
    sent = {"from": user.address, "to": marketplace.address, "gas": hex(2**24)}
    selector = keccak(text=f"openSession({TERMS})")[:4]
    rpc("eth_sendTransactionSync", sent | {"data": "0x" + (selector + data + rest).hex()})
    details = ask(marketplace.getSessionDetails, count + 1)
    assert (details.assignedHost, details.watcher) == (terms.host, terms.watcher)
    assert (details.voucherSigner, details.arbiter) == (terms.voucherSigner, terms.arbiter)
    assert details.depositAmount == terms.deposit
    assert details.token != ETHER
