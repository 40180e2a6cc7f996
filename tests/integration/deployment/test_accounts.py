"""Ape's accounts sign what the chain takes: keyfiles unattended, and nobody who declines."""

import json

import ape
import pytest
from ape.exceptions import AccountsError
from ape_accounts import KeyfileAccount
from eth_account import Account

from provenwork.chain import Call, Node, Sender, Transaction
from provenwork.core.errors import SignatureInvalid
from provenwork.crypto import LocalSigner, to_address
from scripts._deployment import ApeSigner, DeploymentError, account_named
from tests.harness.execution import rpc

KEY = "0x" + "5f" * 32


@pytest.fixture
def keyfile(tmp_path) -> KeyfileAccount:
    """A keyfile account called deployer."""
    path = tmp_path / "deployer.json"
    # The least work that the format allows: a test's key needs no protection.
    path.write_text(json.dumps(Account.encrypt(KEY, "sesame", iterations=2)))
    return KeyfileAccount(keyfile_path=path)


@pytest.fixture
def transaction() -> Transaction:
    """Something to sign."""
    return Transaction(
        chain_id=ape.chain.chain_id,
        nonce=7,
        max_priority_fee_per_gas=1,
        max_fee_per_gas=2,
        gas=21_000,
        to=to_address("0x" + "ab" * 20),
        value=5,
        data=b"\x01\x02",
    )


def test_unattended(keyfile, transaction, monkeypatch):
    """With its passphrase in the environment nothing is asked, and it signs as its key does."""
    monkeypatch.setenv("APE_ACCOUNTS_deployer_PASSPHRASE", "sesame")
    signer = ApeSigner(keyfile)
    signer.unlock()
    assert transaction.sign(signer) == transaction.sign(LocalSigner(KEY))
    assert not signer.is_test_account


def test_a_wrong_passphrase(keyfile, monkeypatch):
    """It is said without repeating it."""
    monkeypatch.setenv("APE_ACCOUNTS_deployer_PASSPHRASE", "open")
    with pytest.raises(DeploymentError, match="deployer cannot be unlocked") as refusal:
        ApeSigner(keyfile).unlock()
    assert "open" not in str(refusal.value).replace("deployer cannot be unlocked", "")


class Reluctant:
    """Stands for whoever holds an account."""

    address = "0x" + "ab" * 20

    def __init__(self, problem=None) -> None:
        self._problem = problem

    def sign_transaction(self, transaction):
        """Says no, or nothing."""
        if self._problem is not None:
            raise self._problem


def test_declined(transaction):
    """Whoever says no has signed nothing."""
    with pytest.raises(DeploymentError, match="was not signed"):
        transaction.sign(ApeSigner(Reluctant()))


@pytest.mark.parametrize("problem", [AccountsError("locked"), ConnectionError("no device")])
def test_no_answer(transaction, problem):
    """A wallet that fails has signed nothing either."""
    with pytest.raises(DeploymentError, match="cannot sign") as refusal:
        transaction.sign(ApeSigner(Reluctant(problem)))
    assert "again" in refusal.value.hint


def test_sent(keyfile, monkeypatch):
    """The chain takes it."""
    monkeypatch.setenv("APE_ACCOUNTS_deployer_PASSPHRASE", "sesame")
    signer = ApeSigner(keyfile)
    signer.unlock()
    rpc("anvil_setBalance", signer.address, hex(10**18))
    node = Node(ape.chain.provider.web3)
    receipt = Sender(node, signer, poll=0.005).send(Call(to_address("0x" + "ab" * 20), b"", 1))
    assert receipt.succeeded


def test_test_accounts(transaction):
    """They need no unlocking."""
    account = ape.accounts.test_accounts[0]
    signer = ApeSigner(account)
    signer.unlock()
    assert signer.is_test_account
    assert transaction.sign(signer) == transaction.sign(LocalSigner(account.private_key))


def test_a_signature_that_is_another_s(keyfile, transaction, monkeypatch):
    """It is found before it is sent."""
    monkeypatch.setenv("APE_ACCOUNTS_deployer_PASSPHRASE", "sesame")
    signer = ApeSigner(keyfile)
    signer.unlock()
    other = ApeSigner(ape.accounts.test_accounts[0])
    monkeypatch.setattr(signer, "sign_transaction", other.sign_transaction)
    with pytest.raises(SignatureInvalid):
        transaction.sign(signer)


def test_accounts_of_roles():
    """The deployer, an address, a test account; on public chains no test account."""
    deployer = to_address("0x" + "d1" * 20)
    assert account_named("deployer", deployer, public=True) == deployer
    assert account_named("0x" + "ab" * 20, deployer, public=True) == to_address("0x" + "ab" * 20)
    first = ape.accounts.test_accounts[0].address
    assert account_named("TEST::0", deployer, public=False) == first
    with pytest.raises(DeploymentError, match="everybody knows its key"):
        account_named("TEST::0", deployer, public=True)
