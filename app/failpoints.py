"""Named places at which tests may make this process die, stop or fail. Nothing is ever armed outside of them.

A place that is passed with nothing armed costs one look into an empty dict. There is no setting and no variable that arms
one: only a program that imports this module can, and none of the portal's own does.
"""

from collections.abc import Callable

ARMED: dict[str, Callable[[], None]] = {}
"""Name -> what happens there."""


def failpoint(name: str) -> None:
    """Do what is armed under `name`, mostly nothing."""
    if ARMED and (armed := ARMED.get(name)) is not None:
        armed()
