"""A presentation field on a page: what the `field` macro draws, and its rules and answers in words. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.core.fields import Field, from_text, to_text
from app.core.fields.attaching import spoken_size
from app.core.fields.sorts import SPOKEN
from app.web.filters import number, shorten, shown
from app.web.phrases import listed
from app.web.views_fields import Choice, FieldView, InputType, Kind, kind_of_choice

KINDS: Mapping[str, Kind] = {
    "string": "text",
    "textarea": "textarea",
    "integer": "number",
    "number": "number",
    "percentage": "number",
    "boolean": "check",
    "date": "date",
    "datetime": "datetime",
    "time": "time",
    "multiselect": "checks",
    "secret": "text",
    "file": "file",
    "json": "json",
    "list": "json",
    "object": "json",
    "team": "text",
    "user": "text",
}
LIMITS: Mapping[str, tuple[str, str]] = {
    "date": ("min_date", "max_date"),
    "datetime": ("min_datetime", "max_datetime"),
    "time": ("min_time", "max_time"),
}
NOUNS: Mapping[str, str] = {
    "string": "Text",
    "textarea": "Text of several lines",
    "integer": "Whole number",
    "number": "Number",
    "percentage": "Percentage",
    "boolean": "Yes or no",
    "date": "Date",
    "datetime": "Date and time",
    "time": "Time of day",
    "secret": "Secret text, shown to nobody again",
    "file": "File",
    "json": "JSON",
    "team": "One of your teams",
    "user": "Member of your team",
    "selection": "One of a list that is kept elsewhere",
    "multiselect": "Any of a list that is kept elsewhere",
}
FORMATS: Mapping[str, str] = {
    "email": "E-mail address",
    "url": "Web address",
    "hostname": "Host name",
    "cidr": "Network in CIDR notation",
    "ip": "IP address",
}
SIMPLE = re.compile(
    r"(?P<no>not )?(?P<flag>[a-z]\w*)|(?P<name>[a-z]\w*) == (?P<quote>['\"])(?P<text>[^'\"]*)(?P=quote)", re.ASCII
)
"""Conditions that read as words: `enable_ha`, `not enable_ha`, `environment == 'prod'`."""
ONLY = "only when "
MASK = "••••••••"
MOST_NAMED = 8
MOST_CHECKS = 20
"""More choices to tick are a list that scrolls."""
JSON_ROWS = 10
LONGEST_JSON = 300


def view(field: Field, name: str, raw: Sequence[str], errors: Sequence[str] = (), when: str = "") -> FieldView:
    """What the `field` macro draws for `field`.

    name: what is posted. raw: the texts to show, as they were posted or as `texts` gives them. errors: whole sentences.
    when: words for a field that is not always asked.
    """
    choices = tuple(Choice(one.text, one.title, one.help or "") for one in field.choices)
    low, high = _ends(field)
    return FieldView(
        name=name,
        id=id_of(name),
        label=field.label,
        kind=_kind(field, choices),
        help=_help(field, when),
        value=raw[-1] if raw else "",
        picked=tuple(raw),
        checked=field.type == "boolean" and from_text(field, raw) is True,
        choices=choices,
        required=field.required,
        has_default=field.default is not None,
        minimum=low,
        maximum=high,
        step="" if field.step is None or field.type not in LIMITS else str(field.step),
        fraction=field.type in ("number", "percentage") and field.precision != 0,
        unit=unit_of(field),
        errors=tuple(errors),
        placeholder=field.placeholder or "",
        input_type=_input_type(field),
        rows=field.rows or (JSON_ROWS if KINDS.get(field.type) == "json" else 3),
        mono=KINDS.get(field.type) == "json",
        renews=bool(field.options_from and field.options_from.depends_on),
    )


def _input_type(field: Field) -> InputType:
    if field.is_secret:
        return "password"
    return "email" if field.format == "email" else "url" if field.format == "url" else "text"


def fixed(field: Field, name: str, words: str, note: str) -> FieldView:
    """A value that is shown and not asked. words: the value; note: why it is so."""
    return FieldView(name=name, id=id_of(name), label=field.label, kind="fixed", value=words, note=note)


def id_of(name: str) -> str:
    """The id of the control that posts `name`. Names of fields hold no hyphen, so no two become the same."""
    return name.replace(".", "-")


def texts(field: Field, value: Any) -> list[str]:
    """A JSON value as the texts that its control would post."""
    text = to_text(field, value)
    return text if isinstance(text, list) else [text] if text else []


def answer(field: Field, value: Any) -> str:
    """A JSON value as people read it: choices by their names, numbers with their unit, sensitive ones masked."""
    if value is not None and field.is_secret:
        return MASK
    if field.inner and value is not None:
        return _inside(field, value)
    if field.type == "json" and value is not None:
        return shorten(json.dumps(value, ensure_ascii=False), LONGEST_JSON)
    names = {one.text: one.title for one in field.choices}
    if names and not isinstance(value, list):
        return shown(value) if value is None else names.get(str(to_text(field, value)), shown(value))
    if names:
        return shown([names.get(text, text) for text in texts(field, value)])
    if value is None or value == "" or not unit_of(field):
        return shown(value)
    return f"{shown(value)} {unit_of(field)}"


def by_name(field: Field, value: Any, known: Mapping[str, str]) -> Any:
    """An answer in which uploads and persons are named as people call them. known: by their ids."""
    if field.type in ("file", "user") and isinstance(value, str):
        return known.get(value, value)
    if field.of is not None and isinstance(value, list):
        return [by_name(field.of, one, known) for one in value]
    if field.fields is not None and isinstance(value, Mapping):
        return {one.name: by_name(one, value.get(one.name), known) for one in field.fields}
    return value


def rule(field: Field) -> str:
    """What the field takes, in words: `Whole number, 20 to 1,000 GB`, `One of dev, staging, prod`."""
    if field.choices:
        return ", ".join(part for part in (_named(field), _how_many(field)) if part)
    if field.inner:
        return _made_of(field)
    noun = FORMATS.get(field.format or "", NOUNS[field.type])
    low, high = _ends(field)
    amount = _between(low, high, unit_of(field)) if KINDS.get(field.type) == "number" else _limits(field)
    return ", ".join(part for part in (noun, amount, _steps(field), _how_many(field)) if part)


def _inside(field: Field, value: Any) -> str:
    """A list or an object in words: `Port 80, Protocol tcp; Port 443, Protocol tcp`."""
    if field.of is not None and isinstance(value, list):
        return ("; " if field.of.inner else ", ").join(answer(field.of, one) for one in value) or shown(None)
    if field.fields is not None and isinstance(value, Mapping):
        given = [one for one in field.fields if value.get(one.name) is not None]
        return ", ".join(f"{one.label} {answer(one, value[one.name])}" for one in given) or shown(None)
    return shorten(shown(value), LONGEST_JSON)


def _made_of(field: Field) -> str:
    """`List of whole number, 1 to 10, at most 3 rows`, `Port (whole number) and Protocol (one of tcp, udp)`."""
    if field.of is not None:
        low, high = (str(end) if end else "" for end in (field.min_items, field.max_items))
        inside = rule(field.of)
        amount = _between(low, high, "row" if (high or low) == "1" else "rows")
        return ", ".join(part for part in (f"List of: {inside[:1].lower()}{inside[1:]}", amount) if part)
    parts = ((one.label, rule(one)) for one in field.fields or ())
    return listed([f"{label} ({words[:1].lower()}{words[1:]})" for label, words in parts])


def when_asked(field: Field, form: Sequence[Field], group: str | None = None) -> str:
    """When a field is asked that is not always asked: `only when Environment is prod`. form: all fields of the form.

    Simple conditions are put into words; others are shown as the document writes them. group: the condition of its group.
    """
    own = _own_condition(field, form)
    return " and ".join(
        part for part in (_in_words(group, form) if group else "", own.removeprefix(ONLY) if group else own) if part
    )


def _own_condition(field: Field, form: Sequence[Field]) -> str:
    if field.conditional is not None:
        value = field.conditional.value
        return _when(field.conditional.field, value if isinstance(value, list) else [value], form)
    if field.visible_when is None:
        return ""
    return _in_words(field.visible_when, form)


def _in_words(condition: str, form: Sequence[Field]) -> str:
    simple = SIMPLE.fullmatch(condition.strip())
    if simple is None:
        return f"{ONLY}{condition}"
    if simple["flag"]:
        return _when(simple["flag"], [not simple["no"]], form)
    return _when(simple["name"], [simple["text"]], form)


def _when(name: str, wanted: Sequence[Any], form: Sequence[Field]) -> str:
    for other in form:
        if other.name == name:
            return f"{ONLY}{other.label} is {' or '.join(answer(other, one) for one in wanted)}"
    return f"{ONLY}{name} is {' or '.join(map(shown, wanted))}"


def capital(text: str) -> str:
    """The text with a capital first."""
    return text[:1].upper() + text[1:]


def unit_of(field: Field) -> str:
    """What stands behind a number."""
    return field.unit or ("%" if field.type == "percentage" else "")


def _kind(field: Field, choices: Sequence[Choice]) -> Kind:
    if field.type == "multiselect" and len(choices) > MOST_CHECKS:
        return "picks"
    if field.type != "selection":
        return KINDS[field.type]
    if field.allow_custom or not choices:
        return "text"
    return kind_of_choice(choices, must_pick=field.required or field.default is not None)


def _ends(field: Field) -> tuple[str, str]:
    """The least and the greatest value as texts of the control, empty where there is none."""
    if field.type in LIMITS:
        low, high = (getattr(field, key) for key in LIMITS[field.type])
        return str(to_text(field, low)), str(to_text(field, high))
    least, most = (0, 100) if field.type == "percentage" else (None, None)
    low = field.min_value if field.min_value is not None else least
    high = field.max_value if field.max_value is not None else most
    return "" if low is None else str(low), "" if high is None else str(high)


def _help(field: Field, when: str) -> str:
    """The document's own words, then what else there is to know. A sentence keeps its full stop at the end only.

    The limits of a number are not among it: the view says them itself.
    """
    more = _steps(field) if KINDS.get(field.type) == "number" else _limits(field)
    parts = [part for part in ((field.help_text or "").strip(), more, _how_many(field), when) if part]
    return capital(", ".join([*(part.rstrip(".") for part in parts[:-1]), *parts[-1:]]))


def _steps(field: Field) -> str:
    return f"in steps of {number(field.step)}" if field.step and field.step != 1 else ""


def _limits(field: Field) -> str:
    """How long a text may be, between which days a date may lie, in which zone a time counts."""
    if field.type == "file":
        return _taken(field)
    if field.type in ("string", "textarea", "secret"):
        low, high = (str(end) if end else "" for end in (field.min_length, field.max_length))
        made = "made for you where it is left empty" if field.generate else ""
        length = _between(low, high, "character" if (high or low) == "1" else "characters")
        return ", ".join(part for part in (length, made) if part)
    low, high = _ends(field) if field.type in LIMITS else ("", "")
    zone = f"by the clock of {field.timezone or 'UTC'}" if field.type == "datetime" else ""
    parts = (f"not before {low.replace('T', ' ')}" if low else "", f"not after {high.replace('T', ' ')}" if high else "", zone)
    return ", ".join(part for part in parts if part)


def _taken(field: Field) -> str:
    """`a PDF document or a PNG image, at most 1 MB`."""
    sorts = " or ".join(SPOKEN[one] for one in field.accept or ())
    size = f"at most {spoken_size(field.max_bytes)}" if field.max_bytes else ""
    return ", ".join(part for part in (sorts, "text in UTF-8" if field.encoding else "", size) if part)


def _how_many(field: Field) -> str:
    if field.type != "multiselect":
        return ""
    low, high = (str(end) if end else "" for end in (field.min_selections, field.max_selections))
    return _between(low, high, "choice" if (high or low) == "1" else "choices")


def _between(low: str, high: str, noun: str) -> str:
    if not low and not high:
        return ""
    low, high = (number(int(end)) if end.lstrip("-").isdecimal() else end for end in (low, high))
    words = f"{low} to {high}" if low and high and low != high else low if low == high else ""
    return f"{words or (f'at least {low}' if low else f'at most {high}')} {noun}".strip()


def _named(field: Field) -> str:
    titles = [one.title for one in field.choices]
    more = [f"{len(titles) - MOST_NAMED} more"] if len(titles) > MOST_NAMED else []
    start = "Any of" if field.type == "multiselect" else "Text, such as" if field.allow_custom else "One of"
    return f"{start} {', '.join([*titles[:MOST_NAMED], *more])}"
