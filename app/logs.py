"""One JSON object a line on standard error, with the ids that a line is about as fields."""

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Send every logger of this process through one JSON formatter. Raises ValueError for a level that does not exist."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in ("rq", "app.database"):  # the second is SQLAlchemy's pool, which says of itself that it is begun anew
        logging.getLogger(chatty).setLevel(logging.WARNING)
