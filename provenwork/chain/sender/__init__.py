"""Sends transactions for services: each call once, whatever becomes of processes, connections, nodes and blocks.

::

    async with database.transaction() as transaction:
        ...                                              # the cause
        await enqueue_call(transaction, 8453, account, call, key="refund/7")

    await TransactionSender(database, rpc, signer).run()     # in any number of processes

A call is `settled`, `failed` or, while it is being found out, `unknown` (`find_call`); every change is an event in the
stream `sender_stream(...)`. docs/CHAIN.md has the states and what happens at which fault.

The SDK's `provenwork.chain.Sender` is the small sister: one process, one call at a time, a journal instead of a database.
"""

from provenwork.chain.sender._policy import Fees, Policy
from provenwork.chain.sender._queue import (
    MAX_CALLDATA,
    Backlog,
    SentCall,
    State,
    accept_nonces,
    cancel_call,
    enqueue_call,
    find_call,
    sender_backlog,
    sender_stream,
)
from provenwork.chain.sender._sender import TransactionSender

__all__ = [
    "MAX_CALLDATA",
    "Backlog",
    "Fees",
    "Policy",
    "SentCall",
    "State",
    "TransactionSender",
    "accept_nonces",
    "cancel_call",
    "enqueue_call",
    "find_call",
    "sender_backlog",
    "sender_stream",
]
