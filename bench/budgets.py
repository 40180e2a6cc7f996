"""How much gas each operation may use, and where that is known to be too little: why.

A budget is what the operation should cost; it is not raised when it is missed. A reason here does not let the operation
grow: `make gas` still compares it with the committed table.
"""

BUDGETS = {
    "open, ERC-20": 135_000,
    "open, ETH": 112_000,
    "open by EIP-3009": 163_000,
    "top-up": 61_000,
    "voucher, first": 57_000,
    "voucher, steady": 40_000,
    "one more voucher in a batch": 17_500,
    "claim, first": 63_000,
    "claim, steady": 43_500,
    "claim, first, with an arbiter": 63_000,
    "claim, steady, with an arbiter": 43_500,
    "contest": 67_000,
    "contest, with an arbiter": 67_000,
    "checkpoint": 47_000,
    "close with voucher": 68_500,
    "withdraw": 55_000,
    "whole session, vouchers": 204_000,
    "whole session, ten checkpoints": 668_000,
    "worker registration": 83_500,
    "one-shot job, post to release": 253_000,
    "one-shot job, post to release, by signature": 290_000,
}

# An operation that is over its budget for a known reason would stand here, with the reason.
REASONS: dict[str, str] = {}
