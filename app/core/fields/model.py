"""The definition of one field, as a document writes it: which keys it may have and how they go together."""

import re
import string
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Optional, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    Discriminator,
    StringConstraints,
    Tag,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic import Field as Key

from app.core.durations import parse_duration
from app.core.expressions import ExpressionError, check_expression, check_syntax, references
from app.core.fields.jsonschemas import check_schema
from app.core.fields.patterns import LONGEST_PATTERN, compile_pattern, fits
from app.core.fields.sorts import Sort
from app.core.fields.times import parse_date, parse_moment, parse_time
from app.core.shapes import Shape

LONGEST_TEXT = 10_000
LONGEST_ALLOWED_TEXT = 100_000
MOST_CHOICES = 1_000
MOST_ITEMS = 200
DEEPEST = 3
"""How many lists and objects may lie in each other."""
ALPHANUMERIC = "aA0" + string.ascii_letters + string.digits

TEXT_KEYS = frozenset({"min_length", "max_length"})
NUMBER_KEYS = frozenset({"min_value", "max_value", "step", "precision", "unit"})
# Which of the keys below each type knows; the keys that are in none of these sets belong to every type.
TYPES: Mapping[str, frozenset[str]] = {
    "string": TEXT_KEYS | {"regexp", "format"},
    "textarea": TEXT_KEYS | {"rows"},
    "integer": NUMBER_KEYS,
    "number": NUMBER_KEYS,
    "percentage": NUMBER_KEYS,
    "boolean": frozenset(),
    "date": frozenset({"min_date", "max_date"}),
    "datetime": frozenset({"min_datetime", "max_datetime", "timezone"}),
    "time": frozenset({"min_time", "max_time"}),
    "selection": frozenset({"oneof", "options_from", "allow_custom"}),
    "multiselect": frozenset({"options", "options_from", "min_selections", "max_selections"}),
    "json": frozenset({"schema", "rows"}),
    "list": frozenset({"of", "min_items", "max_items"}),
    "object": frozenset({"fields"}),
    "team": frozenset(),
    "user": frozenset(),
    "secret": TEXT_KEYS | {"regexp", "generate"},
    "file": frozenset({"max_bytes", "accept", "encoding"}),
}
OWN_KEYS = frozenset().union(*TYPES.values())
# Keys that documents write otherwise than the model names them: Pydantic has a `schema` of its own.
NAMED = {"schema": "json_schema"}
NESTING = frozenset({"list", "object"})
ALIASES = {"int": "integer"}

Finite = Annotated[float, Key(allow_inf_nan=False)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
Length = Annotated[int, Key(ge=0, le=LONGEST_ALLOWED_TEXT)]
Sentence = Annotated[str, StringConstraints(max_length=2_000)]


def _or_else(sentence: str) -> WrapValidator:
    """One error instead of one for each member of a union."""

    def validated(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            raise ValueError(sentence) from error

    return WrapValidator(validated)


Number = Annotated[int | Finite, _or_else("must be a number")]
Scalar = Annotated[str | int | Finite | bool, _or_else("must be text, a number, or true or false")]


def _pattern(text: str) -> str:
    compile_pattern(text)
    return text


def _expression(text: str) -> str:
    for message in check_expression(text):
        raise ValueError(message)
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("must be the name of a time zone, such as Europe/Berlin") from error
    return name


def _written(parse: Any) -> AfterValidator:
    """The text stays as it was written once `parse` could read it."""

    def judged(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(judged)


Expression = Annotated[str, StringConstraints(min_length=1), AfterValidator(_expression)]
DateText = Annotated[str, _written(parse_date)]
MomentText = Annotated[str, _written(parse_moment)]
TimeText = Annotated[str, _written(parse_time)]


class Choice(Shape):
    """One of the values of a selection, with what people read for it."""

    value: Scalar
    label: Sentence | None = None
    help: Sentence | None = None

    @property
    def text(self) -> str:
        """The value as a form posts it."""
        return "true" if self.value is True else "false" if self.value is False else str(self.value)

    @property
    def title(self) -> str:
        """What people read."""
        return self.label or self.text


def _choice_or_value(written: Any) -> str:
    return "choice" if isinstance(written, Mapping | Choice) else "value"


Written = Annotated[Annotated[Scalar, Tag("value")] | Annotated[Choice, Tag("choice")], Discriminator(_choice_or_value)]
Choices = Annotated[list[Written], Key(min_length=1, max_length=MOST_CHOICES)]


class Condition(Shape):
    """The short form of `visible_when`: another field has this value, or one of these."""

    field: Name
    value: Scalar | list[Scalar]


class Generate(Shape):
    """A secret that the server makes where none is given: letters and digits."""

    length: Annotated[int, Key(ge=12, le=200)]


class Unique(Shape):
    """No other order within the team, or anywhere, may have the same answer."""

    within: Literal["team", "all"]


def _whole_url(text: str) -> str:
    """An address whose host nobody's answer can change."""
    if not re.match(r"https?://[^/?#{}\s@]+([/?#]|$)", text):
        raise ValueError("must be an address with its host written out, such as https://inventory.example.com/clusters")
    for message in check_syntax(text):
        raise ValueError(message)
    return text


def _pause(text: str) -> str:
    if not 10 <= parse_duration(text).total_seconds() <= 86_400:
        raise ValueError("must be 10s to 1d")
    return text


def _wait(text: str) -> str:
    if not 1 <= parse_duration(text).total_seconds() <= 10:
        raise ValueError("must be 1s to 10s")
    return text


KeyPath = Annotated[str, StringConstraints(pattern=r"^\$?(\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)?(\[\*\])?$", max_length=200)]


class OptionsFrom(Shape):
    """Where a selection's choices come from: an answer of another system, fetched by the server and kept for a while.

    items: where its list lies, such as `$.data.clusters`; value, label: keys of each entry, left out where the entries are
    texts themselves. The address may hold the answers that `depends_on` names, and nothing else.
    """

    url: Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_whole_url)]
    items: KeyPath = "$"
    value: KeyPath | None = None
    label: KeyPath | None = None
    cache: Annotated[str, AfterValidator(_pause)] = "5m"
    timeout: Annotated[str, AfterValidator(_wait)] = "3s"
    depends_on: Annotated[list[Name], Key(max_length=5)] = []

    @model_validator(mode="after")
    def _only_what_it_depends_on(self) -> "OptionsFrom":
        try:
            used = {reference.root for reference in references(self.url)}
        except ExpressionError as error:
            raise ValueError(error.message) from error
        for name in sorted(used - set(self.depends_on)):
            raise ValueError(f"uses {name} in its url; name it under depends_on")
        return self


class Field(Shape):
    """One question and the rules of its answer.

    The keys are those of the catalog format. `type: int` is read as `integer`. A key that the type does not have, limits
    that leave no answer, a pattern that RE2 cannot read and an expression that cannot be parsed are validation errors at
    that key. Defaults are judged by `check_default`.
    """

    name: Name
    type: str
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    required: bool = False
    default: Any = None
    help_text: Sentence | None = None
    placeholder: Annotated[str, StringConstraints(max_length=200)] | None = None
    group: Name | None = None
    readonly: bool = False
    hidden: bool = False
    visible_when: Expression | None = None
    conditional: Condition | None = None
    unique: Unique | None = None
    sensitive: bool = False

    min_length: Length | None = None
    max_length: Length | None = None
    regexp: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_PATTERN), AfterValidator(_pattern)] | None = None
    format: Literal["email", "url", "hostname", "cidr", "ip"] | None = None
    rows: Annotated[int, Key(ge=1, le=100)] | None = None
    min_value: Number | None = None
    max_value: Number | None = None
    step: Annotated[Number, Key(gt=0)] | None = None
    precision: Annotated[int, Key(ge=0, le=15)] | None = None
    unit: Annotated[str, StringConstraints(min_length=1, max_length=30)] | None = None
    min_date: DateText | None = None
    max_date: DateText | None = None
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    min_datetime: MomentText | None = None
    max_datetime: MomentText | None = None
    min_time: TimeText | None = None
    max_time: TimeText | None = None
    oneof: Choices | None = None
    # None where it is not written, so that a normalised field of another type does not get the key.
    allow_custom: bool | None = None
    options: Choices | None = None
    min_selections: Annotated[int, Key(ge=0, le=MOST_CHOICES)] | None = None
    max_selections: Annotated[int, Key(ge=1, le=MOST_CHOICES)] | None = None
    options_from: OptionsFrom | None = None
    json_schema: Annotated[dict[str, Any] | None, Key(alias="schema")] = None
    of: Optional["Element"] = None
    min_items: Annotated[int, Key(ge=0, le=MOST_ITEMS)] | None = None
    max_items: Annotated[int, Key(ge=1, le=MOST_ITEMS)] | None = None
    fields: Annotated[list["Field"], Key(min_length=1, max_length=50)] | None = None
    generate: Generate | None = None
    max_bytes: Annotated[int, Key(ge=1)] | None = None
    accept: Annotated[list[Sort], Key(min_length=1)] | None = None
    encoding: Literal["utf-8"] | None = None

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        name = ALIASES.get(value, value)
        if name not in TYPES:
            raise ValueError(f"must be one of {', '.join([*ALIASES, *TYPES])}")
        return name

    @field_validator(*sorted(NAMED.get(key, key) for key in OWN_KEYS), mode="before")
    @classmethod
    def _of_the_type(cls, value: Any, info: ValidationInfo) -> Any:
        kind = str(info.data.get("type"))
        if value is not None and kind in TYPES and info.field_name not in {NAMED.get(key, key) for key in TYPES[kind]}:
            own = ", ".join(sorted(TYPES[kind])) or "no key of its own"
            raise ValueError(f"does not go with type {kind}, which has {own}")
        return value

    @field_validator(
        "max_length",
        "max_value",
        "max_date",
        "max_datetime",
        "max_time",
        "max_selections",
        "max_items",
        mode="after",
        check_fields=False,
    )
    @classmethod
    def _above_the_least(cls, value: Any, info: ValidationInfo) -> Any:
        least_name = str(info.field_name).replace("max_", "min_")
        least = info.data.get(least_name)
        if value is not None and least is not None and _rank(least_name, value) < _rank(least_name, least):
            raise ValueError(f"must not be below {least_name}")
        return value

    @field_validator("oneof", "options")
    @classmethod
    def _distinct(cls, value: list[Written] | None) -> list[Written] | None:
        seen: set[str] = set()
        for choice in _choices(value):
            if choice.text in seen:
                raise ValueError(f"holds {choice.text} twice")
            seen.add(choice.text)
        return value

    @field_validator("json_schema")
    @classmethod
    def _readable_schema(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        for path, message in check_schema(value or {}):
            raise ValueError(f"{message} (at {'.'.join(path)})" if path else message)
        return value

    @field_validator("fields")
    @classmethod
    def _named_once(cls, value: "list[Field] | None") -> "list[Field] | None":
        names = [field.name for field in value or ()]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"holds {name} twice")
        return value

    @model_validator(mode="after")
    def _complete(self) -> "Field":
        for kind, key in (("selection", "oneof"), ("multiselect", "options")):
            if self.type == kind and (getattr(self, key) is None) == (self.options_from is None):
                raise ValueError(f"of type {kind} needs the key {key}, or options_from, and not both")
        for kind, key in (("list", "of"), ("object", "fields")):
            if self.type == kind and getattr(self, key) is None:
                raise ValueError(f"of type {kind} needs the key {key}")
        _whole(self)
        if self.visible_when and self.conditional:
            raise ValueError("may have visible_when or conditional, not both")
        if self.readonly and self.default is None:
            raise ValueError("is readonly and needs a default")
        if problem := _of_secrets_and_files(self):
            raise ValueError(problem)
        return self

    @property
    def inner(self) -> "tuple[Field, ...]":
        """What an answer is made of: the fields of an object, the one field of a list; nothing for other types."""
        return (self.of,) if self.of is not None else tuple(self.fields or ())

    @property
    def most_items(self) -> int:
        """How many entries a list may have at most."""
        return MOST_ITEMS if self.max_items is None else self.max_items

    @property
    def label(self) -> str:
        """What people read: the title, else the name made readable (`app_name`: App name)."""
        readable = self.name.replace("_", " ").strip()
        return self.title or readable[:1].upper() + readable[1:]

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What can be picked, in order; empty for other types."""
        return _choices(self.oneof or self.options)

    @property
    def is_secret(self) -> bool:
        """Whether nobody may read the answer again."""
        return self.type == "secret" or self.sensitive

    @property
    def longest(self) -> int:
        """How many characters a text may have at most."""
        return LONGEST_TEXT if self.max_length is None else self.max_length


def _of_secrets_and_files(field: Field) -> str | None:
    """What does not go together in a field that is secret or takes a file."""
    if field.type in ("secret", "file") and field.default is not None:
        return f"is of type {field.type} and may have no default: everybody reads the catalog"
    if field.is_secret and field.unique is not None:
        return "is secret and cannot be unique: its answers are compared with nothing"
    if field.type == "file" and field.unique is not None:
        return "is of type file and cannot be unique"
    return _of_generated(field, field.generate.length) if field.generate is not None else None


def _of_generated(field: Field, length: int) -> str | None:
    """Why a generated secret would not be taken. Its text is as good as any: what is made is tried against the pattern."""
    if not (field.min_length or 0) <= length <= field.longest:
        return "makes a secret of a length that min_length and max_length do not allow"
    if field.regexp is not None and not fits(field.regexp, (ALPHANUMERIC * 4)[:length]):
        return "makes a secret of letters and digits, which its regexp does not allow"
    return None


class Element(Field):
    """What a list is a list of. It needs no name: its place in the list is one."""

    name: Annotated[Name, Key(exclude=True)] = "entry"


Field.model_rebuild()


def _whole(field: Field) -> None:
    """Raises ValueError for what may not lie inside lists and objects, and for what goes together in no field."""
    if field.unique and field.type in ("boolean", "json", *NESTING):
        raise ValueError(f"of type {field.type} cannot be unique")
    if _depth(field) > DEEPEST:
        raise ValueError(f"has more than {DEEPEST} lists and objects inside each other")
    for one in _all_inside(field):
        for key in ("unique", "options_from", "group"):
            if getattr(one, key) is not None:
                raise ValueError(f"holds {one.name} with {key}, which only fields of the form itself may have")
    if field.of is not None and (field.of.visible_when or field.of.conditional or field.of.readonly or field.of.hidden):
        raise ValueError("needs the key of: a field that is always asked")
    if field.of is not None and field.of.generate:
        raise ValueError("makes secrets in rows of nothing else: put the secret into an object, with a name beside it")


def _depth(field: Field) -> int:
    return (field.type in NESTING) + max(map(_depth, field.inner), default=0)


def _all_inside(field: Field) -> Iterator[Field]:
    for one in field.inner:
        yield one
        yield from _all_inside(one)


def _choices(written: list[Written] | None) -> tuple[Choice, ...]:
    return tuple(one if isinstance(one, Choice) else Choice(value=one) for one in written or ())


def _rank(name: str, value: Any) -> Any:
    """A limit as something that can be compared."""
    parse = {"min_date": parse_date, "min_datetime": parse_moment, "min_time": parse_time}.get(name)
    return cast("Any", parse(value)) if parse else value
