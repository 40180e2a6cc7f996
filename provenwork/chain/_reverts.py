"""What a contract refuses with, in words: the error's name, its arguments, and what to do next."""

from __future__ import annotations

from functools import cache
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from provenwork.chain._abi import TOKEN_ABI, abi
from provenwork.core.errors import ContractReverted

__all__ = ["reverted"]

_HINTS = {
    "JobMarketplace_VoucherNotNewer": "A voucher for as much has been redeemed; nothing is lost.",
    "JobMarketplace_VoucherSignatureInvalid": "It must be signed by the session's voucher signer, for this chain, "
    "marketplace, session and host.",
    "JobMarketplace_HostNotActive": "Choose a host that is registered, or let the host register first.",
    "JobMarketplace_TokenNotAllowed": "Pay in a token that the marketplace allows: see its token_terms.",
    "JobMarketplace_DepositOutOfRange": "Deposit at least the token's minimum.",
    "JobMarketplace_DepositBuysTooLittle": "Deposit more, or choose a smaller proof interval.",
    "JobMarketplace_ClaimLive": "Wait for the live claim to mature, or prove it.",
    "JobMarketplace_ClaimsOff": "A claim went unanswered, so only proofs and vouchers count in this session.",
    "JobMarketplace_ClaimsNeedJudge": "Without a circuit and an arbiter only vouchers count.",
    "JobMarketplace_NothingDue": "Nothing new is payable: bring evidence, or wait for the rate or a top-up.",
    "JobMarketplace_TooEarly": "Try again at the time it names.",
    "JobMarketplace_EvidenceClosed": "Proofs and claims came too late; a voucher still counts until the session is final.",
    "JobMarketplace_SessionNotOpen": "The session is final: withdraw what is yours.",
    "JobMarketplace_BondTooLow": "The bond follows the base fee: ask for it again and send some more; the excess comes back "
    "as a credit.",
    "JobMarketplace_NothingToWithdraw": "Nothing is owed to this account in this token.",
    "JobMarketplace_FirstTokenOutOfRange": "Proofs begin between what is proven and what is covered.",
    "JobMarketplace_ProofRejected": "One bad proof refuses its whole batch: see the index and the reason.",
    "ERC20InsufficientAllowance": "Approve the marketplace first, or open with a permit.",
    "SafeERC20FailedOperation": "The token refused to move: check balance and allowance.",
    "ERC20InsufficientBalance": "The payer does not hold enough of the token.",
    "EnforcedPause": "New sessions, top-ups and jobs are paused; everything else goes on.",
    "JobFactory_SignatureInvalid": "It must be that signer's, over exactly this, for this chain and factory, the job's "
    "present round, and the signer's next nonce where there is one.",
    "JobFactory_IntentRevoked": "Its signer took it back: ask for another, with another deadline or nonce.",
    "JobFactory_DeadlineOutOfRange": "Sign with a deadline from now to seven days from now.",
    "JobFactory_WrongStatus": "The job has moved on: read it again.",
    "JobFactory_NotExpirable": "Submitted work is judged, or paid by silence; other jobs are final.",
    "JobFactory_TooLate": "That time is over; what anyone may do now is expire the job, or have silence paid.",
    "JobFactory_TooEarly": "Try again at the time it names.",
    "JobFactory_WorkerNotActive": "Register the worker first.",
    "JobFactory_WorkHashMismatch": "Judge the work that was submitted: its hash is in WorkSubmitted.",
    "JobFactory_VerdictContradictory": "Approve, reopen, split, or none of them.",
    "JobFactory_TokenNotAllowed": "Pay in a token that the factory allows: see its tokenTerms. By signature, not in ETH.",
    "JobFactory_NothingToWithdraw": "Nothing is owed to this account in this token.",
    "Payments_ValueMismatch": "Send exactly the ETH that it expects.",
    "Payments_GasTooLow": "Send it again with more gas: a refund is pushed, and its gas must be there.",
}

# Errors within errors may be as deep as there is room.
_MOST_DATA = 8_192


@cache
def _known() -> dict[bytes, tuple[str, list[tuple[str, str]]]]:
    """Every error of the contracts and tokens by its selector: name and (argument, type) pairs."""
    entries: dict[bytes, tuple[str, list[tuple[str, str]]]] = {
        keccak(text="Error(string)")[:4]: ("Error", [("reason", "string")]),
        keccak(text="Panic(uint256)")[:4]: ("Panic", [("code", "uint256")]),
    }
    contracts = ("JobFactory", "JobMarketplace", "ProofSystem", "SessionLens", "WorkerRegistry")
    for source in (*map(abi, contracts), TOKEN_ABI):
        for entry in source:
            if entry["type"] == "error":
                arguments = [(item["name"], item["type"]) for item in entry["inputs"]]
                signature = f"{entry['name']}({','.join(kind for _, kind in arguments)})"
                entries[keccak(text=signature)[:4]] = (entry["name"], arguments)
    return entries


def reverted(data: bytes) -> ContractReverted:
    """The exception for a revert's data; errors within errors are spelled out."""
    name, arguments = _decoded(data)
    if name == "":
        text = f"unknown error 0x{data.hex()}" if data else "without a reason"
        return ContractReverted(f"the contract reverted: {text}", name="", arguments=arguments)
    said = ", ".join(f"{key}={_shown(value)}" for key, value in arguments.items())
    return ContractReverted(
        f"the contract refuses: {name}({said})",
        name=name,
        arguments=arguments,
        hint=_HINTS.get(name, ""),
    )


def _decoded(data: bytes) -> tuple[str, dict[str, Any]]:
    known = _known().get(data[:4])
    if known is None or len(data) > _MOST_DATA:
        return "", {}
    name, declared = known
    try:
        values = decode([kind for _, kind in declared], data[4:])
    except (DecodingError, ValueError, OverflowError):
        # Contracts may say what is no text, and nothing that they say may stop who asks.
        return "", {}
    return name, {key: value for (key, _), value in zip(declared, values, strict=True)}


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        name, arguments = _decoded(value)
        if name:
            return f"{name}({', '.join(f'{k}={_shown(v)}' for k, v in arguments.items())})"
        return "0x" + value.hex()
    return str(value)
