"""Use cases that write. Each takes a connection with the caller's transaction and returns values; the caller commits."""
