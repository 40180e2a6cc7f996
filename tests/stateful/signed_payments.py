"""Payments that a signature allows, in all their variants: permits (EIP-2612) and authorizations (EIP-3009)."""

from typing import Any

import ape
from eth_abi import encode
from eth_utils import keccak
from hypothesis import strategies as st

from tests.stateful.stage import Stage

PERMIT = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
AUTHORIZATION = (
    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"
    "uint256 validBefore,bytes32 nonce)"
)
HOUR = 3_600
PLENTY = 2**255
permits = st.sampled_from(["good", "good", "front-run", "forged", "late"])
authorizations = st.sampled_from(
    ["good", "good", "forged", "changed", "early", "late", "to the second"]
)


class SignedPayments(Stage):
    """What payers sign, and what becomes of it."""

    def permit(
        self, face: str, purse: str, payer: str, amount: int, how: str
    ) -> tuple[tuple[Any, ...], dict[str, bool]]:
        """Takes the payer's allowance back, and has it sign a permit for so much instead.

        Args:
            face: The contract that is to spend.
            purse: The token's name.
            payer: An address with a key.
            amount: In base units.
            how: `front-run` if a stranger uses the permit first; `forged` or `late` if it is worth nothing.

        Returns:
            The deadline, v, r and s, and the requirements of the payment.
        """
        deadline = self.now + (HOUR if how != "late" else -1)
        if purse == "ether":
            return (deadline, 27, bytes(32), bytes(32)), {}
        spender = self.world.faces[face].address
        self.approve(face, purse, payer, 0)
        usdc = self.world.faces["usdc"]
        (nonce,) = self.world.look([usdc.question("nonces", payer)])
        digest = self.domains["usdc"].digest(
            PERMIT, payer, spender, amount, int(nonce, 16), deadline
        )
        raw = self.key_for(payer, forged=how == "forged").sign(digest)
        parts = (deadline, raw[64], raw[:32], raw[32:64])
        works = purse == "usdc" and how in ("good", "front-run")
        if works and how == "front-run":
            arguments = (payer, spender, amount, *parts)
            self.attempt("usdc", "permit", arguments, self.address("stranger"), {})
        return parts, {"ERC20InsufficientAllowance": not works}

    def approve(self, face: str, purse: str, payer: str, amount: int) -> None:
        """A payer's allowance for a contract."""
        arguments = (self.world.faces[face].address, amount)
        self.attempt(purse, "approve", arguments, payer, {})

    def authorization(
        self, face: str, purse: str, payer: str, amount: int, nonce: bytes, how: str
    ) -> tuple[tuple[Any, ...], dict[str, bool]]:
        """A payer authorizes a payment with a nonce that says what it is for.

        Returns:
            When it begins and ends to count, both excluded, and its signature; and the requirements of the payment.
        """
        after, before = self.now - HOUR, self.now + HOUR
        if how == "early":
            after = self.now
        elif how == "late":
            before = self.now
        elif how == "to the second":
            after, before = self.now - 1, self.now + 1
        to = self.world.faces[face].address
        signed = nonce if how != "changed" else keccak(nonce)
        digest = self.domains["usdc"].digest(
            AUTHORIZATION, payer, to, amount, after, before, signed
        )
        key = self.key_for(payer, forged=how == "forged")
        counts = self.counts_for(payer, key.address, key_first=False)
        unsigned = how == "changed" and payer not in self.yielding
        broken = {
            "MockUSDC_OutsideValidity": how in ("early", "late"),
            "MockUSDC_SignatureInvalid": not counts or unsigned,
            # A token that knows no authorizations.
            "0x": purse == "deny",
        }
        return (after, before, key.sign(digest)), broken

    def authorization_nonce(
        self, face: str, kinds: str, terms: tuple[Any, ...], payer: str, salt: bytes
    ) -> bytes:
        """What binds an authorization to all terms, computed apart from the contract."""
        types = ["uint256", "address", kinds, "address", "bytes32"]
        contract = self.world.faces[face].address
        return keccak(encode(types, [ape.chain.chain_id, contract, terms, payer, salt]))

    def allow_plenty(self, face: str, purse: str, payer: str) -> None:
        """The allowance is again what every other opening counts on."""
        if purse != "ether":
            self.approve(face, purse, payer, PLENTY)
