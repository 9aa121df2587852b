"""Keeps a development portal alive: starts everything in order, restarts what dies, stops everything in reverse order."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from dev import environment as environments
from dev import folder as folders
from dev import programs
from dev.banner import ready_text
from dev.children import Child, Launch
from dev.embedded.servers import log_of, wait_until
from dev.environment import Environment
from dev.errors import RefusedError
from dev.folder import DataFolder, Holder
from dev.pdeathsig import adopt_orphans, tie
from dev.ports import demand
from dev.probe import answers
from dev.processes import descendants, kill_all, reap_adopted

WHAT = "make run"
STOPPING = "make run, stopping,"
SETTLED = 30.0
"""Seconds after which a child counts as healthy: its next death is a first one again."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
READY_SECONDS = 60.0

PATIENCE = {"streams": 1.0, "web": 1.5, "workers": 6.0, "stand-ins": 0.3}
"""The order of stopping, and the seconds that each stage gets to stop by itself before it is ended."""
WHOLE_STOP = 10.0
"""Seconds for all of it, the servers included."""
HURRY = 0.5
"""The share of those that is left when the process at the terminal, or make, was killed: nothing may be there after 8 s."""


class StopAskedError(Exception):
    """A signal, or the death of the process at the terminal, asks us to stop."""


@dataclass
class Kept:
    """A child that is to stay alive, and when it is started again after a death."""

    child: Child
    pause: float = SHORTEST_PAUSE / 2
    again: float | None = None

    def look(self, now: float) -> str | None:
        """Start it again when that is due; a sentence when there is news."""
        name, status = self.child.launch.name, self.child.status
        if self.again is None and status is not None:
            lived_well = now - self.child.started > SETTLED
            self.pause = SHORTEST_PAUSE if lived_well else min(self.pause * 2, LONGEST_PAUSE)
            self.again = now + self.pause
            return f"{name} ended with status {status}, again in {self.pause:g} s; {self.child.log} says:\n{self.child.tail(5)}"
        if self.again is not None and now >= self.again:
            self.again = None
            self.child.start()
            return f"{name} is started again"
        return None


class Keeper:
    """One run over one data folder, for the process at the terminal."""

    def __init__(self, folder: DataFolder, environment: Environment, terminal: int) -> None:
        self.folder = folder
        self.environment = environment
        self.terminal = terminal
        self.servers = environment.servers()
        self.kept: dict[str, list[Kept]] = {stage: [] for stage in (*PATIENCE, "servers")}
        self.passing: list[Child] = []
        self.asked = 0

    def run(self) -> int:
        """Start, keep alive, stop; 0, since only being asked to stops us. Raises RefusedError when it cannot start."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, self._ask)
        tie(self.terminal, signal.SIGUSR1)
        try:
            self._start()
            while True:
                self._look_after()
                self._pause(0.2)
        except StopAskedError:
            return 0
        finally:
            self._stop()

    def _start(self) -> None:
        say(f"Starting; data and logs are in {self.folder.path}")
        self.servers.start(self._pause)
        self.kept["servers"] = [Kept(child) for child in self.servers.children]
        for launch in programs.stand_ins(self.environment):
            self._keep("stand-ins", launch)
        self._once(programs.migrate(self.environment))
        for kept in self.kept["stand-ins"]:
            wait_until(kept.child, _healthy(f"{self.environment.at(kept.child.launch.name)}/health"), self._pause)
        self.folder.note(Holder(os.getpid(), WHAT, migrated=True))
        self._sync_catalog()
        for launch in programs.workers(self.environment):
            self._keep("workers", launch)
        self._keep("streams", programs.streams(self.environment))
        self._keep("web", programs.web(self.environment))
        self._await_ready()

    def _keep(self, stage: str, launch: Launch) -> Kept:
        kept = Kept(Child(launch, log_of(self.folder.path, launch)).start())
        self.kept[stage].append(kept)
        return kept

    def _once(self, launch: Launch) -> None:
        """Run a program to its end. Raises RefusedError, with the end of its log, when it fails."""
        child = Child(launch, log_of(self.folder.path, launch)).start()
        self.passing.append(child)
        while child.status is None:
            self._pause(0.05)
        self.passing.remove(child)
        if child.status != 0:
            raise RefusedError(f"{launch.name} failed with status {child.status}; {child.log} says:\n{child.tail()}")

    def _sync_catalog(self) -> None:
        try:
            self._once(programs.sync(self.environment))
        except RefusedError as error:
            say(f"The catalog has faults; what is well is in use. {error}")

    def _await_ready(self) -> None:
        address = f"http://127.0.0.1:{self.environment.web_port}/api/v1/health/ready"
        deadline = time.monotonic() + READY_SECONDS
        while (status := answers(address)) != 200 and time.monotonic() < deadline:
            self._look_after()
            self._pause(0.1)
        if status != 200:
            say(f"Not ready after {READY_SECONDS:.0f} s: {address} answers {status or 'nothing'}; the logs tell more.")
        say(ready_text(self.environment))

    def _look_after(self) -> None:
        now = time.monotonic()
        for kept in self._all():
            news = kept.look(now)
            if news:
                say(news)

    def _ask(self, number: int, _frame: object) -> None:
        self.asked = number

    def _pause(self, seconds: float) -> None:
        if self.asked:
            raise StopAskedError
        reap_adopted(self._own())
        time.sleep(seconds)

    def _all(self) -> list[Kept]:
        return [kept for stage in self.kept.values() for kept in stage]

    def _own(self) -> set[int]:
        children = [*self.passing, *self.servers.children, *(kept.child for kept in self._all())]
        return {child.pid for child in children}

    def _stop(self) -> None:
        say("Stopping …")
        share = HURRY if self.asked == signal.SIGUSR1 else 1.0
        last = time.monotonic() + WHOLE_STOP * share
        self.folder.note(Holder(os.getpid(), STOPPING))
        for stage, seconds in PATIENCE.items():
            stop_all([kept.child for kept in self.kept[stage]], seconds * share)
        stop_all(self.passing, 0)
        self.servers.stop(last - time.monotonic())
        kill_all(descendants(os.getpid()))
        say("Stopped.")


def stop_all(children: list[Child], seconds: float) -> None:
    """Ask all of them to stop at once, and end those that did not after `seconds`."""
    deadline = time.monotonic() + seconds
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.end(deadline - time.monotonic())


def hold(folder: DataFolder) -> None:
    """Hold the folder; one that stops, or a command, is waited for. Raises RefusedError when another `make run` has it."""
    if folder.hold(WHAT, 0.5):
        return
    holder = folder.holder()
    if holder and holder.what != WHAT and folder.hold(WHAT, READY_SECONDS):
        return
    who = f"`{holder.what}` (process {holder.pid})" if holder else "another program"
    raise RefusedError(f"{who} already uses {folder.path}: stop it, or set STRATUS_DATA (and PORT) for a second one")


def say(text: str) -> None:
    """Tell the person at the terminal. A terminal that is gone must not keep us from stopping cleanly."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError:
        return


def main(terminal: int) -> int:
    """Keep the portal of `STRATUS_DATA` for the process `terminal`; the exit status."""
    adopt_orphans()
    folder = folders.named()
    try:
        folder.make()
        hold(folder)
        environment = environments.load(folder)
        demand(environment.needed_ports(), folder.ports)
        return Keeper(folder, environment, terminal).run()
    except RefusedError as error:
        say(str(error))
        return 1


def _healthy(url: str) -> Callable[[int], bool]:
    return lambda _pid: answers(url) == 200


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
