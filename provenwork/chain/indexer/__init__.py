"""Reads all events of contracts into the event log: in the chain's order, each once, and exact under reorgs.

::

    contracts = [Watched("JobFactory", address, abi("JobFactory"), from_block=123)]
    await Indexer(database, rpc, contracts).run()          # in any number of processes
    async with feed.follow(chain_stream(8453), after=41) as events: ...

A stream has the contracts' events by their names, with `{contract, address, args, blockNumber, blockHash, timestamp,
transactionHash, logIndex}`, and two types of its own: `reverted {seq}`, for an event that the chain took back, and
`finalized {seq}`, for the number up to which what was not reverted stays. docs/CHAIN.md says what happens at which fault.
"""

from provenwork.chain.indexer._cursor import Progress, index_progress
from provenwork.chain.indexer._decoding import Watched
from provenwork.chain.indexer._indexer import Indexer, chain_stream

__all__ = ["Indexer", "Progress", "Watched", "chain_stream", "index_progress"]
