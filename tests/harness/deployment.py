"""Puts the whole escrow on the local chain, with workers, tokens and circuits to begin with."""

from typing import Any

import ape
from eth_utils import keccak

from tests.harness.escrow import (
    DEFAULT_RATE,
    ETHER,
    INPUT_BOUND,
    INSTANCES,
    MAX_TOKENS,
    METERED,
    PARAMETERS,
    USDC,
    Escrow,
)
from tests.harness.signing import sign, typed_digest

REGISTER_WORKER = [
    {"name": "worker", "type": "address"},
    {"name": "ipfsHash", "type": "bytes32"},
    {"name": "hourlyRate", "type": "uint256"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
]
MINIMUM_USDC = USDC // 10
MINIMUM_ETHER = 5 * 10**13


def register(registry: Any, signer: Any, worker: Any) -> Any:
    """A worker registers with the signer's consent."""
    deadline = ape.chain.pending_timestamp + 3_600
    message = {
        "worker": worker.address,
        "ipfsHash": b"\xc1" * 32,
        "hourlyRate": 25 * USDC,
        "nonce": registry.nonces(worker),
        "deadline": deadline,
    }
    domain = {
        "name": "Provenwork WorkerRegistry",
        "version": "1",
        "chainId": ape.chain.chain_id,
        "verifyingContract": registry.address,
    }
    signature = sign(typed_digest(domain, {"RegisterWorker": REGISTER_WORKER}, message), signer)
    return registry.registerProfile(b"\xc1" * 32, 25 * USDC, deadline, signature, sender=worker)


def whole_marketplace(project: Any, address: str) -> Any:
    """The marketplace with everything it answers to: its own functions and its extension's."""
    halves = [project.JobMarketplace, project.JobMarketplaceExtension]
    entries = {
        f"{entry.type}{getattr(entry, 'selector', '')}": entry
        for half in halves
        for entry in half.contract_type.abi
        if entry.type in ("function", "event", "error")
    }
    contract_type = halves[0].contract_type.model_copy(update={"abi": list(entries.values())})
    return ape.Contract(address, contract_type=contract_type)


def extension_of(project: Any, marketplace: Any) -> Any:
    """The extension at its own address: the first contract that the marketplace made (nonce 1)."""
    rlp = b"\xd6\x94" + bytes.fromhex(marketplace.address[2:]) + b"\x01"
    address = f"0x{keccak(rlp)[12:].hex()}"
    # Ape would ask a block explorer, of a local chain.
    return project.JobMarketplaceExtension.at(
        address, fetch_from_explorer=False, detect_proxy=False
    )


def deploy_marketplace(project: Any, deployer: Any, *arguments: Any) -> Any:
    """A marketplace as its constructor leaves it, with everything it answers to."""
    deployed = deployer.deploy(project.JobMarketplace, *arguments)
    return whole_marketplace(project, deployed.address)


def deploy_escrow(project: Any, actors: dict[str, Any]) -> Escrow:
    """The contracts, two active workers, USDC and ETH allowed, two circuits that accept everything."""
    owner = actors["owner"]
    registry = owner.deploy(project.WorkerRegistry, actors["signer"], actors["admin"])
    proof_system = owner.deploy(project.ProofSystem, owner)
    marketplace = deploy_marketplace(
        project, owner, registry, proof_system, actors["treasury"], owner, PARAMETERS
    )
    usdc = owner.deploy(project.MockUSDC)
    verifier = owner.deploy(project.AcceptingVerifier)
    for circuit in (METERED, INPUT_BOUND):
        layout = (INSTANCES, 2, INSTANCES - 1, circuit == INPUT_BOUND, 0, 0, MAX_TOKENS)
        proof_system.registerCircuit(circuit, verifier, layout, sender=owner)
    marketplace.setToken(usdc, True, MINIMUM_USDC, sender=owner)
    marketplace.setToken(ETHER, True, MINIMUM_ETHER, sender=owner)
    marketplace.setDefaults(METERED, DEFAULT_RATE, sender=owner)
    for worker in ("host", "other_host"):
        register(registry, actors["signer"], actors[worker])
    for payer in ("user", "other_user"):
        usdc.mint(actors[payer], 10**6 * USDC, sender=owner)
        usdc.approve(marketplace, 2**255, sender=actors[payer])
    return Escrow(marketplace, registry, proof_system, usdc, actors)


def payment_token(escrow: Escrow, token_type: Any, minimum: int = 1) -> Any:
    """A token that sessions may use too; `user` has plenty of it, all of it approved."""
    owner, user = escrow.actors["owner"], escrow.actors["user"]
    token = owner.deploy(token_type)
    escrow.marketplace.setToken(token, True, minimum, sender=owner)
    token.mint(user, 10**6 * USDC, sender=owner)
    token.approve(escrow.marketplace, 2**255, sender=user)
    return token
