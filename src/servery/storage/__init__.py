"""Where everything is kept: one PostgreSQL, embedded or somebody else's."""
