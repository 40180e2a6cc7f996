"""The command `provenwork`: every part's commands under one roof."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from rich.console import Console
from typer.core import TyperGroup

from provenwork.circuits._cli import app as circuits
from provenwork.core.errors import ProvenworkError

__all__ = ["app"]


class _Commands(TyperGroup):
    """Says what went wrong in one line and what to do next in another, never with a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ProvenworkError as problem:
            terminal = Console(stderr=True, highlight=False, soft_wrap=True)
            terminal.print("error:", style="bold red", end=" ")
            terminal.print(str(problem), markup=False)
            if problem.hint:
                terminal.print(problem.hint, markup=False, style="dim")
            raise typer.Exit(1) from None


app = typer.Typer(
    name="provenwork",
    cls=_Commands,
    help="Pay machines for work that is proven.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(circuits, name="circuits")


@app.callback()
def _main() -> None:
    """Pay machines for work that is proven."""


database = typer.Typer(
    help="The services' database: the one that DATABASE_URL names, or the embedded Postgres.",
    no_args_is_help=True,
)
app.add_typer(database, name="database")

Url: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="DATABASE_URL", show_envvar=True, help="postgresql://... of a database of your own."
    ),
]
Data: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        envvar="PROVENWORK_DATA", show_envvar=True, help="The embedded Postgres's folder."
    ),
]


@database.command()
def migrate(url: Url = None, data: Data = None) -> None:
    """Bring the tables up to date: all steps or none. Stop older services first."""
    from provenwork.store import EmbeddedServer, database_url
    from provenwork.store import migrate as bring_forward

    if url:
        found = bring_forward(database_url(url))
    else:
        with EmbeddedServer(data) as server:
            found = bring_forward(server.url)
    typer.echo(f"The tables are up to date (they were {found or 'not there'}).")


@database.command()
def status(url: Url = None, data: Data = None) -> None:
    """Say whether the database can be worked with; exit code 1 if not."""
    from provenwork.store import Database, EmbeddedServer, database_url

    async def ask(address: Any) -> str:
        async with Database(address) as opened:
            typer.echo(opened.url.render_as_string())
            return (await opened.readiness(timeout=10.0)).problem

    if url:
        problem = asyncio.run(ask(database_url(url)))
    else:
        with EmbeddedServer(data) as server:
            problem = asyncio.run(ask(server.url))
    typer.echo(problem or "ready")
    if problem:
        raise typer.Exit(1)


sender = typer.Typer(help="What services send on chains.", no_args_is_help=True)
app.add_typer(sender, name="sender")


@sender.command()
def accept(
    chain_id: Annotated[int, typer.Argument(help="The chain.")],
    account: Annotated[str, typer.Argument(help="The account that is sent from.")],
    below: Annotated[int, typer.Argument(help="The first nonce that is not meant.")],
    url: Url = None,
    data: Data = None,
) -> None:
    """Say that you know what used an account's nonces below one, so that it signs again.

    First look what the account sent: a restored database may have calls waiting that were paid already.
    """
    from provenwork.chain.sender import accept_nonces
    from provenwork.store import open_database

    async def tell() -> None:
        async with open_database(url, data=data) as opened, opened.transaction() as transaction:
            await accept_nonces(transaction, chain_id, account, below)

    asyncio.run(tell())
    typer.echo(f"{account} signs again once nothing else of it is unknown.")
