"""Money as integers of base units (wei, millionths of USDC, raw), and the two decimal strings that people and JSON see.

Nothing here rounds, except the function that says so in its name.
"""

from __future__ import annotations

from typing import Final

from provenwork.core.errors import ValidationFailed

__all__ = ["BASIS_POINTS", "MAX_UINT256", "Asset", "parse_units", "share_rounded_down"]

MAX_UINT256: Final = 2**256 - 1
BASIS_POINTS: Final = 10_000
"""A whole, in basis points."""

_MAX_DIGITS = 78  # of MAX_UINT256


class Asset:
    """Something that money is counted in.

    Args:
        symbol: What people call it, for messages.
        decimals: How many decimal places of one unit there are: 6 for USDC, 18 for ETH, 30 for Nano.
        most: The largest amount that its ledger can hold, in base units.
    """

    __slots__ = ("decimals", "most", "symbol")

    def __init__(self, symbol: str, decimals: int, *, most: int = MAX_UINT256) -> None:
        self.symbol = symbol
        self.decimals = decimals
        self.most = most

    def parse(self, text: str) -> int:
        """The base units of an amount as people write it, such as 0.26.

        Raises:
            ValidationFailed: It is not a plain decimal number, is finer than a base unit, or more than there can be.
        """
        whole, point, fraction = text.partition(".")
        if not (_digits(whole) and (_digits(fraction) if point else True)):
            raise ValidationFailed(
                f"not an amount of {self.symbol}: {text[:100]!r}",
                hint="Write digits, with a decimal point if needed.",
            )
        if len(fraction) > self.decimals:
            raise ValidationFailed(
                f"{self.symbol} has {self.decimals} decimal places, not {len(fraction)}"
            )
        return self._bounded(int(whole + fraction.ljust(self.decimals, "0")))

    def parse_units(self, text: str) -> int:
        """The base units of a decimal string of base units, as JSON carries it.

        Raises:
            ValidationFailed: It is not one in its only spelling, or more than there can be.
        """
        return parse_units(text, most=self.most)

    def format(self, units: int) -> str:
        """An amount as people write it, with all its decimal places, such as 0.260000."""
        sign, digits = "-" if units < 0 else "", str(abs(units)).rjust(self.decimals + 1, "0")
        if not self.decimals:
            return sign + digits
        return f"{sign}{digits[: -self.decimals]}.{digits[-self.decimals :]}"

    def __repr__(self) -> str:
        return f"Asset({self.symbol!r}, {self.decimals})"

    def _bounded(self, units: int) -> int:
        if units > self.most:
            raise ValidationFailed(f"more {self.symbol} than there can be: {self.format(units)}")
        return units


def parse_units(text: str, *, most: int = MAX_UINT256) -> int:
    """A whole number from a decimal string in its only spelling: digits, without sign, leading zeros or spaces.

    Raises:
        ValidationFailed: It is not that, or more than `most`.
    """
    if not _digits(text) or (text[0] == "0" and text != "0"):
        raise ValidationFailed(
            f"not a whole number as a decimal string: {text[:100]!r}",
            hint="Write digits only, without leading zeros.",
        )
    if (number := int(text)) > most:
        raise ValidationFailed(f"{number} is more than {most}")
    return number


def share_rounded_down(amount: int, basis_points: int) -> int:
    """The part of an amount that so many basis points are, rounded down; the rest is the other party's.

    Raises:
        ValidationFailed: More than a whole, or less than nothing.
    """
    if amount < 0 or not 0 <= basis_points <= BASIS_POINTS:
        raise ValidationFailed(f"no share: {basis_points} basis points of {amount}")
    return amount * basis_points // BASIS_POINTS


def _digits(text: str) -> bool:
    # Bounded before it is parsed: Python takes its time over a million digits.
    return 0 < len(text) <= _MAX_DIGITS and text.isascii() and text.isdigit()
