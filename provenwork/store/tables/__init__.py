"""The tables, one file per concern; `metadata` has them all.

A change here comes with a migration in `provenwork/store/migrations/versions/`, and a test fails if the two differ.
"""

from provenwork.store.tables._chain_index import chain_blocks, chain_cursors
from provenwork.store.tables._events import events, streams
from provenwork.store.tables._idempotency import idempotency_keys
from provenwork.store.tables._leases import leases
from provenwork.store.tables._metadata import metadata
from provenwork.store.tables._outbox import outbox
from provenwork.store.tables._rates import rate_buckets
from provenwork.store.tables._transactions import (
    sender_accounts,
    transaction_attempts,
    transactions,
)

__all__ = [
    "chain_blocks",
    "chain_cursors",
    "events",
    "idempotency_keys",
    "leases",
    "metadata",
    "outbox",
    "rate_buckets",
    "sender_accounts",
    "streams",
    "transaction_attempts",
    "transactions",
]
