"""One child of the supervisor: started, watched, asked to stop, ended. It never outlives the process that starts it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.embedded.owner import US, Owner
from dev.processes import descendants, kill_all

WRAPPER = Path(__file__).with_name("pdeathsig.py")
LARGEST_LOG = 10_000_000


@dataclass(frozen=True)
class Launch:
    """A program to run. `stop` asks it to end; `orphaned` is what the kernel sends it when we die. `env` None: as ours."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] | None = None
    owner: Owner = US
    stop: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals = signal.SIGTERM


class Child:
    """A launched program. Its output goes to `log`, so that a terminal that nobody reads never blocks it."""

    def __init__(self, launch: Launch, log: Path) -> None:
        self.launch = launch
        self.log = log
        self.started = 0.0
        self.popen: subprocess.Popen[bytes] | None = None

    def start(self) -> "Child":
        """Start it, in a session of its own: Ctrl-C at the terminal is ours to pass on, in order."""
        rotate(self.log)
        owner = self.launch.owner
        wrapper = (sys.executable, "-I", "-S", str(WRAPPER))
        terms = (os.getpid(), int(self.launch.orphaned), owner.uid, owner.gid)
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                [*wrapper, *map(str, terms), *self.launch.argv],
                cwd=self.launch.cwd,
                env=self.launch.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started = time.monotonic()
        return self

    @property
    def pid(self) -> int:
        """Its process id; 0 before the first start."""
        return self.popen.pid if self.popen else 0

    @property
    def status(self) -> int | None:
        """None while it runs, else its exit status (negative: the signal that ended it); 0 before the first start."""
        return self.popen.poll() if self.popen else 0

    def ask_to_stop(self) -> None:
        """Send the stop signal. Returns at once."""
        if self.popen:
            self.popen.send_signal(self.launch.stop)

    def end(self, seconds: float) -> bool:
        """Wait so long for it to stop, then end it and all below it; True when it stopped by itself."""
        deadline = time.monotonic() + seconds
        while self.status is None and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.popen is None or self.status is not None:
            return True
        kill_all([self.pid, *descendants(self.pid)])
        self.popen.wait()
        return False

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log, indented."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def rotate(log: Path) -> None:
    """Put a log that has grown large aside, over the one put aside before."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".old.log"))
