"""The contracts as the machine plays them: a call costs one request, a look at everything one more.

Time is the machine's own: a transaction is mined at the second that it says, and whatever is asked is asked of that second.
So nothing is mined for time to pass, and every deadline can be met to the second.
"""

import json
import re
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import ape
from coincurve import PrivateKey
from eth_abi import decode, encode
from eth_utils import keccak

from tests.harness.execution import GAS_LIMIT, Reverted

ZERO = "0x" + "00" * 20
_ARRAY = re.compile(r"\[\d*\]$")


class Node:
    """One open connection to the chain, for any number of questions at once."""

    def __init__(self, uri: str) -> None:
        self._connection = HTTPConnection(urlsplit(uri).netloc, timeout=60)

    def ask(self, *questions: tuple[Any, ...]) -> list[dict[str, Any]]:
        """The answers to `(method, *parameters)` each, in order; errors are not raised."""
        batch = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": parameters}
            for i, (method, *parameters) in enumerate(questions)
        ]
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", "/", json.dumps(batch), headers)
        answers = json.loads(self._connection.getresponse().read())
        return sorted(answers, key=lambda answer: answer["id"])

    def tell(self, method: str, *parameters: Any) -> Any:
        """The result of one request, which must have one."""
        (answer,) = self.ask((method, *parameters))
        assert "error" not in answer, answer
        return answer["result"]


@dataclass(frozen=True)
class Log:
    """One event in plain values: addresses in small letters, everything else as a number."""

    emitter: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """The error with which a call reverts, and its arguments as `eth_abi` decodes them."""

    error: str
    arguments: tuple[Any, ...]


def _plain(kind: str, word: bytes) -> Any:
    return "0x" + word[12:].hex() if kind == "address" else int.from_bytes(word, "big")


class Face:
    """A contract at its address: how it is called, what it says."""

    def __init__(self, contract: Any) -> None:
        self.address = contract.address.lower()
        self._functions: dict[str, tuple[bytes, list[str]]] = {}
        self._outputs: dict[str, list[tuple[str, str]]] = {}
        self._returned: dict[str, list[str]] = {}
        self._events: dict[str, tuple[str, list[tuple[str, str, bool]]]] = {}
        self.errors: dict[bytes, tuple[str, list[str]]] = {}
        self.changing: list[str] = []
        """The functions that can change something, and those that refuse to."""
        self.about: dict[str, str] = {}
        """What a function's first argument is called."""
        for abi in contract.contract_type.abi:
            if abi.type not in ("function", "event", "error"):
                continue
            types = [part.canonical_type for part in abi.inputs]
            digest = keccak(text=f"{abi.name}({','.join(types)})")
            if abi.type == "function":
                self._functions[abi.name] = (digest[:4], types)
                if abi.stateMutability != "view":
                    self.changing.append(abi.name)
                self._outputs[abi.name] = _flat(abi.outputs)
                self._returned[abi.name] = [part.canonical_type for part in abi.outputs]
                self.about[abi.name] = abi.inputs[0].name if abi.inputs else ""
            elif abi.type == "event":
                parts = [
                    (name, kind, bool(p.indexed)) for p in abi.inputs for name, kind in _flat([p])
                ]
                self._events["0x" + digest.hex()] = (abi.name, parts)
            else:
                self.errors[digest[:4]] = (abi.name, types)

    def data(self, function: str, *arguments: Any) -> str:
        """The calldata of a call."""
        selector, types = self._functions[function]
        return "0x" + (selector + encode(types, arguments)).hex()

    def question(self, function: str, *arguments: Any) -> dict[str, str]:
        """A view's call, for `World.look`."""
        return {"to": self.address, "data": self.data(function, *arguments)}

    def answer(self, function: str, returned: str) -> dict[str, Any]:
        """What a view of static types returned, by name."""
        raw = bytes.fromhex(returned[2:])
        return {
            name: _plain(kind, raw[32 * i : 32 * i + 32])
            for i, (name, kind) in enumerate(self._outputs[function])
        }

    def values(self, function: str, returned: str) -> tuple[Any, ...]:
        """What a function returned, arrays and all; addresses in small letters."""
        return tuple(decode(self._returned[function], bytes.fromhex(returned[2:])))

    def log(self, raw: dict[str, Any]) -> Log:
        """One of its events."""
        name, parts = self._events[raw["topics"][0]]
        topics = [bytes.fromhex(topic[2:]) for topic in raw["topics"][1:]]
        data = bytes.fromhex(raw["data"][2:])
        words = [data[i : i + 32] for i in range(0, len(data), 32)]
        values = {}
        for part, kind, indexed in parts:
            values[part] = _plain(kind, (topics if indexed else words).pop(0))
        return Log(self.address, name, values)


def _flat(outputs: Any) -> list[tuple[str, str]]:
    """The words of what a function returns, where all of it is static."""
    found = []
    for output in outputs:
        if output.components:
            found += _flat(output.components)
        elif not _ARRAY.search(output.type) and output.type not in ("bytes", "string"):
            found.append((output.name, output.canonical_type))
    return found


@dataclass
class Key:
    """Who acts: an account with a key, or a contract that acts through its owner's."""

    name: str
    address: str
    secret: PrivateKey | None

    def sign(self, digest: bytes) -> bytes:
        """Strict ECDSA over a digest."""
        assert self.secret
        raw = self.secret.sign_recoverable(digest, hasher=None)
        return raw[:64] + bytes([27 + raw[64]])


class Domain:
    """An EIP-712 domain, hashed once."""

    def __init__(self, name: str, version: str, contract: str) -> None:
        kind = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        self.separator = keccak(
            encode(
                ["bytes32", "bytes32", "bytes32", "uint256", "address"],
                [
                    keccak(text=kind),
                    keccak(text=name),
                    keccak(text=version),
                    ape.chain.chain_id,
                    contract,
                ],
            )
        )

    def digest(self, struct: str, *values: Any) -> bytes:
        """What is signed: `struct` as its EIP-712 type, which must be flat and static."""
        types = [part.split(" ")[0] for part in struct.split("(")[1][:-1].split(",")]
        body = encode(["bytes32", *types], [keccak(text=struct), *values])
        return keccak(b"\x19\x01" + self.separator + keccak(body))


class World:
    """All contracts, everybody, and the clock."""

    def __init__(self, faces: dict[str, Face], keys: dict[str, Key]) -> None:
        self.node = Node(ape.chain.provider.uri)
        self.faces = faces
        self.keys = keys
        self._by_address = {face.address: face for face in faces.values()}
        self._errors = {
            selector: known for face in faces.values() for selector, known in face.errors.items()
        }
        self.now = int(self.node.tell("eth_getBlockByNumber", "latest", False)["timestamp"], 16) + 1

    def request(
        self, face: str, function: str, arguments: tuple[Any, ...], sender: str, value: int
    ) -> dict[str, str]:
        """A transaction as the node takes it."""
        contract = self.faces[face]
        return {
            "from": sender,
            "to": contract.address,
            "data": contract.data(function, *arguments),
            "value": hex(value),
            "gas": hex(GAS_LIMIT),
        }

    def send(self, request: dict[str, str]) -> list[Log]:
        """Mines a transaction at this second, which must pass; the next second begins.

        Raises:
            Reverted: It did not pass.
        """
        _, answer = self.node.ask(
            ("evm_setNextBlockTimestamp", hex(self.now)), ("eth_sendTransactionSync", request)
        )
        assert "result" in answer, answer
        if answer["result"]["status"] != "0x1":
            self.simulate(request)
            raise AssertionError(f"failed, although it passes when simulated: {request}")
        return [
            self._by_address[raw["address"]].log(raw)
            for raw in answer["result"]["logs"]
            if raw["address"] in self._by_address
        ]

    def simulate(self, request: dict[str, str]) -> str:
        """What a call returns at this second.

        Raises:
            Reverted: It reverts.
        """
        (answer,) = self.node.ask(self._call(request))
        if "error" in answer:
            raise Reverted(bytes.fromhex(answer["error"].get("data", "0x")[2:]))
        return str(answer["result"])

    def refusal(self, request: dict[str, str]) -> Refusal | None:
        """The error with which a call reverts at this second, or nothing if it passes."""
        try:
            self.simulate(request)
        except Reverted as revert:
            name, types = self._errors.get(revert.data[:4], (f"0x{revert.data.hex()}", []))
            return Refusal(name, tuple(decode(types, revert.data[4:])))
        return None

    def imagine(self, *seconds: tuple[int, list[dict[str, str]]]) -> list[list[dict[str, Any]]]:
        """What calls would do that are mined one after the other, and is not.

        Args:
            seconds: Blocks: the second of each, and its calls.

        Returns:
            For each block the outcome of each call, with its `status` and `returnData`.
        """
        blocks = [
            {"blockOverrides": {"time": hex(second)}, "calls": calls} for second, calls in seconds
        ]
        imagined = {"blockStateCalls": blocks, "validation": False}
        return [block["calls"] for block in self.node.tell("eth_simulateV1", imagined, "latest")]

    def look(self, questions: list[dict[str, str]]) -> list[str]:
        """What many views return at this second; a question without data is for an account's wei."""
        asked = (
            self._call(question)
            if "data" in question
            else ("eth_getBalance", question["to"], "latest")
            for question in questions
        )
        return [str(answer["result"]) for answer in self.node.ask(*asked)]

    def _call(self, request: dict[str, str]) -> tuple[Any, ...]:
        return ("eth_call", request, "latest", {}, {"time": hex(self.now)})
