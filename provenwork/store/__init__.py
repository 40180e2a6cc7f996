"""The services' database: Postgres, and nothing else.

With a `DATABASE_URL` any number of processes on any number of machines share one; without, a real Postgres is started in a
data folder (`EmbeddedServer`). Rows are the truth. The parts:

* **Transactions** (`open_database`, `Database.transaction`): a block commits as a whole or not at all. Errors are
  `provenwork.core.errors.DatabaseError`s: *unavailable* and *conflict* have not happened, *commit unknown* may have.
* **Events** (`Transaction.emit`, `read_events`, `Feed`): whatever changes emits an event, which is appended to its stream in
  the same transaction with a gapless number; followers get every one, in order, and go on from any number.
* **Idempotency** (`answer_once`): the same request under the same key has one effect and, for 24 hours, one answer.
* **Outbox** (`enqueue`, `Courier`): what must happen outside is written with the change, and delivered at least once.
* **Rates** (`RateLimiter`): token buckets that all replicas share.
* **Leases** (`acquire_lease`, `require_lease`, `hold_lease`): one at a time, on the database's clock, with fencing tokens.
* **Tables** (`provenwork.store.tables`) and their migrations (`migrate`).

::

    async with open_database() as database:
        async with database.transaction() as transaction:
            await transaction.execute(...)
            transaction.emit("jobs", "job_posted", {"jobId": "7"})
"""

from provenwork.store._database import Database, Readiness, Transaction, database_url
from provenwork.store._embedded import EmbeddedServer, default_data_folder
from provenwork.store._events import Event, last_seq, read_events
from provenwork.store._feed import Feed
from provenwork.store._idempotency import (
    IDEMPOTENCY_HOURS,
    Answer,
    RequestId,
    answer_once,
    forget_answers,
)
from provenwork.store._json import MAX_PAYLOAD
from provenwork.store._leases import (
    Lease,
    acquire_lease,
    hold_lease,
    release_lease,
    renew_lease,
    require_lease,
)
from provenwork.store._listener import Listener, Watch
from provenwork.store._open import open_database
from provenwork.store._outbox import Backlog, Courier, Message, backlog, enqueue, enqueue_again
from provenwork.store._rates import Rate, RateLimiter, forget_full_buckets
from provenwork.store._schema import migrate

__all__ = [
    "IDEMPOTENCY_HOURS",
    "MAX_PAYLOAD",
    "Answer",
    "Backlog",
    "Courier",
    "Database",
    "EmbeddedServer",
    "Event",
    "Feed",
    "Lease",
    "Listener",
    "Message",
    "Rate",
    "RateLimiter",
    "Readiness",
    "RequestId",
    "Transaction",
    "Watch",
    "acquire_lease",
    "answer_once",
    "backlog",
    "database_url",
    "default_data_folder",
    "enqueue",
    "enqueue_again",
    "forget_answers",
    "forget_full_buckets",
    "hold_lease",
    "last_seq",
    "migrate",
    "open_database",
    "read_events",
    "release_lease",
    "renew_lease",
    "require_lease",
]
