"""A presentation field as a field of WTForms. It keeps what was posted; the rules judge what that means as JSON."""

from collections.abc import Sequence
from typing import Any, Protocol

import wtforms
from wtforms.validators import StopValidation

from app.core.fields import Field, from_text
from app.web.forms.views import texts, view
from app.web.views_fields import FieldView


class Judged(Protocol):
    """A form whose answers were judged by the rules of `core.fields`."""

    def said_of(self, name: str) -> Sequence[str]:
        """The sentences about the answer posted as `name`."""


def judged(form: Judged, field: wtforms.Field) -> None:
    """The one validator of every answer: passes on what the rules found. There is no second rule beside them."""
    if said := form.said_of(field.name):
        field.errors = [*field.errors, *said]
        raise StopValidation


class AnswerField(wtforms.Field):
    """The answer to one question. `raw`: the texts that its control posted, shown again as they are."""

    def __init__(self, asks: Field, when: str = "", **more: Any) -> None:
        super().__init__(asks.label, [judged], default=asks.default, **more)
        self.asks = asks
        self.when = when

    def process_data(self, value: Any) -> None:
        """An untouched form shows the field's default."""
        self.raw = texts(self.asks, value)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Keep what was posted, readable or not."""
        self.raw = list(valuelist)

    @property
    def answer(self) -> Any:
        """The JSON value of what was posted, ABSENT for no answer."""
        return from_text(self.asks, self.raw)

    @property
    def view(self) -> FieldView:
        """What the `field` macro draws."""
        return view(self.asks, self.name, self.raw, [str(error) for error in self.errors], self.when)
