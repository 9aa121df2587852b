"""Secret answers: told from the others at submit, encrypted for their request, made where none was given, held for a form."""

import json
import secrets
import string
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from app.catalog.offers import Offer
from app.core.fields.patterns import fits
from app.core.order import Resolved
from app.core.secrecy import masked_answers, restored, secret_places
from app.core.within import changed, inner_of
from app.models.tables import SECRET
from app.vault import Vault

Parts = Mapping[str, Mapping[str, Any]]
"""By `bundle` or an item's alias: values by the names of their fields."""
OWN = "bundle"
HELD_FOR = timedelta(days=1)
HELD_AFTER_SENDING = timedelta(hours=1)
"""So that a second click still finds what the first one sent."""
LETTERS = string.ascii_letters + string.digits
MOST_TRIES = 100


def told_apart(offer: Offer, resolved: Resolved) -> tuple[Resolved, Parts]:
    """An order as it may be stored and shown, secret values masked, and what the masks stand for.

    Of a field that holds a secret somewhere inside, the whole answer is among the latter.
    """
    places = secret_places(offer)
    values = {**resolved.item_values, OWN: resolved.bundle_values}
    shown = {part: masked_answers(places.get(part, {}), answers) for part, answers in values.items()}
    secret = {part: {name: one for name, one in values[part].items() if shown[part][name] != one} for part in values}
    fixed = {part: masked_answers(places.get(part, {}), answers) for part, answers in resolved.fixed.items()}
    told = replace(resolved, bundle_values=shown.pop(OWN), item_values=shown, fixed=fixed)
    return told, {part: answers for part, answers in secret.items() if answers}


def store(connection: Connection, vault: Vault, request: uuid.UUID, secret: Parts) -> None:
    """Encrypt the secret answers of a new request. One INSERT where there are any, else nothing."""
    rows = [
        {"request_id": request, "place": place, "ciphertext": vault.encrypt(json.dumps(value).encode(), _cell(request, place))}
        for part, values in secret.items()
        for name, value in values.items()
        for place in [f"{part}.{name}"]
    ]
    if rows:
        connection.execute(insert(SECRET), rows)


def opened(connection: Connection, vault: Vault, request: uuid.UUID) -> dict[str, dict[str, Any]]:
    """The secret answers of a request, in clear. Raises VaultError when one cannot be decrypted."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in connection.execute(select(SECRET.c.place, SECRET.c.ciphertext).where(SECRET.c.request_id == request)):
        part, _, name = row.place.partition(".")
        found[part][name] = json.loads(vault.decrypt(row.ciphertext, _cell(request, row.place)))
    return dict(found)


def store_instead(connection: Connection, vault: Vault, request: uuid.UUID, secret: Parts) -> None:
    """Put these in the place of a request's secret answers, when its order is changed."""
    connection.execute(SECRET.delete().where(SECRET.c.request_id == request))
    store(connection, vault, request, secret)


def with_stored(
    connection: Connection, vault: Vault, request: uuid.UUID, offer: Offer, order: Mapping[str, Any]
) -> dict[str, Any]:
    """An order that changes a request, with what its masks stand for. A mask of which nothing is stored stays and is a fault.

    Raises VaultError.
    """
    return restored(offer, order, opened(connection, vault, request))


def with_generated(offer: Offer, order: Mapping[str, Any]) -> Mapping[str, Any]:
    """The order with secrets made for all fields that ask for it and have no answer. Never raises."""
    if offer.kind == "item":
        return _filled(order, "parameters", _made(offer.definition.get("presentation"), "fields"))
    made = _filled(order, "bundle_parameters", _made(offer.definition.get("presentation"), "bundle_fields"))
    for item in offer.items:
        wanted = {n: s for n, s in _made(item.definition.get("presentation"), "fields").items() if n not in item.fixed}
        sent = made.get("item_parameters", {})
        if wanted and isinstance(sent, Mapping):
            key = next((key for key in (item.alias, item.catalog_item) if key in sent), item.alias)
            made = {**made, "item_parameters": _filled(sent, key, wanted)}
    return made


def hold(connection: Connection, vault: Vault, person: uuid.UUID, place: str, values: Mapping[str, Any]) -> str:
    """Keep what somebody typed into a form for a day, encrypted for them and this form; gives the handle to it."""
    handle = uuid.uuid4()
    ciphertext = vault.encrypt(json.dumps(dict(values)).encode(), _held_cell(handle, person, place))
    expires = func.clock_timestamp() + HELD_FOR
    row = {"id": handle, "user_id": person, "place": place, "ciphertext": ciphertext, "expires_at": expires}
    connection.execute(insert(SECRET).values(**row))
    return str(handle)


def held(connection: Connection, vault: Vault, person: uuid.UUID, place: str, handle: str) -> dict[str, Any]:
    """What is kept under a handle; nothing where it is somebody else's, of another form, too old, or none at all."""
    try:
        key = uuid.UUID(handle)
    except ValueError:
        return {}
    mine = (SECRET.c.id == key, SECRET.c.user_id == person, SECRET.c.place == place)
    kept = SECRET.c.expires_at > func.clock_timestamp()
    ciphertext = connection.scalar(select(SECRET.c.ciphertext).where(*mine, kept))
    if ciphertext is None:
        return {}
    values: dict[str, Any] = json.loads(vault.decrypt(ciphertext, _held_cell(key, person, place)))
    return values


def sent(connection: Connection, person: uuid.UUID, handle: str) -> None:
    """What was held went into a request: it is kept for another hour only."""
    soon = func.clock_timestamp() + HELD_AFTER_SENDING
    mine = (SECRET.c.user_id == person, SECRET.c.id == uuid.UUID(handle))
    connection.execute(update(SECRET).where(*mine).values(expires_at=func.least(SECRET.c.expires_at, soon)))


def forget_expired(connection: Connection) -> int:
    """Remove what was held too long; answers how much it was."""
    return connection.execute(SECRET.delete().where(SECRET.c.expires_at <= func.clock_timestamp())).rowcount


def _cell(request: uuid.UUID, place: str) -> str:
    """The address of a secret answer, bound into its encryption."""
    return f"secrets.ciphertext:{request}:{place}"


def cell_of(row: Row[Any]) -> str:
    """The address of a row of the table, of a request or of a form."""
    if row.request_id is not None:
        return _cell(row.request_id, row.place)
    return _held_cell(row.id, row.user_id, row.place)


def _held_cell(handle: uuid.UUID, person: uuid.UUID, place: str) -> str:
    return f"secrets.ciphertext:held:{handle}:{person}:{place}"


def _made(presentation: Any, key: str) -> dict[str, Mapping[str, Any]]:
    """The fields of a form in which a secret is to be made, by name."""
    fields: Iterable[Mapping[str, Any]] = (presentation or {}).get(key) or ()
    return {field["name"]: field for field in fields if _makes(field)}


def _makes(field: Mapping[str, Any]) -> bool:
    return bool(field.get("generate")) or any(map(_makes, inner_of(field)))


def _with_made(field: Mapping[str, Any], answer: Any) -> Any:
    """An answer, its default where there is none, with a new secret wherever one is asked for and not given."""

    def given(secret: Mapping[str, Any], value: Any) -> Any:
        wanted = secret.get("generate")
        return _make(wanted["length"], secret.get("regexp")) if value is None and wanted else value

    return changed(field, "secret", field.get("default") if answer is None else answer, given)


def _make(length: int, pattern: str | None) -> str:
    """Letters of both cases and digits, one of each. Where the pattern refuses a hundred of them, so will the check."""
    for _ in range(MOST_TRIES):
        text = "".join(secrets.choice(LETTERS) for _ in range(length))
        mixed = any(c.islower() for c in text) and any(c.isupper() for c in text) and any(c.isdigit() for c in text)
        if (pattern is None and mixed) or (pattern is not None and fits(pattern, text)):
            break
    return text


def _filled(holder: Mapping[str, Any], key: str, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """`holder` with what is made of the wanted fields below `key`. What is no object stays: it is a fault."""
    answers = holder.get(key) or {}
    if not wanted or not isinstance(answers, Mapping):
        return dict(holder)
    made = {name: _with_made(field, answers.get(name)) for name, field in wanted.items()}
    return {**holder, key: {**answers, **{name: one for name, one in made.items() if one is not None}}}
