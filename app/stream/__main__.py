"""`python -m app.stream`: serve live streams until SIGTERM or SIGINT. One on each machine that runs web processes."""

import asyncio
import signal
import sys

from app.logs import configure
from app.stream.server import Streams
from config import load


async def main() -> None:
    """Serve, and go when told to. Exit status 2 where no socket is named."""
    settings = load()
    configure(settings.log_level)
    if not settings.stream_socket:
        sys.stderr.write("STREAM_SOCKET: name the Unix socket at which web processes hand connections over\n")
        raise SystemExit(2)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await Streams(settings).run(stopping)


if __name__ == "__main__":
    asyncio.run(main())
