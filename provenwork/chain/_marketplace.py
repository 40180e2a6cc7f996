"""The session escrow as a client sees it: its views as values, its functions as calls to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from provenwork.chain._abi import abi
from provenwork.chain._contract import Contract
from provenwork.chain._node import Node, Receipt
from provenwork.chain._transactions import Call
from provenwork.chain._values import (
    CircuitTerms,
    Parameters,
    PromptTerms,
    ProofRecord,
    SessionDetails,
    Terms,
    TokenTerms,
)
from provenwork.core.errors import ChainError, ContractReverted, SessionUnknown, WrongChain
from provenwork.crypto import Domain, marketplace_domain, to_address

__all__ = ["Marketplace", "ProofSystem", "WorkerRegistry"]


class Marketplace(Contract):
    """JobMarketplace. Views are asked at once; whatever changes something is a `Call` for a `Sender`.

    "Tokens" are AI tokens, money is in base units of a session's payment token.

    Raises:
        WrongChain: There is no marketplace at the address.
    """

    def __init__(self, node: Node, address: str) -> None:
        super().__init__(node, address, abi("JobMarketplace"))
        try:
            separator = self.ask("getDomainSeparator")
        except ContractReverted:
            separator = b""
        if separator != self.domain.separator:
            raise WrongChain(
                f"the contract at {self.address} is not a Provenwork marketplace of chain {node.chain_id}"
            )

    # ------------------------------------------------------------------------------------------------------- views

    @cached_property
    def domain(self) -> Domain:
        """The EIP-712 domain of vouchers and agreements."""
        return marketplace_domain(self.node.chain_id, self.address)

    @cached_property
    def parameters(self) -> Parameters:
        """The immutable parameters."""
        return Parameters(*self.ask("parameters"))

    def details(self, job_id: int, *, block: int | str = "latest") -> SessionDetails:
        """Everything about a session.

        Raises:
            SessionUnknown: There is none.
        """
        details = SessionDetails.decoded(self.ask("getSessionDetails", job_id, block=block))
        if not details.exists:
            raise SessionUnknown(f"there is no session {job_id} in {self.address}")
        return details

    def proofs(self, job_id: int, first: int = 0, count: int = 16) -> list[ProofRecord]:
        """The proofs of a session from one on, at most so many."""
        history = self.ask("getProofHistory", job_id, first, count)
        return [ProofRecord(bytes(digest), tokens, time) for digest, tokens, time, _ in history]

    def dispute_bond(self, job_id: int) -> int:
        """The bond, in wei, that contesting the live claim asks for in the next block; 0 if none is live."""
        return int(self.ask("disputeBond", job_id, block="pending"))

    def earned(self, host: str, token: str) -> int:
        """What a host earned and did not yet withdraw, gross."""
        return int(self.ask("earned", to_address(host), to_address(token)))

    def credits(self, account: str, token: str) -> int:
        """What waits for an account, free of fee."""
        return int(self.ask("credits", to_address(account), to_address(token)))

    def token_terms(self, token: str) -> TokenTerms:
        """What is asked of a payment token."""
        return TokenTerms(*self.ask("tokenTerms", to_address(token)))

    def defaults(self) -> tuple[int, int]:
        """The circuit and the rate (tokens per second) that the seed forms copy into new sessions."""
        circuit_id, rate = self.ask("defaults")
        return int(circuit_id), int(rate)

    def authorization_nonce(self, terms: Terms, user: str, salt: bytes) -> bytes:
        """The nonce that the user's EIP-3009 authorization must carry to open a session on these terms."""
        return bytes(self.ask("authorizationNonce", terms.encoded(), to_address(user), salt))

    # ----------------------------------------------------------------------------------------------------- opening

    def open_session(self, terms: Terms) -> Call:
        """Opens a session; ETH is sent along, a token must have been approved."""
        return self.call("openSession", terms.encoded(), value=_value(terms))

    def open_session_with_permit(self, terms: Terms, deadline: int, signature: bytes) -> Call:
        """Opens a session with an EIP-2612 permit of the sender."""
        r, s, v = signature[:32], signature[32:64], signature[64]
        return self.call("openSessionWithPermit", terms.encoded(), deadline, v, r, s)

    def open_session_with_authorization(
        self,
        terms: Terms,
        user: str,
        salt: bytes,
        valid_after: int,
        valid_before: int,
        signature: bytes,
    ) -> Call:
        """Opens a session for a user who signed an EIP-3009 authorization; anyone may send it."""
        return self.call(
            "openSessionWithAuthorization",
            terms.encoded(),
            to_address(user),
            salt,
            valid_after,
            valid_before,
            signature,
        )

    def create_session_job(self, terms: Terms) -> Call:
        """The seed's form for ETH and tokens: circuit and rate are the marketplace's defaults of that moment."""
        common = (terms.deposit, terms.price_per_million, terms.max_duration, terms.proof_interval)
        if _value(terms):
            return self.call("createSessionJob", terms.host, *common, value=_value(terms))
        return self.call("createSessionJobWithToken", terms.host, terms.token, *common)

    def create_prompt_job(self, terms: PromptTerms, input_commitment: int) -> Call:
        """Asks for one answer to the prompt that is committed to; ETH is sent along, a token must have been approved."""
        value = terms.payment if int(terms.token, 16) == 0 else 0
        return self.call(
            "createPromptJob",
            terms.host,
            terms.token,
            terms.payment,
            terms.circuit_id,
            input_commitment,
            terms.min_tokens,
            terms.max_duration,
            terms.arbiter,
            value=value,
        )

    def opened(self, receipt: Receipt) -> int:
        """The id of the session that a transaction opened.

        Raises:
            ChainError: It opened none, or several.
        """
        events = self.events(receipt, "SessionCreated")
        if len(events) != 1:
            raise ChainError(f"{receipt.hash} opened {len(events)} sessions")
        return int(events[0]["jobId"])

    def top_up(self, job_id: int, amount: int, token: str) -> Call:
        """Adds to the deposit."""
        value = amount if int(token, 16) == 0 else 0
        return self.call("topUp", job_id, amount, value=value)

    def extend(self, job_id: int, ends_at: int) -> Call:
        """Lets the session end later."""
        return self.call("extend", job_id, ends_at)

    # ---------------------------------------------------------------------------------------------------- evidence

    def submit_proofs(
        self, job_id: int, first_token: int, proofs: Sequence[bytes], counts: Sequence[int]
    ) -> Call:
        """Proofs that chain on from a position."""
        return self.call("submitProofsAt", job_id, first_token, list(proofs), list(counts))

    def redeem_voucher(self, job_id: int, cumulative_tokens: int, signature: bytes) -> Call:
        """Brings a voucher."""
        return self.call("redeemVoucher", job_id, cumulative_tokens, signature)

    def claim_tokens(self, job_id: int, cumulative_tokens: int, commitment: bytes) -> Call:
        """The host's word for tokens up to a position."""
        return self.call("claimTokens", job_id, cumulative_tokens, commitment)

    def checkpoint(self, job_id: int) -> Call:
        """Credits the host with what is due."""
        return self.call("checkpoint", job_id)

    # ---------------------------------------------------------------------------------------------------- disputes

    def raise_dispute(self, job_id: int, evidence_hash: bytes, bond: int) -> Call:
        """Contests the live claim, with a bond in wei."""
        return self.call("raiseDispute", job_id, evidence_hash, value=bond)

    def resolve_dispute(self, job_id: int, tokens: int) -> Call:
        """The arbiter's ruling."""
        return self.call("resolveDispute", job_id, tokens)

    def expire_dispute(self, job_id: int) -> Call:
        """Ends a dispute that nobody answered in time."""
        return self.call("expireDispute", job_id)

    # ----------------------------------------------------------------------------------------------------- closing

    def close_with_voucher(self, job_id: int, cumulative_tokens: int, signature: bytes) -> Call:
        """The host closes on its last voucher, at once."""
        return self.call("closeWithVoucher", job_id, cumulative_tokens, signature)

    def claim_with_proof(
        self, job_id: int, first_token: int, proofs: Sequence[bytes], counts: Sequence[int]
    ) -> Call:
        """The host submits its last proofs and closes, at once."""
        return self.call("claimWithProof", job_id, first_token, list(proofs), list(counts))

    def close_with_agreement(
        self, job_id: int, tokens: int, deadline: int, host_signature: bytes
    ) -> Call:
        """The user closes at once, with the host's agreement."""
        return self.call("closeWithAgreement", job_id, tokens, deadline, host_signature)

    def complete_session(self, job_id: int) -> Call:
        """The host closes at once; the user starts the close window."""
        return self.call("completeSession", job_id)

    def claim_abandoned_session(self, job_id: int) -> Call:
        """The user starts the close window of a session whose host has gone silent."""
        return self.call("claimAbandonedSession", job_id)

    def finalize_session(self, job_id: int) -> Call:
        """Closes a session after the window that its user started."""
        return self.call("finalizeSession", job_id)

    def trigger_session_timeout(self, job_id: int) -> Call:
        """Closes a session that ended by itself."""
        return self.call("triggerSessionTimeout", job_id)

    def withdraw(self, token: str, to: str) -> Call:
        """Pays the sender's earnings and credits in one token."""
        return self.call("withdraw", to_address(token), to_address(to))


class ProofSystem(Contract):
    """ProofSystem: which circuits count."""

    def __init__(self, node: Node, address: str) -> None:
        super().__init__(node, address, abi("ProofSystem"))

    def circuit_info(self, circuit_id: int) -> CircuitTerms:
        """What a session needs to know of a circuit; all zero if there is none."""
        return CircuitTerms(*self.ask("circuitInfo", circuit_id))


class WorkerRegistry(Contract):
    """WorkerRegistry: who may be a host."""

    def __init__(self, node: Node, address: str) -> None:
        super().__init__(node, address, abi("WorkerRegistry"))

    def is_active_worker(self, account: str) -> bool:
        """Whether an account is registered."""
        return bool(self.ask("isActiveWorker", to_address(account)))

    def nonce(self, account: str) -> int:
        """The nonce that the account's next registration must carry."""
        return int(self.ask("nonces", to_address(account)))

    def register_profile(
        self, ipfs_hash: bytes, hourly_rate: int, deadline: int, signature: bytes
    ) -> Call:
        """Registers the sender with the registration signer's consent."""
        return self.call("registerProfile", ipfs_hash, hourly_rate, deadline, signature)


def _value(terms: Terms) -> int:
    return terms.deposit if int(terms.token, 16) == 0 else 0
