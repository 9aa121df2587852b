"""`make run`: the process at the terminal. It starts the keeper, passes signals on, and leaves nothing behind.

The keeper does the work in a session of its own, so that Ctrl-C reaches only us and the order of stopping is ours. Each of the
two notices when the other dies, and both adopt orphans: whichever is killed, the other stops or ends all that is left.
"""

import os
import signal
import subprocess
import sys
import time

from dev.folder import ROOT
from dev.pdeathsig import adopt_orphans, tie
from dev.processes import descendants, kill_all, reap_adopted

LAST_RESORT = 5.0


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


class Terminal:
    """The process at the terminal: passes signals on to the keeper, the ones that came before there was one too."""

    def __init__(self) -> None:
        self.keeper: subprocess.Popen[bytes] | None = None
        self.asked: int = 0
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
                signal.signal(number, self._pass_on)

    def run(self) -> int:
        """Start the keeper and wait for its end; the exit status."""
        command = [sys.executable, "-m", "dev.keeper", str(os.getpid())]
        self.keeper = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True)
        if self.asked:
            self.keeper.send_signal(self.asked)
        while self.keeper.poll() is None:
            reap_adopted({self.keeper.pid})
            time.sleep(0.1)
        return 0 if self.keeper.returncode == -self.asked else self.keeper.returncode

    def _pass_on(self, number: int, _frame: object) -> None:
        self.asked = number
        if self.keeper:
            self.keeper.send_signal(number)


def main() -> int:
    """Run until the keeper has ended; its exit status. `--with-parent`: stop as well when the process that started us dies."""
    adopt_orphans()
    terminal = Terminal()
    if "--with-parent" in sys.argv[1:]:
        tie(os.getppid(), signal.SIGUSR1)
    status = terminal.run()
    _sweep()
    return status if status >= 0 else 128 - status


def _sweep() -> None:
    deadline = time.monotonic() + LAST_RESORT
    while (left := descendants(os.getpid())) and time.monotonic() < deadline:
        kill_all(left)
        reap_adopted(set())
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
