"""`make bench`: measures the services, each beside what it stands on, and writes bench/services.json.

    python -m bench.services                all of them
    python -m bench.services sender store   those of some subjects; the other rows of the file stay

A row is {name, value, unit, beside, ratio, limit}: `beside` is the same work without what is being measured, in the same
unit and the same run, so `ratio` (value / beside) says more than either on another machine; `limit` says what bounds it.

To add rows: write a module with `async def rows(stage)` that returns them, and name it in SUBJECTS.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from provenwork.store import Database, EmbeddedServer, migrate

TABLE = Path(__file__).parent / "services.json"

SUBJECTS = {
    "store": "bench.store_service",
    "signatures": "bench.signature_service",
    "indexer": "bench.indexer_service",
    "sender": "bench.sender_service",
    "web": "bench.web_service",
    "sockets": "bench.socket_service",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure."""

    name: str
    value: float
    unit: str
    beside: float
    """The bare thing, in the same unit."""
    limit: str
    """What bounds the value."""

    @property
    def ratio(self) -> float:
        """How much of the bare thing's speed is left."""
        return self.value / self.beside


class Stage:
    """What benchmarks run on."""

    def __init__(self, data: Path) -> None:
        self._data = data

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """An embedded Postgres as services have it: what is committed is on disk."""
        with EmbeddedServer(self._data) as server:
            await asyncio.to_thread(migrate, server.url)
            async with Database(server.url) as opened:
                yield opened


async def rate(count: int, work: Callable[[], Awaitable[object]]) -> float:
    """How many of `count` things, which `work` does, are done in a second."""
    began = perf_counter()
    await work()
    return count / (perf_counter() - began)


@contextmanager
def _stage() -> Iterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="provenwork-bench-"))
    # As root, Postgres runs as another account, which has to enter it.
    folder.chmod(0o711)
    try:
        yield Stage(folder / "data")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(subjects: Sequence[str]) -> list[Row]:
    """The rows of some subjects."""
    found = []
    for subject in subjects:
        with _stage() as stage:
            found += asyncio.run(import_module(SUBJECTS[subject]).rows(stage))
    return found


def write(rows: Sequence[Row]) -> None:
    """Replaces rows of the same names in the file, and adds new ones."""
    known = json.loads(TABLE.read_text()) if TABLE.exists() else []
    fresh = {}
    for row in rows:
        fields = {**asdict(row), "ratio": round(row.ratio, 3)}
        fields |= {"value": round(row.value, 1), "beside": round(row.beside, 1)}
        fresh[row.name] = fields
    kept = [fresh.pop(row["name"], row) for row in known]
    TABLE.write_text(json.dumps(kept + list(fresh.values()), indent=2) + "\n")


def show(rows: Sequence[Row]) -> None:
    """The rows for people."""
    table = Table("what", "value", "unit", "beside", "ratio", "bounded by")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.value:,.0f}",
            row.unit,
            f"{row.beside:,.0f}",
            f"{row.ratio:.2f}",
            row.limit,
        )
    Console().print(table)


def main() -> None:
    """Measures, shows and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("subjects", nargs="*", help=", ".join(SUBJECTS))
    subjects = parser.parse_args().subjects or list(SUBJECTS)
    if unknown := set(subjects) - set(SUBJECTS):
        parser.error(f"no such subjects: {', '.join(sorted(unknown))}")
    rows = measure(subjects)
    write(rows)
    show(rows)


if __name__ == "__main__":
    main()
