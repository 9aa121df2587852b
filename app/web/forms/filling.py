"""An order as JSON -> a filled form. What the form has no place for is named with its value: nothing is lost unseen.

Drafts, templates, "order again", links and what is pasted all come in here. Secrets do not, unless they were typed just now.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from app.catalog.offers import Offer
from app.core.fields import Field, from_text
from app.core.fields.kinds import judge
from app.core.kept_orders import NAMES_OF_KIND, taken_out
from app.core.order import ENABLED
from app.core.secrecy import MASK, without_secrets
from app.errors import Fault
from app.web.filters import sentence, shorten, shown
from app.web.forms.nested import holds
from app.web.forms.order import TEAM, OrderForm, holds_secret, order_form
from app.web.forms.sections import Section
from app.web.forms.views import texts
from app.web.phrases import listed

LONGEST_SHOWN = 120
LONGEST_LINK = 8_000
"""Characters of all answers that a link may carry together."""
DATED = frozenset({"date", "datetime", "time"})
"""Types whose controls show nothing of a text that they cannot read."""
SWITCHES: Mapping[str, bool] = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class Misfit:
    """An answer that was not taken over. where: the title of its part; label: what it is called; why: a sentence part."""

    where: str
    label: str
    value: Any
    why: str

    @property
    def words(self) -> str:
        """One sentence with the value, so that it can be typed where it belongs."""
        named = f"{self.where}: {self.label}" if self.where else self.label
        value = f" ({shorten(shown(self.value), LONGEST_SHOWN)})" if self.value is not None else ""
        return sentence(f"{named}{value} {self.why}")


@dataclass(frozen=True, slots=True)
class Filled:
    """A form with answers. misfits: what was not taken over; again: labels of secrets that must be typed again."""

    form: OrderForm
    misfits: Sequence[Misfit] = ()
    again: Sequence[str] = ()


def filled_from(
    offer: Offer, teams: Sequence[str], order: Mapping[str, Any], *, left_out: Sequence[str] = (), secrets: bool = False
) -> Filled:
    """The form of `offer` with the answers of a posted order; fields that it does not name have their defaults.

    teams: those of the person. left_out: JSON pointers of secrets that were taken out before. secrets: take secrets that the
    order holds, because somebody typed them just now. Never raises, whatever the order is.
    """
    kept = order if secrets else without_secrets(offer, order)
    filling = _Filling(order_form(offer, sorted(teams)))
    filling.take(kept)
    return filling.filled([*left_out, *taken_out(order, kept)])


def filled_by_link(offer: Offer, teams: Sequence[str], given: MultiDict[str, str]) -> Filled:
    """The form with the answers of an address: `?bundle.solution_name=portal&include.redis=on`, by the names of the form.

    Secrets are not taken from an address, which stands in histories and logs.
    """
    filling = _Filling(order_form(offer, sorted(teams)))
    if sum(len(name) + len(value) for name, value in given.items(multi=True)) > LONGEST_LINK:
        filling.miss("", "The answers of this link", None, f"are longer than {LONGEST_LINK:,} characters and were left out")
        return filling.filled([])
    filling.take(without_secrets(offer, filling.read(given)))
    return filling.filled([])


@dataclass(slots=True)
class _Filling:
    """Collects values for the fields of a form, by the names of their controls, and what has no place."""

    made: type[OrderForm]
    data: dict[str, Any] = field(default_factory=dict)
    misfits: list[Misfit] = field(default_factory=list)

    def miss(self, where: str, label: str, value: Any, why: str) -> None:
        self.misfits.append(Misfit(where, label, value, why))

    def take(self, order: Mapping[str, Any]) -> None:
        own = self.made.offer
        paths = {section.path: section for section in self.made.sections}
        for key, value in order.items():
            if key in NAMES_OF_KIND.values():
                self._entry(key, value)
            elif key == "requester":
                self._team(value)
            elif (key,) in paths:
                self._answers(paths[(key,)], value)
            elif key == "item_parameters" and own.kind == "bundle":
                self._items(value)
            elif key != "version":
                self.miss("", f"“{key}”", value, "has no place in this order")

    def filled(self, left_out: Sequence[str]) -> Filled:
        form = self.made(formdata=None, data=self.data)
        for section in form.sections:
            for one in section.asked:
                self._round(form, section, one)
        return Filled(form, tuple(self.misfits), tuple(dict.fromkeys(_labels(form, left_out))))

    def read(self, given: MultiDict[str, str]) -> dict[str, Any]:
        """What an address says, as an order."""
        order: dict[str, Any] = {}
        known = {section.name_of(one): (section, one) for section in self.made.sections for one in section.asked}
        switches = {section.switch: section for section in self.made.sections if section.switch}
        for name, values in given.lists():
            if name in known:
                section, one = known[name]
                if holds_secret(one):
                    self.miss(_where(self.made, section), one.label, None, "is secret: no link may carry it, type it here")
                elif len(values) == 1 or one.type == "multiselect":
                    _put(order, (*section.path, one.name), from_text(one, values))
                else:
                    self.miss(_where(self.made, section), one.label, values, "is given more than once and was left out")
            elif name in switches and values[-1].lower() in SWITCHES:
                _put(order, (*switches[name].path, ENABLED), SWITCHES[values[-1].lower()])
            elif name == TEAM:
                order["requester"] = {TEAM: values[-1]}
            else:
                self.miss("", f"“{name}”", values[-1], "is no question of this form and was left out")
        return order

    def _entry(self, key: str, value: Any) -> None:
        own = self.made.offer
        if key != NAMES_OF_KIND[own.kind] or value != own.name:
            self.miss("", "This order", value, f"is for something else than {own.title}")

    def _team(self, said: Any) -> None:
        team = said.get(TEAM) if isinstance(said, Mapping) else None
        if team in self.made.teams:
            self.data[TEAM] = team
        elif team is not None:
            self.miss("", "Team", team, "is not one of your teams")

    def _items(self, given: Any) -> None:
        if not isinstance(given, Mapping):
            self.miss("", "“item_parameters”", given, "must be an object with the answers of each item")
            return
        sections: dict[str, Section] = {}
        for section in self.made.sections:
            if section.item:
                sections[section.item.alias] = section
        for section in self.made.sections:
            if section.item:
                sections[section.path[-1]] = section
        for key, value in given.items():
            if key in sections:
                self._answers(sections[key], value)
            else:
                self.miss("", f"“{key}”", value, "is no item of this order")

    def _answers(self, section: Section, given: Any) -> None:
        where = _where(self.made, section)
        if not isinstance(given, Mapping):
            self.miss(where, "The answers", given, "must be an object")
            return
        asked = {one.name: one for one in section.asked}
        settled = {one.field.name: one for one in section.settled}
        for name, value in given.items():
            if name in asked:
                if value is not None and value != MASK:
                    self.data[section.name_of(asked[name])] = value
            elif name == ENABLED and section.item and section.item.alias and isinstance(value, bool):
                self._switch(section, wanted=value)
            elif name in settled:
                if settled[name].template or settled[name].value != value:
                    field = settled[name].field
                    self.miss(where, field.label, None if holds_secret(field) else value, f"is {settled[name].note}")
            elif value is not None:
                self.miss(where, f"“{name}”", value, "is no question of this version")

    def _switch(self, section: Section, *, wanted: bool) -> None:
        if section.switch:
            self.data[section.switch] = wanted
        elif not wanted:
            self.miss(_where(self.made, section), section.title, None, "is always part of this order")

    def _round(self, form: OrderForm, section: Section, one: Field) -> None:
        """Take back what the control of a field cannot show: it would be gone when the form is sent."""
        name = section.name_of(one)
        if name not in self.data or self.data[name] == "":
            return
        value = self.data[name]
        if not _fits(one, value, form[name].answer):
            form[name].process_data(one.default)
            shown_value = None if holds_secret(one) else value
            self.miss(_where(self.made, section), one.label, shown_value, "does not fit this field and was left out")


def _fits(one: Field, value: Any, answer: Any) -> bool:
    if one.inner:
        return holds(answer, value)
    if type(answer) is not type(value) and not (_number(answer) and _number(value)):
        return False
    if one.choices and not one.allow_custom:
        known = {choice.text for choice in one.choices}
        return all(text in known for text in texts(one, value))
    if one.type in DATED and any(fault.code in ("type", "format") for fault in judge(one, value)):
        return False
    return answer == value or texts(one, answer) == texts(one, value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _where(made: type[OrderForm] | OrderForm, section: Section) -> str:
    return section.title if len(made.sections) > 1 else ""


def _labels(form: OrderForm, pointers: Sequence[str]) -> Iterator[str]:
    """What the fields at these JSON pointers are called."""
    for pointer in pointers:
        for section in form.sections:
            keys = {section.path[-1], section.item.alias} if section.item else {section.path[-1]}
            for one in section.asked:
                starts = [Fault((*section.path[:-1], key, one.name), "", "").pointer for key in keys]
                if any(pointer == start or pointer.startswith(f"{start}/") for start in starts):
                    where = _where(form, section)
                    yield f"{where}: {one.label}" if where else one.label


def _put(order: dict[str, Any], path: Sequence[str], value: Any) -> None:
    place = order
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value


def told(filled: Filled) -> list[str]:
    """Everything that people must be told about a filled form, as sentences."""
    again = [f"{listed(filled.again)}: type it again, secrets are not kept."] if filled.again else []
    return [*again, *(one.words for one in filled.misfits)]
