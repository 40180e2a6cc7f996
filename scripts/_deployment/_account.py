"""Ape's accounts as signers: keyfiles, test accounts, hardware wallets."""

from __future__ import annotations

import os

import ape
from ape.api.accounts import AccountAPI, TestAccountAPI
from ape.exceptions import ApeException
from eth_typing import ChecksumAddress

from provenwork.chain import Transaction
from provenwork.core.errors import ProvenworkError
from provenwork.crypto import to_address
from scripts._deployment._errors import DeploymentError
from scripts._deployment._plan import DEPLOYER

__all__ = ["ApeSigner", "account_named"]


class ApeSigner:
    """Signs transactions with one of Ape's accounts."""

    def __init__(self, account: AccountAPI) -> None:
        self._account = account

    @property
    def address(self) -> ChecksumAddress:
        """The account."""
        return to_address(str(self._account.address))

    @property
    def is_test_account(self) -> bool:
        """Whether everybody knows its key."""
        return isinstance(self._account, TestAccountAPI)

    def unlock(self) -> None:
        """Lets a keyfile account sign without asking for each transaction.

        Takes its passphrase from APE_ACCOUNTS_<alias>_PASSPHRASE, or asks for it once.

        Raises:
            DeploymentError: It cannot be unlocked.
        """
        autosign = getattr(self._account, "set_autosign", None)
        if autosign is None or self.is_test_account:
            return
        passphrase = os.environ.get(f"APE_ACCOUNTS_{self._account.alias}_PASSPHRASE")
        try:
            autosign(True, passphrase=passphrase)
        except ApeException as problem:
            raise DeploymentError(f"{self._account.alias} cannot be unlocked: {problem}") from None

    def sign_transaction(self, transaction: Transaction) -> bytes:
        """Signs it: 65 bytes r ‖ s ‖ v.

        Raises:
            DeploymentError: Whoever holds the account declined.
        """
        written = ape.networks.ethereum.create_transaction(
            type=2,
            chainId=transaction.chain_id,
            nonce=transaction.nonce,
            maxPriorityFeePerGas=transaction.max_priority_fee_per_gas,
            maxFeePerGas=transaction.max_fee_per_gas,
            gas=transaction.gas,
            to=transaction.to,
            value=transaction.value,
            data=transaction.data,
        )
        written.sender = self._account.address
        try:
            signed = self._account.sign_transaction(written)
        except (ApeException, OSError) as problem:
            # A wallet that does not answer, or Ape, which would look the contract up for its owner and cannot.
            raise DeploymentError(
                f"{self.address} cannot sign: {type(problem).__name__}",
                hint="Nothing was sent. Run it again to continue.",
            ) from problem
        if signed is None or (signature := signed.signature) is None:
            raise DeploymentError(
                "the transaction was not signed", hint="Nothing was sent. Run it again to continue."
            )
        r, s = (bytes(part).rjust(32, b"\0") for part in (signature.r, signature.s))
        return r + s + bytes([27 + signature.v % 27])


def account_named(text: str, deployer: ChecksumAddress, *, public: bool) -> ChecksumAddress:
    """The account of a role: `deployer`, an address, or a test account (TEST::n) where nothing is worth anything.

    Raises:
        DeploymentError: It is none of these.
    """
    if text == DEPLOYER:
        return deployer
    if text.startswith("TEST::"):
        number = text.removeprefix("TEST::")
        accounts = ape.accounts.test_accounts
        if public:
            raise DeploymentError(
                f"{text} is a test account, and everybody knows its key",
                hint="Name an account of your own.",
            )
        if number.isdecimal() and int(number) < len(accounts):
            return to_address(str(accounts[int(number)].address))
        raise DeploymentError(f"there is no test account {text}")
    try:
        return to_address(text)
    except ProvenworkError as problem:
        raise DeploymentError(
            f"{text!r} is no account",
            hint=f"A role is `deployer`, TEST::n or an address. {problem.hint}",
        ) from None
