"""A payment token: ERC-20, with EIP-2612 and EIP-3009 where it has them."""

from __future__ import annotations

from functools import cached_property

from provenwork.chain._abi import TOKEN_ABI
from provenwork.chain._contract import Contract
from provenwork.chain._node import Node
from provenwork.chain._transactions import Call
from provenwork.core.errors import ChainError, ContractReverted
from provenwork.crypto import Domain, to_address

__all__ = ["Token"]


class Token(Contract):
    """An ERC-20 token. Amounts are base units."""

    def __init__(self, node: Node, address: str) -> None:
        super().__init__(node, address, TOKEN_ABI)

    @cached_property
    def domain(self) -> Domain:
        """The token's EIP-712 domain, as its own DOMAIN_SEPARATOR confirms it.

        Raises:
            ChainError: The token has no permits, or a domain of another form.
        """
        try:
            name, expected = str(self.ask("name")), bytes(self.ask("DOMAIN_SEPARATOR"))
        except ContractReverted as problem:
            raise self._no_domain() from problem
        for version in self._versions():
            domain = Domain(name, version, self.node.chain_id, self.address)
            if domain.separator == expected:
                return domain
        raise self._no_domain()

    def balance_of(self, account: str) -> int:
        """What an account holds."""
        return int(self.ask("balanceOf", to_address(account)))

    def allowance(self, owner: str, spender: str) -> int:
        """What a spender may take from an owner."""
        return int(self.ask("allowance", to_address(owner), to_address(spender)))

    def permit_nonce(self, owner: str) -> int:
        """The nonce that the owner's next permit must carry."""
        return int(self.ask("nonces", to_address(owner), block="pending"))

    def approve(self, spender: str, amount: int) -> Call:
        """Lets a spender take up to an amount."""
        return self.call("approve", to_address(spender), amount, purpose=f"approve {amount}")

    def _versions(self) -> list[str]:
        try:
            stated = [str(self.ask("version"))]
        except ContractReverted:
            stated = []
        return [*stated, *(version for version in ("1", "2") if version not in stated)]

    def _no_domain(self) -> ChainError:
        return ChainError(
            f"the token {self.address} takes no signatures that this SDK knows",
            hint="Approve the marketplace and open with the allowance instead.",
        )
