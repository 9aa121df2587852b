"""The order of one offer as a FlaskForm, made from its documents: names without collisions, answers as the API takes them.

The form has no rules of its own. `order()` is the JSON that a client of the API would post; what `lifecycle.preparing` finds
wrong with it comes back through `judge` and stands beside the fields.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from flask_wtf import FlaskForm
from wtforms import BooleanField

from app.catalog.offers import Offer
from app.catalog.options import Offered
from app.core.fields import ABSENT, Field, check
from app.core.fields.visibility import BUNDLE
from app.core.order import ENABLED, Resolved
from app.core.plan import spoken
from app.core.secrecy import secret_fields
from app.errors import Fault
from app.lifecycle.orders.looking_up import Lookups
from app.web.filters import sentence
from app.web.forms.answers import AnswerField, holds_file
from app.web.forms.nested import field_inside, place_inside
from app.web.forms.offering import looks_outside, with_choices
from app.web.forms.sections import Section, sections_of
from app.web.forms.views import id_of, when_asked

TEAM = "team"
HELD = "held"
"""What the handle to the secrets behind the form's masks is posted as."""
UNFINISHED = re.compile(r"\b(for|of|in|at|to|from|on|by|with|until)$|\W$")
"""Labels that a sentence cannot begin with as they are: "Keep backups for", "Who may see it?"."""

Places = dict[tuple[str | int, ...], tuple[Section, Field]]
"""Where a fault's path leads: the section and the field of an answer."""


@dataclass(frozen=True, slots=True)
class Said:
    """One fault as people read it. name: what the field posts; id: where its control is, empty for what has none."""

    name: str
    id: str
    where: str
    words: str

    @property
    def summary(self) -> dict[str, str]:
        """What the error summary shows."""
        return {"id": self.id, "words": f"{self.where}: {self.words}" if self.where else self.words}


class OrderForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF comes without types
    """Base of the forms that `order_form` makes.

    held, kept: the handle to the secrets behind its masks, and what is kept under it, by the names of their controls. arrived:
    what is wrong with the files that came with it. files: what people read for each upload. See `forms.keeping`.
    """

    offer: ClassVar[Offer]
    sections: ClassVar[Sequence[Section]]
    teams: ClassVar[Sequence[str]]
    said: Sequence[Said] = ()
    held: str = ""
    kept: Mapping[str, Any] = {}
    arrived: Sequence[Fault] = ()
    files: Mapping[str, str] = {}

    @property
    def takes_files(self) -> bool:
        """Whether a question is answered with a file: then the form is posted in parts."""
        return any(holds_file(one) for section in self.sections for one in section.asked)

    def order(self) -> dict[str, Any]:
        """What was filled in, as the JSON order that the API takes."""
        order: dict[str, Any] = {f"catalog_{self.offer.kind}": self.offer.name, "version": self.offer.version}
        for section in self.sections:
            place = order
            for key in section.path[:-1]:
                place = place.setdefault(key, {})
            place[section.path[-1]] = self._answers(section)
        return {**order, "requester": {"team": self.for_team}} if self.for_team else order

    @property
    def for_team(self) -> str | None:
        """The team that orders: the one that was chosen, or the only one."""
        if TEAM in self:
            return str(self[TEAM].answer) or None
        return self.teams[0] if self.teams else None

    def includes(self, section: Section) -> bool:
        """Whether the section is part of the order."""
        return bool(self[section.switch].data) if section.switch else True

    def judge(self, faults: Sequence[Fault]) -> bool:
        """Put what the rules found beside the fields; whether all is well."""
        self.said = self._placed(faults)
        for field in self:
            if isinstance(field, AnswerField):
                field.said = self.said_of
        return bool(self.validate())

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Whether every answer passed, and the order itself, when it was last judged."""
        return bool(super().validate(extra_validators)) and not self.said

    def said_of(self, name: str) -> list[str]:
        """The sentences about one answer."""
        return [one.words for one in self.said if one.name == name]

    def posted(self) -> list[tuple[str, str]]:
        """Every answer as it was posted, of items that are not included too: hidden inputs carry them from page to page."""
        switches = [(one.switch, "on") for one in self.sections if one.switch and self.includes(one)]
        switches += [(HELD, self.held)] if self.held else []
        return switches + [pair for field in self if isinstance(field, AnswerField) for pair in field.pairs]

    def conditional(self) -> list[str]:
        """The ids of fields that are not always asked."""
        return [id_of(s.name_of(one)) for s in self.sections for one in s.asked if s.may_hide(one)]

    def sensitive(self) -> list[str]:
        """The names of answers that a browser should not keep."""
        return [section.name_of(one) for section in self.sections for one in section.asked if holds_secret(one)]

    def not_asked(self, resolved: Resolved | None) -> list[str]:
        """The ids of fields that the answers so far do not raise."""
        if resolved is None or not self.conditional():
            return []
        return [id_of(section.name_of(one)) for section in self.sections for one in self._hidden(section, resolved)]

    def not_asked_inside(self) -> list[str]:
        """The ids of controls in lists and objects that the answers beside them do not raise, as the page calls them."""
        return [id_of(name) for field in self if isinstance(field, AnswerField) for name in field.hidden]

    def _hidden(self, section: Section, resolved: Resolved) -> list[Field]:
        judged = resolved.forms.get(section.item.alias if section.item else BUNDLE)
        if judged is not None:
            return [one for one in section.asked if one.name in judged.hidden]
        # Of an item that is left out only its own answers can be asked: what it would be part of is not settled.
        fixed = resolved.fixed.get(section.item.alias, {}) if section.item else {}
        own = "parameters" if section.item else "bundle"
        hidden = check(section.fields, self._filled(section), fixed=fixed, own=own).hidden
        return [one for one in section.asked if one.name in hidden]

    def wrong_now(self, faults: Sequence[Fault]) -> dict[str, list[str]]:
        """What is wrong with answers that were given, by the id of their control; editors of JSON always.

        Nobody is told while they fill in a form what they have not come to yet.
        """
        given = {name for field in self if isinstance(field, AnswerField) for name, text in field.pairs if text.strip()}
        said: dict[str, list[str]] = {
            section.name_of(one): [] for section in self.sections for one in section.asked if one.type == "json"
        }
        for one in self._placed(faults):
            if one.name in given:
                said.setdefault(one.name, []).append(one.words)
        places = {to: name for field in self if isinstance(field, AnswerField) for to, name in field.places.items()}
        return {id_of(places.get(name, name)): words for name, words in said.items()}

    def renewed(self) -> dict[str, Any]:
        """What fields offer whose choices hang on other answers, by the id of their control."""
        found: dict[str, Any] = {}
        for section in self.sections:
            for one in section.asked:
                if one.options_from is not None and one.options_from.depends_on:
                    view = self[section.name_of(one)].view
                    found[view.id] = {"choices": [[choice.value, choice.label] for choice in view.choices], "help": view.hint}
        return found

    def offered_at(self, name: str) -> tuple[Offered | None, Mapping[str, str]]:
        """What is offered to the control that posts `name`, also inside a list or an object, and the labels of its form.

        None where its choices are in its document, where it has none, and where there is no such control.
        """
        for field in self:
            if isinstance(field, AnswerField) and (name == field.name or name.startswith(f"{field.name}.")):
                asks = field_inside(field.asks, name.removeprefix(field.name).split(".")[1:])
                return (field.offers(asks) if asks is not None else None), field.labels
        return None, {}

    def look_up(self, outside: Lookups) -> None:
        """Let fields show what can be picked now where their documents do not say it."""
        for section in self.sections:
            if not any(map(looks_outside, section.asked)):
                continue
            settled = {one.field.name: one.value for one in section.settled if not one.template}
            defaults = {one.name: one.default for one in section.asked if one.default is not None}
            answers = {**defaults, **settled, **self._filled(section)}
            for field in section.asked:
                self[section.name_of(field)].offers = partial(self._offered, outside, answers)

    def _offered(self, outside: Lookups, answers: Mapping[str, Any], field: Field) -> Offered | None:
        return outside.choices(field, answers, self.teams, self.for_team)

    def with_names(self, section: Section, field: Field) -> Field:
        """The field with the choices that are offered now, so that its answer can be told by its name."""
        offered = self[section.name_of(field)].offers(field) if field in section.asked else None
        return field if offered is None else with_choices(field, offered)

    def _answers(self, section: Section) -> dict[str, Any]:
        if not section.switch:
            return self._filled(section)
        return {ENABLED: True, **self._filled(section)} if self.includes(section) else {ENABLED: False}

    def _filled(self, section: Section) -> dict[str, Any]:
        found = {one.name: self[section.name_of(one)].answer for one in section.asked}
        return {name: value for name, value in found.items() if value is not ABSENT}

    def _placed(self, faults: Sequence[Fault]) -> list[Said]:
        """The faults in the order of the form; those of no field come first."""
        places: Places = {(*s.path, one.name): (s, one) for s in self.sections for one in s.fields}
        depth = {len(path) for path in places}
        found = [self._place(fault, places, depth) for fault in faults]
        order = {name: number for number, name in enumerate(self._fields)}
        return [said for _, said in sorted(found, key=lambda one: order.get(one[0], -1))]

    def _place(self, fault: Fault, places: Places, depths: Collection[int]) -> tuple[str, Said]:
        """The name of the field that a fault is about, and the fault in words; of what lies inside with its own name."""
        for depth in depths:
            if fault.path[:depth] in places:
                section, field = places[fault.path[:depth]]
                name = section.name_of(field)
                where = section.title if len(self.sections) > 1 else ""
                inside, label = place_inside(field, fault.path[depth:])
                return name, Said(f"{name}{inside}", id_of(f"{name}{inside}"), where, _sentence(label, fault.message))
        said = self._beside(fault)
        return said.name, said

    def _beside(self, fault: Fault) -> Said:
        """A fault of the order itself."""
        if fault.path == ("requester", TEAM):
            alone = len(self.teams) < 2
            return Said(TEAM, TEAM, "", sentence(fault.message) if alone else _sentence("Team", fault.message))
        label = spoken(str(fault.path[-1])) if fault.path else ""
        return Said("", "", "", sentence(f"{label} {fault.message}"))


def order_form(offer: Offer, teams: Sequence[str]) -> type[OrderForm]:
    """A form class for orders of `offer` by somebody of `teams`.

    Names: `bundle.<field>`, `items.<alias>.<field>`, `item.<field>` of an item ordered alone, `include.<alias>` of switches,
    and `team` where there is a choice.
    """
    sections = sections_of(offer)
    members: dict[str, Any] = {"offer": offer, "sections": sections, "teams": sorted(teams)}
    if len(teams) > 1:
        members[TEAM] = AnswerField(_team(sorted(teams)))
    for section in sections:
        if section.switch and section.item:
            members[section.switch] = BooleanField(default=section.item.default_enabled)
        concealed = secret_fields(section.item.definition if section.item else offer.definition)
        labels = {one.name: one.label for one in section.fields}
        for field in section.asked:
            secret = concealed.get(field.name)
            when = when_asked(field, section.fields, section.condition_of(field))
            members[section.name_of(field)] = AnswerField(field, when, secret, labels)
    return type("OrderForm", (OrderForm,), members)


def holds_secret(field: Field) -> bool:
    """Whether an answer is secret, or has something secret inside."""
    return field.is_secret or any(map(holds_secret, field.inner))


def _team(teams: Sequence[str]) -> Field:
    return Field(name=TEAM, type="selection", oneof=list(teams), required=True, help_text="Owns the result")


def _sentence(label: str, message: str) -> str:
    return sentence(f"“{label}” {message}" if UNFINISHED.search(label) else f"{label} {message}")
