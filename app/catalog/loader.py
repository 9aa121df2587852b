"""The folder of a catalog repository -> every entry that is sound, and every fault of every file at once.

One bad file never takes others down: an entry with a fault is not among `items` and `bundles`, all others are.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from app.catalog import bundles, checks, conditions, templates
from app.catalog.modules import Module, ModuleError, pack
from app.catalog.outline import Outline
from app.catalog.quotas import FILE, Quotas, shaped
from app.catalog.schema import KINDS
from app.catalog.shaping import shape
from app.catalog.yaml12 import Path, Problem, Text, read
from app.core.step_params import is_template
from app.core.versions import check_version, sort_key
from app.errors import Fault

LONGEST = 1_000
Known = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Item name -> version -> definition: the versions that were synced before."""


@dataclass(frozen=True, slots=True)
class CatalogFault:
    """One thing wrong in one file. path: relative to the repository; line and column from 1; entry: whose, if it is known."""

    path: str
    line: int
    column: int
    entry: str | None
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One sound entry. hash: SHA-256 of what it means (document and modules): comments and key order do not count.

    document: as it was written; definition: with every default. modules: `module_source` -> the packed module.
    """

    kind: str
    name: str
    title: str
    version: str
    description: str
    owner: str
    category: str
    tags: list[str]
    document: dict[str, Any]
    definition: dict[str, Any]
    path: str
    hash: str
    modules: Mapping[str, Module]
    place: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a folder holds. faulty: the names of entries whose file is there and cannot be taken.

    quotas: None where the file of them cannot be taken, so that the last good one stays.
    """

    items: Mapping[str, Entry]
    bundles: Mapping[str, Entry]
    faults: tuple[CatalogFault, ...]
    faulty: frozenset[str] = frozenset()
    quotas: Quotas | None = None

    @property
    def entries(self) -> list[Entry]:
        """Items, then bundles."""
        return [*self.items.values(), *self.bundles.values()]


@dataclass(slots=True)
class _File:
    """One file while it is looked at."""

    path: str
    text: Text
    outline: Outline
    faults: list[Fault] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    definition: dict[str, Any] | None = None
    modules: dict[str, Module] = field(default_factory=dict)

    @property
    def readable(self) -> bool:
        """Whether there is a document to look at."""
        return isinstance(self.text.data, Mapping)


def load(root: FilePath, known: Known | None = None) -> Catalog:
    """Everything below `root`. Raises NotADirectoryError when it is no folder; whatever is wrong inside is a fault.

    known: versions of items that can still be ordered besides those in the folder; bundles may ask for them.
    """
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a folder")
    files = [_read(root, path) for path in _documents(root)]
    _same_stems(files)
    for file in files:
        if file.readable:
            file.definition, file.faults = shape(file.text, file.outline)
    library = _library(files, known or {})
    names = {file.outline.stem for file in files if file.outline.kind == "bundle"}
    for file in files:
        if file.readable:
            file.faults += _faults(root, file, library, names)
    return _catalog(files, *_quotas(root))


def _quotas(root: FilePath) -> tuple[Quotas | None, list[CatalogFault]]:
    """What teams may use, as the file at the root says it; without one nobody has a limit."""
    path = root / FILE
    if not path.exists() and not path.is_symlink():
        return Quotas(), []
    plain = Text(problems=[_at_start("is a symbolic link or no plain file", "put the file itself here")])
    text = _content(path) if _is_plain(root, path) else plain
    file = _File(FILE, text, Outline(path.stem, "quotas", {}), problems=text.problems)
    quotas, file.faults = (None, []) if text.problems else shaped(text)
    return quotas, [replace(fault, entry=None) for fault in _told(file)]


def _documents(root: FilePath) -> Iterator[FilePath]:
    """The YAML files of entries, without modules and hidden folders, in order."""
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if (
            path.suffix in (".yaml", ".yml")
            and inside.parts[0] not in ("modules", FILE)
            and not any(p.startswith(".") for p in inside.parts)
        ):
            yield path


def _read(root: FilePath, path: FilePath) -> _File:
    inside = path.relative_to(root)
    if not _is_plain(root, path):
        text = Text(problems=[_at_start("is a symbolic link or no plain file", "put the file itself here")])
    elif not checks.STEM.fullmatch(inside.parts[0]) or len(inside.parts) == 1:
        text = Text(problems=[_at_start("is in no category", "move it into a folder such as databases/ or bundles/")])
    else:
        text = _content(path)
    document = text.data if isinstance(text.data, Mapping) else {}
    # A document in bundles/ that has not said yet what it is made of is a bundle all the same.
    kind = "bundle" if "bundle" in document or inside.parts[0] == "bundles" else "item"
    file = _File(inside.as_posix(), text, Outline(path.stem, kind, document), problems=text.problems)
    if text.data is not None and not isinstance(text.data, Mapping):
        file.problems.append(_at_start("is not a mapping of keys", "begin with name:, version:, description:, owner:"))
    return file


def _content(path: FilePath) -> Text:
    try:
        return read(path.read_bytes())
    except OSError as error:
        return Text(problems=[_at_start(f"cannot be read: {error.strerror}", "correct the file's permissions")])


def _is_plain(root: FilePath, path: FilePath) -> bool:
    here = path
    while here != root:
        if here.is_symlink():
            return False
        here = here.parent
    return path.is_file()


def _at_start(message: str, remedy: str) -> Problem:
    return Problem(Text().place(()), message, remedy)


def _same_stems(files: Iterable[_File]) -> None:
    by_stem: dict[str, list[_File]] = {}
    for file in files:
        by_stem.setdefault(file.outline.stem, []).append(file)
    for stem, same in by_stem.items():
        for file in same if len(same) > 1 else ():
            others = ", ".join(other.path for other in same if other is not file)
            file.problems.append(_at_start(f"{stem} is the name of {others} as well", "rename one of the files"))


def _library(files: Iterable[_File], known: Known) -> dict[str, dict[str, Outline]]:
    """The versions of every item that has a file: its own, and those synced before that are not above it."""
    library: dict[str, dict[str, Outline]] = {}
    for file in files:
        if file.outline.kind == "item":
            stem, own = file.outline.stem, file.outline.version or ""
            older = {
                version: Outline(stem, "item", definition)
                for version, definition in known.get(stem, {}).items()
                if check_version(own) is not None or sort_key(version) < sort_key(own)
            }
            library[stem] = {**older, own: file.outline}
    return library


def _faults(root: FilePath, file: _File, library: bundles.Library, names: set[str]) -> Iterator[Fault]:
    """What is wrong with one document besides its shape; its modules are packed on the way."""
    outline = file.outline
    yield from checks.check_document(outline)
    yield from conditions.check_inside(outline)
    outputs: dict[str, set[str] | None] = {}
    if outline.kind == "bundle":
        yield from bundles.check_entries(outline, library, names)
        yield from conditions.check_whole(outline, library)
        outputs = bundles.outputs_of(outline, library)
    yield from templates.check_texts(outline, outputs)
    yield from _modules(root, file)


def _modules(root: FilePath, file: _File) -> Iterator[Fault]:
    for part in file.outline.steps:
        template = part.body.get("template")
        source = template.get("module_source") if isinstance(template, Mapping) else None
        if part.body.get("type") != "TerraformFile" or not isinstance(source, str) or is_template(source):
            continue
        try:
            if source not in file.modules:
                file.modules[source] = pack(root, source)
        except ModuleError as error:
            yield Fault((*part.path, "template", "module_source"), "module", str(error), {"remedy": error.remedy})


def _catalog(files: Iterable[_File], quotas: Quotas | None, of_quotas: Iterable[CatalogFault]) -> Catalog:
    found: dict[str, dict[str, Entry]] = {kind: {} for kind in KINDS}
    faults: list[CatalogFault] = [*of_quotas]
    faulty: set[str] = set()
    for file in files:
        told = _told(file)
        faults += told
        if told or file.definition is None:
            faulty.add(_storable(file.outline.stem))
        else:
            entry = _entry(file, file.definition)
            found[entry.kind][entry.name] = entry
    return Catalog(found["item"], found["bundle"], tuple(faults), frozenset(faulty), quotas)


def _told(file: _File) -> list[CatalogFault]:
    """The faults of one file with their places, in the order in which they stand there."""
    told = [(problem.place, problem.message, problem.remedy) for problem in file.problems]
    for fault in file.faults:
        place = file.text.place(fault.path, of_key=fault.code in ("unknown_field", "duplicate"))
        told.append((place, _sentence(fault), fault.limits.get("remedy", _remedy(fault))))
    path, stem = _storable(file.path), _storable(file.outline.stem)
    faults = [CatalogFault(path, *place, stem, _storable(message), _storable(remedy)) for place, message, remedy in told]
    return sorted(dict.fromkeys(faults), key=lambda fault: (fault.line, fault.column))


def _storable(text: str) -> str:
    """Text that quotes a document or a file's name, fit for people and for PostgreSQL: some of it may be no text at all."""
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _sentence(fault: Fault) -> str:
    """`must be text` -> `tags[0] must be text`; sentences that name their subject stay."""
    starts = ("must ", "is ", "has ", "may ", "needs ", "does ", "holds ", "of type ")
    if fault.path and fault.message.startswith(starts):
        return f"{_spoken(fault.path)} {fault.message}"
    return fault.message


def _spoken(path: Path) -> str:
    """The last key of a path, with the numbers that follow it."""
    last = max((number for number, part in enumerate(path) if isinstance(part, str)), default=0)
    return str(path[last]) + "".join(f"[{number}]" for number in path[last + 1 :])


def _remedy(fault: Fault) -> str:
    return "add it" if fault.code == "required" else "correct the value"


def _entry(file: _File, definition: dict[str, Any]) -> Entry:
    modules = file.modules
    meaning = json.dumps([file.text.data, {source: module.digest for source, module in modules.items()}], sort_keys=True)
    return Entry(
        kind=file.outline.kind,
        name=file.outline.stem,
        title=definition["name"],
        version=definition["version"],
        description=definition["description"],
        owner=definition["owner"],
        category=file.path.split("/", maxsplit=1)[0],
        tags=definition["tags"],
        document=file.text.data,
        definition=definition,
        path=file.path,
        hash=hashlib.sha256(meaning.encode()).hexdigest(),
        modules=modules,
        place=file.text.place(("version",)),
    )
