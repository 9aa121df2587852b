"""What is brought to HCP Terraform: the configuration as a gzipped tar, and the values, each as one literal text.

A value is written as JSON and read by the root module with `jsondecode`: so it keeps its type, and is never HCL. The archive
holds no value at all.
"""

import io
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from app.core.step_params import TerraformFileParams
from app.steps.terraform import workspace

READ = "${{jsondecode(var.{name})}}"
BLOCKS = re.compile(r"^(?=[ \t]*output[ \t]|[a-z]+\b[^=\n]*\{)", re.MULTILINE)
OUTPUT = re.compile(r'[ \t]*output[ \t]+"?(?P<name>[\w-]+)')
SENSITIVE = re.compile(r"\bsensitive\b[ \t]*=(?![ \t]*false\b)")


def pack(folder: Path, module: bytes, params: TerraformFileParams) -> bytes:
    """The configuration, laid out in `folder` (empty, 0700) and packed. Raises WorkspaceError, OSError."""
    workspace.configure(folder, module, workspace.root(workspace.values(params), {}, READ))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, path.relative_to(folder).as_posix(), recursive=False, filter=_nameless)
    return packed.getvalue()


def texts(params: TerraformFileParams) -> dict[str, str]:
    """The variables that are set, as the root module reads them. Raises WorkspaceError."""
    return {name: json.dumps(value) for name, value in workspace.values(params).items()}


def declared_secrets(module: bytes, folder: Path) -> frozenset[str]:
    """The outputs of the module that say `sensitive`, rather one too many than one too few. folder: where to unpack it.

    Terraform before 1.15 does not mark an output that is declared sensitive and holds nothing sensitive; the plan, which would
    tell, is open only to those who administer the workspace. Raises WorkspaceError, OSError.
    """
    workspace.unpack(module, folder)
    found = {name for path in folder.glob("*.tf") for name in _said_sensitive(path.read_text("utf-8", "replace"))}
    return frozenset(found.union(*(_said_in_json(path) for path in folder.glob("*.tf.json"))))


def _said_sensitive(source: str) -> Iterator[str]:
    for block in BLOCKS.split(source):
        output = OUTPUT.match(block)
        if output and SENSITIVE.search(block):
            yield output["name"]


def _said_in_json(path: Path) -> set[str]:
    try:
        outputs = json.loads(path.read_bytes()).get("output") or {}
        return {name for name, output in outputs.items() if output.get("sensitive")}
    except (ValueError, AttributeError):  # Terraform says itself what is wrong with such a file
        return set()


def _nameless(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the names and ids of the account that runs the worker."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
