"""A service in a process of its own: `python -m tests.services.web.child URL PORT`; it can be asked to be slow."""

import asyncio
import sys

from sqlalchemy import text

from provenwork.store import Database
from provenwork.web import (
    Hub,
    Once,
    Reply,
    Router,
    Service,
    WebSettings,
    configure_logging,
    create_app,
    serve,
)

router = Router()


@router.post("/pay/{seconds}")
async def pay(seconds: float, once: Once):
    """Pays, and takes its time before it commits."""

    async def effect(transaction):
        transaction.emit("payments", "paid", {})
        await asyncio.sleep(seconds)
        pid = await transaction.scalar(text("SELECT pg_backend_pid()"))
        return Reply(201, {"by": pid})

    return await once(effect)


async def main(url, port):
    """Serves until a signal comes."""
    settings = WebSettings(port=int(port), drain=0.3)
    configure_logging(settings.log_level, settings.log_format)
    async with Database(url) as database:
        hubs = {"/ws": Hub(database, "payments")}
        parts = Service(name="child", version="1", routers=[router], hubs=hubs)
        await serve(create_app(parts, database, settings), settings)
    print("ended well", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
