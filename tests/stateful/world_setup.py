"""Makes the world of the machine once: wallets, tokens, allowances, and the books as they stand then."""

from typing import Any

import ape
from coincurve import PrivateKey
from eth_abi import encode
from eth_utils import keccak

from tests.harness.deployment import MINIMUM_ETHER, MINIMUM_USDC, payment_token
from tests.harness.escrow import (
    DEFAULT_RATE,
    ETHER,
    INPUT_BOUND,
    MAX_TOKENS,
    METERED,
    USDC,
    Escrow,
)
from tests.harness.execution import rpc
from tests.harness.factory import Factory
from tests.stateful.books import Books, Circuit, Settings, Worker
from tests.stateful.world import ZERO, Domain, Face, Key, World

OWNED = ("market", "jobs", "circuits")
PAYERS = ("user", "other_user", "wallet", "refuser", "issuer", "host")
RICH = hex(10**24)
YIELDING = "0x" + "e5" * 20
YES = "0x631626ba7e60e01b5f5260205ff3"
"""Answers every call with ERC-1271's "yes", which also takes every payment."""


def session_tag(market: str, job: int, host: str, first: int) -> int:
    """The tag of a place in a session, computed apart from the contract."""
    types = ["uint256", "address", "uint256", "address", "uint64"]
    place = [ape.chain.chain_id, market, job, host, first]
    return int.from_bytes(keccak(encode(types, place))[:16], "big")


class Scene:
    """What every history begins with."""

    def __init__(self, project: Any, escrow: Escrow, factory: Factory) -> None:
        actors, owner = escrow.actors, escrow.actors["owner"]
        wallet = owner.deploy(project.MockWallet, actors["user"])
        refuser = owner.deploy(project.RefusingReceiver)
        deny = payment_token(escrow, project.DenylistToken, MINIMUM_USDC)
        factory.contract.setToken(deny, True, MINIMUM_USDC, sender=owner)
        keys = {
            name: Key(name, actor.address.lower(), PrivateKey(bytes.fromhex(actor.private_key[2:])))
            for name, actor in actors.items()
        }
        for name, contract in (("wallet", wallet), ("refuser", refuser)):
            keys[name] = Key(name, contract.address.lower(), None)
        faces = {
            "market": Face(escrow.marketplace),
            "jobs": Face(factory.contract),
            "registry": Face(escrow.registry),
            "circuits": Face(escrow.proof_system),
            "lens": Face(owner.deploy(project.SessionLens, escrow.marketplace)),
            "usdc": Face(escrow.usdc),
            "deny": Face(deny),
        }
        rpc("anvil_autoImpersonateAccount", True)
        for key in keys.values():
            rpc("anvil_setBalance", key.address, RICH)
        self.refusing_code = f"0xef0100{refuser.address.lower()[2:]}"
        rpc("anvil_setCode", YIELDING, YES)
        self.yielding_code = f"0xef0100{YIELDING[2:]}"
        self.extension = escrow.marketplace.extension().lower()
        self.accepting_verifier = escrow.proof_system.circuit(METERED)[0].lower()
        self.world = World(faces, keys)
        self.tokens = {"ether": ETHER, "usdc": faces["usdc"].address, "deny": faces["deny"].address}
        self.domains = {
            "market": Domain("Provenwork JobMarketplace", "1", faces["market"].address),
            "jobs": Domain("Provenwork JobFactory", "1", faces["jobs"].address),
            "registry": Domain("Provenwork WorkerRegistry", "1", faces["registry"].address),
            "usdc": Domain("USD Coin", "2", faces["usdc"].address),
        }
        for payer in PAYERS:
            for token in ("usdc", "deny"):
                self._call(token, "mint", keys["owner"], keys[payer].address, 10**6 * USDC)
                for spender in ("market", "jobs"):
                    self._call(token, "approve", keys[payer], faces[spender].address, 2**255)

    def _call(self, face: str, function: str, sender: Key, *arguments: Any) -> None:
        self.world.send(self.world.request(face, function, arguments, sender.address, 0))
        self.world.now += 1

    def close(self) -> None:
        """The node asks for keys again."""
        rpc("anvil_autoImpersonateAccount", False)

    def books(self) -> Books:
        """What the events so far have told."""
        keys, faces = self.world.keys, self.world.faces
        names = {"market": "market", "jobs": "jobs", "registry": "registry", "circuits": "circuits"}
        addresses = {face.address: names.get(name, "tokens") for name, face in faces.items()}
        books = Books(addresses)
        for contract, defaults in (("market", (METERED, DEFAULT_RATE)), ("jobs", (0, 0))):
            tokens = {
                ETHER: (True, MINIMUM_ETHER),
                self.tokens["usdc"]: (True, MINIMUM_USDC),
                self.tokens["deny"]: (True, MINIMUM_USDC),
            }
            books.settings[contract] = Settings(False, keys["treasury"].address, tokens, defaults)
        books.workers = {
            keys[name].address: Worker(active=True, nonce=1)
            for name in ("host", "other_host", "worker")
        }
        books.circuits = {
            METERED: Circuit(MAX_TOKENS, False),
            INPUT_BOUND: Circuit(MAX_TOKENS, True),
        }
        books.owners = dict.fromkeys(OWNED, keys["owner"].address)
        books.pending_owners = dict.fromkeys(OWNED, ZERO)
        books.signer, books.admin = keys["signer"].address, keys["admin"].address
        return books
