"""PostgreSQL and Valkey out of wheels: their programs only, watched by our own supervisor."""
