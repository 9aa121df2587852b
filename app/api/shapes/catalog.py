"""Catalog entries. `presentation` and `bundle` are given back as the document wrote them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import quote

from pydantic import Field

from app.api.reading import Query
from app.api.shapes.common import Body, Pagination
from app.api.shapes.parameters import Cursor, Limit, Names, YesOrNo
from app.core import forecast as forecasts
from app.core.access import Person, whom_to_ask
from app.queries import search
from app.queries.catalog import Entry, EntryDetail, Filters
from app.queries.paging import Page
from app.queries.search import Facet, Matches, Spelling

Kind = Literal["item", "bundle"]


class CatalogQuery(Query):
    """How a list of entries is narrowed and paged."""

    tags: Names = Field(default=(), description="Entries that carry all of these tags.")
    owner: Names = Field(default=(), description="Entries of any of these teams.")
    limit: Limit = 50
    cursor: Cursor = None

    @property
    def filters(self) -> Filters:
        """The same, for the query."""
        return Filters(tags=self.tags, owners=self.owner)


class SearchQuery(Query):
    """What is searched for."""

    q: str = Field(
        max_length=200, description="Words, or beginnings of words; all of them must be found.", examples=["postgres"]
    )
    tags: Names = Field(default=(), description="Entries that carry all of these tags.")
    owner: Names = Field(default=(), description="Entries of any of these teams.")
    category: Names = Field(default=(), description="Entries of any of these categories.")
    kind: tuple[Kind, ...] = Field(default=(), description="Items, or bundles, alone.")
    may_order: YesOrNo = Field(default=False, description="Only what the caller may order.")
    literal: YesOrNo = Field(default=False, description="Look for the words as they are, typing mistakes included.")
    limit: Limit = 50

    def filters(self, words: Sequence[str], person: Person) -> search.Filters:
        """The same, for the query. words: as they are looked for."""
        return search.Filters(self.tags, self.owner, self.category, self.kind, words, person if self.may_order else None)


class VersionQuery(Query):
    """Which version of an entry."""

    version: str | None = Field(
        default=None, min_length=1, max_length=200, description="The current one when left out.", examples=["2.1.0"]
    )


class Forecast(Body):
    """What the last completed runs tell of the next one. Times are seconds; nothing is told of fewer than ten runs."""

    runs: int = Field(description="How many runs this is known from, the last 200 at most.")
    usual_seconds: float = Field(description="Half of them took no longer, from the order to its end.")
    late_seconds: float = Field(description="Nine of ten took no longer.")
    helped_runs: int = Field(description="In how many a person was needed.")
    wait_seconds: float | None = Field(description="For how long people were waited for in half of those.")

    @classmethod
    def of(cls, found: forecasts.Forecast | None) -> Self | None:
        """The shape of a forecast."""
        if found is None:
            return None
        return cls(
            runs=found.runs,
            usual_seconds=found.usual,
            late_seconds=found.late,
            helped_runs=found.helped,
            wait_seconds=found.wait,
        )


class PriceFrom(Body):
    """What an order with nothing but defaults costs."""

    currency: str = Field(examples=["USD"])
    per: str = Field(examples=["month"])
    total: float


class Seen(NamedTuple):
    """Who looks at entries, and what past runs tell of them."""

    person: Person
    forecasts: Mapping[tuple[str, str], forecasts.Forecast]


class EntrySummary(Body):
    """An entry as lists show it."""

    name: str = Field(description="Its identity.", examples=["postgres-database"])
    title: str = Field(description="What people read.", examples=["PostgreSQL Database"])
    version: str
    description: str
    owner: str = Field(description="The platform team that offers it.")
    category: str
    tags: list[str]
    icon: str | None
    deprecated: dict[str, Any] | None = Field(description="Since when it should not be ordered, and what to take instead.")
    may_order: bool = Field(description="Whether the caller may order it.")
    why_not: str | None = Field(description="Why the caller may not order it, and whom to ask.")
    price_from: PriceFrom | None = Field(description="Null where it has no price, or one that depends on answers.")
    forecast: Forecast | None
    href: str

    @classmethod
    def of(cls, entry: Entry, seen: Seen, **more: Any) -> Self:
        """The shape of an entry, for whoever asks."""
        refused = entry.refuses(seen.person)
        return cls(
            name=entry.name,
            title=entry.title,
            version=entry.version,
            description=entry.description,
            owner=entry.owner,
            category=entry.category,
            tags=list(entry.tags),
            icon=entry.icon,
            deprecated=dict(entry.deprecated) if entry.deprecated else None,
            may_order=refused is None,
            why_not=f"{refused}; {whom_to_ask(entry.owner)}" if refused else None,
            price_from=PriceFrom.model_validate(entry.price_from) if entry.price_from else None,
            forecast=Forecast.of(seen.forecasts.get((entry.kind, entry.name))),
            href=href(entry.kind, entry.name),
            **more,
        )


class ItemList(Body):
    """A page of items."""

    items: list[EntrySummary]
    pagination: Pagination

    @classmethod
    def of(cls, page: Page[Entry], seen: Seen) -> Self:
        """The shape of a page."""
        return cls(items=[EntrySummary.of(entry, seen) for entry in page.items], pagination=Pagination.of(page))


class BundleList(Body):
    """A page of bundles."""

    bundles: list[EntrySummary]
    pagination: Pagination

    @classmethod
    def of(cls, page: Page[Entry], seen: Seen) -> Self:
        """The shape of a page."""
        return cls(bundles=[EntrySummary.of(entry, seen) for entry in page.items], pagination=Pagination.of(page))


class ItemDetail(EntrySummary):
    """An item at one version."""

    versions: list[str] = Field(description="All that can be ordered, newest first.")
    presentation: dict[str, Any] = Field(description="The form: `fields`, and `groups` where there are some.")

    @classmethod
    def whole(cls, detail: EntryDetail, seen: Seen) -> Self:
        """The shape of a whole item."""
        return cls.of(detail.entry, seen, versions=list(detail.versions), presentation=_form(detail.document, "fields"))


class BundleDetail(EntrySummary):
    """A bundle at one version."""

    versions: list[str] = Field(description="All that can be ordered, newest first.")
    bundle: dict[str, Any] = Field(description="`required_items` and `optional_items` with their version ranges.")
    presentation: dict[str, Any] = Field(description="The bundle's own form: `bundle_fields`; each item adds its own.")

    @classmethod
    def whole(cls, detail: EntryDetail, seen: Seen) -> Self:
        """The shape of a whole bundle."""
        return cls.of(
            detail.entry,
            seen,
            versions=list(detail.versions),
            bundle=dict(detail.document.get("bundle") or {}),
            presentation=_form(detail.document, "bundle_fields"),
        )


class Version(Body):
    """One version of an entry."""

    version: str
    current: bool
    href: str


class VersionList(Body):
    """Every version of an entry that can be ordered, newest first."""

    name: str
    versions: list[Version]

    @classmethod
    def of(cls, detail: EntryDetail) -> Self:
        """The versions of an entry at its current one."""
        entry = detail.entry
        where = href(entry.kind, entry.name)
        versions = [
            Version(version=version, current=version == entry.version, href=f"{where}?version={quote(version)}")
            for version in detail.versions
        ]
        return cls(name=entry.name, versions=versions)


class Found(EntrySummary):
    """An entry that a search found."""

    kind: Kind


class Count(Body):
    """A value that entries have, and how many of those that were found."""

    value: str
    count: int


class Facets(Body):
    """What the entries that were found have in common. Each but tags is counted without its own filter, since it widens."""

    tags: list[Count]
    owners: list[Count]
    categories: list[Count]
    kinds: list[Count]


class Correction(Body):
    """A word that no entry has, and the one that was looked for in its place."""

    typed: str = Field(examples=["postgers"])
    used: str = Field(examples=["postgres"])


class SearchResult(Body):
    """Entries that fit, best match first within bundles and then items.

    total: how many fit, shown or not, counted up to 500 bundles and 500 items; facets are counted among those. A search for
    everything is counted whole.
    """

    query: str = Field(description="The words that were looked for.")
    corrected: list[Correction] = Field(description="Typing mistakes that were set right; `literal=true` leaves them.")
    nearest: list[str] = Field(description="Words to try instead, where nothing was found.")
    results: list[Found]
    total: int
    facets: Facets

    @classmethod
    def of(cls, found: Matches, spelling: Spelling, facets: search.Facets, seen: Seen) -> Self:
        """The shape of what was found."""
        return cls(
            query=" ".join(spelling.words),
            corrected=[Correction(typed=typed, used=used) for typed, used in spelling.corrected.items()],
            nearest=[] if found.shown else list(spelling.nearest),
            results=[Found.of(entry, seen, kind=entry.kind) for entry in found.shown],
            total=found.total,
            facets=Facets(
                tags=_counts(facets["tag"]),
                owners=_counts(facets["owner"]),
                categories=_counts(facets["category"]),
                kinds=_counts(facets["kind"]),
            ),
        )


def href(kind: str, name: str) -> str:
    """Where an entry is."""
    return f"/api/v1/catalog/{kind}s/{name}"


def _counts(facets: Sequence[Facet]) -> list[Count]:
    return [Count(value=facet.value, count=facet.count) for facet in facets]


def _form(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    return dict(document.get("presentation") or {key: []})
