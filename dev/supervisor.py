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


def main() -> int:
    """Run until the keeper has ended; its exit status. `--with-parent`: stop as well when the process that started us dies."""
    adopt_orphans()
    keeper = subprocess.Popen(
        [sys.executable, "-m", "dev.keeper", str(os.getpid())], cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True
    )

    def pass_on(number: int, _frame: object) -> None:
        keeper.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
            signal.signal(number, pass_on)
    if "--with-parent" in sys.argv[1:]:
        tie(os.getppid(), signal.SIGUSR1)
    while keeper.poll() is None:
        reap_adopted({keeper.pid})
        time.sleep(0.1)
    return _sweep(keeper.returncode)


def _sweep(status: int) -> int:
    deadline = time.monotonic() + LAST_RESORT
    while (left := descendants(os.getpid())) and time.monotonic() < deadline:
        kill_all(left)
        reap_adopted(set())
        time.sleep(0.02)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
