"""Indexers that are killed at the worst moments, as processes, and others that go on in their place."""

import asyncio

import pytest

from tests.services.chain.node import Fault
from tests.services.store.harness import ask, child, wait_for

pytestmark = pytest.mark.anyio

MOMENTS = {
    "between two pages": Fault("die_before", "eth_getLogs", skip=2),
    "logs read, not written": Fault("die_after", "eth_getBlockReceipts", skip=3),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed(index, chain, node, url, moment):
    """Whenever an indexer is killed: the next one goes on from what is stored, nothing twice and nothing left out."""
    chain.blocks([1, 2, None, 3, 4, 5, None, 6, 7, 8])
    arguments = (url.render_as_string(hide_password=False), node.url, chain.start)
    with child("index", *arguments, module="tests.services.chain.child") as running:
        node.on_death = running.kill
        node.fail(MOMENTS[moment])
        await wait_for(lambda: running.process.poll() is not None, seconds=90)
    chain.anvil.tell("anvil_reorg", 2, [])
    chain.blocks([9])
    await index.catch_up()
    await index.assert_exact()


async def test_killed_at_any_moment(index, chain, node, url):
    """Killed again and again while blocks come, wherever it is: also in the middle of a commit."""
    arguments = (url.render_as_string(hide_password=False), node.url, chain.start)
    for round_ in range(2):
        ask(url, "UPDATE leases SET expires_at = to_timestamp(0)")
        asked = node.asked["eth_getLogs"]
        with child("index", *arguments, module="tests.services.chain.child") as running:
            for number in range(8):
                chain.emit(number % 2, number, count=3)
                chain.anvil.mine()
                await asyncio.sleep(0.01)
            await wait_for(lambda at=asked: node.asked["eth_getLogs"] > at + 2, seconds=90)
            await asyncio.sleep(0.02 * round_)
            running.kill()
    await index.catch_up()
    await index.assert_exact()
