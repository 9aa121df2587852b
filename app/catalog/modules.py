"""Terraform modules of the repository: where a `module_source` leads, and its folder as one reproducible archive."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MAX_FILES = 500
MAX_BYTES = 5 * 1024 * 1024
# What a run leaves behind, or what holds secrets, is never part of a module.
_LEFT_OUT = frozenset({".terraform", ".git", "__pycache__"})


class ModuleError(ValueError):
    """This module cannot be taken. `remedy` says what to write instead."""

    def __init__(self, message: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Module:
    """A packed module. `sha256` names the archive's bytes; `digest` the files, however they were compressed."""

    sha256: str
    archive: bytes
    digest: str


def pack(root: Path, source: str) -> Module:
    """The folder that `source` names, relative to the repository's `root`, as a gzipped tar that is always the same.

    Raises ModuleError for anything absent, outside the repository, reached through a symbolic link, or too large.
    """
    try:
        folder = locate(root, source)
        files = [(path.relative_to(folder).as_posix(), _content(path)) for path in _files(folder)]
    except OSError as error:
        raise ModuleError(f"{source} cannot be read: {error.strerror}", "correct its name or its permissions") from error
    if not any(name.endswith((".tf", ".tf.json")) and "/" not in name for name, _ in files):
        raise ModuleError(f"{source} holds no Terraform files", "name the folder that holds the .tf files")
    if sum(len(content) for _, content in files) > MAX_BYTES:
        raise ModuleError(f"{source} has more than {MAX_BYTES // 1024 // 1024} MiB", "keep large files out of modules")
    archive = _archive(files)
    return Module(hashlib.sha256(archive).hexdigest(), archive, _digest(files))


def locate(root: Path, source: str) -> Path:
    """The folder of `source`. Raises ModuleError unless it is a real folder inside `root`, reached without links."""
    parts = PurePosixPath(source).parts
    if "://" in source or "::" in source or source.startswith(("/", "~")) or "\\" in source or "\0" in source:
        raise ModuleError(f"{source} is not a folder of this repository", "write ./modules/<name>")
    if ".." in parts or not parts:
        raise ModuleError(f"{source} leaves the repository", "write ./modules/<name>")
    here = root
    for part in parts:
        here = here / part
        if here.is_symlink():
            raise ModuleError(f"{source} leads through a symbolic link", "put the files themselves there")
    if not here.is_dir():
        raise ModuleError(f"{source} does not exist", f"add the folder, or correct the path (it starts at {root.name}/)")
    return here


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if _LEFT_OUT.intersection(name.parts) or ".tfstate" in path.name:
            continue
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise ModuleError(f"{folder.name}/{name} is a link or no plain file", "put the file itself there")
        if path.is_file():
            count += 1
            if count > MAX_FILES:
                raise ModuleError(f"{folder.name} has more than {MAX_FILES} files", "split it into several modules")
            yield path


def _content(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise ModuleError(f"{path.name} has more than {MAX_BYTES // 1024 // 1024} MiB", "keep large files out of modules")
    return path.read_bytes()


def _archive(files: list[tuple[str, bytes]]) -> bytes:
    """Names in order, no times, no owners: the same files make the same bytes on every machine."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _digest(files: list[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
