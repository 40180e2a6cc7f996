"""What both sides do with money: approve exactly what is needed, and withdraw what is theirs."""

from __future__ import annotations

from provenwork.chain import Marketplace, Sender, Token
from provenwork.core.errors import ContractReverted
from provenwork.crypto import ZERO_ADDRESS, to_address

__all__ = ["allow", "withdraw"]


def allow(sender: Sender, marketplace: Marketplace, token: str, amount: int) -> None:
    """Approves exactly an amount, unless the allowance is there already."""
    if to_address(token) == ZERO_ADDRESS:
        return
    contract = Token(marketplace.node, token)
    if contract.allowance(sender.address, marketplace.address) < amount:
        sender.send(contract.approve(marketplace.address, amount))


def withdraw(sender: Sender, marketplace: Marketplace, token: str, to: str | None) -> int:
    """Withdraws earnings and credits in one token; returns what was paid, net, 0 if there was nothing."""
    try:
        receipt = sender.send(marketplace.withdraw(token, to or sender.address))
    except ContractReverted as problem:
        if problem.name == "JobMarketplace_NothingToWithdraw":
            return 0
        raise
    event = marketplace.events(receipt, "Withdrawn")[0]
    return int(event["gross"]) - int(event["fee"]) + int(event["credit"])
