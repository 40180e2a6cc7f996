"""Postings that an issuer pays by an EIP-3009 authorization."""

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Self

import ape

from tests.harness.authorizations import RECEIVE_WITH_AUTHORIZATION, SALT, token_domain
from tests.harness.escrow import HOUR
from tests.harness.factory import Factory, JobTerms
from tests.harness.signing import sign, typed_digest


@dataclass(frozen=True)
class AuthorizedPosting:
    """A posting that an issuer authorizes and that anybody may relay."""

    factory: Factory
    terms: JobTerms
    issuer: str
    validBefore: int
    validAfter: int = 0
    salt: bytes = SALT

    def but(self, **changes: Any) -> Self:
        """The same with other values in some fields; accounts become their addresses."""
        return replace(self, **{k: getattr(v, "address", v) for k, v in changes.items()})

    def nonce(self, *, chain_id: int | None = None, contract: Any = None) -> bytes:
        """The authorization's nonce, computed apart from the contract."""
        issuer = SimpleNamespace(address=self.issuer)
        place = {"chain_id": chain_id or ape.chain.chain_id}
        place["contract"] = contract or self.factory.contract
        return self.factory.authorization_nonce(self.terms, issuer, self.salt, **place)

    def signed_by(self, signer: Any, *, domain: Any = None, **changes: Any) -> bytes:
        """The signer's signature over the payment, changed as said."""
        message = {
            "from": self.issuer,
            "to": self.factory.contract.address,
            "value": self.terms.amount,
            "validAfter": self.validAfter,
            "validBefore": self.validBefore,
            "nonce": self.nonce(),
        } | changes
        types = {"ReceiveWithAuthorization": RECEIVE_WITH_AUTHORIZATION}
        return sign(typed_digest(domain or token_domain(self.factory.usdc), types, message), signer)

    def call(self, signature: bytes) -> tuple[Any, ...]:
        """The arguments that bring the signature."""
        times = (self.validAfter, self.validBefore)
        return self.terms.encoded(), self.issuer, self.salt, *times, signature

    def relay(self, signature: bytes, *, sender: Any = None, value: int = 0) -> Any:
        """Somebody (by default the relayer) brings the posting."""
        return self.factory.contract.postJobWithAuthorization(
            *self.call(signature),
            sender=sender or self.factory.actors["relayer"],
            value=value,
        )


def authorized(factory: Factory, issuer: Any, terms: JobTerms | None = None) -> AuthorizedPosting:
    """What an issuer authorizes, by default the usual terms, within an hour."""
    return AuthorizedPosting(
        factory=factory,
        terms=terms or factory.terms(),
        issuer=issuer.address,
        validBefore=ape.chain.pending_timestamp + HOUR,
    )
