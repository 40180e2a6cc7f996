"""What every HTTP service shares.

* **`create_app`** puts a `Service` together: problems as answers, bounds, rates, health, metrics; **`serve`** runs it.
* **`Router`** and **`Model`**: routes and bodies that take exactly what they say.
* **`Caller`**, **`CallerOrNobody`**: who calls, as a route's parameter; **`Once`**: its effect once per Idempotency-Key.
* **`Hub`**: a stream of events, told to WebSockets; docs/EVENTS.md has the protocol.
* **`configure_logging`**: structured logs without secrets.

::

    router = Router()

    @router.get("/jobs/{job_id}")
    async def get_job(job_id: str) -> Job: ...

    async with open_database() as database:
        settings = WebSettings()
        await serve(create_app(Service(name="jobs", version="1", routers=[router]), database, settings), settings)
"""

from provenwork.web._app import Service, create_app
from provenwork.web._callers import Authenticate, Caller, CallerOrNobody, Principal
from provenwork.web._context import request_id
from provenwork.web._health import Check
from provenwork.web._hub import Hub
from provenwork.web._json import read_json
from provenwork.web._logging import Redaction, configure_logging
from provenwork.web._once import Idempotent, Once, Reply
from provenwork.web._problems import PROBLEM_JSON, problem, problem_response, status_of
from provenwork.web._routes import Model, Router
from provenwork.web._serve import serve
from provenwork.web._settings import WebSettings
from provenwork.web._socket_policy import SocketPolicy

__all__ = [
    "PROBLEM_JSON",
    "Authenticate",
    "Caller",
    "CallerOrNobody",
    "Check",
    "Hub",
    "Idempotent",
    "Model",
    "Once",
    "Principal",
    "Redaction",
    "Reply",
    "Router",
    "Service",
    "SocketPolicy",
    "WebSettings",
    "configure_logging",
    "create_app",
    "problem",
    "problem_response",
    "read_json",
    "request_id",
    "serve",
    "status_of",
]
