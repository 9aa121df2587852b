"""The sync, against PostgreSQL: versions are kept, faults are flagged, nothing that is good gets lost."""

import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.catalog.loader import load
from app.catalog.sync import faults_of, known_versions, sync
from app.models import (
    AuditEntry,
    CatalogBundle,
    CatalogFacet,
    CatalogFault,
    CatalogItem,
    CatalogModule,
    CatalogSync,
    CatalogVersion,
    CatalogWord,
)
from tests.catalog.folders import BUNDLE_FILE, CACHE_FILE, ITEM_FILE, change, write


@pytest.fixture
def run(session, folder):
    """Load the folder and sync it, as `flask catalog sync` does; the row that tells what it did."""

    def run() -> CatalogSync:
        row = sync(session, load(folder, known=known_versions(session)), source="catalog", commit="4f1c9ae")
        session.commit()
        return row

    return run


def counts(row):
    return (row.added, row.changed, row.unchanged, row.retired, row.fault_count)


def item(session, name):
    return session.scalars(select(CatalogItem).where(CatalogItem.name == name)).one()


def versions(session, name):
    rows = session.execute(
        select(CatalogVersion.version, CatalogVersion.active)
        .where(CatalogVersion.name == name)
        .order_by(CatalogVersion.version)
    )
    return [tuple(row) for row in rows]


def test_the_first_sync_adds_everything(session, run):
    assert counts(run()) == (3, 0, 0, 0, 0)
    entry = item(session, "postgres-database")
    assert (entry.title, entry.version, entry.category, entry.tags) == (
        "PostgreSQL Database",
        "2.1.0",
        "databases",
        ["database"],
    )


def test_a_second_sync_of_the_same_changes_nothing(session, run):
    run()
    before = item(session, "postgres-database").updated_at
    assert counts(run()) == (0, 0, 3, 0, 0)
    assert item(session, "postgres-database").updated_at == before


def test_a_bundle_keeps_what_it_is_made_of_as_it_was_written(session, run):
    run()
    bundle = session.scalars(select(CatalogBundle)).one()
    assert bundle.bundle_definition["optional_items"] == [{"catalog_item": "redis-cache", "version": ">=1.0.0", "as": "redis"}]
    assert bundle.definition["bundle"]["optional_items"][0]["default_enabled"] is False


def test_a_new_version_leaves_the_old_one_to_be_pinned(session, folder, run):
    run()
    change(folder, CACHE_FILE, "1.1.0", "1.2.0")
    assert counts(run()) == (0, 1, 2, 0, 0)
    assert item(session, "redis-cache").version == "1.2.0"
    assert versions(session, "redis-cache") == [("1.1.0", True), ("1.2.0", True)]


def test_an_old_version_still_satisfies_a_range(session, folder, run):
    run()
    change(folder, CACHE_FILE, "1.1.0", "2.0.0")
    change(folder, BUNDLE_FILE, '">=1.0.0"', '"^1.0.0"')
    change(folder, BUNDLE_FILE, 'version: "1.0.0"', 'version: "1.1.0"')
    assert counts(run()) == (0, 2, 1, 0, 0)


def test_a_version_that_was_taken_back_cannot_be_pinned(session, folder, run):
    run()
    change(folder, CACHE_FILE, "1.1.0", "1.2.0")
    run()
    change(folder, CACHE_FILE, "1.2.0", "1.1.0")
    run()
    assert versions(session, "redis-cache") == [("1.1.0", True), ("1.2.0", False)]


def test_a_changed_document_under_an_unchanged_version_names_both_hashes(session, folder, run):
    run()
    before = item(session, "redis-cache").source_hash
    change(folder, CACHE_FILE, "In-memory cache", "A cache in memory")
    row = run()
    (fault,) = faults_of(session, row)
    after = load(folder).items["redis-cache"].hash
    assert before[:12] in fault.message
    assert after[:12] in fault.message
    assert (fault.path, fault.line, fault.column, fault.remedy) == (CACHE_FILE, 2, 10, "raise the version, or undo the change")


def test_and_the_last_good_one_stays_flagged(session, folder, run):
    run()
    change(folder, CACHE_FILE, "In-memory cache", "A cache in memory")
    run()
    entry = item(session, "redis-cache")
    assert (entry.description, entry.active) == ("In-memory cache", True)
    assert "was synced before with another content" in entry.fault


def test_a_changed_module_under_an_unchanged_version_is_a_fault_too(session, folder, run):
    run()
    write(folder, "modules/postgres/main.tf", 'variable "name" { default = "x" }\n')
    assert counts(run())[-1] == 1


def test_a_changed_comment_is_no_change(session, folder, run):
    run()
    write(folder, CACHE_FILE, "# new\n" + (folder / CACHE_FILE).read_text())
    assert counts(run()) == (0, 0, 3, 0, 0)


def test_a_broken_file_leaves_its_last_good_version_flagged(session, folder, run):
    run()
    write(folder, CACHE_FILE, "name: [")
    assert counts(run()) == (0, 0, 2, 0, 1)
    entry = item(session, "redis-cache")
    assert (entry.version, entry.active) == ("1.1.0", True)
    assert entry.fault.startswith(f"{CACHE_FILE}:1:8: cannot be read as YAML")


def test_a_repaired_file_loses_its_flag(session, folder, run):
    run()
    text = (folder / CACHE_FILE).read_text()
    write(folder, CACHE_FILE, "name: [")
    run()
    write(folder, CACHE_FILE, text)
    run()
    assert item(session, "redis-cache").fault is None


def test_a_file_that_was_never_sound_adds_nothing(session, folder, run):
    write(folder, "databases/new-one.yaml", "name: [")
    assert counts(run()) == (3, 0, 0, 0, 1)
    assert session.scalar(select(func.count()).select_from(CatalogItem)) == 2


def test_faults_are_kept_with_their_place(session, folder, run):
    change(folder, CACHE_FILE, "owner:", "ownr:")
    row = run()
    told = session.scalars(select(CatalogFault).where(CatalogFault.sync_id == row.id).order_by(CatalogFault.line)).all()
    assert [(fault.path, fault.line, fault.column, fault.entry) for fault in told] == [
        (CACHE_FILE, 1, 1, "redis-cache"),
        (CACHE_FILE, 4, 1, "redis-cache"),
    ]


def test_an_entry_whose_file_is_gone_is_retired_and_keeps_its_rows(session, folder, run):
    run()
    (folder / BUNDLE_FILE).unlink()
    assert counts(run()) == (0, 0, 2, 1, 0)
    bundle = session.scalars(select(CatalogBundle)).one()
    assert bundle.active is False
    assert versions(session, "full-stack") == [("1.0.0", False)]


def test_an_entry_whose_file_came_back_can_be_ordered_again(session, folder, run):
    run()
    text = (folder / BUNDLE_FILE).read_text()
    (folder / BUNDLE_FILE).unlink()
    run()
    write(folder, BUNDLE_FILE, text)
    assert counts(run()) == (0, 1, 2, 0, 0)
    assert versions(session, "full-stack") == [("1.0.0", True)]


def test_modules_are_archived_and_pinned(session, folder, run):
    run()
    packed = load(folder).items["postgres-database"].modules["./modules/postgres"]
    pinned = session.scalars(select(CatalogVersion).where(CatalogVersion.name == "postgres-database")).one()
    assert pinned.modules == {"./modules/postgres": packed.sha256}
    assert session.get(CatalogModule, packed.sha256).archive == packed.archive


def test_a_new_version_with_the_same_module_shares_its_archive(session, folder, run):
    run()
    change(folder, ITEM_FILE, "2.1.0", "2.2.0")
    run()
    assert session.scalar(select(func.count()).select_from(CatalogModule)) == 1


def test_a_sync_is_audited(session, run):
    run()
    act = session.scalars(select(AuditEntry).where(AuditEntry.action == "catalog.sync")).one()
    assert (act.target, act.details["added"], act.details["commit"]) == ("catalog:catalog", 3, "4f1c9ae")


def test_two_syncs_at_once_wait_for_each_other(database, folder):
    """The second one finds what the first one wrote, instead of writing it again."""
    catalog = load(folder)
    told = []

    def work():
        with Session(database) as session:
            told.append(counts(sync(session, catalog, source="catalog")))
            session.commit()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [(0, 0, 3, 0, 0), (3, 0, 0, 0, 0)]


def facets(session):
    return {(one.facet, one.value): one.entries for one in session.scalars(select(CatalogFacet))}


def test_the_sync_counts_words_and_facets(session, run):
    run()
    assert facets(session)["kind", "item"] == 2
    assert facets(session)["owner", "platform-data-team"] == 2
    assert facets(session)["tag", "database"] == 1
    words = {one.word: one.entries for one in session.scalars(select(CatalogWord))}
    assert (words["postgres"], words["cache"]) == (1, 2)


def test_counts_follow_what_changes_and_what_goes(session, folder, run):
    run()
    change(folder, CACHE_FILE, 'version: "1.1.0"', 'version: "1.2.0"\ntags: [database]')
    run()
    assert facets(session)["tag", "database"] == 2
    (folder / BUNDLE_FILE).unlink()
    run()
    assert ("kind", "bundle") not in facets(session)
    assert session.get(CatalogWord, "stack") is None
