"""What a transaction pays for its place on Ethereum, as Base charges it since the Fjord upgrade. An estimate.

The formula of the OP Stack's GasPriceOracle, in wei:

    size = max(100, (836_500 × fastlz(signed transaction) − 42_585_600) / 10^6)         bytes, compressed
    fee  = size × (16 × BASE_FEE_SCALAR × L1 base fee + BLOB_FEE_SCALAR × L1 blob base fee) / (16 × 10^6)

`fastlz` is the length that FastLZ compresses the signed transaction to. What is assumed here: the two scalars that Base
has set since 2024, an L1 base fee of 1 gwei, and the least blob base fee that EIP-7918 lets go with it, a sixteenth. The
fee is proportional to those prices: scale it for others.
"""

from eth_account import Account

L1_BASE_FEE = 10**9
L1_BLOB_BASE_FEE = L1_BASE_FEE // 16
BASE_FEE_SCALAR = 2_269
BLOB_FEE_SCALAR = 1_055_762

INTERCEPT = -42_585_600
FASTLZ_COEFFICIENT = 836_500
MIN_SIZE = 100
UNIT = 10**6

BASE = 8_453
SENDER = "0x" + "11" * 32  # whoever signs, the signature takes as much room


def l1_fee(data: bytes, value: int, to: str, gas: int) -> int:
    """The fee of a type-2 transaction on Base, in wei, at the prices above."""
    fields = {
        "chainId": BASE,
        "nonce": 1_000,
        "to": to,
        "value": value,
        "data": data,
        "gas": gas * 6 // 5,
        "maxFeePerGas": 2 * 10**7,
        "maxPriorityFeePerGas": 10**6,
    }
    signed = bytes(Account.sign_transaction(fields, SENDER).raw_transaction)
    estimate = INTERCEPT + FASTLZ_COEFFICIENT * fastlz_length(signed)
    size = max(MIN_SIZE * UNIT, estimate)
    price = 16 * BASE_FEE_SCALAR * L1_BASE_FEE + BLOB_FEE_SCALAR * L1_BLOB_BASE_FEE
    return size * price // (16 * UNIT * UNIT)


def fastlz_length(data: bytes) -> int:
    """How long FastLZ (level 1) makes `data`, counted as the oracle counts it: without writing it."""
    seen = [0] * 8_192
    limit = max(len(data) - 13, 0)
    length, anchor, at = 0, 0, 2
    while at < limit:
        found = 0
        while True:  # the next three bytes that were seen before, at most 8,191 bytes ago
            word = int.from_bytes(data[at : at + 3], "little")
            slot = 2_654_435_769 * word >> 19 & 0x1FFF
            found, seen[slot] = seen[slot], at
            if at >= limit:
                break
            at += 1
            near = at - 1 - found <= 0x1FFF
            if near and word == int.from_bytes(data[found : found + 3], "little"):
                break
        if at >= limit:
            break
        at -= 1
        length += _literals(at - anchor)
        matched, end = 0, limit + 6 - at
        while matched < end:
            matched += 1  # also for the byte that differs, as in the original
            if data[found + 2 + matched] != data[at + 2 + matched]:
                break
        length += 3 * ((matched - 1) // 262) + (3 if (matched - 1) % 262 >= 6 else 2)
        at += matched
        for _ in range(2):
            word = int.from_bytes(data[at : at + 3], "little")
            seen[2_654_435_769 * word >> 19 & 0x1FFF] = at
            at += 1
        anchor = at
    return length + _literals(len(data) - anchor)


def _literals(count: int) -> int:
    whole, rest = divmod(count, 32)
    return 33 * whole + (rest + 1 if rest else 0)
