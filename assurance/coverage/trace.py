"""Executes what the tests ask of a chain once more, step by step, and counts what was executed."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assurance.coverage.programs import Build

Ask = Callable[[str, list[Any]], Any]
"""Sends one request to a node and returns its answer."""

# Runs inside the node, once for every step: of each call that code executes, the code's address and the steps' places.
# The outermost call is not announced by `enter`. A creation's code is its input; the address has none yet.
TRACER = """{
  frames: [], open: [], pcs: null,
  begin: function (address, creates, code) {
    var frame = {address: address, creates: creates, code: code, pcs: []};
    this.frames.push(frame); this.open.push(frame); this.pcs = frame.pcs;
  },
  enter: function (call) {
    var creates = call.getType().indexOf("CREATE") === 0;
    this.begin(toHex(call.getTo()), creates, creates ? toHex(call.getInput()) : null);
  },
  exit: function () {
    this.open.pop();
    var n = this.open.length;
    this.pcs = n ? this.open[n - 1].pcs : null;
  },
  step: function (log) {
    if (!this.pcs) this.begin(toHex(log.contract.getAddress()), false, null);
    this.pcs.push(log.getPC());
  },
  fault: function () {},
  result: function (call) {
    var outermost = this.frames[0];
    if (outermost && call.type === "CREATE") { outermost.creates = true; outermost.code = toHex(call.input); }
    return this.frames.filter(function (frame) { return frame.pcs.length; });
  }
}"""

_SENDS = {"eth_sendTransaction", "eth_sendRawTransaction", "eth_sendTransactionSync"}
_CHANGES_CODE = {"anvil_setCode", "hardhat_setCode", "anvil_reset", "anvil_loadState"}
_DELEGATION = bytes.fromhex("ef0100")

# Calls of the same function of the same contract that end in the same way are of one kind: the machine, for one, looks at
# everything after each of its steps. The first of a kind in a file of tests is followed; one of a kind that brought nothing
# new so many times in a row, only now and then.
_USUAL = 60
_NOW_AND_THEN = 20

# What is longer than this, in hexadecimal digits, is no user's call but a thousand questions at once, of millions of steps.
_LONG = 150_000


class Codes:
    """What code lies where on one chain, asked once.

    Taking back a snapshot forgets what was learnt since: something else may come to lie there.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[str, bytes] = {}
        self._snapshots: dict[str, int] = {}

    def at(self, address: str) -> bytes:
        """The code that a call of this address executes."""
        code = self._known.get(address)
        if code is None:
            code = bytes.fromhex(self._ask("eth_getCode", [address, "pending"])["result"][2:])
            if code:
                self._known[address] = code
        if len(code) == 23 and code.startswith(_DELEGATION):
            return self.at("0x" + code[3:].hex())
        return code

    def noticed(self, method: str, params: Any, answer: Any) -> None:
        """A request that changes what lies where."""
        if method in _CHANGES_CODE:
            self._known.clear()
            # What is learnt from now on was not known at any snapshot.
            self._snapshots = dict.fromkeys(self._snapshots, 0)
        elif method == "evm_snapshot":
            self._snapshots[answer["result"]] = len(self._known)
        elif method == "evm_revert":
            kept = self._snapshots.get(_number(params[0]), 0)
            self._known = dict(list(self._known.items())[:kept])


def _number(snapshot: Any) -> str:
    return hex(snapshot) if isinstance(snapshot, int) else hex(int(snapshot, 16))


class Counts:
    """How often each instruction was executed, and each conditional jump taken or not."""

    def __init__(self, build: Build) -> None:
        sizes = [program.size for program in build.programs]
        self.hits: list[NDArray[np.int64]] = [np.zeros(n, dtype=np.int64) for n in sizes]
        # By outcome: not taken, taken.
        self.jumps: list[NDArray[np.int64]] = [np.zeros((2, n), dtype=np.int64) for n in sizes]

    def add(self, program: int, jumps: NDArray[np.bool_], pcs: NDArray[np.int64]) -> bool:
        """Counts one call's steps; whether any of it was new."""
        hits, outcomes = self.hits[program], self.jumps[program]
        once = np.unique(pcs)
        at = np.flatnonzero(jumps[pcs[:-1]])
        here, taken = pcs[:-1][at], (pcs[1:][at] != pcs[:-1][at] + 1).astype(np.int64)
        new = bool((hits[once] == 0).any() or (outcomes[taken, here] == 0).any())
        hits[once] += 1
        np.add.at(outcomes, (taken, here), 1)
        return new


class Recorder:
    """Follows the requests to any number of chains.

    Attributes:
        counts: Of everything.
        executed: Of each test the programs and the instructions that it executed.
    """

    def __init__(self, build: Build) -> None:
        self.build = build
        self.counts = Counts(build)
        self.executed: dict[str, dict[int, NDArray[np.bool_]]] = {}
        self.test = ""
        self.followed = 0
        self.spared = 0
        self.unfollowed: Counter[str] = Counter()
        self._codes: dict[str, Codes] = {}
        self._programs: dict[tuple[bytes, bool], int | None] = {}
        self._usual: Counter[tuple[Any, ...]] = Counter()
        self._seen: set[tuple[str, tuple[Any, ...]]] = set()
        self._simulated: Any = None

    def answered(self, chain: str, ask: Ask, method: str, params: Any, answer: Any) -> None:
        """A test asked a chain this, and got that: before anything else changes there, follows it.

        Args:
            chain: The node's address.
            ask: How to ask the same node.
            method: What the test asked.
            params: The parameters.
            answer: The node's whole answer.
        """
        codes = self._codes.setdefault(chain, Codes(ask))
        codes.noticed(method, params, answer)
        if method == "eth_call":
            self._simulated = params[0]
            kind = self._kind(chain, params[0], answer)
            if len(str(params[0].get("data", ""))) > _LONG or self._is_usual(kind):
                return
            where = params[1] if len(params) > 1 else "latest"
            new = self._follow(codes, ask, "debug_traceCall", [params[0], where], params[2:])
            self._usual[kind] = 0 if new else self._usual[kind] + 1
        # What was simulated just before has been followed already.
        elif method in _SENDS and "result" in answer and params[0] is not self._simulated:
            result = answer["result"]
            sent = result["transactionHash"] if isinstance(result, dict) else result
            self._follow(codes, ask, "debug_traceTransaction", [sent], [])

    def _is_usual(self, kind: tuple[Any, ...]) -> bool:
        count = self._usual[kind]
        seen = self.test.split("::")[0], kind
        if seen not in self._seen or count < _USUAL or count % _NOW_AND_THEN == 0:
            self._seen.add(seen)
            return False
        self._usual[kind] += 1
        self.spared += 1
        return True

    def _kind(self, chain: str, request: dict[str, Any], answer: Any) -> tuple[Any, ...]:
        data = request.get("data") or request.get("input") or ""
        # An error's own selector tells one refusal from another.
        error = str(answer.get("error", {}).get("data"))[:10]
        return chain, request.get("to"), str(data)[:10], error

    def _follow(
        self, codes: Codes, ask: Ask, method: str, params: list[Any], overrides: list[Any]
    ) -> bool:
        options: dict[str, Any] = {"tracer": TRACER}
        options.update(zip(("stateOverrides", "blockOverrides"), overrides, strict=False))
        answer = ask(method, [*params, options])
        if "result" not in answer:
            # A transaction that waits, or a call that the node refuses before its first step.
            self.unfollowed[str(answer["error"].get("message"))[:80]] += 1
            return False
        self.followed += 1
        new = False
        for frame in answer["result"]:
            code = (
                bytes.fromhex(frame["code"][2:]) if frame["creates"] else codes.at(frame["address"])
            )
            program = self._program(code, creation=frame["creates"])
            if program is not None:
                new |= self._count(program, np.array(frame["pcs"], dtype=np.int64))
        return new

    def _program(self, code: bytes, *, creation: bool) -> int | None:
        key = code, creation
        if key not in self._programs:
            self._programs[key] = self.build.find(code, creation=creation)
        return self._programs[key]

    def _count(self, program: int, pcs: NDArray[np.int64]) -> bool:
        size = self.build.programs[program].size
        executed = self.executed.setdefault(self.test, {})
        if program not in executed:
            executed[program] = np.zeros(size, dtype=bool)
        # Past the end of the code there are only zeros: STOP.
        pcs = pcs[pcs < size]
        executed[program][pcs] = True
        return self.counts.add(program, self.build.programs[program].jumps, pcs)

    def save(self, path: Path, seconds: dict[str, float]) -> None:
        """Writes what was counted, for `Measured.load`."""
        arrays: dict[str, Any] = {}
        for index, program in enumerate(self.build.programs):
            arrays[f"hits {index} {program.name}"] = self.counts.hits[index]
            arrays[f"jumps {index} {program.name}"] = self.counts.jumps[index]
        tests = sorted(self.executed)
        arrays["tests"] = np.array(tests)
        arrays["seconds"] = np.array([seconds.get(test, 0.0) for test in tests])
        for number, test in enumerate(tests):
            for index, mask in self.executed[test].items():
                arrays[f"test {number} {index}"] = np.packbits(mask)
        arrays["followed"] = np.array([self.followed, self.spared, self.unfollowed.total()])
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.npz")
        np.savez_compressed(draft, **arrays)
        draft.replace(path)
