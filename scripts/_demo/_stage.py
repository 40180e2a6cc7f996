"""Who plays, on which chain, with which contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ape
from eth_typing import ChecksumAddress

from provenwork.chain import (
    Contract,
    Marketplace,
    Node,
    ProofSystem,
    Sender,
    SessionLens,
    Token,
    WorkerRegistry,
)
from provenwork.core.errors import ProvenworkError
from provenwork.crypto import LocalSigner, to_address
from scripts._demo._reading import ChainReader
from scripts._demo._words import Words
from scripts._deployment import ApeArtefacts, Deployment

__all__ = ["DemoError", "Stage"]

USER, HOST = 4, 5
"""Test accounts; the deployment's roles have the ones before."""
FUNDS = 5_000_000
"""What the user owns in the beginning, in base units of USDC."""


class DemoError(ProvenworkError):
    """The demo found something that is not as it must be."""


@dataclass(frozen=True)
class Stage:
    """The contracts as the SDK sees them, and a key for every role."""

    deployment: Deployment
    node: Node
    marketplace: Marketplace
    registry: WorkerRegistry
    proof_system: ProofSystem
    lens: SessionLens
    token: Token
    symbol: str
    decimals: int
    backend: LocalSigner
    """Signs for newcomers who passed its checks."""
    user: LocalSigner
    host: LocalSigner
    treasury: LocalSigner
    reader: ChainReader
    words: Words

    @classmethod
    def on(cls, deployment: Deployment, artefacts: ApeArtefacts, token: str = "MockUSDC") -> Stage:  # noqa: S107
        """The stage of a deployment on the connected chain, which must have Ape's test accounts."""
        node = Node(ape.chain.provider.web3, chain_id=deployment.chain_id)
        keys = {
            to_address(str(account.address)): LocalSigner(account.private_key)
            for account in ape.accounts.test_accounts[: HOST + 1]
        }
        accounts = list(keys)
        roles = deployment.roles
        payment = Token(node, deployment.tokens[token])
        # The local chain's token is free for all.
        mint = Contract(node, payment.address, [dict(entry) for entry in artefacts.abi(token)])
        user = keys[accounts[USER]]
        Sender(node, user, poll=0.02).send(mint.call("mint", user.address, FUNDS))
        symbol, decimals = str(payment.ask("symbol")), int(payment.ask("decimals"))
        contracts = {name: deployment.address(name) for name in deployment.contracts}
        return cls(
            deployment=deployment,
            node=node,
            marketplace=Marketplace(node, contracts["JobMarketplace"]),
            registry=WorkerRegistry(node, contracts["WorkerRegistry"]),
            proof_system=ProofSystem(node, contracts["ProofSystem"]),
            lens=SessionLens(node, contracts["SessionLens"]),
            token=payment,
            symbol=symbol,
            decimals=decimals,
            backend=keys[roles["registration_signer"]],
            user=user,
            host=keys[accounts[HOST]],
            treasury=keys[roles["treasury"]],
            reader=ChainReader(
                node,
                {name: (address, artefacts.abi(name)) for name, address in contracts.items()},
                after=node.block().number,
            ),
            words=Words(
                names=_names(roles, accounts, contracts),
                token=payment.address,
                symbol=symbol,
                decimals=decimals,
            ),
        )

    def sender(self, signer: LocalSigner) -> Sender:
        """Sends for one of them."""
        return Sender(self.node, signer, poll=0.02)

    def circuit_number(self, name: str) -> int:
        """The number under which a circuit is registered.

        Raises:
            DemoError: It is not deployed.
        """
        for number, circuit in self.deployment.circuits.items():
            if circuit.name == name:
                return number
        raise DemoError(f"the circuit {name} is not deployed")

    def charge(self, wei: int) -> None:
        """Lets the local chain, which charges nothing, ask this base fee for a unit of gas in the next block."""
        ape.chain.provider.make_request("anvil_setNextBlockBaseFeePerGas", [hex(wei)])


def _names(
    roles: Mapping[str, ChecksumAddress],
    accounts: list[ChecksumAddress],
    contracts: Mapping[str, ChecksumAddress],
) -> dict[ChecksumAddress, str]:
    return {
        roles["deployer"]: "owner",
        roles["treasury"]: "treasury",
        accounts[USER]: "user",
        accounts[HOST]: "host",
        contracts["JobMarketplace"]: "escrow",
    }
