"""Lays out the private directory of one run: the module unpacked, a generated root module in JSON, values, environment.

Values never become HCL text: they travel in `terraform.tfvars.json`, where strings are literal, and the root module names
them only as `${var.name}`. Nothing is passed on a command line.
"""

import io
import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from app.core.step_params import TerraformFileParams
from app.steps.base import StateAccess

MAX_FILES = 2000
MAX_BYTES = 32 * 1024 * 1024
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
WORKSPACE = re.compile(r"[A-Za-z0-9_-]{1,90}")
RESERVED = frozenset({"source", "version", "providers", "count", "for_each", "depends_on", "lifecycle", "locals"})
"""Words that mean something in a `module` block; Terraform lets no module declare variables of these names."""
LOST_BACKENDS = frozenset({"local"})
"""Backends whose state would vanish with the directory of the run."""
LOCK_FILE = ".terraform.lock.hcl"
OLDEST = ">= 1.9.0"
"""The first version with both `init -json` and `issensitive`."""


class WorkspaceError(Exception):
    """The directory of a run cannot be laid out. The message is for people."""


def lay_out(workdir: Path, module: bytes, params: TerraformFileParams) -> None:
    """Fill `workdir` (empty, 0700). module: a gzipped tar. Raises WorkspaceError, OSError."""
    given = values(params)
    configure(workdir, module, root(given, {"backend": _backend(params)}))
    _write(workdir / "terraform.tfvars.json", given)
    (workdir / "tmp").mkdir(mode=0o700)


def configure(folder: Path, module: bytes, document: Mapping[str, Any]) -> None:
    """Put the configuration into `folder`: the root module `document`, and what it calls. Raises WorkspaceError, OSError."""
    unpack(module, folder / "module")
    _keep_lock_file(folder)
    _write(folder / "main.tf.json", document)


@contextmanager
def imports(workdir: Path, params: TerraformFileParams, rows: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Let the configuration say, for as long as the block lasts, what would be imported. rows: `(address, id)`.

    The addresses must have been checked (`core.adoption`): they are code. The ids are values like all others.
    """
    name = "adopted_ids"
    while name in params.variables:
        name += "_"
    blocks = [{"to": address, "id": f"${{var.{name}[{number}]}}"} for number, (address, _) in enumerate(rows)]
    configuration, given = workdir / "imports.tf.json", workdir / "imports.auto.tfvars.json"
    _write(configuration, {"variable": {name: {}}, "import": blocks})
    _write(given, {name: [key for _, key in rows]})
    try:
        yield
    finally:
        configuration.unlink()
        given.unlink()


def environment(
    workdir: Path, params: TerraformFileParams, state: StateAccess | None, plugin_cache: Path | None
) -> dict[str, str]:
    """All that the program sees of the environment: nothing of the worker's but PATH. Raises OSError."""
    surroundings = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(workdir),
        "TMPDIR": str(workdir / "tmp"),
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
    }
    if plugin_cache is not None:
        plugin_cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        surroundings["TF_PLUGIN_CACHE_DIR"] = str(plugin_cache.absolute())
    if params.backend_config is None:
        return surroundings | _state_backend(state)
    return surroundings | ({"TF_WORKSPACE": params.workspace} if params.workspace else {})


def unpack(module: bytes, target: Path) -> None:
    """Unpack a gzipped tar of plain files below `target`, which is made. Raises WorkspaceError.

    Refused: links, devices, absolute names, `..`, more than MAX_FILES members or MAX_BYTES in all.
    """
    target.mkdir(mode=0o700)
    left = MAX_BYTES
    try:
        # Read as a stream: a bomb is noticed while it unfolds, not after.
        with tarfile.open(fileobj=io.BytesIO(module), mode="r|gz") as archive:
            for number, member in enumerate(archive):
                left -= member.size
                if left < 0 or number >= MAX_FILES:
                    raise WorkspaceError(f"The Terraform module is larger than {MAX_FILES} files or {MAX_BYTES >> 20} MiB")
                _unpack_one(archive, member, target)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise WorkspaceError("The archive of the Terraform module cannot be read") from error


def _unpack_one(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or not (member.isreg() or member.isdir()):
        raise WorkspaceError(f"The Terraform module holds {member.name!r}, which is a link or lies outside of it")
    place = target.joinpath(*path.parts)
    if member.isdir():
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = archive.extractfile(member)
    assert content is not None, "a regular file has content"
    _create(place, content.read(), executable=bool(member.mode & 0o100))


def values(params: TerraformFileParams) -> dict[str, Any]:
    """The variables that are set. None is left out: it means "not given", and the module's own default holds.

    Raises WorkspaceError for a name that no variable can have.
    """
    for name in params.variables:
        if not IDENTIFIER.fullmatch(name) or name in RESERVED:
            raise WorkspaceError(f"{name!r} cannot be the name of a Terraform variable")
    return {name: value for name, value in params.variables.items() if value is not None}


def _backend(params: TerraformFileParams) -> dict[str, Any]:
    """The backend block. Ours is told where it is by the environment, so that its password is in no file."""
    if params.backend_config is None:
        if params.workspace:
            raise WorkspaceError("`workspace` needs a `backend_config` of its own: each step has a state to itself already")
        return {"http": {}}
    config = dict(params.backend_config)
    kind = config.pop("type", None)
    if not isinstance(kind, str) or not IDENTIFIER.fullmatch(kind) or kind in LOST_BACKENDS:
        raise WorkspaceError("`backend_config` needs a `type` such as s3, gcs or azurerm; local would lose the state")
    if params.workspace and not WORKSPACE.fullmatch(params.workspace):
        raise WorkspaceError("`workspace` may hold letters, digits, dashes and underscores")
    return {kind: config}


def root(names: Iterable[str], settings: Mapping[str, Any], read: str = "${{var.{name}}}") -> dict[str, Any]:
    """The root module over variables of these `names`. What outputs the ordered module has is not known here, so they are
    handed on as one object. settings: more of the block `terraform`. read: the expression that a variable is read by.

    `jsonencode` makes a mark anywhere inside a value visible to `issensitive`; a child module need not declare it.
    """
    secret = "${[for name, value in module.main : name if issensitive(jsonencode(value))]}"  # noqa: S105 - an expression
    # An empty `variable` object is an error to Terraform.
    calls = {name: read.format(name=name) for name in names}
    variables: dict[str, Any] = {"variable": {name: {} for name in calls}} if calls else {}
    return variables | {
        "terraform": {"required_version": OLDEST, **settings},
        "module": {"main": {"source": "./module"} | calls},
        "output": {"values": {"value": "${module.main}", "sensitive": True}, "secret_names": {"value": secret}},
    }


def _state_backend(state: StateAccess | None) -> dict[str, str]:
    """Our backend. No lock address: the lease of the step is the lock. Patient enough for a database that restarts."""
    if state is None:
        raise ValueError("a Terraform step without backend_config of its own needs context.state")
    return {
        "TF_HTTP_ADDRESS": state.address,
        "TF_HTTP_USERNAME": state.username,
        "TF_HTTP_PASSWORD": state.password,
        "TF_HTTP_RETRY_MAX": "8",
        "TF_HTTP_RETRY_WAIT_MIN": "1",
        "TF_HTTP_RETRY_WAIT_MAX": "10",
    }


def _keep_lock_file(workdir: Path) -> None:
    """Terraform reads the lock file of the root module only, and the author's lies in the module."""
    locked = workdir / "module" / LOCK_FILE
    if locked.is_file():
        _create(workdir / LOCK_FILE, locked.read_bytes())


def _write(path: Path, document: Mapping[str, Any]) -> None:
    _create(path, json.dumps(document, indent=1).encode())


def _create(path: Path, content: bytes, *, executable: bool = False) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o700 if executable else 0o600)
    with os.fdopen(number, "wb") as file:
        file.write(content)
