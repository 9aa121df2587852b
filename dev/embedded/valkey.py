"""The embedded Valkey: its configuration file, how it is launched, when it is ready."""

import signal
from pathlib import Path

import redis

from dev.children import Launch
from dev.embedded import programs

DATABASES = 64


class Valkey:
    """A server in `home` on 127.0.0.1:`port` behind a password. `scratch`: it keeps nothing on disk."""

    def __init__(self, home: Path, port: int, password: str, *, scratch: bool = False) -> None:
        self.home = home
        self.port = port
        self.password = password
        self.scratch = scratch

    def prepare(self) -> Launch:
        """Write its configuration and say how to launch it. The password stays off the command line, where all can read it."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = self.home / "valkey.conf"
        settings.touch(mode=0o600)
        settings.write_text("".join(f"{line}\n" for line in self._settings()))
        argv = (str(programs.valkey()), str(settings))
        return Launch("valkey", argv, self.home, stop=signal.SIGTERM, orphaned=signal.SIGTERM)

    def ready(self, pid: int) -> bool:
        """Whether the server with this process id answers a PING. While it loads its file it answers BUSY, which is no PONG."""
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                return bool(client.ping()) and client.info("server")["process_id"] == pid
        except redis.RedisError:
            return False

    def url(self, database: int = 0) -> str:
        """Where the portal connects."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def _settings(self) -> list[str]:
        return [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.home}"',
            f"databases {DATABASES}",
            f"appendonly {'no' if self.scratch else 'yes'}",
            'save ""',
            "maxmemory-policy noeviction",
            "loglevel notice",
        ]
