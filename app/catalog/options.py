"""Choices that come from another system: fetched by the server, kept for a while, and told with their age when it is down.

What is read and written here goes over connections of its own, for moments only: a source may take seconds, and an order
that fails must not take the list along that it was held against.
"""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote, urlsplit

from sqlalchemy import Connection, Engine, Row, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from app.core.durations import parse_duration
from app.core.expressions import ExpressionError, render
from app.core.fields.model import Choice, Field, OptionsFrom
from app.models.tables import OPTION_LIST
from app.outbound import Outbound, OutboundError, OutboundFailed, Reply

MOST = 5_000
LONGEST = 200
"""Characters of a value or a label."""
PAUSE = timedelta(seconds=15)
"""How long a source that did not answer is left alone."""
STALE = timedelta(days=1)
"""How old a list may be that answers are held against while its source is down."""
FORGOTTEN = timedelta(days=7)


class _Unusable(Exception):
    """An answer of a source is no list of choices. The message is the end of a sentence about the source."""


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be picked now. problem: why the list is old or missing; needs: the fields to answer before there is a list."""

    choices: Sequence[Choice] = ()
    fetched_at: datetime | None = None
    problem: str = ""
    needs: Sequence[str] = ()

    def is_usable(self, now: datetime) -> bool:
        """Whether answers may be held against this list."""
        return self.fetched_at is not None and (not self.problem or now - self.fetched_at <= STALE)

    def holds(self, value: Any) -> bool:
        """Whether this value can be picked."""
        return any(choice.value == value for choice in self.choices)

    def matching(self, words: str, most: int) -> list[Choice]:
        """The choices in whose value or label `words` are found, those that begin so first."""
        wanted = words.casefold().strip()
        found = [one for one in self.choices if wanted in one.text.casefold() or wanted in one.title.casefold()]
        return sorted(found, key=lambda one: not one.title.casefold().startswith(wanted))[:most]

    def nearest(self, words: str, most: int) -> list[Choice]:
        """The choices that somebody who wrote `words` may have meant: those that hold them, else those spelled alike."""
        if inside := self.matching(words, most):
            return inside
        by_text = {text.casefold(): one for one in self.choices for text in (one.title, one.text)}
        return [by_text[text] for text in get_close_matches(words.casefold()[:LONGEST], by_text, n=most)]


class Options:
    """All sources of choices. Only hosts that the operator allows are called."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    def offered(self, connection: Connection, field: Field, answers: Mapping[str, Any]) -> Offered:
        """What `field` offers, given the other answers of its form. Never raises for what a source does."""
        spec = field.options_from
        assert spec is not None  # only fields with a source are asked about
        if needs := [name for name in spec.depends_on if _text(answers.get(name)) is None]:
            return Offered(needs=needs)
        try:
            url = address(spec, answers)
        except ExpressionError as error:
            return Offered(problem=f"its address cannot be worked out: {error.message}")
        if _climbs(url):
            return Offered(problem="its address cannot be worked out: an answer that it needs names another place")
        key, now = _key(spec, url), datetime.now(UTC)
        kept = connection.execute(select(OPTION_LIST).where(OPTION_LIST.c.key == key)).one_or_none()
        if kept is not None and (_is_fresh(kept, spec, now) or (kept.error and now - kept.tried_at < PAUSE)):
            return _offered(kept)
        if kept is not None and kept.choices is not None and not self._claims(connection.engine, key, kept.tried_at):
            return _offered(kept)  # somebody else asks the source at this moment
        return self._fetched(connection.engine, spec, url, key, kept)

    def _claims(self, engine: Engine, key: str, seen: datetime) -> bool:
        claim = OPTION_LIST.update().where(OPTION_LIST.c.key == key, OPTION_LIST.c.tried_at == seen)
        try:
            with engine.begin() as own:
                return own.execute(claim.values(tried_at=func.clock_timestamp())).rowcount == 1
        except SQLAlchemyError:
            log.warning("option list: could not be claimed", exc_info=True)
            return False

    def _fetched(self, engine: Engine, spec: OptionsFrom, url: str, key: str, kept: Row[Any] | None) -> Offered:
        try:
            reply = self._outbound.request(
                "GET", url, headers={"Accept": "application/json"}, timeout=parse_duration(spec.timeout).total_seconds()
            )
            choices = _read(spec, reply)
        except OutboundError as error:
            problem = f"the source of its choices {_why(error)}"
        except _Unusable as error:
            problem = f"the source of its choices {error}"
        else:
            _keep(
                engine, key, choices=[[one.value, one.label] for one in choices], fetched_at=func.clock_timestamp(), error=None
            )
            return Offered(choices, datetime.now(UTC))
        log.warning("option list: %s", problem)
        _keep(engine, key, error=problem)
        return Offered(*_last_good(kept), problem) if kept is not None else Offered(problem=problem)


def address(spec: OptionsFrom, answers: Mapping[str, Any]) -> str:
    """Where the list is. Answers are data: whatever they hold, they stay one part of the path or query."""
    given = {name: quote(_text(answers.get(name)) or "", safe="") for name in spec.depends_on}
    return str(render(spec.url, given))


def _climbs(url: str) -> bool:
    """Whether a part of the path is `.` or `..`, which quoting leaves as they are: servers take them for another path."""
    return not {".", ".."}.isdisjoint(urlsplit(url).path.split("/"))


def _why(error: OutboundError) -> str:
    if isinstance(error, OutboundFailed):
        return f"does not answer ({error.reason})"
    return "may not be called: ask an administrator to allow its host"


def _text(value: Any) -> str | None:
    """An answer as part of an address; None for no answer."""
    if value is None or value == "" or isinstance(value, list | Mapping):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _key(spec: OptionsFrom, url: str) -> str:
    return hashlib.sha256(json.dumps([url, spec.items, spec.value, spec.label]).encode()).hexdigest()


def _is_fresh(kept: Row[Any], spec: OptionsFrom, now: datetime) -> bool:
    return kept.fetched_at is not None and not kept.error and now - kept.fetched_at < parse_duration(spec.cache)


def _offered(kept: Row[Any]) -> Offered:
    return Offered(*_last_good(kept), kept.error or "")


def _last_good(kept: Row[Any]) -> tuple[list[Choice], datetime | None]:
    return [Choice.model_construct(value=value, label=label, help=None) for value, label in kept.choices or ()], kept.fetched_at


def _keep(engine: Engine, key: str, **values: Any) -> None:
    """Store what a source gave; that it cannot be stored costs the next one a call, and nothing else."""
    row = insert(OPTION_LIST).values(key=key, tried_at=func.clock_timestamp(), **values)
    written = {name: row.excluded[name] for name in ("tried_at", *values)}
    old = func.clock_timestamp() - FORGOTTEN
    forgotten = delete(OPTION_LIST).where(
        OPTION_LIST.c.tried_at < old, or_(OPTION_LIST.c.fetched_at.is_(None), OPTION_LIST.c.fetched_at < old)
    )
    try:
        with engine.begin() as own:
            own.execute(row.on_conflict_do_update(index_elements=["key"], set_=written))
            own.execute(forgotten)
    except SQLAlchemyError:
        log.warning("option list: could not be stored", exc_info=True)


def _read(spec: OptionsFrom, reply: Reply) -> list[Choice]:
    """The choices in an answer. Raises _Unusable."""
    if not 200 <= reply.status < 300:
        raise _Unusable(f"answers with status {reply.status}")
    try:
        body = reply.json()
    except ValueError as error:
        raise _Unusable("answers with something that is no JSON") from error
    entries = _at(body, spec.items)
    if not isinstance(entries, list):
        raise _Unusable(f"answers without a list at {spec.items}")
    if len(entries) > MOST:
        raise _Unusable(f"answers with more than {MOST} choices")
    found: dict[str, Choice] = {}
    for number, entry in enumerate(entries, 1):
        choice = _choice(spec, entry, number)
        found.setdefault(choice.text, choice)
    return list(found.values())


def _choice(spec: OptionsFrom, entry: Any, number: int) -> Choice:
    value, label = _word(_at(entry, spec.value or "$")), _word(_at(entry, spec.label)) if spec.label else None
    if value is None:
        raise _Unusable(f"gives no text of at most {LONGEST} characters for choice {number}")
    return Choice(value=value, label=label)


def _word(value: Any) -> str | None:
    text = _text(value)
    return text if text and len(text) <= LONGEST and "\n" not in text else None


def _at(value: Any, path: str) -> Any:
    """What lies at a path of keys, such as `$.data.clusters[*]`; None where there is nothing."""
    for key in path.removesuffix("[*]").removeprefix("$").removeprefix(".").split("."):
        if key:
            value = value.get(key) if isinstance(value, Mapping) else None
    return value
