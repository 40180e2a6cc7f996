"""What all tables share."""

from __future__ import annotations

from sqlalchemy import MetaData

__all__ = ["metadata"]

# Every constraint has a name that follows from its columns, so that a migration can name it on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
