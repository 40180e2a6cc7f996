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

_OPENING = (
    "111,100 gas of any opening are physical: 21,000 for the transaction, 2,000 of calldata, 66,300 for the three "
    "slots of the terms, 5,000 for the job counter (in one slot with the pause), 2,100 for the token's terms, 9,400 "
    "to ask the registry whether the host is active and the proof system whether the circuit is unrevoked, 4,800 for "
    "two events. Those questions and events are promises (without a circuit an opening costs 5,900 less). Some 6,700 are "
    "computed: checks, ABI coding, the selector's search"
)
_CLAIM = (
    "5,300 to ask the proof system whether the circuit that judges the claim was revoked since: revocation must stop "
    "claims at once. With an arbiter, who needs no circuit, a claim stays within the budget"
)
_PROOF = (
    "48,500 beyond the verifier are physical: 22,100 for the proof's place in the history, 10,000 for counters and "
    "running digest, 6,300 for three slots of the session, 4,700 to reach the proof system and its circuit, 2,600 for "
    "the verifier's now cold address, the rest calldata and event; what is left checks the instances word by word and "
    "hands the proof on, twice"
)
REASONS = {
    "open, ERC-20": _OPENING,
    "open, ETH": _OPENING,
    "open by EIP-3009": (
        f"{_OPENING}. This one also runs from the extension: 2,600 for the cold address, and the calldata is copied "
        "once more"
    ),
    "voucher, first": (
        "a fresh slot, and 2,100 to read the terms' interval, which every later voucher of the session then finds beside "
        "its counter, so that the first one, too, settles by itself once an interval is due"
    ),
    "one more voucher in a batch": (
        "15,400 are physical: 1,800 of calldata, 9,200 for three slots, 3,100 for the signature, 1,400 for the event; "
        "the rest checks that an item cannot harm the others, whatever its bytes are"
    ),
    "EZKL proof of 64 tokens, steady": _PROOF,
    "EZKL proof of 1,024 tokens, steady": _PROOF,
    "claim, first": _CLAIM,
    "claim, steady": _CLAIM,
    "whole session, vouchers": "the opening's excess; the closing is within its budget",
    "whole session, ten checkpoints": (
        "the excess of the opening, of the first voucher and of five claims, which ask whether their circuit was "
        "revoked; and 2,100 for the closing's look at the last claim"
    ),
}
