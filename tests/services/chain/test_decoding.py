"""From logs to payloads: every type of argument, and whatever else a contract emits."""

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from provenwork.chain.indexer import Watched
from provenwork.chain.indexer._blocks import Log
from provenwork.chain.indexer._blooms import bits_of, bloom_of, says_much
from provenwork.chain.indexer._decoding import Decoder

ADDRESS = "0x" + "00" * 20
WHO = "0x00000000000000000000000000000000000A11cE"


def argument(name, kind, *, indexed=False, components=()):
    """An argument of an event."""
    return {"name": name, "type": kind, "indexed": indexed, "components": list(components)}


def decoder(*inputs):
    """A decoder of one event."""
    return Decoder(
        Watched("It", ADDRESS, [{"type": "event", "name": "Happened", "inputs": inputs}])
    )


def log(kinds, data=b"", *topics):
    """A log of that event."""
    first = keccak(text=f"Happened({','.join(kinds)})")
    said = tuple("0x" + topic.hex() for topic in (first, *topics))
    return Log(ADDRESS, said, data, 1, "0x" + "11" * 32, "0x" + "22" * 32, 0)


CASES = [
    ("uint256", 2**256 - 1, str(2**256 - 1)),
    ("uint8", 7, "7"),
    ("int64", -5, "-5"),
    ("bool", True, True),
    ("address", WHO.lower(), WHO),
    ("bytes32", b"\x01" * 32, "0x" + "01" * 32),
    ("bytes4", b"\x01\x02\x03\x04", "0x01020304"),
    ("bytes", b"\xff", "0xff"),
    ("string", "a\x00é", "a\ufffdé"),
    ("uint16[]", [1, 2], ["1", "2"]),
    ("uint256[2][]", [[1, 2], [3, 4]], [["1", "2"], ["3", "4"]]),
]


@pytest.mark.parametrize(("kind", "value", "plain"), CASES)
def test_types(kind, value, plain):
    """Each type as it is in payloads, alone and beside others."""
    inputs = [argument("x", kind), argument("n", "uint256")]
    data = encode([kind, "uint256"], [value, 9])
    found = decoder(*inputs).decode(log([kind, "uint256"], data))
    assert found == ("Happened", {"x": plain, "n": "9"})


def test_tuple():
    """A struct is an object, and an array of structs an array of objects."""
    parts = [argument("a", "uint32"), argument("b", "address")]
    kinds = ["(uint32,address)", "(uint32,address)[]"]
    inputs = [argument("s", "tuple", components=parts), argument("t", "tuple[]", components=parts)]
    data = encode(kinds, [(1, WHO), [(2, WHO)]])
    assert decoder(*inputs).decode(log(kinds, data)) == (
        "Happened",
        {"s": {"a": "1", "b": WHO}, "t": [{"a": "2", "b": WHO}]},
    )


@pytest.mark.parametrize("kind", ["string", "bytes", "uint256[]"])
def test_indexed_without_fixed_size(kind):
    """An indexed argument without a fixed size is its hash."""
    found = decoder(argument("x", kind, indexed=True)).decode(log([kind], b"", b"\x33" * 32))
    assert found == ("Happened", {"x": "0x" + "33" * 32})


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("uint8", b"\xff" * 32),
        ("address", b"\xff" * 32),
        ("bool", b"\x02" * 32),
        ("bytes4", b"\x01" * 32),
    ],
)
def test_unclean_words(kind, word):
    """A word that no value of its type has is an unknown event, indexed or not, and stops nobody."""
    assert decoder(argument("x", kind)).decode(log([kind], word))[0] == "unknown_event"
    indexed = decoder(argument("x", kind, indexed=True))
    assert indexed.decode(log([kind], b"", word))[0] == "unknown_event"


@given(st.binary(max_size=200), st.sampled_from([case[0] for case in CASES]))
def test_anything(data, kind):
    """Whatever the data, there is a payload."""
    name, found = decoder(argument("x", kind)).decode(log([kind], data))
    assert name in ("Happened", "unknown_event")
    assert found


def test_without_topics():
    """A log without topics, and one with too much data, are kept as far as they can be."""
    anonymous = Log(ADDRESS, (), b"\x01", 1, "0x" + "11" * 32, "0x" + "22" * 32, 0)
    assert decoder().decode(anonymous) == ("unknown_event", {"topics": [], "data": "0x01"})
    large = Log(ADDRESS, (), bytes(20_000), 1, "0x" + "11" * 32, "0x" + "22" * 32, 0)
    hashed = "0x" + keccak(bytes(20_000)).hex()
    assert decoder().decode(large) == ("unknown_event", {"topics": [], "dataHash": hashed})


def test_bloom():
    """A bloom has the bits of addresses and topics of its logs, three of each; a full one says nothing."""
    one = log(["uint256"])
    bloom = bloom_of([one])
    assert bloom == bits_of(bytes(20)) | bits_of(bytes.fromhex(one.topics[0][2:]))
    assert bloom.bit_count() <= 6
    assert says_much(bloom)
    assert not says_much(2**2048 - 1)
