"""The catalog searched: words with their typing mistakes, tags, owners, categories; best match first, and what else fits.

A misspelt word is set right first, against the table of the words that there are, and then looked for: likeness over all
entries would cost a hundred times as much.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    Table,
    and_,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import array

from app.core.access import Person, roles_of
from app.core.spelling import closest, words_of
from app.models.catalog import TITLE_WORDS
from app.models.tables import FACET
from app.queries.catalog import TABLES, Entry, entry_of, listed
from app.queries.reader import Reader

MOST_LOOKED_AT = 500
"""How many entries of a kind that fit are ranked and counted. A broad word fits a hundred thousand, and nobody reads on."""
LOOKED_AT: ColumnElement[int] = literal_column(str(MOST_LOOKED_AT))
"""The same written into the statement: a plan for any limit would rather walk through all titles than use an index."""
MOST_VALUES = 30
"""How many values of a facet are told, those that most entries have."""
ALIKE = 0.19
"""How like a word must be to be looked at more closely: as `redis` is to `reids`."""
NEAREST, MOST_NEAREST = 3, 6
"""How many words are named that are like an unknown one, and how many in all."""

_KNOWN = text("""
SELECT typed.word, EXISTS (
    SELECT 1 FROM catalog_words WHERE catalog_words.word >= typed.word AND catalog_words.word < typed.word || chr(1114111)
) AS found FROM (SELECT unnest(CAST(:words AS text[])) COLLATE "C" AS word) AS typed
""")
_ALIKE = text("""
SELECT typed.word, near.word FROM unnest(CAST(:words AS text[])) AS typed (word), LATERAL (
    SELECT word FROM catalog_words WHERE word % typed.word
    ORDER BY similarity(word, typed.word) DESC, entries DESC, word LIMIT 20
) AS near
""")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is narrowed to. tags: all of them; owners, categories, kinds: any of them; words: every word, as prefixes.

    for_person: only what this person may order.
    """

    tags: Sequence[str] = ()
    owners: Sequence[str] = ()
    categories: Sequence[str] = ()
    kinds: Sequence[str] = ()
    words: Sequence[str] = ()
    for_person: Person | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.tags or self.owners or self.categories or self.kinds or self.words or self.for_person)


@dataclass(frozen=True, slots=True)
class Spelling:
    """The words of a search.

    words: those that are looked for; corrected: by what was typed, the word in its place; nearest: words to try instead where
    nothing is found, such as those that are like one that no entry has.
    """

    words: Sequence[str]
    corrected: Mapping[str, str]
    nearest: Sequence[str]


@dataclass(frozen=True, slots=True)
class Facet:
    """A value that entries have, and how many."""

    value: str
    count: int


Facets = Mapping[str, Sequence[Facet]]
"""By `tag`, `owner`, `category` and `kind`."""


@dataclass(frozen=True, slots=True)
class Matches:
    """What a search shows, and how many fit by kind: `MOST_LOOKED_AT` stands for that many or more, unless `exact`."""

    shown: Sequence[Entry]
    totals: Mapping[str, int]
    exact: bool

    @property
    def total(self) -> int:
        """How many fit, of all kinds."""
        return sum(self.totals.values())

    def cut(self, limit: int) -> "Matches":
        """The same, with no more than `limit` shown."""
        return replace(self, shown=self.shown[:limit])


def spelled(session: Reader, typed: str, *, literally: bool = False) -> Spelling:
    """The words of `typed`, each as it is when an entry has it or a word that begins with it, else as it was meant.

    Cost: one lookup by index; a second where a word is unknown.
    """
    words = words_of(typed)
    if literally or not words:
        return Spelling(words, {}, ())
    known = {row.word: row.found for row in session.execute(_KNOWN, {"words": words})}
    unknown = [word for word in words if not known[word]]
    like = _like(session, unknown) if unknown else {}
    meant = {word: closest(word, like[word]) for word in unknown}
    corrected = {word: one for word, one in meant.items() if one is not None}
    used = [corrected.get(word, word) for word in words]
    lost = [word for word in unknown if word not in corrected]
    alone = [word for word in used if word not in lost] if len(words) > 1 else []
    nearest = dict.fromkeys([*(one for word in lost for one in like[word][:NEAREST]), *alone])
    return Spelling(used, corrected, list(nearest)[:MOST_NEAREST])


def _like(session: Reader, words: Sequence[str]) -> dict[str, list[str]]:
    """By word, the known words that are like it, the likest first."""
    session.execute(select(func.set_config("pg_trgm.similarity_threshold", str(ALIKE), True)))
    found: dict[str, list[str]] = {word: [] for word in words}
    for word, near in session.execute(_ALIKE, {"words": list(words)}):
        found[word].append(near)
    return found


def found(session: Reader, filters: Filters, limit: int) -> tuple[Matches, Facets]:
    """What fits, and what it can be narrowed by. Cost: one statement a kind, and one to three for the facets."""
    values = facets(session, filters)
    return matching(session, filters, limit, values), values


def matching(session: Reader, filters: Filters, limit: int, values: Facets) -> Matches:
    """The active entries that fit, bundles first, best match first where words are given, else by title: up to `limit` a kind.

    values: the facets of the same filters. Of what fits no more than `MOST_LOOKED_AT` are ranked and counted, those that have
    the words in their title first.
    """
    shown: list[Entry] = []
    totals: dict[str, int] = {}
    kinds = [kind for kind in ("bundle", "item") if not filters.kinds or kind in filters.kinds]
    for kind in kinds:
        statement = _first(TABLES[kind], limit) if filters.empty else _best(TABLES[kind], filters, limit)
        rows = session.execute(statement).all()
        shown += [entry_of(kind, row) for row in rows]
        totals[kind] = rows[0].total if rows else 0
    if filters.empty:
        totals = {one.value: one.count for one in values["kind"]}
    return Matches(shown, {kind: totals.get(kind, 0) for kind in kinds}, exact=filters.empty)


def facets(session: Reader, filters: Filters) -> Facets:
    """The values of what fits, with counts among the first `MOST_LOOKED_AT` of each kind, or of all where nothing is asked.

    Tags narrow further, so they are counted within all that is chosen; the others widen, so each is counted without its own
    choice.
    """
    asked = {
        "tag": filters,
        "owner": replace(filters, owners=()),
        "category": replace(filters, categories=()),
        "kind": replace(filters, kinds=()),
    }
    found: dict[str, Sequence[Facet]] = {}
    for facet, wanted in asked.items():
        if facet not in found:
            same = [one for one, others in asked.items() if others == wanted]
            counted = _counted(session, same) if wanted.empty else _fitting(session, wanted, same)
            found |= {one: counted[one] for one in same}
    return found


def _first(table: Table, limit: int) -> Select[Any]:
    """The beginning of the whole list, which an index holds in order."""
    statement: Select[Any] = select(*listed(table), literal(0).label("total")).where(table.c.active)
    return statement.order_by(table.c.title, table.c.name).limit(limit)


def _best(table: Table, filters: Filters, limit: int) -> Select[Any]:
    """The entries to show, in order. Only keys are looked at before: definitions are long."""
    fits = _fits(table, filters)
    best = (
        select(fits.c.id, fits.c.rank, func.least(func.count().over(), MOST_LOOKED_AT).label("total"))
        .order_by(fits.c.rank.desc(), fits.c.title, fits.c.name)
        .limit(limit)
        .subquery()
    )
    whole: Select[Any] = select(*listed(table), best.c.total).join(best, best.c.id == table.c.id)
    return whole.order_by(best.c.rank.desc(), table.c.title, table.c.name)


def _fits(table: Table, filters: Filters) -> Subquery:
    """As many entries that fit as are looked at, with their rank: a whole word counts for more than a beginning."""
    narrowed = _narrowed(table, filters)
    if not filters.words:
        plain = select(table.c.id, table.c.title, table.c.name, literal(0.0).label("rank")).where(*narrowed)
        return plain.limit(LOOKED_AT).subquery()
    prefixes, whole = _queries(filters.words)
    rank = func.ts_rank(table.c.search_vector, prefixes) + func.ts_rank(table.c.search_vector, whole)
    columns = (table.c.id, table.c.title, table.c.name, rank.label("rank"))
    parts = [literal_column(TITLE_WORDS).op("@@")(prefixes), table.c.search_vector.op("@@")(prefixes)]
    looked = [select(*columns).where(and_(part, *narrowed)).limit(LOOKED_AT).subquery() for part in parts]
    return union(*(select(one) for one in looked)).subquery()


def _narrowed(table: Table, filters: Filters) -> list[ColumnElement[bool]]:
    """All that is chosen but the words."""
    conditions: list[ColumnElement[bool]] = [table.c.active]
    if filters.tags:
        conditions.append(table.c.tags.contains(list(filters.tags)))
    if filters.owners:
        conditions.append(table.c.owner.in_(filters.owners))
    if filters.categories:
        conditions.append(table.c.category.in_(filters.categories))
    if filters.for_person:
        conditions.append(may_order(table, filters.for_person))
    return conditions


def may_order(table: Table, person: Person) -> ColumnElement[bool]:
    """The rule of `core.access.refuses_order`, in SQL. A test compares the two."""
    named = [("teams", sorted(person.teams)), ("roles", sorted(roles_of(person)))]
    named_ones = [table.c.access[key].op("?|")(array(names)) for key, names in named if names]
    return or_(table.c.access.is_(None), *named_ones)


def _queries(words: Sequence[str]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Every word as a prefix, and as it is, joined by and. Words are letters and digits: nothing else reaches the language."""
    prefixes, whole = " & ".join(f"{word}:*" for word in words), " & ".join(words)
    return func.to_tsquery("simple", prefixes), func.to_tsquery("simple", whole)


def _fitting(session: Reader, filters: Filters, wanted: Sequence[str]) -> Facets:
    """The facets that are `wanted`, counted among what is looked at."""
    parts = []
    for kind, table in TABLES.items():
        if filters.kinds and kind not in filters.kinds:
            continue
        conditions = _narrowed(table, filters)
        if filters.words:
            conditions.append(table.c.search_vector.op("@@")(_queries(filters.words)[0]))
        columns = (literal(kind).label("kind"), table.c.owner, table.c.category, table.c.tags)
        parts.append(select(select(*columns).where(*conditions).limit(LOOKED_AT).subquery()))
    if not parts:
        return {facet: [] for facet in wanted}
    fits = union_all(*parts).cte("fits").prefix_with("MATERIALIZED", dialect="postgresql")
    return _told(session, [_values(fits, facet) for facet in wanted], wanted)


def _values(fits: Any, facet: str) -> Select[Any]:
    one = func.jsonb_array_elements_text(fits.c.tags) if facet == "tag" else fits.c[facet]
    each = select(one.label("value")).select_from(fits).subquery()
    count = func.count()
    counted: Select[Any] = select(literal(facet).label("facet"), each.c.value, count.label("entries")).group_by(each.c.value)
    return counted.order_by(count.desc(), each.c.value).limit(MOST_VALUES)


def _counted(session: Reader, wanted: Sequence[str]) -> Facets:
    """The same of the whole catalog, as the sync has counted it."""
    return _told(session, [_facet(one) for one in wanted], wanted)


def _facet(facet: str) -> Select[Any]:
    counted: Select[Any] = select(FACET.c.facet, FACET.c.value, FACET.c.entries).where(FACET.c.facet == facet)
    return counted.order_by(FACET.c.entries.desc(), FACET.c.value).limit(MOST_VALUES)


def _told(session: Reader, statements: Sequence[Select[Any]], wanted: Sequence[str]) -> Facets:
    found: dict[str, list[Facet]] = {facet: [] for facet in wanted}
    for facet, value, count in session.execute(union_all(*(select(one.subquery()) for one in statements))):
        found[facet].append(Facet(value, count))
    return {facet: sorted(values, key=lambda one: (-one.count, one.value)) for facet, values in found.items()}
