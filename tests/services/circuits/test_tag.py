"""The session tag: the same number here as on chain, and another one for everything else."""

import pytest

from provenwork.circuits import limbs_to_tag, session_tag, tag_to_limbs
from provenwork.core.errors import CircuitInputError
from tests.services.circuits.conftest import CHAIN_ID, FIRST_TOKEN, HOST, JOB_ID, MARKETPLACE

PLACE = (CHAIN_ID, MARKETPLACE, JOB_ID, HOST, FIRST_TOKEN)
LARGEST = (2**256 - 1, "0x" + "ff" * 20, 2**256 - 1, "0x" + "00" * 19 + "01", 2**64 - 1)

# From another implementation: `cast keccak $(cast abi-encode "f(uint256,address,uint256,address,uint64)" ...)`.
GOLDEN = [
    (PLACE, 0x5A50ECF59A8799BEE94A9521287BEB5ADBDE2BA874B9D8E022B2BBF69575176D),
    (LARGEST, 0x238470B8B77B1AD968E5A6229696F2C6D45B137A75872C3223519EF9370B7864),
]


@pytest.mark.parametrize(
    ("place", "digest"), GOLDEN, ids=["an ordinary place", "the largest numbers"]
)
def test_the_tag_is_the_top_half_of_the_digest(place, digest):
    """The tag is the top 128 bits of the digest that another implementation computes."""
    assert session_tag(*place) == digest >> 128


def test_limbs_are_big_endian():
    """Limb 0 holds the most significant 16 bits, and the limbs join to the tag again."""
    tag = 0x0001_0203_0405_0607_0809_0A0B_0C0D_FFFF
    limbs = (0x0001, 0x0203, 0x0405, 0x0607, 0x0809, 0x0A0B, 0x0C0D, 0xFFFF)
    assert tag_to_limbs(tag) == limbs
    assert limbs_to_tag(limbs) == tag


@pytest.mark.parametrize(
    "index", range(5), ids=["chain", "marketplace", "job", "host", "first token"]
)
def test_every_part_of_the_place_changes_the_tag(index):
    """A proof for one chain, marketplace, job, host or place is none for another."""
    other = list(PLACE)
    other[index] = MARKETPLACE if index == 3 else HOST if index == 1 else PLACE[index] + 1
    assert session_tag(*other) != session_tag(*PLACE)


def test_addresses_may_be_written_in_any_form():
    """Checksummed, lower case and raw bytes name the same address."""
    lower = (CHAIN_ID, MARKETPLACE.lower(), JOB_ID, bytes.fromhex(HOST[2:]), FIRST_TOKEN)
    assert session_tag(*lower) == session_tag(*PLACE)


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (0, 0),
        (0, 2**256),
        (0, "84532"),
        (1, MARKETPLACE[:-1]),
        (1, MARKETPLACE[2:]),
        (1, MARKETPLACE.replace("F", "f")),
        (1, b"\x01" * 19),
        (1, None),
        (2, -1),
        (2, True),
        (3, "host.eth"),
        (4, 2**64),
        (4, 1.0),
    ],
)
def test_a_place_that_cannot_be_is_refused(index, value):
    """A number out of range or a broken address is an error that says which one, not another tag."""
    place = list(PLACE)
    place[index] = value
    with pytest.raises(CircuitInputError, match=r"chain id|marketplace|job id|host|first token"):
        session_tag(*place)


def test_limbs_that_are_no_tag_are_refused():
    """A limb of more than 16 bits, a missing limb or a tag of more than 128 bits is refused."""
    for limbs in ((0,) * 7, (0,) * 9, (1 << 16, *[0] * 7)):
        with pytest.raises(CircuitInputError):
            limbs_to_tag(limbs)
    for tag in (-1, 1 << 128):
        with pytest.raises(CircuitInputError):
            tag_to_limbs(tag)
