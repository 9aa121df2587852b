"""The private folder of a running step: named after its worker's process, so that one who was killed leaves nothing behind."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.steps.terraform.leftovers import end_all_in

PREFIX = "stratus-step-"
NO_FOLDER = Path("/nonexistent")
"""What a step gets that pins no module: it works on no files, and making a folder costs as much as recording it."""


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that only this user may enter, removed with all that a step left in it."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_abandoned(root: Path | None = None) -> int:
    """Remove the folders of processes that are gone: they hold values and plans in clear. Answers how many there were.

    root: where folders are made (default: the system's folder for temporary files).
    """
    found = [folder for folder in (root or Path(tempfile.gettempdir())).glob(f"{PREFIX}*-*") if not _in_use(folder)]
    for folder in found:
        end_all_in(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return len(found)


def _in_use(folder: Path) -> bool:
    owner = folder.name.removeprefix(PREFIX).partition("-")[0]
    if not owner.isdecimal():
        return True
    try:
        os.kill(int(owner), 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's process, which lives
    return True
