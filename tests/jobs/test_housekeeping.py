"""Nothing stays behind of workers that are gone, and the months to come have their partitions."""

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

from redis import Redis
from sqlalchemy import func, insert, select, text, update

from app.dispatch import Doorbell
from app.jobs.folders import clear_abandoned, private_folder
from app.jobs.housekeeping import tidy
from app.lifecycle import secrets
from app.models.tables import SECRET, WORKER
from config import Settings
from tests.fixtures.house import House


def gone() -> int:
    """The number of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_a_private_folder_is_private_and_goes() -> None:
    with private_folder() as folder:
        (folder / "terraform.tfvars.json").write_text("{}")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_folders_of_killed_workers_are_removed_and_others_stay(tmp_path: Path) -> None:
    names = [f"stratus-step-{gone()}-abc", f"stratus-step-{os.getpid()}-abc", "stratus-step-odd-abc", "else"]
    for name in names:
        (tmp_path / name).mkdir()
    assert clear_abandoned(tmp_path) == 1
    assert sorted(folder.name for folder in tmp_path.iterdir()) == sorted(names[1:])


def test_workers_that_are_long_gone_are_forgotten_with_their_queues(
    house: House, settings: Settings, redis_client: Redis
) -> None:
    bell = Doorbell(settings.redis_url)
    for name in ("old", "new"):
        bell.ask_to_drain(name)
    with house.engine.begin() as connection:
        ages = [
            {"name": "old", "threads": 1, "seen_at": func.clock_timestamp() - timedelta(days=2)},
            {"name": "new", "threads": 1},
        ]
        for row in ages:
            connection.execute(insert(WORKER).values(**row))
    tidy(house.engine, bell, house.files, date(2026, 11, 24))
    assert [row.name for row in house.rows(WORKER.select())] == ["new"]
    assert redis_client.smembers("rq:queues") == {b"rq:queue:stratus-new"}
    bell.close()


def test_the_months_to_come_have_partitions(house: House, settings: Settings) -> None:
    bell = Doorbell(settings.redis_url)
    for _ in range(2):
        tidy(house.engine, bell, house.files, date(2026, 12, 31))
    names = house.rows(
        text("SELECT relname FROM pg_class WHERE relname LIKE 'audit\\_log\\_2027%' AND relkind = 'r' ORDER BY 1")
    )
    assert [row.relname for row in names] == ["audit_log_2027_01", "audit_log_2027_02"]
    bell.close()


def test_what_was_typed_and_never_sent_goes_with_its_day(house: House) -> None:
    with house.unit() as unit:
        secrets.hold(unit.connection, unit.vault, house.caller("sarah-123").person.id, "/order/items/single", {"a": "b"})
        unit.connection.execute(update(SECRET).values(expires_at=text("now() - interval '1 minute'")))
    tidy(house.engine, Doorbell(house.settings.redis_url), house.files, date(2026, 11, 24))
    assert house.rows(select(SECRET)) == []
