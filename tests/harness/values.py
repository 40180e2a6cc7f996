"""One spelling per value, so that what Ape decodes and what a test expects can be compared."""

from dataclasses import dataclass
from typing import Any

ZERO_ADDRESS = "0x" + "00" * 20


@dataclass(frozen=True, eq=False)
class Within:
    """Stands for any number of a range, where the exact one means nothing, as of the gas left."""

    low: int
    high: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and self.low <= other <= self.high

    __hash__ = None


def plain(value: Any) -> Any:
    """Accounts and contracts as lower-case addresses, bytes as `bytes`, structs as tuples."""
    if isinstance(value, (bool, int, Within)):
        return value
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, str):
        return value.lower() if value.startswith("0x") else value
    if isinstance(value, dict):
        return tuple(plain(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return tuple(plain(part) for part in value)
    if (address := getattr(value, "address", None)) is not None:
        return address.lower()
    raise TypeError(f"no plain form of {type(value).__name__}: {value!r}")


def named(what: str, names: list[str], values: dict[str, Any]) -> dict[str, Any]:
    """The values in their plain form, if exactly the declared names have one.

    Raises:
        TypeError: A name is missing or unknown: an assertion must cover every argument.
    """
    if set(names) != set(values):
        raise TypeError(f"{what} has the arguments {names}, got {sorted(values)}")
    return {name: plain(values[name]) for name in names}
