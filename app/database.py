"""How every process connects to PostgreSQL."""

from typing import Any


def engine_options(application: str, *, statement_seconds: int | None = None, **pool: int) -> dict[str, Any]:
    """How web and workers connect to PostgreSQL.

    A server that is gone or black-holed is given up within seconds: heartbeats must not hang on it. No snapshot stays open
    because a transaction was forgotten: it would slow every claim down. An error's text carries no values: some are secret.
    """
    limits = ["-c idle_in_transaction_session_timeout=60s"]
    if statement_seconds is not None:
        limits.append(f"-c statement_timeout={statement_seconds}s")
    return {
        "pool_pre_ping": True,
        "hide_parameters": True,
        "connect_args": {
            "application_name": application,
            "connect_timeout": 5,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "options": " ".join(limits),
        },
        **pool,
    }
