"""Does it all without doing anything: what is still to be sent is run on the chain's present state, and priced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from web3.types import RPCEndpoint

from provenwork.chain import MAX_GAS, Call, Node, reverted
from provenwork.crypto import ZERO_ADDRESS, to_address
from scripts._deployment._errors import DeploymentError
from scripts._deployment._steps import Create, Step, remaining

__all__ = ["Cost", "rehearsed"]

Others = Mapping[str, ChecksumAddress]
"""Who sends a step, by its purpose."""

_ORACLE = to_address("0x420000000000000000000000000000000000000F")
"""The OP Stack's predeployed GasPriceOracle."""
_ENVELOPE = 120
"""Bytes of a transaction besides its calldata, at most."""
_NO_SUCH_METHOD = -32601


@dataclass(frozen=True, slots=True)
class Cost:
    """What the remaining steps cost. Fees in wei; prices in wei per gas."""

    gas: Mapping[str, int]
    """By the steps' purposes, as rehearsed."""
    price: int
    """Base fee and tip now."""
    highest_price: int
    """What the transactions are signed for: room for the base fee to double."""
    data_fee: int
    """What the chain's own oracle says the transactions pay at most for their place on Ethereum; 0 where there is none."""

    def require_paid_by(self, node: Node, account: ChecksumAddress) -> int:
        """An account's balance in wei.

        Raises:
            DeploymentError: It may not be enough.
        """
        balance = node.balance(account)
        if balance < self.at_most:
            raise DeploymentError(
                f"{account} has {balance / 10**18:.6f} ETH, and this may cost {self.at_most / 10**18:.6f}",
                hint="Send it some.",
            )
        return balance

    @property
    def total_gas(self) -> int:
        """Gas of all steps."""
        return sum(self.gas.values())

    @property
    def expected(self) -> int:
        """At today's price."""
        return self.total_gas * self.price + self.data_fee

    @property
    def at_most(self) -> int:
        """At the highest price that is signed for."""
        return self.total_gas * self.highest_price + self.data_fee


def rehearsed(
    node: Node, steps: Sequence[Step], sender: ChecksumAddress, others: Others | None = None
) -> tuple[tuple[Step, ...], Cost]:
    """The steps that were not yet done, run on the latest state (`eth_simulateV1`) without sending anything.

    Args:
        node: The chain.
        steps: All steps, in their order.
        sender: Who sends and pays.
        others: Who sends some of them instead, by their purposes.

    Returns:
        What is left to do, and what that costs the sender.

    Raises:
        DeploymentError: A contract would refuse one of them, with its error; or the node cannot simulate.
    """
    while True:
        todo = tuple(remaining(steps, node))
        try:
            return todo, _rehearse(node, todo, sender, others or {})
        except DeploymentError:
            # What was sent before an interruption may have been mined just between the two.
            if tuple(remaining(steps, node)) == todo:
                raise


def _rehearse(node: Node, steps: Sequence[Step], sender: ChecksumAddress, others: Others) -> Cost:
    gas: dict[str, int] = {}
    asked = [(others.get(step.purpose, sender), step.call) for step in steps]
    results = _simulate(node, asked) if steps else []
    for index, (step, result) in enumerate(zip(steps, results, strict=True)):
        if int(result["status"], 16) != 1:
            raise _refusal(node, steps[: index + 1], asked[: index + 1], result)
        gas[step.purpose] = int(result["gasUsed"], 16)
        if gas[step.purpose] > MAX_GAS:
            raise DeploymentError(
                f"{step.purpose} takes {gas[step.purpose]:,} gas, and Base gives a transaction at most {MAX_GAS:,}"
            )
    own = [step for step in steps if step.purpose not in others]
    base, priority = node.block().base_fee, node.priority_fee()
    return Cost(
        gas={step.purpose: gas[step.purpose] for step in own},
        price=base + priority,
        highest_price=2 * base + priority,
        data_fee=_data_fee(node, own),
    )


def _simulate(
    node: Node,
    calls: Sequence[tuple[ChecksumAddress, Call]],
    code: Mapping[str, bytes] | None = None,
) -> list[dict[str, Any]]:
    """Each call in a block of its own; in the last block some addresses may have other code."""
    blocks: list[dict[str, Any]] = [
        {
            "calls": [
                {
                    "from": sender,
                    "to": call.to,
                    "gas": hex(MAX_GAS),
                    "input": "0x" + call.data.hex(),
                }
            ]
        }
        for sender, call in calls
    ]
    if code:
        blocks[-1]["stateOverrides"] = {
            address: {"code": "0x" + octets.hex(), "nonce": "0x1"}
            for address, octets in code.items()
        }
    question = [{"blockStateCalls": blocks}, "latest"]
    answer: Mapping[str, Any] = node.ask(
        lambda: node.web3.provider.make_request(RPCEndpoint("eth_simulateV1"), question)
    )
    if (error := answer.get("error")) is not None:
        if isinstance(error, Mapping) and error.get("code") == _NO_SUCH_METHOD:
            raise DeploymentError(
                "the node cannot rehearse",
                hint="Use a node that has eth_simulateV1, as Geth, Reth, op-geth and Anvil have.",
            )
        said = error.get("message", error) if isinstance(error, Mapping) else error
        raise DeploymentError(f"the node refuses to rehearse: {said}")
    return [block["calls"][0] for block in answer["result"]]


def _refusal(
    node: Node,
    steps: Sequence[Step],
    asked: Sequence[tuple[ChecksumAddress, Call]],
    result: Mapping[str, Any],
) -> DeploymentError:
    """What is wrong with the last of the steps, in words."""
    step, (sender, _) = steps[-1], asked[-1]
    if isinstance(step, Create):
        # The proxy keeps a constructor's error to itself, so ask once more without it. Creation code is code: it runs
        # where the contract will stand.
        calls = [*asked[:-1], (sender, Call(step.address, b""))]
        result = _simulate(node, calls, {step.address: step.init_code})[-1]
    error = result.get("error") or {}
    data = str(error.get("data") or result.get("returnData") or "0x")
    reason: object = error.get("message") or "it fails"
    if len(data) > 2:
        reason = reverted(bytes.fromhex(data.removeprefix("0x")))
    subject = step.contract if isinstance(step, Create) else step.purpose
    return DeploymentError(
        f"{subject}: {reason}", hint="Nothing was sent. Change its arguments in the parameters."
    )


def _data_fee(node: Node, steps: Sequence[Step]) -> int:
    if not node.code(_ORACLE):
        return 0
    selector = keccak(text="getL1FeeUpperBound(uint256)")[:4]
    total = 0
    for step in steps:
        question = selector + encode(["uint256"], [len(step.call.data) + _ENVELOPE])
        answer = node.simulate(Call(_ORACLE, question), ZERO_ADDRESS, "latest")
        total += int.from_bytes(answer, "big")
    return total
