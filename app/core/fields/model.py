"""The definition of one field, as a document writes it: which keys it may have and how they go together."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast
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

from app.core.expressions import check_expression
from app.core.fields.patterns import LONGEST_PATTERN, compile_pattern
from app.core.fields.times import parse_date, parse_moment, parse_time
from app.core.shapes import Shape

LONGEST_TEXT = 10_000
LONGEST_ALLOWED_TEXT = 100_000
MOST_CHOICES = 1_000

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
    "selection": frozenset({"oneof", "allow_custom"}),
    "multiselect": frozenset({"options", "min_selections", "max_selections"}),
}
OWN_KEYS = frozenset().union(*TYPES.values())
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


class Unique(Shape):
    """No other order within the team, or anywhere, may have the same answer."""

    within: Literal["team", "all"]


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

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        name = ALIASES.get(value, value)
        if name not in TYPES:
            raise ValueError(f"must be one of {', '.join([*ALIASES, *TYPES])}")
        return name

    @field_validator(*sorted(OWN_KEYS), mode="before")
    @classmethod
    def _of_the_type(cls, value: Any, info: ValidationInfo) -> Any:
        kind = str(info.data.get("type"))
        if value is not None and kind in TYPES and info.field_name not in TYPES[kind]:
            own = ", ".join(sorted(TYPES[kind])) or "no key of its own"
            raise ValueError(f"does not go with type {kind}, which has {own}")
        return value

    @field_validator(
        "max_length", "max_value", "max_date", "max_datetime", "max_time", "max_selections", mode="after", check_fields=False
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

    @model_validator(mode="after")
    def _complete(self) -> "Field":
        for kind, key in (("selection", "oneof"), ("multiselect", "options")):
            if self.type == kind and getattr(self, key) is None:
                raise ValueError(f"of type {kind} needs the key {key}")
        if self.visible_when and self.conditional:
            raise ValueError("may have visible_when or conditional, not both")
        if self.readonly and self.default is None:
            raise ValueError("is readonly and needs a default")
        return self

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
    def longest(self) -> int:
        """How many characters a text may have at most."""
        return LONGEST_TEXT if self.max_length is None else self.max_length


def _choices(written: list[Written] | None) -> tuple[Choice, ...]:
    return tuple(one if isinstance(one, Choice) else Choice(value=one) for one in written or ())


def _rank(name: str, value: Any) -> Any:
    """A limit as something that can be compared."""
    parse = {"min_date": parse_date, "min_datetime": parse_moment, "min_time": parse_time}.get(name)
    return cast("Any", parse(value)) if parse else value
