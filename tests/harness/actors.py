"""Accounts that send quickly and whose refused transactions are never mined."""

from typing import Any

import ape
from ape.api import ReceiptAPI, TransactionAPI
from ape.utils.testing import generate_dev_accounts
from ape_test.accounts import TestAccount

from tests.harness.execution import GAS_LIMIT, rpc, simulate


class Actor(TestAccount):
    """One of the chain's funded accounts, usable as `sender=` like any account of Ape's.

    A transaction is simulated in the next block first. If it reverts, `Reverted` is raised and
    nothing is mined, so the state cannot have changed. If not, the node signs and mines it: a few
    milliseconds instead of twenty.
    """

    def call(self, txn: TransactionAPI, *_: Any, **__: Any) -> ReceiptAPI:
        """Simulates a transaction, then sends it. Overrides Ape's signing and fee estimates."""
        request = {
            "from": self.address,
            "data": "0x" + bytes(txn.data).hex(),
            "value": hex(txn.value),
            "gas": hex(txn.gas_limit or GAS_LIMIT),
        }
        if txn.receiver:
            request["to"] = txn.receiver
        simulate(request)
        # Answers once it is mined: who asks too early for a receipt sleeps for a tenth of a second.
        txn_hash = rpc("eth_sendTransactionSync", request)["transactionHash"]
        fields = {**txn.model_dump(by_alias=True, mode="json"), "from": self.address}
        receipt = ape.chain.provider.get_receipt(txn_hash, transaction=fields)
        # It passed when simulated: a test that lets the two differ must say so itself.
        assert not receipt.failed, f"{txn_hash} failed although it had passed when simulated"
        return receipt


def dev_actors(count: int) -> list[Actor]:
    """The first accounts of the mnemonic that the chain was started with."""
    mnemonic = ape.accounts.test_accounts.mnemonic
    return [
        Actor(index=index, address_str=account.address, private_key=account.private_key)
        for index, account in enumerate(generate_dev_accounts(mnemonic, number_of_accounts=count))
    ]


class ContractActor(Actor):
    """A contract that sends transactions, as a wallet would for its owner."""

    def call(self, txn: TransactionAPI, *args: Any, **kwargs: Any) -> ReceiptAPI:
        """Sends as the contract, which the node is told to let pass."""
        rpc("anvil_impersonateAccount", self.address)
        return super().call(txn, *args, **kwargs)


def give_ether(account: Any, wei: int) -> None:
    """The account has so much ether from now on."""
    rpc("anvil_setBalance", account.address, hex(wei))


def contract_actor(contract: Any) -> ContractActor:
    """The contract as a sender, with ether for its gas."""
    give_ether(contract, 10**20)
    return ContractActor(index=0, address_str=contract.address, private_key="")
