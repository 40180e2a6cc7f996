"""What an operation's gas is made of, and what the largest part of it buys.

The parts are measured, from the trace of each transaction: what the transaction itself and its calldata cost (EIP-2028),
storage that was zero before, storage that was not, first looks at storage and at other accounts (EIP-2929), events, and
the rest, which is computing. What a part buys is said in words, by hand.
"""

from collections import Counter
from typing import Any

import ape

TRANSACTION, CALLDATA = "the transaction", "calldata"
NEW, CHANGED, LOOKS = "fresh storage", "changed storage", "first looks"
EVENTS, COMPUTING = "events", "computing"

FRESH = 20_000  # an SSTORE from zero costs this and more
COLD_SLOT = 2_100
BASE = 21_000


def parts(receipt: Any) -> Counter[str]:
    """Gas by part; together they are what the transaction used, before refunds."""
    data = bytes(receipt.data)
    cost = Counter({TRANSACTION: BASE, CALLDATA: sum(16 if byte else 4 for byte in data)})
    options = {"disableMemory": True, "disableStack": True, "disableStorage": True}
    hash_ = receipt.txn_hash
    trace = ape.chain.provider.make_request("debug_traceTransaction", [hash_, options])
    for step in trace["structLogs"]:
        gas, what = step["gasCost"], step["op"]
        if what == "SSTORE":
            cost[NEW if gas >= FRESH else CHANGED] += gas
        elif what == "SLOAD" and gas >= COLD_SLOT:
            cost[LOOKS] += gas
        elif what.startswith("LOG"):
            cost[EVENTS] += gas
    cost[COMPUTING] = max(0, receipt.gas_used - cost.total())
    return cost
