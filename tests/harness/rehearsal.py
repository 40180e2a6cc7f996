"""A chain that says it is Base Sepolia, and everything that can go wrong on the way to it."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from eth_utils import keccak
from web3 import Web3
from web3.types import RPCEndpoint, RPCResponse

from provenwork.chain import MAX_GAS, Node, SignedTransaction, Transaction
from provenwork.crypto import LocalSigner
from tests.harness.connection import DirectProvider

BASE_SEPOLIA = 84_532
USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
DEPLOYER_KEY = "0x" + "d1" * 32
MULTISIG, SIGNER, TREASURY = ("0x" + pair * 20 for pair in ("a1", "b2", "c3"))

Fault = Literal[
    "refused",
    "unreachable",
    "answer lost",
    "dropped",
    "killed before",
    "killed after",
    "underpaid",
    "overtaken",
]


class Killed(BaseException):
    """The process ends here: nobody catches it."""


@contextmanager
def anvil(chain_id: int) -> Iterator[str]:
    """An Anvil of one's own, as its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["anvil", "--port", str(port), "--chain-id", str(chain_id), "--hardfork", "osaka"]
    process = subprocess.Popen([*command, "--silent"], stdout=subprocess.DEVNULL)
    try:
        _await_listener(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _await_listener(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "anvil does not start"
            time.sleep(0.02)
        else:
            return


class FaultyProvider(DirectProvider):
    """Lets the first sending under every nonce go wrong in one way; what is sent again passes."""

    fault: Fault | None = None

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self.seen: set[int] = set()

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Forwards, or does what a fault does instead."""
        if method == "eth_sendRawTransaction" and self.fault is not None:
            raw = bytes.fromhex(params[0][2:])
            transaction = SignedTransaction("0x" + keccak(raw).hex(), raw, nonce=0)
            if transaction.content.nonce not in self.seen:
                self.seen.add(transaction.content.nonce)
                return self._go_wrong(method, params, transaction)
        return super().make_request(method, params)

    def _go_wrong(
        self, method: RPCEndpoint, params: Any, transaction: SignedTransaction
    ) -> RPCResponse:
        match self.fault:
            case "refused":
                return {"error": {"code": -32000, "message": "txpool is full"}}  # type: ignore[typeddict-item]
            case "unreachable":
                raise ConnectionResetError("connection reset by peer")
            case "dropped":
                return {"jsonrpc": "2.0", "id": 1, "result": transaction.hash}  # type: ignore[typeddict-item]
            case "killed before":
                raise Killed
            case "underpaid":
                return self._underpaid(method, params, transaction.content.max_fee_per_gas)
            case "overtaken":
                self._overtake(transaction.content)
                return super().make_request(method, params)
        super().make_request(method, params)
        if self.fault == "killed after":
            raise Killed
        assert self.fault == "answer lost"
        raise TimeoutError("the answer does not come")

    def _overtake(self, content: Transaction) -> None:
        """A stranger sends the same to the same contract first; it reverts where only the owner may."""
        stranger = "0x" + "5e" * 20
        self._ask(RPCEndpoint("anvil_setBalance"), [stranger, hex(10**24)])
        self._ask(RPCEndpoint("anvil_impersonateAccount"), [stranger])
        request = {"from": stranger, "to": content.to, "data": "0x" + content.data.hex()}
        self._ask(RPCEndpoint("eth_sendTransaction"), [{**request, "gas": hex(MAX_GAS)}])

    def _underpaid(self, method: RPCEndpoint, params: Any, most: int) -> RPCResponse:
        """Takes it, and from the next block on asks for more than it was signed for."""
        self._ask(RPCEndpoint("evm_setAutomine"), [False])
        answer = self._ask(method, params)
        self._ask(RPCEndpoint("anvil_setNextBlockBaseFeePerGas"), [hex(most + 1)])
        self._ask(RPCEndpoint("evm_mine"), [])
        self._ask(RPCEndpoint("evm_setAutomine"), [True])
        return answer


@dataclass
class Rehearsal:
    """The chain, whoever deploys, and the accounts of the parameter file's open roles."""

    url: str
    signer: LocalSigner = field(default_factory=lambda: LocalSigner(DEPLOYER_KEY))

    def __post_init__(self) -> None:
        self.provider = FaultyProvider(self.url)
        self.node = Node(Web3(self.provider))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Whatever happens inside, the chain is afterwards what it was before."""
        snapshot, fee = self.rpc("evm_snapshot"), self.node.block().base_fee
        try:
            yield
        finally:
            self.provider.fault = None
            self.provider.seen.clear()
            self.rpc("evm_revert", snapshot)
            # Which the snapshot does not keep.
            self.rpc("anvil_setNextBlockBaseFeePerGas", hex(fee))

    def close(self) -> None:
        """Ends the connection."""
        self.provider._connection().close()

    @property
    def roles(self) -> dict[str, str]:
        """Who holds the roles that the file leaves open."""
        return {"owner": MULTISIG, "registration_signer": SIGNER, "treasury": TREASURY}

    def rpc(self, method: str, *params: Any) -> Any:
        """Asks the node, whatever fault is on."""
        answer = self.provider._ask(RPCEndpoint(method), list(params))
        assert "error" not in answer, answer
        return answer["result"]

    def put_code(self, address: str, code: bytes) -> None:
        """Places code at an address."""
        self.rpc("anvil_setCode", address, "0x" + code.hex())

    def fund(self, account: str) -> None:
        """Gives an account a million ETH."""
        self.rpc("anvil_setBalance", account, hex(10**24))

    def sent_by(self, account: str) -> int:
        """How many transactions an account has on the chain."""
        return int(self.rpc("eth_getTransactionCount", account, "latest"), 16)

    def act_as(self, account: str, to: str, data: str) -> None:
        """A contract's owners agree, and it calls."""
        self.fund(account)
        self.rpc("anvil_impersonateAccount", account)
        hash_ = self.rpc("eth_sendTransaction", {"from": account, "to": to, "data": data})
        while (receipt := self.rpc("eth_getTransactionReceipt", hash_)) is None:
            time.sleep(0.005)
        assert receipt["status"] == "0x1", receipt
        self.rpc("anvil_stopImpersonatingAccount", account)
