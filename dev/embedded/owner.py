"""As whom an embedded PostgreSQL runs, and where that account can reach its files. PostgreSQL refuses to run as root."""

import os
import pwd
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dev.errors import RefusedError

SYSTEM_FOLDER = Path("/var/lib/stratus")
"""Where root keeps what an account without rights must reach, when the checkout lies in a closed home."""


@dataclass(frozen=True)
class Owner:
    """An account; -1 stands for "as we are"."""

    uid: int = -1
    gid: int = -1

    @property
    def is_us(self) -> bool:
        """True when no rights are dropped."""
        return self.uid == -1


US = Owner()


def choose(home: Path) -> Owner:
    """The account for the server whose files lie in `home`: ourselves, or for root the files' owner, `postgres`, `nobody`."""
    if os.geteuid() != 0:
        return US
    for place in (home, home.parent):
        uid = place.stat().st_uid if place.exists() else 0
        if uid != 0:
            return Owner(uid, place.stat().st_gid)
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return Owner(account.pw_uid, account.pw_gid)
    raise RefusedError(
        "PostgreSQL refuses to run as root and there is no account `postgres` or `nobody`: add one, or run as a user"
    )


def reaches(owner: Owner, path: Path, how: str = "-x") -> bool:
    """Whether `owner` passes the test `how` (`-x`, `-w`, as of `test`) on `path`. Tried as that account, not computed."""
    if owner.is_us:
        return os.access(path, {"-x": os.X_OK, "-w": os.W_OK}[how])
    tried = subprocess.run(["/usr/bin/test", how, path], user=owner.uid, group=owner.gid, extra_groups=[], cwd="/", check=False)
    return tried.returncode == 0


def place(home: Path, owner: Owner) -> Path:
    """The folder, made and owned by `owner`, that stands for `home`: itself, or a linked one outside a closed home."""
    if home.is_symlink() and not home.exists():
        raise RefusedError(f"the embedded data behind {home} is gone ({home.readlink()}): `make clean` starts afresh")
    if not home.exists() and not reaches(owner, home.parent):
        _link_outside(home)
    home.mkdir(mode=0o700, exist_ok=True)
    real = home.resolve()
    if not owner.is_us:
        os.chown(real, owner.uid, owner.gid)
    if not reaches(owner, real, "-w"):
        raise RefusedError(
            f"{real} cannot be written by the account that PostgreSQL runs as: set STRATUS_DATA to another folder"
        )
    return real


def system_folder() -> Path:
    """The folder of `SYSTEM_FOLDER`, made where it is missing and open to pass through whatever the umask."""
    SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
    SYSTEM_FOLDER.chmod(0o755)
    return SYSTEM_FOLDER


def _link_outside(home: Path) -> None:
    # Opening the modes of somebody's home would be the other way; it lets every account in.
    outside = system_folder() / f"{home.name}-{secrets.token_hex(6)}"
    outside.mkdir(mode=0o700)
    home.symlink_to(outside)
