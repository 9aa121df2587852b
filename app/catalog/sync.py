"""Brings a loaded catalog into the database, in the caller's transaction: entries, every version ever seen, modules, faults.

Versions are immutable. An entry whose file is faulty keeps its last good version, flagged; one whose file is gone is retired.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, func, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, scoped_session

from app import audit
from app.catalog import offers, quotas, search
from app.catalog.loader import Catalog, CatalogFault, Entry, Known
from app.catalog.offers import ENTRY
from app.catalog.prices import item_price_from, price_from
from app.core.versions import sort_key
from app.models import CatalogBundle, CatalogItem, CatalogModule, CatalogSync, CatalogVersion
from app.models import CatalogFault as FaultRow

# Flask-SQLAlchemy's scoped session is one of its own Session class; any will do here.
Ledger = Session | scoped_session[Any]
LOCK = "stratus.catalog.sync"


@dataclass(slots=True)
class _Run:
    """One sync while it runs. faults: message of the first fault, by entry."""

    session: Ledger
    counts: Counter[str]
    faults: list[CatalogFault]
    versions: Mapping[tuple[str, str, str], str]
    commit: str | None


def known_versions(session: Ledger) -> Known:
    """Every version of an item that can be ordered, for `load`: bundles may ask for older ones than the file holds."""
    known: dict[str, dict[str, dict[str, Any]]] = {}
    rows = session.execute(
        select(CatalogVersion.name, CatalogVersion.version, CatalogVersion.definition).where(
            CatalogVersion.kind == "item", CatalogVersion.active
        )
    )
    for name, version, definition in rows:
        known.setdefault(name, {})[version] = definition
    return known


def faults_of(session: Ledger, row: CatalogSync) -> list[CatalogFault]:
    """Every fault that one sync found, by file and line."""
    found = session.scalars(
        select(FaultRow).where(FaultRow.sync_id == row.id).order_by(FaultRow.path, FaultRow.line, FaultRow.column)
    )
    return [CatalogFault(one.path, one.line, one.column, one.entry, one.message, one.remedy) for one in found]


def sync(session: Ledger, catalog: Catalog, *, source: str, commit: str | None = None, actor: str = "system") -> CatalogSync:
    """Write what `catalog` holds; the caller commits. Two syncs wait for each other. Returns the row that tells what it did.

    source: where the catalog was read from, for people. commit: its git commit, if there is one.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(LOCK, 0))))
    row = CatalogSync(source=source, commit=commit)
    session.add(row)
    session.flush()
    run = _Run(session, Counter(), list(catalog.faults), _hashes(session), commit)
    for model, entries in ((CatalogItem, catalog.items), (CatalogBundle, catalog.bundles)):
        _entries(run, model, entries, catalog.faulty)
    _price(run, catalog)
    if catalog.quotas is not None:
        quotas.store(session.connection(), catalog.quotas)
    _write_faults(run, row)
    row.added, row.changed, row.unchanged, row.retired = (
        run.counts[key] for key in ("added", "changed", "unchanged", "retired")
    )
    if row.added or row.changed or row.retired:
        search.count(session)
    row.fault_count = len(run.faults)
    row.finished_at = session.scalar(select(func.clock_timestamp()))
    session.flush()
    details = {**{key: run.counts[key] for key in ("added", "changed", "unchanged", "retired")}, "faults": row.fault_count}
    act = audit.Act(actor=actor, action="catalog.sync", target=f"catalog:{source}", details={**details, "commit": commit})
    audit.record(session.connection(), [act])
    return row


def _hashes(session: Ledger) -> dict[tuple[str, str, str], str]:
    rows = session.execute(select(CatalogVersion.kind, CatalogVersion.name, CatalogVersion.version, CatalogVersion.source_hash))
    return {(kind, name, version): source_hash for kind, name, version, source_hash in rows}


def _entries(run: _Run, model: type[CatalogItem | CatalogBundle], entries: Mapping[str, Entry], faulty: frozenset[str]) -> None:
    """Brings one table in line with the entries of its kind."""
    rows = cast("Iterable[CatalogItem | CatalogBundle]", run.session.scalars(select(model)))
    there = {one.name: one for one in rows}
    reasons = _reasons(run.faults)
    for name, entry in entries.items():
        fault = _changed_in_place(run, entry)
        if fault is None:
            _take(run, model, entry, there.get(name))
            continue
        run.faults.append(fault)
        # A version that was synced has left a row of its entry, which keeps what it had.
        there[name].fault = str(fault)
    for name, one in there.items():
        if name in faulty:
            one.fault = reasons[name]
        elif name not in entries and one.active:
            _retire(run, one)


def _reasons(faults: list[CatalogFault]) -> dict[str, str]:
    """By entry, its first fault."""
    return {fault.entry: str(fault) for fault in reversed(faults) if fault.entry is not None}


def _changed_in_place(run: _Run, entry: Entry) -> CatalogFault | None:
    """A version that was synced before with another meaning: requests have pinned that one."""
    before = run.versions.get((entry.kind, entry.name, entry.version))
    if before is None or before == entry.hash:
        return None
    message = (
        f"{entry.name} {entry.version} was synced before with another content: it was {before[:12]} and is {entry.hash[:12]}"
    )
    return CatalogFault(entry.path, *entry.place, entry.name, message, "raise the version, or undo the change")


def _take(run: _Run, model: type[CatalogItem | CatalogBundle], entry: Entry, row: CatalogItem | CatalogBundle | None) -> None:
    if row is not None and (row.source_hash, row.source_path, row.active) == (entry.hash, entry.path, True):
        row.fault = None
        run.counts["unchanged"] += 1
        return
    if row is None:
        row = model(name=entry.name)
        run.session.add(row)
        run.counts["added"] += 1
    else:
        row.updated_at = func.clock_timestamp()
        run.counts["changed"] += 1
    _fill(row, entry)
    _write_version(run, entry)
    _withdraw_newer(run, entry)


def _fill(row: CatalogItem | CatalogBundle, entry: Entry) -> None:
    row.title, row.version, row.description, row.owner = entry.title, entry.version, entry.description, entry.owner
    row.category, row.tags = entry.category, entry.tags
    row.document, row.definition = entry.document, entry.definition
    row.presentation = entry.document.get("presentation") or {}
    row.source_path, row.source_hash = entry.path, entry.hash
    row.active, row.fault = True, None
    if isinstance(row, CatalogBundle):
        row.bundle_definition = entry.document["bundle"]


def _write_version(run: _Run, entry: Entry) -> None:
    """Adds the version where it is new, and archives its modules."""
    if (entry.kind, entry.name, entry.version) in run.versions:
        return
    for module in entry.modules.values():
        archived = insert(CatalogModule).values(sha256=module.sha256, archive=module.archive)
        run.session.execute(archived.on_conflict_do_nothing())
    run.session.add(
        CatalogVersion(
            kind=entry.kind,
            name=entry.name,
            version=entry.version,
            title=entry.title,
            owner=entry.owner,
            document=entry.document,
            definition=entry.definition,
            source_path=entry.path,
            source_hash=entry.hash,
            modules={source: module.sha256 for source, module in entry.modules.items()},
            commit=run.commit,
        )
    )


def _withdraw_newer(run: _Run, entry: Entry) -> None:
    """Versions above the file's own were taken back: no bundle may pin them any more. All others can be ordered."""
    limit = sort_key(entry.version)
    rows = run.session.scalars(
        select(CatalogVersion).where(CatalogVersion.kind == entry.kind, CatalogVersion.name == entry.name)
    )
    for row in rows:
        row.active = sort_key(row.version) <= limit


def _retire(run: _Run, row: CatalogItem | CatalogBundle) -> None:
    """Takes an entry whose file is gone out of the catalog; what was ordered of it goes on."""
    kind = "bundle" if isinstance(row, CatalogBundle) else "item"
    row.active = False
    row.fault = None
    row.updated_at = func.clock_timestamp()
    run.counts["retired"] += 1
    run.session.execute(
        update(CatalogVersion).where(CatalogVersion.kind == kind, CatalogVersion.name == row.name).values(active=False)
    )


def _price(run: _Run, catalog: Catalog) -> None:
    """Say beside each entry what its defaults cost, which no list could work out. A bundle's hangs on its items."""
    run.session.flush()
    connection = run.session.connection()
    for model, entries in ((CatalogItem, catalog.items), (CatalogBundle, catalog.bundles)):
        table = ENTRY["item" if model is CatalogItem else "bundle"]
        known = {row.name: row.price_from for row in connection.execute(select(table.c.name, table.c.price_from))}
        for name, entry in entries.items():
            found = _from(connection, entry)
            if name in known and known[name] != found:
                connection.execute(update(table).where(table.c.name == name).values(price_from=found or null()))


def _from(connection: Connection, entry: Entry) -> dict[str, Any] | None:
    """What the entry costs at least. An item is priced from its document; only of a bundle the items are looked for."""
    if entry.kind == "item":
        return item_price_from(entry.title, entry.definition)
    offer = offers.current(connection, entry.kind, entry.name)
    return price_from(offer) if offer else None


def _write_faults(run: _Run, row: CatalogSync) -> None:
    run.session.add_all(
        FaultRow(
            sync_id=row.id,
            path=fault.path,
            line=fault.line,
            column=fault.column,
            entry=fault.entry,
            message=fault.message,
            remedy=fault.remedy,
        )
        for fault in run.faults
    )
