"""A presentation field as a field of WTForms. It keeps what was posted; the rules judge what that means as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import wtforms
from wtforms.validators import StopValidation

from app.catalog.options import Offered
from app.core.fields import ABSENT, Field, from_text
from app.core.fields.attaching import UPLOAD_ID
from app.core.secrecy import MASK, masked_value, restored_value
from app.web.forms.nested import Posted, as_before, as_posted, hidden_inside, kept, placed, read, written
from app.web.forms.nested_views import Drawing, Offers, Said, draw
from app.web.forms.views import texts
from app.web.views_fields import FieldView

MASKABLE = frozenset({"secret", "string", "textarea", "integer", "number", "percentage", "json"})
"""Types whose controls can show a mask; what is picked, dated, or filled in by rows is given again."""


class Judged(Protocol):
    """A form whose answers were judged by the rules of `core.fields`."""

    def said_of(self, name: str) -> Sequence[str]:
        """The sentences about the answer posted as `name`."""


def holds_file(field: Field) -> bool:
    """Whether an answer is a file, or has one inside."""
    return field.type == "file" or any(map(holds_file, field.inner))


def judged(form: Judged, field: wtforms.Field) -> None:
    """The one validator of every answer: passes on what the rules found. There is no second rule beside them."""
    if said := form.said_of(field.name):
        field.errors = [*field.errors, *said]
        raise StopValidation


class AnswerField(wtforms.Field):
    """The answer to one question. `pairs`: the names and texts that its controls posted, shown again as they are.

    offers: what can be picked where the document does not say it. said: the sentences about it, and about what lies inside.
    """

    def __init__(
        self,
        asks: Field,
        when: str = "",
        secret: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(asks.label, [judged], default=asks.default, **more)
        self.asks = asks
        self.when = when
        self.secret = secret
        self.concealed: Any = ABSENT
        self.files: Mapping[str, str] = {}
        self.sent: Posted | None = None
        self.labels = labels or {}
        self.offers: Offers = _nothing
        self.said: Said = self._own

    def process(self, formdata: Any, *more: Any, **named: Any) -> None:
        """Take what was posted under the field's name; of a list or an object what lies below it."""
        super().process(formdata, *more, **named)
        self.sent = formdata
        if formdata is not None and self.asks.inner and not self._is_mask:
            self.pairs = kept(self.asks, self.name, formdata)

    def process_data(self, value: Any) -> None:
        """An untouched form shows the field's default."""
        self.pairs = written(self.asks, self.name, value) if self.asks.inner else self._named(texts(self.asks, value))

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Keep what was posted, readable or not."""
        self.pairs = self._named(valuelist)

    @property
    def raw(self) -> list[str]:
        """The texts alone."""
        return [text for _, text in self.pairs]

    @property
    def answer(self) -> Any:
        """The JSON value of what was posted, ABSENT for no answer; where masks show, what they stand for."""
        if self.concealed is not ABSENT:
            return self.concealed
        return read(self.asks, self.name, as_posted(self.pairs)) if self.asks.inner else from_text(self.asks, self.raw)

    @property
    def view(self) -> FieldView:
        """What the `field` macro draws."""
        drawing = Drawing(as_posted(self._shown), self.said, self.offers, self.labels, self.files)
        return draw(self.asks, self.name, drawing, self.when)

    @property
    def uploads(self) -> list[str]:
        """The ids of the files that it names."""
        return [text for text in self.raw if UPLOAD_ID.fullmatch(text)] if holds_file(self.asks) else []

    @property
    def hidden(self) -> list[str]:
        """The names of controls inside it that the answers beside them do not raise, as the page calls them."""
        if not self.asks.inner or self.sent is None:
            return []
        return list(hidden_inside(self.asks, self.name, self.sent))

    @property
    def places(self) -> Mapping[str, str]:
        """What controls are called once rows have gone -> what the page calls them."""
        return placed(self.asks, self.name, self.sent) if self.asks.inner and self.sent is not None else {}

    def conceal(self, before: Any) -> None:
        """Show masks in the place of secrets from now on; masks that came back stand for what was there `before`."""
        typed = MASK if self._is_mask else self.answer
        if self.secret is None or typed is ABSENT or typed in ("", []):
            return
        if self.asks.inner and self.sent is not None:
            before = as_before(self.asks, self.name, self.sent, before)
        secret = restored_value(self.secret, typed, before, moved=False)
        shown = masked_value(self.secret, secret)
        self.process_data(shown if shown != MASK else None)
        self.pairs = self.pairs if shown != MASK else self._named([MASK])
        self.concealed = secret

    @property
    def _shown(self) -> list[tuple[str, str]]:
        """What the controls show. A mask stands where it can be left as it is: in a text that nothing is wrong with."""
        masked = self.secret is not None and self._is_mask
        return [] if masked and (self.errors or self.asks.type not in MASKABLE) else self.pairs

    @property
    def _is_mask(self) -> bool:
        return self.pairs == [(self.name, MASK)]

    def _named(self, found: Sequence[str]) -> list[tuple[str, str]]:
        return [(self.name, text) for text in found]

    def _own(self, name: str) -> Sequence[str]:
        return [str(error) for error in self.errors] if name == self.name else ()


def _nothing(_: Field) -> Offered | None:
    return None
