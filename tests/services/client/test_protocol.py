"""What a follower makes of what it is told: every event once, in order, whatever is cut, doubled or left out."""

import json
import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from provenwork.client._address import Address
from provenwork.client._protocol import Follower
from provenwork.core.errors import (
    AuthError,
    EventsInconsistent,
    Forbidden,
    NotFound,
    PositionUnknown,
    ServiceError,
    SignatureExpired,
    ValidationFailed,
)


def hello(seq, *, stream="jobs", heartbeat=20.0):
    """A server's greeting."""
    return json.dumps({"type": "hello", "stream": stream, "seq": seq, "heartbeat": heartbeat})


def event(seq, kind="happened", **fields):
    """An event as a server tells it."""
    return json.dumps({"type": kind, "seq": seq, **fields})


def heartbeat(seq, **fields):
    """A heartbeat."""
    return event(seq, "heartbeat", **fields)


def greeted(after=0, *, filtered=False):
    """A follower that was greeted."""
    follower = Follower(after=after, filtered=filtered)
    follower.connected()
    assert follower.receive(hello(after)) is None
    return follower


# ---------------------------------------------------------------------------------------------------- any history


class Histories(RuleBasedStateMachine):
    """A server that tells what is visible of its log, over connections that break anywhere and double what they carry."""

    def __init__(self):
        super().__init__()
        self.log = []  # for each event whether it is for this follower
        self.got = []
        self.sent = []  # messages of this connection
        self.at = 0  # up to where this connection has told
        self.connected = False

    @initialize(filtered=st.booleans(), after=st.sampled_from([None, 0]))
    def begin(self, filtered, after):
        self.filtered = filtered
        self.follower = Follower(after=after, filtered=filtered, jitter=random.Random(1))
        self.connect()

    @rule(visible=st.lists(st.booleans(), min_size=1, max_size=5))
    def commit(self, visible):
        """Events happen."""
        self.log += visible if self.filtered else [True] * len(visible)

    def connect(self):
        """The server greets, from where the follower wants."""
        self.follower.connected()
        after = self.follower.after
        self.at = len(self.log) if after is None else after
        self.sent, self.connected = [], True
        self.follower.receive(hello(self.at))

    @precondition(lambda self: not self.connected)
    @rule()
    def again(self):
        """The follower connects again."""
        self.connect()

    @precondition(lambda self: self.connected)
    @rule(count=st.integers(1, 4))
    def tell(self, count):
        """The server tells the next events."""
        for _ in range(count):
            if self.at == len(self.log):
                return
            self.at += 1
            if self.log[self.at - 1]:
                self.hear(event(self.at))

    @precondition(lambda self: self.connected)
    @rule()
    def beat(self):
        """The server says up to where it has told."""
        self.hear(heartbeat(self.at))

    @precondition(lambda self: self.connected and self.sent)
    @rule(which=st.integers(0, 3))
    def double(self, which):
        """One of the latest events comes again."""
        text = self.sent[-1 - which % len(self.sent)]
        if '"heartbeat"' not in text:
            assert self.follower.receive(text) is None

    @precondition(lambda self: self.connected)
    @rule(code=st.sampled_from([None, 1001, 1006, 1011, 1012, 4408]), unheard=st.integers(0, 3))
    def cut(self, code, unheard):
        """The connection ends, and what was on its way is lost."""
        self.at = min(len(self.log), self.at + unheard)
        pause = self.follower.failed() if code is None else self.follower.closed(code)
        assert 0 <= pause <= 30
        self.connected = False

    @rule()
    def restart(self):
        """The program is killed, and goes on from the position that it had; the event in hand comes again."""
        self.follower = Follower(after=self.follower.position, filtered=self.filtered)
        done = self.follower.position
        if done is not None:
            self.got = [seq for seq in self.got if seq <= done]
        self.connected = False

    def hear(self, text):
        """The program asks for the next, so it is done with the one before."""
        self.follower.take()
        self.sent.append(text)
        found = self.follower.receive(text)
        if found is not None:
            self.got.append(found.seq)

    @invariant()
    def every_event_once_in_order(self):
        """What was got is what is visible, from the beginning to somewhere, without a gap."""
        if not self.got:
            return
        visible = [n for n, seen in enumerate(self.log, 1) if seen]
        first = visible.index(self.got[0])
        assert self.got == visible[first : first + len(self.got)]

    @invariant()
    def position_is_not_ahead(self):
        """The position never passes an event that was not got."""
        position = getattr(self, "follower", None) and self.follower.position
        if position and self.got:
            visible = [n for n, seen in enumerate(self.log[:position], 1) if seen]
            assert {n for n in visible if n >= self.got[0]} <= set(self.got)

    def teardown(self):
        """In the end everything arrives."""
        if not hasattr(self, "follower"):
            return
        self.connect()
        self.tell(len(self.log) + 1)
        self.every_event_once_in_order()
        if self.got:
            visible = [n for n, seen in enumerate(self.log, 1) if seen]
            assert self.got[-1] == visible[-1]


def test_histories():
    """Any history of events, cuts, doubles, restarts: the program gets every event once, in order."""
    run_state_machine_as_test(Histories, settings=settings(max_examples=60, stateful_step_count=30))


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_anything_at_all(text):
    """Whatever a server sends, a follower takes it or says that it cannot be, and stays where it was."""
    follower = greeted(5)
    with suppress(EventsInconsistent, PositionUnknown):
        assert follower.receive(text) is None
    assert follower.position == 5


# --------------------------------------------------------------------------------------------------- what cannot be


@pytest.mark.parametrize(
    "text",
    [
        event(7),
        json.dumps({"type": "happened", "seq": True}),
        event(-1),
        json.dumps({"type": "happened"}),
        json.dumps({"type": "happened", "seq": "6"}),
        json.dumps({"type": 5, "seq": 6}),
        json.dumps([1]),
        "{",
        pytest.param("[" * 100_000, id="deep"),
        heartbeat(4),
        json.dumps({"type": "resync"}),
    ],
)
def test_cannot_be(text):
    """A gap, a step back or something that is no message is an error, and nothing is passed over."""
    follower = greeted(5)
    with pytest.raises(EventsInconsistent):
        follower.receive(text)
    assert (follower.position, follower.after) == (5, 5)


@pytest.mark.parametrize(
    "text",
    [
        event(6),
        heartbeat(5),
        hello(6),
        hello(5, stream="others"),
        hello(5, heartbeat=0),
        hello(5, heartbeat="20"),
        json.dumps({"type": "hello", "stream": "jobs", "seq": 5, "heartbeat": float("inf")}),
        json.dumps({"type": "hello", "seq": 5, "heartbeat": 20}),
    ],
)
def test_wrong_greeting(text):
    """A server that does not greet, or greets for another place or stream, is not followed."""
    follower = greeted(5)
    follower.connected()
    with pytest.raises(EventsInconsistent):
        follower.receive(text)


def test_depth():
    """A message may nest a hundred deep, and hold any number of brackets beside each other and in strings."""
    follower = greeted()
    assert follower.receive(event(1, deep=json.loads("[" * 99 + "]" * 99))).seq == 1
    assert follower.receive(event(2, text='[{"\\' * 1_000, wide=[[]] * 1_000)).seq == 2
    with pytest.raises(EventsInconsistent):
        follower.receive('{"type":"x","seq":3,"deep":' + "[" * 100 + "]" * 100 + "}")


def test_other_stream_than_stored():
    """A position that was kept for one stream is not used for another."""
    follower = Follower(after=5, filtered=False, stream="jobs")
    follower.connected()
    with pytest.raises(EventsInconsistent, match="others instead of jobs"):
        follower.receive(hello(5, stream="others"))


def test_gaps_of_filters():
    """With a filter numbers are left out; one that comes too late is an error all the same."""
    follower = greeted(5, filtered=True)
    assert follower.receive(event(9)).seq == 9
    assert follower.receive(event(9)) is None
    assert follower.receive(event(3)) is None
    with pytest.raises(EventsInconsistent, match="event 7 came after 9"):
        follower.receive(event(7))
    follower.receive(heartbeat(20))
    with pytest.raises(EventsInconsistent, match="event 15 came after 20"):
        follower.receive(event(15))


def test_hidden_numbers():
    """Without a filter a heartbeat that tells of hidden numbers closes the gap."""
    follower = greeted(5)
    follower.receive(heartbeat(8))
    assert follower.receive(event(9)).seq == 9


def test_beyond_the_end():
    """A stream that does not reach the position is told to the caller, by message or by code."""
    follower = Follower(after=5, filtered=False)
    follower.connected()
    with pytest.raises(PositionUnknown):
        follower.receive(json.dumps({"type": "resync", "after": 0, "reason": "x"}))
    with pytest.raises(PositionUnknown):
        follower.closed(4409)


def test_too_slow():
    """Who was too slow goes on where it stands."""
    follower = greeted(5)
    assert follower.receive(event(6)).seq == 6
    assert follower.receive(json.dumps({"type": "resync", "after": 6, "reason": "x"})) is None
    assert follower.closed(4408) <= 0.5
    assert (follower.after, follower.position) == (6, 5)


def test_delayed():
    """A follower knows whether the server has lost its database, until it hears better."""
    follower = greeted(5)
    follower.receive(heartbeat(5, delayed=True))
    assert follower.delayed
    follower.receive(heartbeat(5))
    assert not follower.delayed


def test_silence():
    """A connection is dead after two and a half heartbeats; before the greeting, after ten seconds."""
    follower = Follower(after=None, filtered=False)
    follower.connected()
    assert follower.silence == 10.0
    follower.receive(hello(5, heartbeat=4))
    assert follower.silence == 10.0
    follower.receive(heartbeat(5))
    follower.connected()
    follower.receive(hello(5, heartbeat=0.2))
    assert follower.silence == 0.5


# ----------------------------------------------------------------------------------------------------------- pauses


class Longest(random.Random):
    """Always the longest pause."""

    def uniform(self, a, b):
        return b


def test_pauses_grow():
    """Each failure doubles the longest pause, up to 30 s; a greeting alone is no success, a message after it is."""
    follower = Follower(after=0, filtered=False, jitter=Longest())
    assert [follower.failed() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    follower.connected()
    follower.receive(hello(0))
    assert follower.closed(1006) == 30
    follower.connected()
    follower.receive(hello(0))
    follower.receive(heartbeat(0))
    assert follower.closed(1006) == 0.5


@given(st.integers(0, 2**32))
def test_pauses_are_spread(seed):
    """A pause may be anything up to the longest: followers that were cut together do not come back together."""
    follower = Follower(after=0, filtered=False, jitter=random.Random(seed))
    for longest in (0.5, 1, 2):
        assert 0 <= follower.failed() <= longest


@pytest.mark.parametrize(
    ("header", "at_least", "at_most"),
    [
        ("7", 7.0, 8.75),
        ("0", 0.0, 1.0),
        ("", 0.0, 0.5),
        ("soon", 0.0, 0.5),
        ("9" * 30, 600.0, 750.0),
        ("٣", 0.0, 0.5),
    ],
)
def test_retry_after(header, at_least, at_most):
    """A refusal for now is asked again after the time that the server says, not before, and not together with all others."""
    for seed in range(20):
        follower = Follower(after=0, filtered=False, jitter=random.Random(seed))
        assert at_least <= follower.refused(503, header, b"") <= at_most


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_refused_for_now(status):
    """What may be different soon is asked again."""
    assert Follower(after=0, filtered=False).refused(status, "", b"") <= 0.5


WRONG_PARAMETER = {
    "type": "validation_error",
    "detail": "after: unknown",
    "fields": {"query.after": "x"},
}


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (400, WRONG_PARAMETER, ValidationFailed, "after: unknown"),
        (401, {"type": "auth.required", "detail": "who?"}, AuthError, "who?"),
        (401, {"type": "auth.signature_expired", "detail": "old"}, SignatureExpired, "old"),
        (403, {"type": "forbidden", "detail": "not you"}, Forbidden, "not you"),
        (404, {"type": "not_found", "detail": "none"}, NotFound, "none"),
        (403, "<html>", Forbidden, "answered 403"),
        (404, None, NotFound, "answered 404"),
        (401, ["auth.required"], AuthError, "answered 401"),
        (400, {"type": ["x"], "detail": None}, ValidationFailed, "answered 400"),
        (301, None, ServiceError, "answered 301"),
        (426, {"type": "unheard_of", "detail": "upgrade"}, ServiceError, "upgrade"),
    ],
)  # fmt: skip
def test_refused_for_good(status, body, kind, said):
    """What would be refused again is raised, as the error that the server names, with what it says."""
    encoded = b"" if body is None else json.dumps(body).encode()
    with pytest.raises(ServiceError, match=said) as caught:
        Follower(after=0, filtered=False).refused(status, "", encoded)
    assert type(caught.value) is kind
    if kind is ValidationFailed and body["detail"]:
        assert caught.value.fields == {"query.after": "x"}


# ------------------------------------------------------------------------------------------------------ addresses


def address(url, **options):
    """An address."""
    return Address.of(url, **{"types": (), "filters": {}, "insecure": False, **options})


def test_what_is_asked_for():
    """Types, filters and position are added to the address's own parameters."""
    found = address(
        "wss://host/ws?key=a%20b",
        types=["x", "y"],
        filters={"jobId": "7", "worker": ["0x1", "0x2"]},
    )
    assert found.going_on_after(5) == (
        "wss://host/ws?key=a+b&type=x&type=y&jobId=7&worker=0x1&worker=0x2&after=5"
    )
    assert found.going_on_after(None).endswith("worker=0x2")


@pytest.mark.parametrize(
    "url",
    ["", "host", "http://host/", "wss://", "wss:///ws", "wss://host:99999/", "wss://host/#x", "wss://[::1/"],
)  # fmt: skip
def test_no_addresses(url):
    """What is no WebSocket's address is refused."""
    with pytest.raises(ValidationFailed):
        address(url)


@pytest.mark.parametrize(
    "host", ["host", "10.0.0.1", "localhost.example", "127.0.0.1.example", "[2001:db8::1]"]
)
def test_unencrypted(host):
    """Away from this machine nothing is sent without encryption, unless that is asked for."""
    with pytest.raises(ValidationFailed, match="without encryption"):
        address(f"ws://{host}/ws")
    assert not address(f"ws://{host}/ws", insecure=True).is_secure


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_this_machine(host):
    """This machine is spoken to without."""
    assert address(f"ws://{host}:8080/ws").shown == f"ws://{host}:8080/ws"


def test_secrets_are_not_shown():
    """Neither what an address is shown as, nor its repr, nor a refusal has its user, password or parameters."""
    found = address("wss://alice:hunter2@host:8443/ws?token=hunter3", filters={"jobId": "hunter4"})
    assert found.shown == "wss://host:8443/ws"
    assert "hunter" not in repr(found)
    with pytest.raises(ValidationFailed) as caught:
        address("ws://alice:hunter2@host/ws?token=hunter3")
    assert "hunter" not in str(caught.value)
