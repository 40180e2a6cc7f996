"""What terms mean before anybody signs them: bounds, prices, and the worst that can happen."""

from __future__ import annotations

from dataclasses import dataclass

from provenwork.chain import PRICE_UNIT, Parameters, Terms
from provenwork.core.errors import TermsInvalid
from provenwork.crypto import ZERO_ADDRESS
from provenwork.sessions._accounting import tokens_bought

__all__ = ["Quote", "check_terms", "deposit_for", "quote"]

_BOUNDS = {
    "deposit": (1, 2**96 - 1),
    "price_per_million": (1, 2**64 - 1),
    "max_duration": (600, 90 * 86_400),
    "proof_interval": (1, 16_384),
    "max_tokens_per_second": (1, 10_000),
    "circuit_id": (0, 2**32 - 1),
    "voucher_cap": (0, 2**64 - 1),
}


@dataclass(frozen=True, slots=True)
class Quote:
    """What a user gets and risks on some terms. Money is in base units of the payment token."""

    terms: Terms
    tokens: int
    """How many AI tokens the deposit pays for."""
    deposit: int
    """What is locked; what is not used comes back."""
    unproven_tokens: int
    """The most tokens that the host is paid beyond the larger of what was acknowledged and rate × time."""
    unproven_cost: int
    """What those cost."""
    tokens_by_rate: int
    """How many tokens the rate alone makes payable by the end, if the user acknowledges nothing and evidence exists."""
    longest_wait: int
    """Seconds that the user may have to wait for its refund after asking to close, if the host does not agree."""


def deposit_for(tokens: int, price_per_million: int) -> int:
    """The smallest deposit, in base units, that pays for so many AI tokens."""
    return -(-tokens * price_per_million // PRICE_UNIT)


def quote(terms: Terms, parameters: Parameters) -> Quote:
    """What a user gets and risks on these terms.

    Raises:
        TermsInvalid: Nobody could open a session on them.
    """
    check_terms(terms)
    tokens = tokens_bought(terms.deposit, terms.price_per_million)
    unproven = min(tokens, terms.proof_interval)
    judge = parameters.arbiter_window if terms.arbiter != ZERO_ADDRESS else parameters.answer_window
    return Quote(
        terms=terms,
        tokens=tokens,
        deposit=terms.deposit,
        unproven_tokens=unproven,
        unproven_cost=unproven * terms.price_per_million // PRICE_UNIT,
        tokens_by_rate=min(tokens, terms.max_tokens_per_second * terms.max_duration),
        longest_wait=parameters.close_window + parameters.challenge_window + judge,
    )


def check_terms(terms: Terms) -> None:
    """Returns if the terms are within the marketplace's fixed bounds.

    Raises:
        TermsInvalid: They are not; every reason is in the message.
    """
    problems = [
        f"{name} is {getattr(terms, name)}, must lie in [{least}, {most}]"
        for name, (least, most) in _BOUNDS.items()
        if not least <= getattr(terms, name) <= most
    ]
    if (
        not problems
        and tokens_bought(terms.deposit, terms.price_per_million) < terms.proof_interval
    ):
        problems.append("the deposit pays for less than one proof interval")
    if terms.host in {terms.voucher_signer, terms.watcher, terms.arbiter}:
        problems.append("the host cannot also sign vouchers, watch or judge")
    if terms.arbiter != ZERO_ADDRESS and terms.arbiter in {terms.voucher_signer, terms.watcher}:
        problems.append("the arbiter cannot also sign vouchers or watch")
    if problems:
        raise TermsInvalid("; ".join(problems))
