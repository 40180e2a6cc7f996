"""Signatures.isValid: a key first, then the code that stands at its address."""

import pytest

from tests.harness.execution import ask, rpc
from tests.harness.signing import compact, high_s, sign
from tests.harness.values import ZERO_ADDRESS

DIGEST = bytes.fromhex("5a" * 32)
MAGIC = bytes.fromhex("1626ba7e")  # bytes4(keccak256("isValidSignature(bytes32,bytes)"))
APPROVAL = MAGIC + bytes(28)
# Any code that burns all its gas: the INVALID opcode.
BURNER = "0xfe"


@pytest.fixture
def wallet(project, owner, user):
    """A contract wallet of the user's."""
    return owner.deploy(project.MockWallet, user)


def test_key(signatures, user):
    """It should accept what the key signed."""
    assert ask(signatures.isValid, user, DIGEST, sign(DIGEST, user))


def test_other_key(signatures, user, stranger):
    """It should refuse what another key signed."""
    assert not ask(signatures.isValid, user, DIGEST, sign(DIGEST, stranger))


@pytest.mark.parametrize(
    "malform",
    [high_s, compact, lambda signature: signature + b"\x00", lambda signature: signature[:64]],
    ids=["high s", "compact", "trailing byte", "64 bytes"],
)
def test_malformed(signatures, user, malform):
    """It should refuse every malformed signature."""
    assert not ask(signatures.isValid, user, DIGEST, malform(sign(DIGEST, user)))


@pytest.mark.parametrize("signature", [b"", bytes(65), b"\xff" * 65])
def test_zero_address(signatures, signature):
    """It should refuse a signature from which nobody can be recovered."""
    assert not ask(signatures.isValid, ZERO_ADDRESS, DIGEST, signature)


def test_contract_approves(signatures, wallet, user):
    """It should accept what the contract approves."""
    assert ask(signatures.isValid, wallet, DIGEST, sign(DIGEST, user))


def test_contract_denies(signatures, wallet, stranger):
    """It should refuse what the contract denies."""
    assert not ask(signatures.isValid, wallet, DIGEST, sign(DIGEST, stranger))


@pytest.mark.parametrize("length", [0, 1, 64, 65, 66, 500])
def test_any_length(project, signatures, owner, length):
    """It should pass on a signature of any length."""
    signature = bytes(range(256))[:length] if length <= 256 else b"\xab" * length
    call = signatures.isValid.encode_input(ZERO_ADDRESS, DIGEST, signature)
    # The wallet's call has the digest where ours has the signer, and no third word.
    expected = MAGIC + DIGEST + (0x40).to_bytes(32, "big") + bytes(call)[4 + 3 * 32 :]
    listener = owner.deploy(project.ExactCallee, expected, APPROVAL)
    assert ask(signatures.isValid, listener, DIGEST, signature)


def test_two_wallets_of_one_owner(project, signatures, wallet, owner, user, stranger):
    """It should refuse a key's signature for a contract of the same owner that denies it."""
    careful = owner.deploy(project.MockWallet, stranger)
    signature = sign(DIGEST, user)
    assert ask(signatures.isValid, wallet, DIGEST, signature)
    assert not ask(signatures.isValid, careful, DIGEST, signature)


def test_key_with_denying_code(project, signatures, owner, user, stranger):
    """It should accept what the key signed even if the code denies it."""
    denying = owner.deploy(project.MockWallet, stranger)
    rpc("anvil_setCode", user.address, rpc("eth_getCode", denying.address, "latest"))
    assert ask(signatures.isValid, user, DIGEST, sign(DIGEST, user))


def test_key_with_approving_code(project, signatures, owner, user, stranger):
    """It should accept what the code approves."""
    approving = owner.deploy(project.MockWallet, stranger)
    rpc("anvil_setCode", user.address, rpc("eth_getCode", approving.address, "latest"))
    assert ask(signatures.isValid, user, DIGEST, sign(DIGEST, stranger))


@pytest.mark.parametrize(
    "answer",
    [b"", MAGIC, APPROVAL[:31], bytes(32), (1).to_bytes(32, "big"), MAGIC + b"\x01" * 28],
    ids=["nothing", "4 bytes", "31 bytes", "zero", "true", "dirty"],
)
def test_wrong_answers(project, signatures, owner, answer):
    """It should refuse an answer that is not the magic value in a word of its own."""
    contract = owner.deploy(project.AnsweringContract, answer)
    assert not ask(signatures.isValid, contract, DIGEST, bytes(65))


def test_reverting_contract(project, signatures, owner):
    """It should refuse a contract that reverts with the magic value."""
    contract = owner.deploy(project.RevertingContract, APPROVAL)
    assert not ask(signatures.isValid, contract, DIGEST, bytes(65))


def test_endless_answer(project, signatures, owner):
    """It should read one word of an endless answer."""
    approving = owner.deploy(project.BombingContract, APPROVAL)
    denying = owner.deploy(project.BombingContract, bytes(32))
    assert ask(signatures.isValid, approving, DIGEST, bytes(65))
    assert not ask(signatures.isValid, denying, DIGEST, bytes(65))
    # A mebibyte costs the contract 2.2 million gas to make. Who copied it would pay that again.
    request = {
        "to": signatures.address,
        "data": "0x" + bytes(signatures.isValid.encode_input(approving, DIGEST, bytes(65))).hex(),
        "gas": hex(2_500_000),
    }
    assert int(rpc("eth_call", request, "latest"), 16) == 1


def test_burning_contract(project, signatures, owner, user):
    """It should refuse a contract that burns all gas and still return."""
    burner = owner.deploy(project.AcceptingVerifier)
    rpc("anvil_setCode", burner.address, BURNER)
    assert not ask(signatures.isValid, burner, DIGEST, sign(DIGEST, user))
