"""Turning the pages of a lens."""

from typing import Any

from tests.harness.execution import ask


def look(question: Any, party: Any, cursor: int, limit: int) -> tuple[list[int], int]:
    """One page: the ids found, and the next cursor."""
    (page,) = ask(question, party, cursor, limit)
    return list(page.jobIds), page.nextCursor


def turn_pages(question: Any, party: Any, count: int, size: int, cursor: int = 0) -> list[Any]:
    """Every page of `size` sessions, as (ids, next cursor), until `count` sessions were looked at."""
    found = []
    while cursor <= count:
        ids, cursor = look(question, party, cursor, size)
        found.append((ids, cursor))
    return found
