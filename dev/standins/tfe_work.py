"""What runs of the HCP Terraform stand-in do: real Terraform over the uploaded configuration, or a pretence that tests fill.

Both read only what was uploaded and set through the API. Nothing runs in the background: the stand-in asks for the work when
somebody looks at a run whose time has come.
"""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Task:
    """What a run works on. variables: `{key, value, category, hcl}` each. state: what the last apply left."""

    archive: bytes
    variables: Sequence[Mapping[str, Any]]
    state: "State | None"
    destroy: bool


@dataclass(frozen=True, slots=True)
class State:
    """A state. outputs: name -> `{value, sensitive, type}`. resources: `{name, type, count, module, provider}` each."""

    raw: bytes
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    resources: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, or why there is none."""

    ok: bool
    changes: bool
    log: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """An apply. A state is there even if it failed half-way."""

    ok: bool
    state: State | None
    log: bytes


class Work(Protocol):
    """Who does the work of a run."""

    def plan(self, task: Task) -> Planned:
        """Plan."""
        ...

    def apply(self, task: Task) -> Applied:
        """Apply, or destroy."""
        ...


@dataclass(slots=True)
class Pretence:
    """Work that only says what it would have done. outputs: name -> (value, sensitive). resources: how many are built."""

    outputs: Mapping[str, tuple[Any, bool]] = field(default_factory=dict)
    resources: int = 1

    def plan(self, task: Task) -> Planned:
        """There are changes when the configuration or a value is another one than at the last apply."""
        if task.destroy:
            return Planned(ok=True, changes=bool(task.state and task.state.resources), log=said("Plan: to destroy."))
        changes = task.state is None or task.state.raw != self._print(task)
        return Planned(ok=True, changes=changes, log=said(f"Plan: {self.resources if changes else 0} to add."))

    def apply(self, task: Task) -> Applied:
        """All at once."""
        if task.destroy:
            return Applied(ok=True, state=State(b""), log=said("Destroy complete!"))
        outputs = {name: _output(value, sensitive) for name, (value, sensitive) in self.outputs.items()}
        kind = {"name": "echo", "type": "terraform_data", "module": "main", "provider": "terraform.io/builtin/terraform"}
        resources = [{**kind, "count": self.resources}] if self.resources else []
        return Applied(ok=True, state=State(self._print(task), outputs, resources), log=said("Apply complete!"))

    def _print(self, task: Task) -> bytes:
        written = json.dumps(sorted((one["key"], one["value"]) for one in task.variables))
        return hashlib.sha256(_content(task.archive) + written.encode()).digest()


@dataclass(frozen=True, slots=True)
class Terraform:
    """Work by the real program. command: its words."""

    command: Sequence[str]

    def plan(self, task: Task) -> Planned:
        """`init` and `plan`, with the streams that HCP Terraform would keep as the log."""
        with TemporaryDirectory() as folder:
            environment = _lay_out(Path(folder), task)
            log, ready = self._prepared(folder, environment)
            if not ready:
                return Planned(ok=False, changes=False, log=log)
            words = ("plan", "-json", "-input=false", "-detailed-exitcode", *_destroy(task))
            planned = self._run(folder, environment, *words)
            return Planned(planned.returncode in (0, 2), planned.returncode == 2, log + planned.stdout)

    def apply(self, task: Task) -> Applied:
        """`init` and `apply`; the state is read whether or not it went well."""
        with TemporaryDirectory() as folder:
            environment = _lay_out(Path(folder), task)
            log, ready = self._prepared(folder, environment)
            if not ready:
                return Applied(ok=False, state=None, log=log)
            words = ("apply", "-json", "-input=false", "-auto-approve", *_destroy(task))
            applied = self._run(folder, environment, *words)
            shown = self._run(folder, environment, "show", "-json")
            state = _read(Path(folder) / "terraform.tfstate", shown.stdout)
            return Applied(applied.returncode == 0, state, log + applied.stdout)

    def _prepared(self, folder: str, environment: Mapping[str, str]) -> tuple[bytes, bool]:
        done = self._run(folder, environment, "init", "-json", "-input=false")
        return done.stdout, done.returncode == 0

    def _run(self, folder: str, environment: Mapping[str, str], *words: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [*self.command, *words], cwd=folder, env=dict(environment), capture_output=True, timeout=SECONDS, check=False
        )


def said(*messages: str) -> bytes:
    """A log of Terraform's machine-readable lines that only say something."""
    lines = ({"@level": "info", "@message": message, "type": "change_summary", "changes": {}} for message in messages)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def complaint(summary: str, detail: str) -> bytes:
    """A log of one error."""
    diagnostic = {"severity": "error", "summary": summary, "detail": detail}
    line = {"@level": "error", "@message": f"Error: {summary}", "type": "diagnostic", "diagnostic": diagnostic}
    return json.dumps(line).encode() + b"\n"


def is_archive(content: bytes) -> bool:
    """Whether these bytes are a gzipped tar."""
    try:
        _content(content)
    except (tarfile.TarError, OSError, EOFError):
        return False
    return True


def _content(archive: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        files = [(member.name, tar.extractfile(member)) for member in tar if member.isfile()]
        return b"".join(name.encode() + file.read() for name, file in files if file is not None)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """One plain file below `folder`. `extractall` takes its filter for what is safe from Python 3.11.4 on only."""
    path, content = (folder / member.name).resolve(), tar.extractfile(member)
    if content is None:
        return
    if not path.is_relative_to(folder):
        raise tarfile.TarError(f"{member.name} lies outside")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.read())
    path.chmod(member.mode & 0o755)


def _lay_out(folder: Path, task: Task) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(task.archive), mode="r:gz") as tar:
        for member in tar:
            _extract(tar, member, folder.resolve())
    if task.state is not None and task.state.raw:
        (folder / "terraform.tfstate").write_bytes(task.state.raw)
    ours = [one for one in task.variables if one["category"] == "terraform"]
    literal = {one["key"]: one["value"] for one in ours if not one["hcl"]}
    (folder / "literal.auto.tfvars.json").write_text(json.dumps(literal))
    (folder / "evaluated.auto.tfvars").write_text("".join(f"{one['key']} = {one['value']}\n" for one in ours if one["hcl"]))
    surroundings = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "CHECKPOINT_DISABLE": "1"}
    return surroundings | {one["key"]: one["value"] for one in task.variables if one["category"] == "env"}


def _destroy(task: Task) -> tuple[str, ...]:
    return ("-destroy",) if task.destroy else ()


def _read(path: Path, shown: bytes) -> State | None:
    if not path.exists():
        return None
    values = json.loads(shown).get("values") or {}
    outputs = {name: _output(one.get("value"), one["sensitive"]) for name, one in (values.get("outputs") or {}).items()}
    counted = Counter(_resources(values.get("root_module") or {}))
    names = ("module", "type", "name", "provider")
    return State(path.read_bytes(), outputs, [dict(zip(names, key, strict=True), count=n) for key, n in counted.items()])


def _resources(module: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for one in module.get("resources", ()):
        prefix = "data." if one["mode"] == "data" else ""
        yield module.get("address", "root"), f"{prefix}{one['type']}", one["name"], one["provider_name"]
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def _output(value: Any, sensitive: bool) -> dict[str, Any]:
    kinds: dict[type, str] = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}
    return {"value": value, "sensitive": sensitive, "type": kinds.get(type(value), "string")}
