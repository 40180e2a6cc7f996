"""The transcript's commitment: what a user recomputes from the tokens received."""

import random

import pytest

from provenwork.circuits import (
    FIELD,
    MAX_TOKEN_ID,
    encode_tokens,
    poseidon_hash,
    transcript_commitment,
)
from provenwork.circuits._engine import run_engine
from provenwork.core.errors import CircuitInputError

SIZE = 64


@pytest.mark.parametrize("length", [1, 2, 8, 33, 64])
def test_our_hash_is_ezkls(length):
    """The plain Python hash is `ezkl.poseidon_hash`, also for the largest field elements."""
    rng = random.Random(length)
    elements = [0, FIELD - 1, *(rng.randrange(FIELD) for _ in range(length))][:length]
    assert poseidon_hash(elements) == int(
        run_engine("poseidon", timeout=60, elements=[str(e) for e in elements])
    )


def test_what_is_not_in_the_field_is_not_hashed():
    """Nothing, a negative number and the field's order itself have no hash."""
    for elements in ([], [-1], [FIELD]):
        with pytest.raises(ValueError, match=r"nothing|not an element"):
            poseidon_hash(elements)


def test_ids_are_shifted_and_padded():
    """Token 0 is a token: ids are sent plus one, and only padding is zero."""
    assert encode_tokens([0, 5, MAX_TOKEN_ID], 5) == [1, 6, 2**32 - 1, 0, 0]


def test_the_commitment_is_of_the_padded_encoding():
    """The commitment is the hash of the ids plus one, padded with zeros to the circuit's size."""
    assert transcript_commitment([7, 0], SIZE) == poseidon_hash([8, 1] + [0] * 62)


@pytest.mark.parametrize(
    "other",
    [[1, 2], [1, 2, 3, 0], [3, 2, 1], [1, 2, 4], [0, 1, 2, 3]],
    ids=["less", "more", "order", "id", "shifted"],
)
def test_other_tokens_have_another_commitment(other):
    """Leaving out, adding, reordering or changing a token changes the commitment; so does a 0 at the end."""
    assert transcript_commitment(other, SIZE) != transcript_commitment([1, 2, 3], SIZE)


@pytest.mark.parametrize(
    ("tokens", "reason"),
    [
        ([], "1 to 64 tokens, not 0"),
        ([1] * 65, "1 to 64 tokens, not 65"),
        ([3, -1], r"token 1 must be in \[0, "),
        ([MAX_TOKEN_ID + 1], r"token 0 must be in \[0, "),
        ([1.0], "token 0 must be an integer"),
        ([True], "token 0 must be an integer"),
        ([1, "2"], "token 1 must be an integer"),
        ([None], "token 0 must be an integer"),
        ("123", "list of integers"),
        (b"123", "list of integers"),
        (7, "list of integers"),
    ],
)
def test_what_is_no_transcript_is_refused(tokens, reason):
    """Bad tokens are refused with their index and the reason."""
    with pytest.raises(CircuitInputError, match=reason):
        encode_tokens(tokens, SIZE)


def test_integers_of_other_libraries_are_integers():
    """Ids straight from numpy are taken as they are."""
    numpy = pytest.importorskip("numpy")
    assert encode_tokens(list(numpy.array([4, 5], dtype=numpy.int64)), 3) == [5, 6, 0]
