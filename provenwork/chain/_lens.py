"""The lens: which sessions of a host or a user are open."""

from __future__ import annotations

from collections.abc import Iterator

from provenwork.chain._abi import abi
from provenwork.chain._contract import Contract
from provenwork.chain._node import Node
from provenwork.crypto import to_address

__all__ = ["SessionLens"]


class SessionLens(Contract):
    """SessionLens, for one marketplace.

    Args:
        node: The chain.
        address: The lens.
        page: Sessions to look at in one question; 1,000 are some 7 million gas, which every node grants a question.
    """

    def __init__(self, node: Node, address: str, *, page: int = 1_000) -> None:
        super().__init__(node, address, abi("SessionLens"))
        self._page = page

    def open_sessions_of_host(self, host: str, *, first: int = 1) -> Iterator[int]:
        """The ids of a host's open sessions from a session on, the oldest first; asks as one reads on."""
        return self._scan("getActiveSessionsForHost", host, first)

    def open_sessions_of_user(self, user: str, *, first: int = 1) -> Iterator[int]:
        """The ids of a user's open sessions from a session on, the oldest first; asks as one reads on."""
        return self._scan("getActiveSessionsForUser", user, first)

    def _scan(self, question: str, party: str, cursor: int) -> Iterator[int]:
        looked_at = self._page
        while looked_at == self._page:
            job_ids, following = self.ask(question, to_address(party), cursor, self._page)
            yield from map(int, job_ids)
            # A page that stops early was the last one.
            looked_at, cursor = following - max(cursor, 1), following
