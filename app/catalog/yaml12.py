"""YAML text -> plain data, with the line and column of every key and value. Knows nothing of the catalog.

Scalars follow the YAML 1.2 core schema (`NO` is text). Refused: anchors, aliases, merge keys, tags, duplicate keys, several
documents, more than 256 KiB, more than 40 levels. An alias bomb loads in no time and hangs whoever writes it out again.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import yaml

from app.core.json_text import storable

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40

Path = tuple[str | int, ...]

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,300}")
_OCTAL = re.compile(r"0o[0-7]{1,300}")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,300}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_JSON = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")


class Place(NamedTuple):
    """Where something stands: line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that this reader refuses, and what to write instead."""

    place: Place
    message: str
    remedy: str


@dataclass(slots=True)
class Text:
    """What was read. `data` is None where nothing could be; `numbers` keeps how plain numbers were written (`1.10`)."""

    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    numbers: dict[Path, str] = field(default_factory=dict)

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """The place of the value at `path` (or of its key), else of the closest thing around it."""
        for length in range(len(path), -1, -1):
            here = path[:length]
            found = self.keys.get(here) or self.values.get(here) if of_key or length < len(path) else self.values.get(here)
            if found:
                return found
        return Place(1, 1)


def read(raw: bytes) -> Text:
    """Everything that one document says, and everything wrong with how it says it; never raises."""
    text = Text()
    if len(raw) > MAX_BYTES:
        text.problems.append(Problem(Place(1, 1), f"has more than {MAX_BYTES // 1024} KiB", "split it into several entries"))
        return text
    try:
        decoded = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        text.problems.append(Problem(Place(line, column), "is not UTF-8", "save the file as UTF-8"))
        return text
    _Builder(text).build(decoded)
    return text


class _TooDeepError(Exception):
    """The document has more levels than anybody needs; the rest of it is not looked at."""


class _Builder:
    """Builds plain data from the parser's events, without recursion, with a place for each key and value."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.open: list[_Open] = []
        self.documents = 0

    def build(self, decoded: str) -> None:
        try:
            for event in yaml.parse(decoded, Loader=yaml.SafeLoader):
                self._take(event)
        except _TooDeepError:
            self.text.data = None
        except yaml.MarkedYAMLError as error:
            self.text.data = None
            mark = error.problem_mark or error.context_mark
            self._refuse(
                _place(mark),
                f"cannot be read as YAML: {error.problem or error.context}",
                "check indentation, quotes and brackets",
            )
        except yaml.YAMLError as error:
            # The reader's own error (a control character) has no mark but an offset.
            self.text.data = None
            offset = getattr(error, "position", 0)
            before = decoded[:offset]
            place = Place(before.count("\n") + 1, offset - before.rfind("\n"))
            self._refuse(place, "holds a character that YAML does not allow", "take it out or write it as an escape")
        if not self.documents and not self.text.problems:
            self._refuse(Place(1, 1), "is empty", "write one entry into the file")

    def _refuse(self, place: Place, message: str, remedy: str) -> None:
        self.text.problems.append(Problem(place, message, remedy))

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents == 2:
                self._refuse(_place(event.start_mark), "holds a second document", "write one entry a file")
        if self.documents > 1:
            return
        if isinstance(event, yaml.AliasEvent):
            self._refuse(_place(event.start_mark), f"the alias *{event.anchor} is not allowed", "write the value out again")
            self._value(None, _place(event.start_mark))
        elif isinstance(event, yaml.ScalarEvent):
            self._checked(event)
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._checked(event)
            self._start({} if isinstance(event, yaml.MappingStartEvent) else [], _place(event.start_mark))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.open.pop()

    def _checked(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        place = _place(event.start_mark)
        if event.anchor:
            self._refuse(place, f"the anchor &{event.anchor} is not allowed", "take it away")
        if event.tag:
            self._refuse(place, f"the tag {event.tag} is not allowed", "take it away; quote the value if it is text")
        if isinstance(event, yaml.ScalarEvent) and not storable(event.value):
            self._refuse(place, "holds a character that cannot be stored", "take out \\0 and half surrogate pairs")

    def _start(self, container: dict[str, Any] | list[Any], place: Place) -> None:
        if len(self.open) >= MAX_DEPTH:
            self._refuse(place, f"has more than {MAX_DEPTH} levels", "make it flatter")
            raise _TooDeepError
        top = self.open[-1] if self.open else None
        if top is not None and top.wants_key:
            self._refuse(place, "a key may only be text", "write a plain word before the colon")
            top.refuse_key(place)
            self.open.append(_Open(container, (*top.path, top.key or "")))
            return
        path = self._value(container, place)
        self.open.append(_Open(container, path))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        place = _place(event.start_mark)
        top = self.open[-1] if self.open else None
        if top is not None and top.wants_key:
            self._key(top, event.value, place, plain=event.style is None)
            return
        plain = event.style is None
        value, number = _resolve(event.value) if plain else (event.value, False)
        infinite = isinstance(value, float) and not math.isfinite(value)
        if infinite or (plain and _NOT_JSON.fullmatch(event.value)):
            self._refuse(place, f"{event.value} is not a number that JSON has", "write a finite number, or quote it")
        path = self._value(value, place)
        if number:
            self.text.numbers[path] = event.value

    def _key(self, top: "_Open", name: str, place: Place, *, plain: bool) -> None:
        first = self.text.keys.get((*top.path, name))
        if plain and name == "<<":
            self._refuse(place, "the merge key << is not allowed", "write the keys out")
            top.refuse_key(place)
        elif first:
            self._refuse(place, f"the key {name} is here twice, first on line {first.line}", "keep one of them")
            top.refuse_key(place)
        else:
            top.key = name
            self.text.keys[*top.path, name] = place

    def _value(self, value: Any, place: Place) -> Path:
        """Puts `value` where it belongs; the path of that place."""
        if not self.open:
            self.text.data = value
            self.text.values[()] = place
            return ()
        top = self.open[-1]
        path = top.put(value)
        self.text.values[path] = place
        return path


class _Open:
    """A mapping or list whose end has not come yet."""

    def __init__(self, container: dict[str, Any] | list[Any], path: Path) -> None:
        self.container = container
        self.path = path
        self.key: str | None = None
        self.refused = False

    @property
    def wants_key(self) -> bool:
        return isinstance(self.container, dict) and self.key is None

    def refuse_key(self, place: Place) -> None:
        """The next value belongs to a key that is not allowed: it is read, for its own problems, and not kept."""
        self.key = f"?{place.line}:{place.column}"
        self.refused = True

    def put(self, value: Any) -> Path:
        """Adds the next member; the path of it."""
        if isinstance(self.container, list):
            self.container.append(value)
            return (*self.path, len(self.container) - 1)
        key, refused = self.key or "", self.refused
        self.key, self.refused = None, False
        if not refused:
            self.container[key] = value
        return (*self.path, key)


class _Mark(Protocol):
    line: int
    column: int


def _place(mark: _Mark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _resolve(plain: str) -> tuple[Any, bool]:
    """What a plain scalar means by the YAML 1.2 core schema, and whether it is a number."""
    if _NULL.fullmatch(plain):
        return None, False
    if _BOOL.fullmatch(plain):
        return plain.lower() == "true", False
    if _INT.fullmatch(plain):
        return int(plain), True
    if _OCTAL.fullmatch(plain):
        return int(plain, 0), True
    if _HEX.fullmatch(plain):
        return int(plain, 0), True
    if _FLOAT.fullmatch(plain):
        return float(plain), True
    return plain, False
