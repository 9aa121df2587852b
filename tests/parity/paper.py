"""A page's form as a browser sees it: what it would post as it stands, and what its summary of faults says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

Pairs = list[tuple[str, str]]


@dataclass
class Paper:
    """One form. pairs: what it posts, without its buttons. faults: the control's id and the words of each fault."""

    pairs: Pairs = field(default_factory=list)
    boxes: set[str] = field(default_factory=set)
    faults: Pairs = field(default_factory=list)

    def filled(self, answers: dict[str, Sequence[str]]) -> Pairs:
        """What it posts once these controls hold these texts; a box that is not ticked posts none."""
        kept = [(name, text) for name, text in self.pairs if name not in answers]
        return kept + [(name, text) for name, texts in answers.items() for text in texts]


class _Reader(HTMLParser):
    """Collects the controls of the form with this id, by the rules of HTML."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form, self.inside = form, False
        self.paper = Paper()
        self.select = ""
        self.options: list[tuple[str, bool]] = []
        self.text: list[str] | None = None
        self.area = ""
        self.link: str | None = None
        self.summary = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = told.get("id") == self.form
        elif tag == "div" and told.get("class") == "summary":
            self.summary = True
        elif tag == "li" and self.summary:
            self.link, self.text = "", []
        elif tag == "a" and self.link is not None:
            self.link = told.get("href", "").removeprefix("#")
        elif self.inside and "disabled" not in told:
            self._control(tag, told)

    def _control(self, tag: str, told: dict[str, str]) -> None:
        name, kind = told.get("name", ""), told.get("type", "text")
        if tag == "input" and name and kind not in ("submit", "button", "file"):
            ticks = kind in ("checkbox", "radio")
            if ticks:
                self.paper.boxes.add(name)
            if not ticks or "checked" in told:
                self.paper.pairs.append((name, told.get("value", "on" if ticks else "")))
        elif tag == "select":
            self.select, self.options = name, []
        elif tag == "option" and self.select:
            self.options.append((told.get("value", ""), "selected" in told))
        elif tag == "textarea" and name:
            self.area, self.text = name, []

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "ul":
            self.summary = False
        elif tag == "li" and self.link is not None:
            self.paper.faults.append((self.link, "".join(self.text or ()).strip()))
            self.link, self.text = None, None
        elif tag == "select" and self.select:
            chosen = next((value for value, selected in self.options if selected), self.options[0][0] if self.options else "")
            self.paper.pairs.append((self.select, chosen))
            self.select = ""
        elif tag == "textarea" and self.area:
            # A line break right behind the tag is not part of the text.
            self.paper.pairs.append((self.area, "".join(self.text or ()).removeprefix("\n")))
            self.area, self.text = "", None


def read(page: str, form: str = "order") -> Paper:
    """The form with this id on a page."""
    reader: Any = _Reader(form)
    reader.feed(page)
    return reader.paper
