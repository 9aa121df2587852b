"""`quotas.yaml` at the catalog's root, `quota` and `limits` of items, and prices as the sync keeps them."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.catalog.loader import load
from app.catalog.sync import sync
from app.models.tables import CATALOG_BUNDLE, CATALOG_ITEM, QUOTA, QUOTA_RULES
from tests.catalog.folders import BUNDLE_FILE, CACHE_FILE, ITEM_FILE, change, write

FILE = """\
default: {vcpu: 40, services: 10}
teams:
  growth: {vcpu: 8, monthly_cost: 500.5}
warn_at: 0.9
resources:
  vcpu: {title: vCPU}
"""
COST = "cost: {lines: [{label: Database, price: 12.5, each: size}]}\n"


def told(folder: Path) -> list[str]:
    return [str(fault) for fault in load(folder).faults]


def synced(folder: Path, engine: Engine) -> None:
    with Session(engine) as session:
        sync(session, load(folder), source="test")
        session.commit()


def limits(engine: Engine) -> set[tuple[str, str, float]]:
    with engine.connect() as connection:
        return {(row.team, row.resource, float(row.limit)) for row in connection.execute(select(QUOTA))}


def test_quotas_are_no_entry(folder):
    write(folder, "quotas.yaml", FILE)
    catalog = load(folder)
    assert (catalog.faults, len(catalog.entries)) == ((), 3)
    assert catalog.quotas is not None
    assert catalog.quotas.rules == {"warn_at": 0.9, "currency": "USD", "resources": {"vcpu": {"title": "vCPU"}}}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("vcpu: 40", "vcpu: many", "quotas.yaml:1:17: vcpu must be a number; correct the value"),
        ("vcpu: 8", "vcpu: -8", "quotas.yaml:3:18: vcpu must be at least 0.0; correct the value"),
        ("warn_at: 0.9", "warn_at: 90", "quotas.yaml:4:10: warn_at must be at most 1.0; correct the value"),
        ("warn_at: 0.9", "warn: 0.9", "quotas.yaml:4:1: warn is not known here; did you mean warn_at?"),
        ("{vcpu: 40", "{V-CPU: 40", "quotas.yaml:1:18: V-CPU must match ^[a-z][a-z0-9_]*$; correct the value"),
        ("warn_at: 0.9", "default: {}", "quotas.yaml:4:1: the key default is here twice, first on line 1; keep one of them"),
        ("{title: vCPU}", "vCPU", "quotas.yaml:6:9: vcpu must be a mapping; correct the value"),
    ],
)
def test_a_fault_of_the_quotas_has_its_place(folder, old, new, fault):
    write(folder, "quotas.yaml", FILE.replace(old, new))
    assert told(folder) == [fault]


def test_a_fault_of_the_quotas_takes_no_entry_down(folder):
    write(folder, "quotas.yaml", "default: [")
    catalog = load(folder)
    assert (len(catalog.entries), catalog.quotas, catalog.faults[0].entry) == (3, None, None)


def test_the_sync_brings_the_limits_in_and_takes_them_out(folder, database):
    write(folder, "quotas.yaml", FILE)
    synced(folder, database)
    assert limits(database) == {
        ("", "vcpu", 40),
        ("", "services", 10),
        ("growth", "vcpu", 8),
        ("growth", "monthly_cost", 500.5),
    }
    (folder / "quotas.yaml").unlink()
    synced(folder, database)
    assert limits(database) == set()


def test_a_faulty_file_leaves_the_limits_as_they_were(folder, database):
    write(folder, "quotas.yaml", FILE)
    synced(folder, database)
    write(folder, "quotas.yaml", "default: {vcpu: many}")
    synced(folder, database)
    assert ("", "vcpu", 40) in limits(database)
    with database.connect() as connection:
        assert connection.scalar(select(QUOTA_RULES.c.rules))["warn_at"] == 0.9


def test_an_item_says_what_it_takes(folder):
    change(folder, ITEM_FILE, "presentation:\n", 'quota: {databases: 1, vcpu: "{{ size * 2 }}"}\npresentation:\n')
    assert told(folder) == []


@pytest.mark.parametrize(
    ("quota", "fault"),
    [
        ("{vcpu: sise * 2}", "sise is unknown"),
        ("{vcpu: 'size *'}", "correct the expression"),
        ("{services: 1}", "services is counted by itself; take it away, or give it another name"),
        ("{vcpu: -1}", "vcpu must be at least 0"),
        ("{vcpu: true}", "vcpu must be"),
    ],
)
def test_a_quota_that_cannot_be_is_a_fault(folder, quota, fault):
    change(folder, ITEM_FILE, "presentation:\n", f"quota: {quota}\npresentation:\n")
    (found,) = load(folder).faults
    assert (found.path, found.line) == (ITEM_FILE, 8)
    assert fault in f"{found.message}; {found.remedy}"


@pytest.mark.parametrize(
    "line",
    [
        "{label: 'For {{ database_name }}', price: 1}",
        "{label: Line, price: 1, times: 1 if database_name else 2}",
        "{label: Line, by: database_name, prices: {one: 1}}",
    ],
)
def test_nothing_secret_stands_in_a_price(folder, line):
    change(folder, ITEM_FILE, "      required: true\n", "      required: true\n      sensitive: true\n")
    change(folder, ITEM_FILE, "presentation:\n", f"cost: {{lines: [{line}]}}\npresentation:\n")
    (fault,) = load(folder).faults
    assert fault.message == "database_name is secret, and a price is not"


def test_the_sync_keeps_what_the_defaults_cost(folder, database):
    change(folder, ITEM_FILE, "presentation:\n", COST + "presentation:\n")
    change(folder, BUNDLE_FILE, "bundle:\n", "cost: {lines: [{label: Care, price: 5}]}\nbundle:\n")
    synced(folder, database)
    with database.connect() as connection:
        items = dict(connection.execute(select(CATALOG_ITEM.c.name, CATALOG_ITEM.c.price_from)).all())
        bundles = list(connection.scalars(select(CATALOG_BUNDLE.c.price_from)))
    assert items == {"postgres-database": {"currency": "USD", "per": "month", "total": 25}, "redis-cache": None}
    assert bundles == [{"currency": "USD", "per": "month", "total": 30}]


def test_a_price_that_hangs_on_an_answer_without_default_is_not_kept(folder, database):
    change(folder, ITEM_FILE, "      default: 2\n", "")
    change(folder, ITEM_FILE, "presentation:\n", COST + "presentation:\n")
    synced(folder, database)
    with database.connect() as connection:
        assert set(connection.scalars(select(CATALOG_ITEM.c.price_from))) == {None}


def test_limits_of_an_item_are_read(folder):
    change(folder, CACHE_FILE, "fulfillment:\n", "limits: {per_team: 2, per_user: 1}\nfulfillment:\n")
    assert load(folder).items["redis-cache"].definition["limits"] == {"per_team": 2, "per_user": 1}
