"""Runs migrations on the connection that `provenwork.store` hands over."""

from alembic import context

from provenwork.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_server_default=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
