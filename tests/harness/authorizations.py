"""Payments that a signature allows: a token's EIP-2612 permits and EIP-3009 authorizations."""

from dataclasses import dataclass, replace
from typing import Any, Self

import ape
from eth_abi import encode
from eth_utils import keccak

from tests.harness.escrow import HOUR, Escrow, Terms
from tests.harness.signing import sign, typed_digest

PERMIT = [
    {"name": "owner", "type": "address"},
    {"name": "spender", "type": "address"},
    {"name": "value", "type": "uint256"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
]
RECEIVE_WITH_AUTHORIZATION = [
    {"name": "from", "type": "address"},
    {"name": "to", "type": "address"},
    {"name": "value", "type": "uint256"},
    {"name": "validAfter", "type": "uint256"},
    {"name": "validBefore", "type": "uint256"},
    {"name": "nonce", "type": "bytes32"},
]
TERMS = "(address,address,address,uint256,address,uint256,address,uint256,uint256,uint256,uint256,uint256)"
SALT = b"\x5a" * 32


def token_domain(token: Any, **changes: Any) -> dict[str, Any]:
    """The EIP-712 domain of MockUSDC, changed as said."""
    return {
        "name": "USD Coin",
        "version": "2",
        "chainId": ape.chain.chain_id,
        "verifyingContract": token.address,
    } | changes


@dataclass(frozen=True)
class Permit:
    """An owner's permission that a spender may take so much."""

    token: Any
    owner: str
    spender: str
    value: int
    nonce: int
    deadline: int

    def but(self, **changes: Any) -> Self:
        """The same with other values in some fields; accounts become their addresses."""
        return replace(self, **{k: getattr(v, "address", v) for k, v in changes.items()})

    def signed_by(self, signer: Any) -> tuple[int, bytes, bytes]:
        """The signer's signature, in the three parts that permits take: v, r, s."""
        message = {part["name"]: getattr(self, part["name"]) for part in PERMIT}
        digest = typed_digest(token_domain(self.token), {"Permit": PERMIT}, message)
        signature = sign(digest, signer)
        return signature[64], signature[:32], signature[32:64]


def permit_for(escrow: Escrow, owner: Any, value: int) -> Permit:
    """What an owner signs to let the escrow take so much USDC, within an hour."""
    return Permit(
        token=escrow.usdc,
        owner=owner.address,
        spender=escrow.marketplace.address,
        value=value,
        nonce=escrow.usdc.nonces(owner),
        deadline=ape.chain.pending_timestamp + HOUR,
    )


@dataclass(frozen=True)
class Authorized:
    """An opening that a user authorizes and that anybody may relay."""

    escrow: Escrow
    terms: Terms
    user: str
    validBefore: int
    validAfter: int = 0
    salt: bytes = SALT

    def but(self, **changes: Any) -> Self:
        """The same with other values in some fields; accounts become their addresses."""
        return replace(self, **{k: getattr(v, "address", v) for k, v in changes.items()})

    def nonce(self, *, chain_id: int | None = None, contract: Any = None) -> bytes:
        """The authorization's nonce, computed apart from the contract."""
        types = ["uint256", "address", TERMS, "address", "bytes32"]
        where = [chain_id or ape.chain.chain_id, (contract or self.escrow.marketplace).address]
        return keccak(encode(types, [*where, self.terms.encoded(), self.user, self.salt]))

    def signed_by(self, signer: Any, *, domain: Any = None, **changes: Any) -> bytes:
        """The signer's signature over the payment, changed as said."""
        message = {
            "from": self.user,
            "to": self.escrow.marketplace.address,
            "value": self.terms.deposit,
            "validAfter": self.validAfter,
            "validBefore": self.validBefore,
            "nonce": self.nonce(),
        } | changes
        types = {"ReceiveWithAuthorization": RECEIVE_WITH_AUTHORIZATION}
        return sign(typed_digest(domain or token_domain(self.escrow.usdc), types, message), signer)

    def relay(self, signature: bytes, *, sender: Any = None) -> Any:
        """Somebody (by default the relayer) brings the opening."""
        return self.escrow.marketplace.openSessionWithAuthorization(
            self.terms.encoded(),
            self.user,
            self.salt,
            self.validAfter,
            self.validBefore,
            signature,
            sender=sender or self.escrow.actors["relayer"],
        )


def authorized(escrow: Escrow, user: Any, terms: Terms | None = None) -> Authorized:
    """What a user authorizes, by default the usual terms, within an hour."""
    return Authorized(
        escrow=escrow,
        terms=terms or escrow.terms(),
        user=user.address,
        validBefore=ape.chain.pending_timestamp + HOUR,
    )
