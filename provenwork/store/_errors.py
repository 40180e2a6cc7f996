"""What the driver's errors mean."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from provenwork.core.errors import DatabaseConflict, DatabaseError, DatabaseUnavailable

__all__ = ["sqlstate", "translated"]

# SQLSTATEs (PostgreSQL's appendix A), or their first two characters, which are their class.
_UNAVAILABLE = {"08", "53", "57P", "58", "25006", "25P03", "28", "3D000", "F0", "XX"}
_CONFLICT = {"40001", "40P01", "55P03", "57014"}


def sqlstate(problem: BaseException | None) -> str:
    """Postgres's own code of an error; empty if it did not come from the server."""
    return str(getattr(getattr(problem, "orig", problem), "sqlstate", None) or "")


def translated(problem: SQLAlchemyError) -> DatabaseError | None:
    """Our error for one that says something of the database's state; None for one that speaks of the statement."""
    if isinstance(problem, PoolTimeout):
        return DatabaseUnavailable(
            "all connections to the database are in use", hint="Try again, or allow a larger pool."
        )
    if not isinstance(problem, DBAPIError):
        return None
    code, said = sqlstate(problem), _first_line(problem)
    if code in _CONFLICT:
        return DatabaseConflict(f"the database gave up on a transaction: {said}")
    if problem.connection_invalidated or any(code.startswith(known) for known in _UNAVAILABLE):
        return DatabaseUnavailable(f"the database is not available: {said}")
    if not code and type(problem).__name__ in {"OperationalError", "InterfaceError"}:
        return DatabaseUnavailable(f"the database does not answer: {said}")
    return None


def _first_line(problem: DBAPIError) -> str:
    # Without the statement and its values, which the full text has.
    lines = str(problem.orig).strip().splitlines() or [type(problem.orig).__name__]
    return lines[0][:300]
