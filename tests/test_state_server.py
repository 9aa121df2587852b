"""Terraform's state backend over real HTTP and real PostgreSQL: who may read and write, and what lies in the rows."""

import http.client
import uuid
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine, func, select, update

from app.core.outcomes import Done, Failed
from app.lifecycle.engine import planning
from app.models import RequestStep, TerraformState
from app.state_server import KEPT_VERSIONS, MAX_STATE_BYTES, LeaseLostError, StateServer, StateStore
from app.vault import Vault, VaultError
from tests.fixtures.house import http as http_step
from tests.fixtures.house import item, terraform
from tests.steps.terraform_runs import Site, example

STATE = b'{"version": 4, "canary": "hunter2-hunter2"}'


@pytest.fixture
def claim(house):
    """A step that a worker has claimed."""
    house.offer(single=item(http_step("make")))
    house.order("single")
    return house.must_claim()


@pytest.fixture
def store(house):
    return StateStore(house.engine, house.vault)


@pytest.fixture
def server(store):
    with StateServer(store) as serving:
        yield serving


def call(access, method, body=None, *, password=None, headers=None, path=None):
    """One request as Terraform makes it; gives status and body."""
    where = urlsplit(access.address)
    credentials = b64encode(f"{access.username}:{password or access.password}".encode()).decode()
    with closing(http.client.HTTPConnection(where.hostname, where.port, timeout=10)) as connection:
        connection.request(method, path or where.path, body, {"Authorization": f"Basic {credentials}", **(headers or {})})
        reply = connection.getresponse()
        return reply.status, reply.read()


def rows(house):
    with house.engine.begin() as connection:
        return connection.execute(select(TerraformState.__table__).order_by(TerraformState.version)).all()


def give_the_lease_to_somebody_else(house, claim):
    with house.engine.begin() as connection:
        connection.execute(update(RequestStep).where(RequestStep.id == claim.step.id).values(lease_token=uuid.uuid4()))


def test_a_state_that_was_never_written_is_no_content(server, claim):
    with server.open(claim.step.id, claim.token) as access:
        assert call(access, "GET") == (204, b"")


def test_what_was_written_is_read(server, claim):
    with server.open(claim.step.id, claim.token) as access:
        assert call(access, "POST", STATE) == (204, b"")
        assert call(access, "GET") == (200, STATE)


def test_the_newest_version_is_the_state(server, claim):
    with server.open(claim.step.id, claim.token) as access:
        for state in (b"{}", STATE):
            call(access, "POST", state)
        assert call(access, "GET") == (200, STATE)


def test_every_write_is_a_version_under_its_lease(server, house, claim):
    with server.open(claim.step.id, claim.token) as access:
        for _ in range(2):
            call(access, "POST", STATE)
    assert [(row.version, row.step_id, row.written_with) for row in rows(house)] == [
        (1, claim.step.id, claim.token),
        (2, claim.step.id, claim.token),
    ]


def test_old_versions_are_dropped(store, house, claim):
    for number in range(KEPT_VERSIONS + 2):
        store.write(claim.step.id, claim.token, b"%d" % number)
    assert [row.version for row in rows(house)] == list(range(3, KEPT_VERSIONS + 3))


def test_a_deleted_state_is_gone_and_its_versions_stay(server, house, claim):
    with server.open(claim.step.id, claim.token) as access:
        call(access, "POST", STATE)
        assert call(access, "DELETE") == (204, b"")
        assert call(access, "GET") == (204, b"")
    assert len(rows(house)) == 2


def test_the_row_holds_nothing_readable(server, house, claim):
    with server.open(claim.step.id, claim.token) as access:
        call(access, "POST", STATE)
    assert b"hunter2" not in rows(house)[0].ciphertext


def test_a_state_moved_to_another_row_does_not_open(store, house, claim):
    store.write(claim.step.id, claim.token, STATE)
    with house.engine.begin() as connection:
        connection.execute(update(TerraformState).values(id=uuid.uuid4()))
    with pytest.raises(VaultError):
        store.read(claim.step.id, claim.token)


def test_a_state_whose_key_is_gone_is_refused_and_not_asked_for_again(house, claim, store):
    store.write(claim.step.id, claim.token, STATE)
    with (
        StateServer(StateStore(house.engine, Vault([("other", b"x" * 32)]))) as server,
        server.open(claim.step.id, claim.token) as access,
    ):
        assert call(access, "GET")[0] == 424


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_who_lost_the_lease_may_neither_read_nor_write(server, house, claim, method):
    with server.open(claim.step.id, claim.token) as access:
        call(access, "POST", STATE)
        give_the_lease_to_somebody_else(house, claim)
        assert call(access, method, b"{}")[0] == 409
    assert len(rows(house)) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_lock_of_a_dead_run_ends_with_its_lease(server, store, house, claim, method):
    store.write(claim.step.id, claim.token, STATE)
    house.lose("make")
    with server.open(claim.step.id, claim.token) as access:
        assert call(access, method, b"{}")[0] == 409
    assert len(rows(house)) == 1


def test_who_finds_out_what_became_of_a_run_reads_its_state_and_changes_nothing(server, store, house, claim):
    store.write(claim.step.id, claim.token, STATE)
    house.lose("make")
    probe = house.must_claim()
    with server.open(probe.step.id, probe.token) as access:
        assert (probe.activity, call(access, "GET")) == ("probe", (200, STATE))
        assert {call(access, method, b"{}")[0] for method in ("POST", "DELETE")} == {409}


def test_an_undo_reads_and_changes_the_state(server, store, house):
    house.offer(built=item(terraform("build")))
    order = house.order("built")
    run = house.must_claim()
    store.write(run.step.id, run.token, STATE)
    house.record(run, Done())
    house.roll_back(order.request_id)
    undo = house.must_claim()
    with server.open(undo.step.id, undo.token) as access:
        assert (undo.activity, call(access, "GET")) == ("undo", (200, STATE))
        assert call(access, "POST", b"{}")[0] == 204
        assert store_refuses(store, run)


def test_a_plan_reads_the_state_under_its_own_lease_and_changes_nothing(server, store, house):
    house.offer(built=item(terraform("build")))
    order = house.order("built")
    run = house.must_claim()
    store.write(run.step.id, run.token, STATE)
    house.record(run, Failed("no room"))
    with house.unit() as unit:
        planning.ask(unit, house.caller("sarah-123"), order.request_id, "step-001")
    plan = house.must_claim()
    with server.open(plan.step.id, plan.token) as access:
        assert (plan.activity, call(access, "GET")) == ("plan", (200, STATE))
        assert {call(access, method, b"{}")[0] for method in ("POST", "DELETE")} == {409}
        house.record(plan, Done())
        assert call(access, "GET")[0] == 409


def store_refuses(store, claim):
    """Whether an earlier claim may neither read nor write any more."""
    with pytest.raises(LeaseLostError):
        store.read(claim.step.id, claim.token)
    with pytest.raises(LeaseLostError):
        store.write(claim.step.id, claim.token, STATE)
    return True


@pytest.mark.parametrize("status", ["ready", "waiting", "completed", "indeterminate"])
def test_a_step_that_no_longer_runs_may_not_be_written(store, house, claim, status):
    with house.engine.begin() as connection:
        connection.execute(update(RequestStep).where(RequestStep.id == claim.step.id).values(status=status))
    with pytest.raises(LeaseLostError):
        store.write(claim.step.id, claim.token, STATE)


def test_a_step_that_is_verified_may_be_read(store, house, claim):
    store.write(claim.step.id, claim.token, STATE)
    with house.engine.begin() as connection:
        connection.execute(update(RequestStep).where(RequestStep.id == claim.step.id).values(status="verifying"))
    assert store.read(claim.step.id, claim.token) == STATE


def test_a_wrong_password_is_refused(server, claim):
    with server.open(claim.step.id, claim.token) as access:
        assert call(access, "POST", STATE, password="guess")[0] == 401


@pytest.mark.parametrize("header", ["", "Basic", "Basic %%%", "Bearer x", "Basic dXNlcg==", "Basic /////w=="])
def test_credentials_that_are_none_are_refused(server, claim, header):
    with server.open(claim.step.id, claim.token) as access:
        assert call(access, "GET", headers={"Authorization": header})[0] == 401


def test_the_credentials_of_one_run_do_not_open_another(server, claim):
    with server.open(claim.step.id, claim.token) as mine, server.open(claim.step.id, claim.token) as other:
        assert call(mine, "GET", path=urlsplit(other.address).path)[0] == 401


def test_a_run_that_ended_is_shut_out(server, claim):
    with server.open(claim.step.id, claim.token) as access:
        pass
    assert call(access, "GET")[0] == 401


def test_a_body_without_a_length_is_refused(server, claim):
    with server.open(claim.step.id, claim.token) as access:
        assert call(access, "POST", headers={"Transfer-Encoding": "chunked"})[0] == 411


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", ""])
def test_a_length_that_is_none_is_refused(server, claim, length):
    with server.open(claim.step.id, claim.token) as access:
        assert call(access, "POST", headers={"Content-Length": length.encode()})[0] == 411


def test_a_state_beyond_the_cap_is_refused_unread(server, claim):
    with server.open(claim.step.id, claim.token) as access:
        assert call(access, "POST", headers={"Content-Length": str(MAX_STATE_BYTES + 1)})[0] == 413


def test_a_database_that_is_away_asks_terraform_to_try_again(claim, house):
    away = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with StateServer(StateStore(away, house.vault)) as server, server.open(claim.step.id, claim.token) as access:
        assert call(access, "POST", STATE)[0] == 503
    away.dispose()


def test_it_listens_on_loopback_only(server):
    assert server.address.startswith("http://127.0.0.1:")


def test_writers_of_one_step_do_not_lose_a_version(store, house, claim):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: store.write(claim.step.id, claim.token, STATE), range(12)))
    with house.engine.begin() as connection:
        assert connection.scalar(select(func.max(TerraformState.version))) == 12


@pytest.fixture
def place(server, store, claim, tmp_path):
    """A place to run Terraform at, for the claimed step."""
    made = Site(tmp_path, server, store)
    made.step, made.lease = claim.step.id, claim.token
    return made


def test_terraform_finds_its_state_again(place):
    for _ in range(2):
        assert place.run(example("redis"), {"name": "portal"}).outputs
    assert place.lines[-1] == "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."


def test_no_row_shows_a_value_that_terraform_wrote(place, house):
    place.run(example("redis"), {"name": "canary"})
    assert rows(house)
    assert not any(b"canary" in row.ciphertext for row in rows(house))


def test_terraform_stops_before_it_builds_when_the_lease_is_gone(place, house, claim):
    give_the_lease_to_somebody_else(house, claim)
    outcome = place.run(example("redis"), {"name": "portal"})
    assert isinstance(outcome, Failed)
    assert rows(house) == []


def test_a_probe_finds_in_the_state_what_a_run_had_built_whose_worker_died(place, house):
    built = place.run(example("redis"), {"name": "portal"})
    house.lose("make")
    place.lease = house.must_claim().token
    assert place.call("probe", example("redis"), {"name": "portal"}, noted=place.noted[-1]) == built
