"""The choices of one field, as the API gives them."""

from typing import Self

from pydantic import Field

from app.api.reading import Query
from app.api.shapes.common import Body, Moment
from app.api.shapes.parameters import Limit, Names
from app.catalog.options import Offered


class OptionsQuery(Query):
    """Which choices, and for which other answers."""

    q: str = Field(default="", max_length=200, description="Choices in whose value or label this is found.")
    limit: Limit = 50
    version: str | None = Field(default=None, min_length=1, max_length=200, description="The current one when left out.")
    team: str | None = Field(default=None, max_length=200, description="The team that orders; yours when you are in one only.")
    answer: Names = Field(
        default=(),
        description="Answers to the fields that this one depends on, each as `name=value`.",
        examples=[["region=eu-west-1"]],
    )

    @property
    def answers(self) -> dict[str, str]:
        """The same by name."""
        parts = (one.partition("=") for one in self.answer)
        return {name: value for name, _, value in parts}


class OptionShown(Body):
    """One choice."""

    value: str
    label: str


class OptionsAnswer(Body):
    """What can be picked. total: how many choices fit, shown or not."""

    field: str
    options: list[OptionShown]
    total: int
    as_of: Moment | None = Field(description="When the source gave this list; null where it never did.")
    problem: str | None = Field(description="Why the list is old or missing.")
    needs: list[str] = Field(description="Fields to answer before there is a list; send them as `answer`.")

    @classmethod
    def of(cls, field: str, offered: Offered, query: OptionsQuery) -> Self:
        """The shape of what is offered."""
        found = offered.matching(query.q, len(offered.choices))
        return cls(
            field=field,
            options=[OptionShown(value=one.text, label=one.title) for one in found[: query.limit]],
            total=len(found),
            as_of=offered.fetched_at,
            problem=offered.problem or None,
            needs=list(offered.needs),
        )
