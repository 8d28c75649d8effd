"""Read by Alembic: revisions run on the connection that `schema` hands over."""

from alembic import context

from ripieno.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
