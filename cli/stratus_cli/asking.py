"""Asks a person for the answers of a form, at a terminal: titles, help, defaults, choices; secrets are not shown."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from stratus_cli import values
from stratus_cli.entry import ENABLED, Part
from stratus_cli.text import clean, label, word
from stratus_cli.values import Field

ABSENT = object()
"""No answer: the portal takes the default, if there is one."""
HIDDEN = frozenset({"secret"})
MOST_LISTED = 30


@dataclass(slots=True)
class Asker:
    """What asking needs besides the form.

    raised: which of some fields that are not always asked the answers so far raise, by name. teams: those of the caller.
    options: choices of a field that come from elsewhere. upload: gives the value of a file's field for the file of that
    name.
    """

    raised: Callable[[Part, Sequence[Field]], Collection[str]]
    teams: Sequence[str] = ()
    options: Callable[[Part, Field], Sequence[Mapping[str, Any]]] = field(default=lambda _part, _field: ())
    upload: Callable[[str], Any] = values.content
    _asked: set[tuple[tuple[str, ...], str]] = field(default_factory=set)
    _group: Mapping[str, Any] = field(default_factory=dict)

    def part(self, part: Part, answers: dict[str, Any]) -> None:
        """Ask what the part asks and `answers` do not hold yet."""
        for one in part.fields:
            if self._is_open(part, one, answers) and self._is_raised(part, [one]):
                self._ask(part, one, answers)

    def rest(self, part: Part, answers: dict[str, Any]) -> None:
        """Ask what later answers have raised."""
        waiting = [one for one in part.fields if self._is_open(part, one, answers)]
        for one in self._is_raised(part, waiting) if waiting else ():
            self._ask(part, one, answers)

    def again(self, part: Part, answers: dict[str, Any], names: Collection[str]) -> None:
        """Ask these fields once more."""
        heading(part.title)
        for one in part.fields:
            if one["name"] in names:
                answers.pop(one["name"], None)
                self._ask(part, one, answers)

    def _is_open(self, part: Part, one: Field, answers: Mapping[str, Any]) -> bool:
        settled = one["name"] in part.fixed or one.get("hidden") or one.get("readonly")
        return not settled and one["name"] not in answers and (part.place, one["name"]) not in self._asked

    def _is_raised(self, part: Part, fields: Sequence[Field]) -> Sequence[Field]:
        """Those that are asked, whether always or as the answers are now."""
        changing = [one for one in fields if part.is_conditional(one)]
        names = self.raised(part, changing) if changing else frozenset()
        return [one for one in fields if one["name"] in names or not part.is_conditional(one)]

    def _ask(self, part: Part, one: Field, answers: dict[str, Any]) -> None:
        if (group := part.group(one)) and group != self._group:
            heading(group["title"], group.get("description") or "")
        self._group = group
        self._asked.add((part.place, one["name"]))
        value = self.field(part, one)
        if value is not ABSENT:
            answers[one["name"]] = value

    def include(self, part: Part, answers: dict[str, Any]) -> bool:
        """Ask whether an optional part is wanted."""
        if ENABLED not in answers:
            heading(part.title, part.about)
            answers[ENABLED] = click.confirm(f"Include {clean(part.title)}?", default=part.default)
        return bool(answers[ENABLED])

    def field(self, part: Part, one: Field) -> Any:
        """The answer to one question; ABSENT when it was left empty."""
        shown = self._with_options(part, one)
        explain(shown)
        kind = shown.get("type", "string")
        if kind == "boolean":
            return click.confirm(label(shown), default=bool(shown.get("default", False)))
        if kind == "object" and shown.get("fields"):
            return self._object(part, shown)
        if kind == "list" and isinstance(shown.get("of"), Mapping):
            return self._list(part, shown)
        return self._text(shown)

    def _with_options(self, part: Part, one: Field) -> Field:
        if one.get("type") == "team":
            return {**one, "oneof": list(self.teams)}
        if one.get("type") != "user" and not one.get("options_from"):
            return one
        return {**one, "options" if one["type"] == "multiselect" else "oneof": list(self.options(part, one))}

    def _text(self, one: Field) -> Any:
        known = values.choices(one)
        while True:
            text = _prompt(one)
            if text == "":
                if not one.get("required") or one.get("default") is not None or one.get("generate"):
                    return ABSENT
                click.echo("  must be filled in")
                continue
            if one.get("type") == "file":
                return self.upload(text)
            if text.startswith("@") and one.get("type") in ("textarea", "json"):
                text = values.content(text[1:])
            value = values.read(_read_as(one), text)
            strangers = [each for each in (value if isinstance(value, list) else [value]) if not _fits(each, known)]
            if not known or one.get("allow_custom") or not strangers:
                return value
            click.echo(f"  must be one of {', '.join(clean(each) for each, _, _ in known[:MOST_LISTED])}")

    def _object(self, part: Part, one: Field) -> Any:
        inner = {each["name"]: self.field(part, each) for each in one["fields"]}
        found = {name: value for name, value in inner.items() if value is not ABSENT}
        return found or ABSENT

    def _list(self, part: Part, one: Field) -> Any:
        found: list[Any] = []
        most = one.get("max_items") or 1000
        inner = {"name": one["name"], **one["of"], "title": f"{label(one)} {{}}", "required": False}
        while len(found) < most:
            each = {**inner, "title": f"{label(one)}, number {len(found) + 1} (nothing ends the list)"}
            value = self.field(part, each)
            if value is ABSENT:
                break
            found.append(value)
        return found or ABSENT


def heading(title: str, about: str = "") -> None:
    """The title of a part."""
    click.echo()
    click.secho(clean(title), bold=True)
    if about:
        click.echo(f"  {clean(about)}")


def explain(one: Field) -> None:
    """What people should know before they answer: the help, and what can be picked."""
    known = values.choices(one)
    if one.get("help_text"):
        click.echo(f"  {clean(one['help_text'])}")
    for text, _, title in known[:MOST_LISTED]:
        click.echo(f"    {clean(text)}" + (f"  {clean(title)}" if title != text else ""))
    if len(known) > MOST_LISTED:
        click.echo(f"    and {len(known) - MOST_LISTED} more")
    if one.get("type") in ("textarea", "json"):
        click.echo("  one line, or @FILE for the text of a file")
    if one.get("type") == "multiselect":
        click.echo("  with commas between them")
    if one.get("generate"):
        click.echo("  nothing lets the portal make one")


def _prompt(one: Field) -> str:
    default = one.get("default")
    shown = word(",".join(map(str, default)) if isinstance(default, list) else default) if default is not None else ""
    unit = f" ({clean(one['unit'])})" if one.get("unit") else ""
    optional = "" if one.get("required") or default is not None else " (optional)"
    hidden = bool(one.get("sensitive")) or one.get("type") in HIDDEN
    answer: str = click.prompt(
        f"{label(one)}{unit}{optional}" + (f" [{shown}]" if shown and not hidden else ""),
        default="",
        show_default=False,
        hide_input=hidden,
    )
    return answer


def _read_as(one: Field) -> Field:
    return {**one, "type": "selection"} if one.get("type") in ("team", "user") else one


def _fits(value: Any, known: Sequence[tuple[str, Any, str]]) -> bool:
    return any(value == one and isinstance(value, bool) is isinstance(one, bool) for _, one, _ in known)
