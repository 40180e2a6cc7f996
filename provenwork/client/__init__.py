"""Following the live events of a service, from a program: as a browser's WebSocket, but nothing is lost, whatever happens.

The connection is made again whenever it must, with pauses that grow, and goes on where it stood. Every event comes once and
in its order, as long as the same object lives; across restarts, as long as `position` is kept, at least once.

::

    async with EventStream("wss://host/ws", types=["job_posted"], store=PositionFile("jobs.position")) as events:
        async for event in events:
            await handle(event)

    with EventStreamSync("wss://host/ws", after=0) as events:
        for event in events:
            handle(event)

docs/EVENTS.md has the protocol, and what happens at which fault.
"""

from provenwork.client._position import PositionFile
from provenwork.client._protocol import LiveEvent
from provenwork.client._stream import EventStream
from provenwork.client._sync import EventStreamSync

__all__ = ["EventStream", "EventStreamSync", "LiveEvent", "PositionFile"]
