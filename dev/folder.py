"""The data folder of a development portal (`STRATUS_DATA`): what lies where, its secrets, and who holds it."""

import base64
import fcntl
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from dev.errors import RefusedError

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Secrets:
    """What a development portal must keep to itself. `vault_keys` is as the setting of that name wants it."""

    secret_key: str
    vault_keys: str
    postgres_password: str
    valkey_password: str
    oidc_client_secret: str


@dataclass(frozen=True)
class Holder:
    """Who holds the folder: `what` is a command such as `make run`; `migrated` once the tables are there."""

    pid: int
    what: str
    migrated: bool = False


class DataFolder:
    """One folder, held by at most one program at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ports = path / "ports.json"
        self.postgres = path / "postgres"
        self.valkey = path / "valkey"
        self.logs = path / "log"
        self._lock = -1

    def make(self) -> None:
        """Make it where it is missing. Raises RefusedError when we cannot write there."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise RefusedError(
                f"{self.path} cannot be written ({error.strerror}): set STRATUS_DATA to another folder"
            ) from error
        if not os.access(self.path, os.W_OK):
            raise RefusedError(f"{self.path} cannot be written by this account: set STRATUS_DATA to another folder")

    def hold(self, what: str, patience: float) -> bool:
        """Hold the folder until this process ends; False when another program still holds it after `patience` seconds."""
        # Child processes do not inherit the descriptor, so the hold ends with us and not with them.
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(self._lock)
                    return False
                time.sleep(0.1)
            else:
                self.note(Holder(os.getpid(), what))
                return True

    def release(self) -> None:
        """Let go of the folder."""
        os.close(self._lock)

    def note(self, holder: Holder) -> None:
        """Tell others who holds the folder."""
        text = json.dumps(holder.__dict__).encode()
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, text, 0)

    def holder(self) -> Holder | None:
        """Who held it last, as that program noted; None when nothing readable is noted."""
        try:
            return Holder(**json.loads((self.path / "lock").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def secrets(self) -> Secrets:
        """Its secrets, made at the first call and kept in `secrets.json`, which only its owner can read."""
        file = self.path / "secrets.json"
        if not file.exists():
            beside = file.with_suffix(".new")
            beside.touch(mode=0o600)
            beside.write_text(json.dumps(_new_secrets().__dict__, indent=2) + "\n")
            beside.rename(file)
        try:
            return Secrets(**json.loads(file.read_text()))
        except (ValueError, TypeError) as error:
            raise RefusedError(f"{file} is not readable ({error}): mend it, or `make clean` to start afresh") from error


def named() -> DataFolder:
    """The folder that `STRATUS_DATA` names, `.data` of the checkout by default."""
    return DataFolder(Path(os.environ.get("STRATUS_DATA") or ROOT / ".data").absolute())


def _new_secrets() -> Secrets:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return Secrets(
        secret_key=secrets.token_hex(32),
        vault_keys=f"dev1:{key}",
        postgres_password=secrets.token_hex(16),
        valkey_password=secrets.token_hex(16),
        oidc_client_secret=secrets.token_hex(32),
    )
