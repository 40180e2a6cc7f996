"""The tree of errors: drawn as it is, with the names that others rely on."""

import inspect
import re

import pytest

from provenwork.core import errors
from provenwork.core.errors import ProvenworkError

# The names that answers carry. Others rely on them: one that was published is never changed.
TYPES = {
    "auth.nonce_used",
    "auth.required",
    "auth.signature_expired",
    "auth.signature_invalid",
    "auth.signature_missing",
    "content_too_large",
    "database_error",
    "database_unavailable",
    "expired",
    "forbidden",
    "idempotency_conflict",
    "idempotency_in_flight",
    "internal_error",
    "invalid_state",
    "lock_conflict",
    "method_not_allowed",
    "network_error",
    "not_found",
    "outcome_unknown",
    "payment.invalid",
    "payment.not_found",
    "payment.unconfirmed",
    "rate_limited",
    "signer_unavailable",
    "timeout",
    "unavailable",
    "unsupported_media_type",
    "validation_error",
}
CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, ProvenworkError) and not name.startswith("_")
}


def drawn():
    """Each error in the drawing: its parent, and its type if one is written."""
    tree, stack = {}, []
    for line in errors.__doc__.splitlines():
        if match := re.match(r"^    ((?:[│ ]   )*)(?:[├└]── )?(\w+)(.*)$", line):
            depth = (len(line) - len(line.lstrip(" │├└─"))) // 4 - 1
            written = re.search(r"\[([\w.]+)\]$", match[3])
            del stack[depth:]
            tree[match[2]] = (stack[-1] if stack else None, written and written[1])
            stack.append(match[2])
    return tree


def parent(error):
    """The nearest error above that has a name of its own."""
    return next((base.__name__ for base in error.__mro__[1:] if base.__name__ in CLASSES), None)


def test_drawn_as_it_is():
    """The drawing has every error, below the one that it is a kind of."""
    assert {name: above for name, (above, _) in drawn().items()} == {
        name: parent(error) for name, error in CLASSES.items()
    }


def test_types_as_drawn():
    """An error's type is the one written beside it, or the one of the error above."""
    tree = drawn()
    for name, error in CLASSES.items():
        above, written = tree[name]
        assert error.type == (written or CLASSES[above].type), name


def test_types_are_stable():
    """No type is missing, and none is new without being written down here."""
    assert {error.type for error in CLASSES.values()} == TYPES


def test_face():
    """The module's face is exactly its errors."""
    assert set(errors.__all__) == set(CLASSES)


@pytest.mark.parametrize("name", ["LockConflict", "LeaseLost", "RequestInFlight", "RateLimited"])
def test_retry_after(name):
    """What may succeed later says when."""
    assert CLASSES[name]("later", retry_after=7.0).retry_after == 7.0
    assert errors.NotFound("never").retry_after is None
