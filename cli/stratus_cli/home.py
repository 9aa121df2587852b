"""Where access tokens are kept: one file that only its owner can read, a token for each portal."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from stratus_cli.exits import Exit, Stop

OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Home:
    """What is kept. current: the portal that was signed in to last; portals: by URL, `token` and maybe `token_id`."""

    current: str | None
    portals: Mapping[str, Mapping[str, Any]]


def file() -> Path:
    """The file; `STRATUS_CONFIG_DIR` puts it elsewhere."""
    named = os.environ.get("STRATUS_CONFIG_DIR")
    return (Path(named) if named else user_config_path("stratus", appauthor=False)) / "credentials.json"


def load() -> Home:
    """What is kept, empty at first. Raises Stop when others may read the file, or nobody can."""
    path = file()
    try:
        if os.name == "posix" and path.stat().st_mode & OTHERS:
            raise Stop(Exit.REFUSED, f"{path} can be read by others: chmod 600 it, or sign in with a new token.")
        kept = json.loads(path.read_text("utf-8"))
        return Home(kept.get("current"), dict(kept["portals"]))
    except FileNotFoundError:
        return Home(None, {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Stop(Exit.REFUSED, f"{path} cannot be read ({type(error).__name__}): remove it and sign in again.") from error


def keep(url: str, credentials: Mapping[str, Any]) -> Path:
    """Keep what signing in to `url` gave, and make that the current portal; answers where."""
    return _write(Home(url, {**_before().portals, url: credentials}))


def forget(url: str) -> None:
    """Forget what is kept of `url`."""
    kept = load()
    left = {known: value for known, value in kept.portals.items() if known != url}
    _write(Home(next(iter(left), None) if kept.current == url else kept.current, left))


def _before() -> Home:
    """What is kept; a file that cannot be used is written anew, which is what its message told to do."""
    try:
        return load()
    except Stop:
        return Home(None, {})


def _write(home: Home) -> Path:
    path = file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        # Made with its mode, so that there is no moment in which others could open it.
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
            json.dump({"current": home.current, "portals": dict(home.portals)}, written, indent=2)
        beside.replace(path)
    except OSError as error:
        raise Stop(Exit.REFUSED, f"The token cannot be kept in {path}: {error.strerror}.") from error
    return path
