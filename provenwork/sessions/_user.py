"""The user's side: opens sessions, acknowledges what arrives, closes, and gets the rest back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from eth_typing import ChecksumAddress

from provenwork.chain import (
    Journal,
    Marketplace,
    Node,
    Outcome,
    PromptTerms,
    Receipt,
    Sender,
    Terms,
    Token,
)
from provenwork.circuits import Circuit, prompt_commitment
from provenwork.core.errors import SessionUnknown
from provenwork.crypto import ZERO_ADDRESS, Permit, ReceiveWithAuthorization, Signer
from provenwork.sessions._spending import allow, withdraw
from provenwork.sessions._terms import Quote, check_terms, quote
from provenwork.sessions._user_prompt_job import UserPromptJob, check_prompt_terms
from provenwork.sessions._user_session import UserSession
from provenwork.sessions._wire import SignedVoucher

__all__ = ["OpeningAuthorization", "User", "relay_opening"]


@dataclass(frozen=True, slots=True)
class OpeningAuthorization:
    """A user's signed wish to open a session, for anyone to send.

    Its nonce binds every term, so a relayer can change nothing.
    """

    terms: Terms
    user: ChecksumAddress
    salt: bytes
    valid_after: int
    valid_before: int
    signature: bytes


def relay_opening(
    sender: Sender, marketplace: Marketplace, authorization: OpeningAuthorization
) -> int:
    """Opens a session for a user who signed an authorization; the sender pays the gas and gets nothing else.

    Returns:
        The session's id.

    Raises:
        ContractReverted: It was used, has expired, or the terms are refused.
        TransactionFailed, TransactionUnknown: As for `Sender.send`.
    """
    return marketplace.opened(
        sender.send(
            marketplace.open_session_with_authorization(
                authorization.terms,
                authorization.user,
                authorization.salt,
                authorization.valid_after,
                authorization.valid_before,
                authorization.signature,
            )
        )
    )


class User:
    """An account that opens sessions.

    Args:
        marketplace: The session escrow.
        signer: The account.
        voucher_signer: Signs vouchers; by default the account itself. Sessions opened here name it.
        journal: Where signed transactions are kept until their outcome is known; in memory by default.
        timeout: Seconds to wait for a receipt before an outcome counts as unknown.
        sender: Sends for the account, instead of one made from signer, journal and timeout.
    """

    def __init__(
        self,
        marketplace: Marketplace,
        signer: Signer,
        *,
        voucher_signer: Signer | None = None,
        journal: Journal | None = None,
        timeout: float = 120.0,
        sender: Sender | None = None,
    ) -> None:
        self.marketplace = marketplace
        self.signer = signer
        self.voucher_signer = voucher_signer or signer
        self.sender = sender or Sender(marketplace.node, signer, journal=journal, timeout=timeout)

    @property
    def address(self) -> ChecksumAddress:
        """The account."""
        return self.signer.address

    @property
    def node(self) -> Node:
        """The chain."""
        return self.marketplace.node

    def quote(self, terms: Terms) -> Quote:
        """What one gets and risks on these terms.

        Raises:
            TermsInvalid: Nobody could open a session on them.
        """
        return quote(self._named(terms), self.marketplace.parameters)

    # ----------------------------------------------------------------------------------------------------- opening

    def open(self, terms: Terms) -> UserSession:
        """Opens a session, in ETH or by allowance; approves exactly the deposit first if the allowance is too small.

        Raises:
            TermsInvalid: Nobody could open a session on them.
            ContractReverted: The marketplace or the token refuses; nothing was sent.
            TransactionFailed, TransactionUnknown: As for `Sender.send`. After an unknown one, `reconcile` and `opened_by`.
        """
        terms = self._checked(terms)
        allow(self.sender, self.marketplace, terms.token, terms.deposit)
        return self._opened(self.sender.send(self.marketplace.open_session(terms)))

    def open_on_defaults(self, terms: Terms) -> UserSession:
        """Opens a session by the seed's forms: circuit and rate are the marketplace's, other optional terms are none.

        Raises:
            As `open`.
        """
        allow(self.sender, self.marketplace, terms.token, terms.deposit)
        return self._opened(self.sender.send(self.marketplace.create_session_job(terms)))

    def open_with_permit(self, terms: Terms, *, valid_for: int = 1_200) -> UserSession:
        """Opens a session with an EIP-2612 permit: one transaction, no approval before it.

        Args:
            terms: In a token that has permits.
            valid_for: Seconds until the permit expires.

        Raises:
            ChainError: The token takes no permits.
            As `open`.
        """
        terms = self._checked(terms)
        token = Token(self.node, terms.token)
        deadline = self.node.now() + valid_for
        permit = Permit(
            self.address,
            self.marketplace.address,
            terms.deposit,
            token.permit_nonce(self.address),
            deadline,
        )
        signature = permit.sign(token.domain, self.signer)
        call = self.marketplace.open_session_with_permit(terms, deadline, signature)
        return self._opened(self.sender.send(call))

    def authorize(
        self, terms: Terms, *, valid_for: int = 3_600, salt: bytes | None = None
    ) -> OpeningAuthorization:
        """Signs an EIP-3009 authorization to open a session, for anyone to send: the user needs no ETH.

        Args:
            terms: In a token that has authorizations.
            valid_for: Seconds until it expires.
            salt: 32 bytes that tell apart two openings on the same terms; random by default.

        Raises:
            TermsInvalid: Nobody could open a session on them.
            ChainError: The token takes no authorizations.
        """
        terms = self._checked(terms)
        token = Token(self.node, terms.token)
        salt = os.urandom(32) if salt is None else salt
        valid_before = self.node.now() + valid_for
        authorization = ReceiveWithAuthorization(
            self.address,
            self.marketplace.address,
            terms.deposit,
            0,
            valid_before,
            self.marketplace.authorization_nonce(terms, self.address, salt),
        )
        signature = authorization.sign(token.domain, self.signer)
        return OpeningAuthorization(terms, self.address, salt, 0, valid_before, signature)

    def ask(self, terms: PromptTerms, circuit: Circuit, prompt: Sequence[int]) -> UserPromptJob:
        """Opens a prompt job: the payment is for one proven answer to this prompt; send the prompt to the host then.

        Args:
            terms: Who answers, for how much, proven by which circuit.
            circuit: The circuit that `terms.circuit_id` is on chain.
            prompt: The prompt's token ids.

        Raises:
            TermsInvalid: The circuit takes no prompt, or proves fewer tokens than are asked for.
            CircuitInputError: The prompt is none.
            ContractReverted: The marketplace or the token refuses; nothing was sent.
            TransactionFailed, TransactionUnknown: As for `Sender.send`.
        """
        commitment = check_prompt_terms(terms, circuit, prompt)
        allow(self.sender, self.marketplace, terms.token, terms.payment)
        receipt = self.sender.send(self.marketplace.create_prompt_job(terms, commitment))
        return self.prompt_job(self.marketplace.opened(receipt), circuit, prompt)

    def prompt_job(self, job_id: int, circuit: Circuit, prompt: Sequence[int]) -> UserPromptJob:
        """Takes up a prompt job again, after a restart.

        Raises:
            SessionUnknown: There is none, it is another user's, or it is about another prompt.
            CircuitInputError: The prompt is none.
        """
        session = self.session(job_id)
        details = session.details()
        commitment = prompt_commitment(prompt, circuit.prompt_size)
        if not details.is_prompt or details.input_commitment != commitment:
            raise SessionUnknown(f"job {job_id} is not about this prompt")
        return UserPromptJob(self.marketplace, session, circuit, prompt)

    def opened_by(self, receipt: Receipt) -> UserSession:
        """The session that a transaction of this user (or its relayer) opened."""
        return self._opened(receipt)

    def session(
        self, job_id: int, *, received: int = 0, voucher: SignedVoucher | None = None
    ) -> UserSession:
        """Takes up a session again, after a restart or after a relayer opened it.

        Args:
            job_id: The session.
            received: How many AI tokens arrived before.
            voucher: The user's own last voucher, if the count was lost: the host has it, and it cannot be forged.

        Raises:
            SessionUnknown: There is none, or it is another user's.
            SignatureInvalid: The voucher is not this user's.
        """
        details = self.marketplace.details(job_id)
        if details.user != self.address:
            raise SessionUnknown(f"session {job_id} is {details.user}'s, not {self.address}'s")
        signed = 0
        if voucher is not None:
            if (voucher.voucher.job_id, voucher.voucher.host) != (job_id, details.host):
                raise SessionUnknown(f"the voucher is not of session {job_id}")
            voucher.voucher.require_signed(
                self.marketplace.domain, details.voucher_signer, voucher.signature
            )
            signed = voucher.tokens
        return UserSession(
            self.marketplace,
            self.sender,
            self.voucher_signer,
            job_id,
            details,
            received=received,
            signed=signed,
        )

    # ------------------------------------------------------------------------------------------------------- money

    def credits(self, token: str = ZERO_ADDRESS) -> int:
        """What waits to be withdrawn: refunds that could not be pushed, bonds that came back. In base units."""
        return self.marketplace.credits(self.address, token)

    def withdraw(self, token: str = ZERO_ADDRESS, to: str | None = None) -> int:
        """Withdraws all credits in one token.

        Returns:
            What was paid, in base units; 0 if there was nothing.

        Raises:
            TransactionFailed, TransactionUnknown: As for `Sender.send`.
        """
        return withdraw(self.sender, self.marketplace, token, to)

    def reconcile(self) -> list[Outcome]:
        """Finds out what became of transactions whose outcome was unknown; see `Sender.reconcile`."""
        return self.sender.reconcile()

    # --------------------------------------------------------------------------------------------------- internals

    def _named(self, terms: Terms) -> Terms:
        if terms.voucher_signer == ZERO_ADDRESS and self.voucher_signer.address != self.address:
            return replace(terms, voucher_signer=self.voucher_signer.address)
        return terms

    def _checked(self, terms: Terms) -> Terms:
        terms = self._named(terms)
        check_terms(terms)
        return terms

    def _opened(self, receipt: Receipt) -> UserSession:
        return self.session(self.marketplace.opened(receipt))
