"""Ask a server on this machine, past any proxy that the environment names."""

import http.client
from urllib.parse import urlsplit


def answers(url: str, seconds: float = 5.0) -> int | None:
    """The status that a GET of `url` answers; None when nothing answers there."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
