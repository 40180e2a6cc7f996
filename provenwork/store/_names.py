"""Names that rows are found by: short and plain, so that every index, notice and log can carry them."""

from __future__ import annotations

from provenwork.core.errors import ValidationFailed

__all__ = ["require_name"]


def require_name(what: str, text: str, *, most: int = 200) -> None:
    """Returns if a text can be a name: 1 to `most` printable ASCII characters.

    Raises:
        ValidationFailed: It cannot.
    """
    if not (0 < len(text) <= most and text.isascii() and text.isprintable()):
        raise ValidationFailed(f"{what} has 1 to {most} printable ASCII characters")
