"""`make clean`: remove what the other commands made. Standard library only, since the virtual environment may be gone.

python3 -m dev.clean .venv
"""

import shutil
import sys
from pathlib import Path

from dev import folder as folders
from dev.errors import RefusedError
from dev.folder import ROOT, DataFolder

CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache")
MADE = ("postgres", "valkey", "provider", "log", "ports.json", "secrets.json")


def main(venv: Path) -> None:
    """Remove data, environment and caches. Raises RefusedError while the data is in use."""
    clean_data(folders.named())
    for path in (venv, *(ROOT / name for name in CACHES)):
        remove(path)
    for path in ROOT.rglob("__pycache__"):
        remove(path)


def clean_data(folder: DataFolder) -> None:
    """Empty the data folder of what is ours, files that others put there stay. Raises RefusedError while it is in use."""
    if not folder.path.exists():
        return
    if not folder.hold("make clean", 0.5):
        holder = folder.holder()
        raise RefusedError(
            f"{folder.path} is in use by {f'process {holder.pid}' if holder else 'another program'}: stop it first"
        )
    for name in MADE:
        remove(folder.path / name)
    (folder.path / "lock").unlink()
    folder.release()
    if not any(folder.path.iterdir()):
        folder.path.rmdir()


def remove(path: Path) -> None:
    """Remove a file, a folder, or a link together with the folder of ours that it leads to."""
    if path.is_symlink():
        target = path.readlink()
        path.unlink()
        if path.name == "postgres":
            shutil.rmtree(target, ignore_errors=True)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except RefusedError as refused:
        sys.exit(str(refused))
