"""The three ways to order: the form as a browser posts it, the API, and the command line. Each tells what it found.

Answers are given once, as JSON values by section and field; each way gets them as it takes them: texts in the controls of the
page, a JSON order, texts of `--set`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.web.forms.views import id_of
from tests.fixtures.browser_client import BrowserClient
from tests.fixtures.people import ApiClient
from tests.fixtures.program import Program
from tests.parity import paper
from tests.parity.paper import Paper

Answers = Mapping[str, Mapping[str, Any]]
"""By section: `""` is the entry's own, else the `as` of an item. `enabled` is the switch of an optional item."""
Found = list[tuple[str, str, str]]


@dataclass(frozen=True)
class Offered:
    """An entry, and how its sections are addressed. items: by `as`, the name of the item."""

    kind: str
    name: str
    items: Mapping[str, str]

    def place(self, section: str) -> tuple[str, ...]:
        """Where a section's answers stand in an order."""
        if section:
            return "item_parameters", self.items[section]
        return ("bundle_parameters",) if self.kind == "bundle" else ("parameters",)

    def control(self, section: str, field: str) -> str:
        """What the control of an answer posts under."""
        if section:
            return f"include.{section}" if field == "enabled" else f"items.{section}.{field}"
        return f"bundle.{field}" if self.kind == "bundle" else f"item.{field}"

    def controls_at(self, pointer: str) -> set[str]:
        """The controls that a JSON pointer of a fault may lead to: of the answer, or of a part of it that has its own."""
        parts = tuple(pointer.split("/")[1:])
        for section in ("", *self.items):
            place = self.place(section)
            if parts[: len(place)] == place and len(parts) > len(place):
                name, rest = self.control(section, parts[len(place)]), parts[len(place) + 1 :]
                return {".".join((name, *rest[:length])) for length in range(len(rest) + 1)}
        return set()


def typed(value: Any) -> str:
    """A JSON value as somebody types it."""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass
class Ways:
    """Sarah, three times."""

    browser: BrowserClient
    api: ApiClient
    program: Program

    def by_api(self, offered: Offered, answers: Answers) -> dict[str, Any]:
        """What `POST /requests/validate` says."""
        return self.api.post("/api/v1/requests/validate", json=order_of(offered, answers)).json

    def by_program(self, offered: Offered, answers: Answers) -> dict[str, Any]:
        """What `stratus validate` says."""
        ran = self.program("validate", offered.name, *settings(offered, answers), "-o", "json")
        assert ran.code in (0, 2), ran.err
        found = json.loads(ran.out)
        assert found["valid"] is (ran.code == 0)
        return found

    def by_form(self, offered: Offered, answers: Answers) -> tuple[bool, Paper]:
        """Whether the form leads to its review, and the page that it leads to."""
        where = f"/order/{offered.kind}s/{offered.name}"
        asked = self.browser.get(where)
        assert asked.status_code == 200
        form = paper.read(asked.text)
        answer = self.browser.send(where, [*form.filled(texts(offered, answers, form)), ("do", "review")])
        assert answer.status_code in (200, 422)
        return answer.status_code == 200, paper.read(answer.text)

    def send_by_form(self, offered: Offered, answers: Answers) -> str:
        """The id of the request that the form makes."""
        sound, review = self.by_form(offered, answers)
        assert sound, review.faults
        sent = self.browser.send(f"/order/{offered.kind}s/{offered.name}", [*review.pairs, ("do", "send")])
        return sent.headers["Location"].rpartition("/")[2]

    def send_by_api(self, offered: Offered, answers: Answers) -> str:
        """The id of the request that a POST makes."""
        return self.api.post("/api/v1/requests", json=order_of(offered, answers)).json["request_id"]

    def send_by_program(self, offered: Offered, answers: Answers) -> str:
        """The id of the request that `stratus order` makes."""
        ran = self.program("order", offered.name, *settings(offered, answers), "--yes", "-o", "json")
        assert ran.code == 0, ran.err + ran.out
        return json.loads(ran.out)["request_id"]


def order_of(offered: Offered, answers: Answers) -> dict[str, Any]:
    """The order that the API takes."""
    order: dict[str, Any] = {f"catalog_{offered.kind}": offered.name}
    for section, values in answers.items():
        place = order
        for key in offered.place(section):
            place = place.setdefault(key, {})
        place.update(values)
    return order


def settings(offered: Offered, answers: Answers) -> Iterator[str]:
    """The `--set` of every answer; lists of plain words with commas between them."""
    for section, values in answers.items():
        for field, value in values.items():
            words = isinstance(value, list) and all(isinstance(one, str) for one in value)
            text = ",".join(value) if words else typed(value)
            yield from ("--set", f"{section}.{field}={text}" if section else f"{field}={text}")


def texts(offered: Offered, answers: Answers, form: Paper) -> dict[str, list[str]]:
    """What the controls of the page hold once the answers are typed in."""
    names = {name for name, _ in form.pairs}
    found: dict[str, list[str]] = {}
    for section, values in answers.items():
        for field, value in values.items():
            found.update(_inside(offered.control(section, field), value, names, form.boxes))
    return found


def _inside(name: str, value: Any, names: set[str], boxes: set[str]) -> Iterator[tuple[str, list[str]]]:
    """What is typed for one value: into one control, or into those of its parts where it has several."""
    if isinstance(value, bool) and name in boxes:
        yield name, ["on"] if value else []
    elif isinstance(value, list) and name in boxes:
        yield name, [typed(one) for one in value]
    elif isinstance(value, dict) and name not in names:
        for key, one in value.items():
            yield from _inside(f"{name}.{key}", one, names, boxes)
    elif isinstance(value, list) and name not in names:
        yield f"row:{name}", [str(number) for number in range(len(value))]
        for number, one in enumerate(value):
            yield from _inside(f"{name}.{number}", one, names, boxes)
    else:
        yield name, [typed(value)]


def faults_of(review: Mapping[str, Any]) -> Found:
    """Pointer, code and message of every fault."""
    return sorted((one["pointer"], one["code"], one["message"]) for one in review["errors"])


def is_shown(offered: Offered, review: Mapping[str, Any], page: Paper) -> bool:
    """Whether a page of the form shows exactly the faults of the API, each at its control and in the same words."""
    left = list(page.faults)
    for one in review["errors"]:
        places = {id_of(name) for name in offered.controls_at(one["pointer"])}
        found = next((fault for fault in left if fault[0] in places and fault[1].endswith(f"{one['message']}.")), None)
        if found is None:
            return False
        left.remove(found)
    return not left
