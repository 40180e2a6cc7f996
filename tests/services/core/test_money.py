"""Money: exact, bounded, and in one spelling."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provenwork.core.errors import ValidationFailed
from provenwork.core.money import BASIS_POINTS, MAX_UINT256, Asset, parse_units, share_rounded_down

USDC, ETH = Asset("USDC", 6), Asset("ETH", 18)
NANO = Asset("XNO", 30, most=2**128 - 1)


@given(units=st.integers(0, 2**128 - 1), decimals=st.integers(0, 30))
@example(units=0, decimals=6)
def test_property_round_trip(units, decimals):
    """What is written is read back exactly, as an amount and as units."""
    asset = Asset("X", decimals)
    assert asset.parse(asset.format(units)) == units
    assert asset.parse_units(str(units)) == units


@pytest.mark.parametrize(
    ("asset", "text", "units"),
    [
        (USDC, "0.26", 260_000),
        (USDC, "1", 1_000_000),
        (USDC, "007.5", 7_500_000),
        (ETH, "0.000000000000000001", 1),
        (NANO, "340282366.920938463463374607431768211455", 2**128 - 1),
        (Asset("PIECE", 0), "12", 12),
    ],
)
def test_amounts(asset, text, units):
    """Amounts as people write them."""
    assert asset.parse(text) == units


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        "1e3",
        "1,5",
        " 1",
        "1 ",
        "0x1",
        "٣",
        "²",
        "1_0",
        "NaN",
        "1.2.3",
    ],
)
def test_no_amounts(text):
    """Anything that could be read in two ways, or not at all, is refused."""
    with pytest.raises(ValidationFailed):
        USDC.parse(text)


def test_too_fine():
    """What is finer than a base unit is refused, not rounded."""
    with pytest.raises(ValidationFailed, match="6 decimal places, not 7"):
        USDC.parse("0.0000001")
    with pytest.raises(ValidationFailed):
        USDC.parse("0.1000000")


def test_too_much():
    """More than the ledger can hold is refused."""
    assert parse_units(str(MAX_UINT256)) == MAX_UINT256
    for read in (parse_units, USDC.parse_units):
        with pytest.raises(ValidationFailed):
            read(str(MAX_UINT256 + 1))
    with pytest.raises(ValidationFailed):
        NANO.parse("340282366.920938463463374607431768211456")


@pytest.mark.parametrize("text", ["", "00", "01", "-0", "1.0", " 1", "1\n", "1e9", "9" * 100_000])
def test_one_spelling(text):
    """Base units have one spelling; a very long one is refused before it is read."""
    with pytest.raises(ValidationFailed):
        parse_units(text)


@given(amount=st.integers(0, MAX_UINT256), basis_points=st.integers(0, BASIS_POINTS))
def test_property_share(amount, basis_points):
    """A share and the rest are the whole, and the share is never more than its part."""
    share = share_rounded_down(amount, basis_points)
    rest = amount - share
    assert 0 <= share * BASIS_POINTS <= amount * basis_points < (share + 1) * BASIS_POINTS
    assert rest >= 0


@pytest.mark.parametrize(("amount", "basis_points"), [(-1, 1), (1, -1), (1, 10_001)])
def test_no_share(amount, basis_points):
    """There is no share of less than nothing, nor more than a whole."""
    with pytest.raises(ValidationFailed):
        share_rounded_down(amount, basis_points)


def test_format():
    """An amount is written with all its places, and a difference with its sign."""
    assert (USDC.format(260_000), USDC.format(-1), Asset("PIECE", 0).format(-7)) == (
        "0.260000",
        "-0.000001",
        "-7",
    )
