"""The files that a step works on: uploads of its request, in a private folder of their own that goes with the step."""

import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from app.jobs.folders import private_folder
from app.lifecycle.files.store import FileStore
from app.lifecycle.files.uploads import hash_of
from app.vault import VaultError


class StepFiles:
    """Gives each upload a place before its step's template is rendered, and fills the places that the step got to know."""

    def __init__(self, stack: ExitStack) -> None:
        """Whatever is made here is removed when `stack` is unwound."""
        self._stack = stack
        self._folder: Path | None = None
        self._places: dict[str, Path] = {}

    def place(self, upload_id: str) -> str:
        """The path under which the step will find an upload. Its name is ours: no user's text gets into a path."""
        if self._folder is None:
            self._folder = self._stack.enter_context(private_folder())
        self._places[upload_id] = self._folder / upload_id
        return str(self._places[upload_id])

    def write(self, engine: Engine, files: FileStore, rendered: Any) -> None:
        """Write the uploads whose paths stand in the rendered template, for this user alone.

        No transaction is open while the store is asked. Raises VaultError, Unavailable.
        """
        text = json.dumps(rendered) if self._places else ""
        for upload_id, path in self._places.items():
            if json.dumps(str(path))[1:-1] in text:
                with engine.begin() as connection:
                    sha256 = hash_of(connection, upload_id)
                _write(path, upload_id, files.read(sha256) if sha256 else ())


def _write(path: Path, upload_id: str, content: Iterable[bytes]) -> None:
    size = 0
    path.touch(mode=0o600, exist_ok=False)  # The folder is 0700 already: nobody could look in between.
    with path.open("wb") as file:
        for part in content:
            size += file.write(part)
    if not size:
        raise VaultError(f"The file {upload_id} is not there any more.")
