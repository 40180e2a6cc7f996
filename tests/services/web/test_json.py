"""Reading JSON: what all programs read alike is read, everything else is refused by name."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenwork.core.errors import Malformed
from provenwork.web import read_json
from provenwork.web._json import MAX_DEPTH, MAX_SAFE_INTEGER

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans())
def test_what_all_read_alike(value, ascii_only):
    """Whatever can be written as JSON is read as it was."""
    assert read_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b"[1,]", "not JSON"),
        (b"// no\n1", "not JSON"),
        (b"\xef\xbb\xbf1", "not JSON"),
        (b"01", "not JSON"),
        (b"1 2", "not JSON"),
        (b'"\x01"', "not JSON"),
        (b'"\xc3\x28"', "not UTF-8: byte 1"),
        (json.dumps("é").encode("utf-16"), "not UTF-8"),
        (b'{"a": 1, "a": 1}', '"a" twice'),
        (b'{"b": {"a": 1, "\\u0061": 2}}', '"a" twice'),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"9007199254740992", "beyond 2^53"),
        (b"-9007199254740992", "beyond 2^53"),
        (b"1" * 5_000, "beyond 2^53"),
        (b"1e999", "too long or too large"),
        (b"0." + b"0" * 40, "too long or too large"),
        (b'"\\u0000"', "NUL"),
        (b'{"\\u0000": 1}', "NUL"),
        (b'"\\ud800"', "surrogate"),
        (b'["\\udc00\\ud800"]', "surrogate"),
    ],
)
def test_refused(body, reason):
    """What programs read differently is refused, and the reason says what it is."""
    with pytest.raises(Malformed, match=reason.replace("^", r"\^")):
        read_json(body)


@pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
def test_depth(bracket):
    """Arrays and objects lie in one another as deep as the bound, and no deeper."""
    closing = b"]" if bracket == b"[" else b"}"

    def deep(levels):
        return bracket * levels + b"1" + closing * levels

    read_json(deep(MAX_DEPTH))
    for levels in (MAX_DEPTH + 1, 200, 10_000):
        with pytest.raises(Malformed, match="lie deeper than 16"):
            read_json(deep(levels))


def test_what_is_shown_is_short():
    """A reason repeats no more than a few characters of what was sent."""
    with pytest.raises(Malformed) as raised:
        read_json(b'{"' + b"x" * 10_000 + b'": 1, "' + b"x" * 10_000 + b'": 1}')
    assert len(str(raised.value)) < 100


@given(st.binary(max_size=200))
def test_anything(body):
    """Whatever bytes come, they are read or refused, never anything else."""
    try:
        value = read_json(body)
    except Malformed:
        return
    assert json.loads(body) == value


def test_time_for_a_name_said_twice():
    """A name that is said twice costs time as the names are many, not as their square."""
    names = ",".join(f'"{number}":0' for number in range(40_000))
    began = time.process_time()
    with pytest.raises(Malformed, match="twice"):
        read_json(f'{{{names},"~":0,"~":0}}'.encode())
    assert time.process_time() - began < 2.0
