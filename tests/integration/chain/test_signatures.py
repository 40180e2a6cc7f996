"""Off chain a signature counts exactly if it counts on chain: the contracts' own library is asked beside ours."""

import ape
import pytest
from hypothesis import given
from hypothesis import strategies as st
from web3 import Web3

from provenwork.chain import MAX_SIGNATURE, Node, require_signed_by, signed_by
from provenwork.core.errors import ChainError, NodeUnavailable, SignatureInvalid
from tests.harness.connection import DirectProvider
from tests.harness.execution import ask, delegate, isolated, rpc
from tests.harness.signing import compact, high_s, sign

DIGEST = b"\x07" * 32
YES = bytes.fromhex("1626ba7e").ljust(32, b"\0")


@pytest.fixture(scope="module")
def node(direct_connection):
    """The chain."""
    return Node(Web3(DirectProvider(ape.chain.provider.uri)))


@pytest.fixture(scope="module")
def library(project, owner):
    """The contracts' own judgement."""
    return project.SignaturesHarness.deploy(sender=owner)


@pytest.fixture(scope="module")
def judge(node, library):
    """Asks both; they must agree."""

    def both(account, signature, digest=DIGEST):
        address = getattr(account, "address", account)
        ours = signed_by(node, address, digest, signature)
        assert ours == ask(library.isValid, address, digest, signature)
        return ours

    return both


@pytest.fixture(scope="module")
def wallet(project, user):
    """The user's contract wallet."""
    return project.MockWallet.deploy(user, sender=user)


def test_key(judge, user, stranger):
    """A key's signature is its account's, and nobody else's."""
    signature = sign(DIGEST, user)
    assert judge(user, signature)
    assert not judge(stranger, signature)
    assert not judge(user, signature, b"\x08" * 32)


def test_wallet(judge, wallet, user, stranger):
    """A wallet's signature is what its code says yes to."""
    assert judge(wallet, sign(DIGEST, user))
    assert not judge(wallet, sign(DIGEST, stranger))
    assert not judge(wallet, b"")


def test_malformed(judge, user):
    """Twins, short forms and trailing bytes do not count."""
    signature = sign(DIGEST, user)
    for variant in (
        high_s(signature),
        compact(signature),
        signature + b"\0",
        signature[:-1],
        signature[:-1] + bytes([signature[64] - 27]),
        b"",
    ):
        assert not judge(user, variant)


def test_nobody(judge):
    """Nobody signs for the zero address."""
    assert not judge("0x" + "00" * 20, bytes(64) + b"\x1b")


def test_key_with_borrowed_code(judge, user, stranger, wallet, project):
    """An account that borrowed code (EIP-7702) still signs with its key; and what its code says counts beside it."""
    with isolated():
        delegate(stranger, wallet)
        assert judge(stranger, sign(DIGEST, stranger))
        assert judge(stranger, sign(DIGEST, user))


@pytest.mark.parametrize(
    "answer",
    [
        YES,
        YES + b"\xff" * 100,
        YES[:31],
        YES[:4],
        b"",
        bytes(32),
        (1).to_bytes(32, "big"),
        b"\0" * 28 + YES[:4],
        YES[:4] + b"\0" * 27 + b"\x01",
        b"\xff" * 4 + bytes(28),
    ],
    ids=[
        "yes",
        "yes and more",
        "31 bytes",
        "4 bytes",
        "nothing",
        "zero",
        "true",
        "right-aligned",
        "dirty",
        "no",
    ],
)
def test_answers(judge, project, owner, answer):
    """Only the one word that means yes does."""
    contract = project.AnsweringContract.deploy(answer, sender=owner)
    assert judge(contract, b"\x01") == answer.startswith(YES)


def test_reverting_wallet(judge, project, owner):
    """A wallet that reverts, even with the word that means yes, says no."""
    for reason in (b"", YES):
        assert not judge(project.RevertingContract.deploy(reason, sender=owner), b"\x01")


def test_writing_wallet(judge, project, owner):
    """A wallet that wants to write cannot, and does not count."""
    assert not judge(project.CountingWallet.deploy(sender=owner), b"\x01")


def test_limit_of_gas(node, project, owner):
    """A wallet that uses more gas than it may does not count; no answer is too large to be survived."""
    bomb = project.BombingContract.deploy(YES, sender=owner)
    assert not signed_by(node, bomb.address, DIGEST, b"\x01")
    assert signed_by(node, bomb.address, DIGEST, b"\x01", gas=5_000_000)


def test_exact_question(node, project, owner):
    """The wallet is asked exactly what ERC-1271 says."""
    signature = bytes(range(100))
    question = project.MockWallet.contract_type.abi
    call = Web3().eth.contract(
        abi=[a.model_dump(mode="json") for a in question if a.type == "function"]
    )
    data = bytes.fromhex(call.encode_abi("isValidSignature", [DIGEST, signature])[2:])
    callee = project.ExactCallee.deploy(data, YES, sender=owner)
    assert signed_by(node, callee.address, DIGEST, signature)
    assert not signed_by(node, callee.address, DIGEST, signature[:-1])


def test_at_a_block(node, wallet, user):
    """The wallet is asked as it was after the block, also if it is another one by now."""
    signature = sign(DIGEST, user)
    with isolated():
        block = node.block().number
        rpc("evm_mine")
        rpc("anvil_setCode", wallet.address, "0x")
        rpc("evm_mine")
        assert signed_by(node, wallet.address, DIGEST, signature, block=block)
        assert not signed_by(node, wallet.address, DIGEST, signature)
    with pytest.raises(ChainError):
        signed_by(node, wallet.address, DIGEST, signature, block=block + 1_000)


def test_requiring(node, wallet, user, stranger):
    """`require_signed_by` returns or raises."""
    require_signed_by(node, wallet.address, DIGEST, sign(DIGEST, user))
    with pytest.raises(SignatureInvalid, match=wallet.address):
        require_signed_by(node, wallet.address, DIGEST, sign(DIGEST, stranger))


def test_bounds(node, wallet):
    """Too long a signature, and no digest, are refused before anybody is asked."""
    for digest, signature in ((DIGEST, bytes(MAX_SIGNATURE + 1)), (DIGEST[:31], b"")):
        with pytest.raises(SignatureInvalid):
            signed_by(node, wallet.address, digest, signature)
    assert not signed_by(node, wallet.address, DIGEST, bytes(MAX_SIGNATURE))


def test_node_away(node, wallet):
    """A node that does not answer says neither yes nor no."""
    away = Node(node.web3)
    away.web3 = Web3(Web3.HTTPProvider("http://127.0.0.1:1", exception_retry_configuration=None))
    with pytest.raises(NodeUnavailable):
        signed_by(away, wallet.address, DIGEST, b"\x01")


@given(signature=st.binary(max_size=200), flip=st.integers(0, 519))
def test_property_as_on_chain(judge, wallet, user, signature, flip):
    """Any bytes, and any single bit changed in a good signature, are judged alike; none of them counts."""
    assert not judge(wallet, signature)
    changed = bytearray(sign(DIGEST, user))
    changed[flip // 8] ^= 1 << flip % 8
    for account in (wallet, user):
        assert not judge(account, bytes(changed))
