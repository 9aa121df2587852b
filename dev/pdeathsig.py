"""Run a program that dies with its parent: drop rights, ask the kernel for a signal at the parent's death, exec.

    python -I -S dev/pdeathsig.py PARENT SIGNAL UID GID PROGRAM [ARGUMENT ...]

UID and GID of -1 keep the rights. The order matters: a change of rights makes the kernel forget the signal, so it is asked for
after it; and a parent that died before the asking is seen by its number.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def tie(parent: int, number: int) -> None:
    """Get signal `number` when the process `parent` dies; at once when it is dead already. Raises OSError."""
    prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that none is lost sight of. Raises OSError."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def prctl(option: int, value: int) -> None:
    """The system call of that name. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def main(arguments: list[str]) -> None:
    """Never returns: the process becomes the program, or ends with status 127 and a line on standard error."""
    parent, number, uid, gid = map(int, arguments[:4])
    program = arguments[4:]
    if uid != -1:
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    tie(parent, number)
    try:
        os.execv(program[0], program)  # noqa: S606 - no shell is wanted: the program takes this process over
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
