"""The sweep: whatever died, stopped or was forgotten goes on."""

import threading
from datetime import timedelta

from sqlalchemy import event, text, update

from app.core.outcomes import Again, Done, Failed, NeedsHuman, Waiting
from app.lifecycle.engine.sweep import Swept, sweep
from app.models.tables import REQUEST, STEP
from tests.fixtures.house import House, http, item

ORDER = {"catalog_item": "single", "parameters": {"size": 3}}


def swept(house: House) -> Swept:
    found = sweep(house.engine, house.tools)
    assert found.failed == []
    return found


def test_a_quiet_house_has_nothing_to_sweep(single: House) -> None:
    single.order(ORDER)
    single.must_claim()
    assert swept(single) == Swept()


def test_a_run_whose_lease_ran_out_is_unknown_and_probed(single: House) -> None:
    single.order(ORDER)
    claim = single.must_claim("w1")
    single.expire("make")
    assert swept(single).lost == 1
    assert (single.statuses(), single.attempts("make")[0].status) == ({"make": "indeterminate"}, "indeterminate")
    assert (single.attempts("make")[0].evidence["worker"], single.tickets()) == ("w1", [])
    assert single.record(claim, Done({"value": "late"})) is None
    assert single.must_claim("w2").activity == "probe"


def test_a_step_that_kills_its_worker_three_times_goes_to_a_person(single: House) -> None:
    made = single.order(ORDER)
    for _ in range(3):
        assert single.tickets() == []
        single.must_claim()
        single.expire("make")
        assert swept(single).lost == 1
        if not single.tickets():
            single.finish(Again("nothing was done"))
    assert (single.statuses(), len(single.attempts("make"))) == ({"make": "indeterminate"}, 3)
    assert (single.tickets()[0].ticket_type, single.request(made.request_id).status) == ("unknown", "awaiting_manual")


def test_a_claim_that_never_had_a_heartbeat_is_stale_too(single: House) -> None:
    single.order(ORDER)
    single.must_claim()
    with single.engine.begin() as connection:
        ago = STEP.c.claimed_at - timedelta(hours=1)
        connection.execute(update(STEP).values(lease_until=None, claimed_at=ago))
    assert swept(single).lost == 1


def test_a_poll_whose_lease_ran_out_is_polled_again(single: House) -> None:
    single.order(ORDER)
    single.finish(Waiting({"run": 7}, timedelta(0)))
    single.must_claim("w1")
    single.expire("make")
    assert swept(single).lost == 1
    assert single.tickets() == []
    claim = single.must_claim("w2")
    assert (claim.activity, claim.step.handle) == ("poll", {"run": 7})


def test_a_poll_that_kills_its_worker_three_times_goes_to_a_person(single: House) -> None:
    made = single.order(ORDER)
    single.finish(Waiting({"run": 7}, timedelta(0)))
    for _ in range(3):
        assert single.tickets() == []
        single.must_claim()
        single.expire("make")
        assert swept(single).lost == 1
    assert single.statuses() == {"make": "indeterminate"}
    assert (single.tickets()[0].ticket_type, single.request(made.request_id).status) == ("unknown", "awaiting_manual")


def test_a_poll_that_came_back_in_between_begins_to_count_anew(single: House) -> None:
    single.order(ORDER)
    single.finish(Waiting({"run": 7}, timedelta(0)))
    for _ in range(4):
        single.must_claim()
        single.expire("make")
        assert swept(single).lost == 1
        single.finish(Waiting({"run": 7}, timedelta(0)))
    assert single.tickets() == []


def test_a_poll_lost_past_its_deadline_goes_to_a_person(single: House) -> None:
    single.order(ORDER)
    single.finish(Waiting({"run": 7}, timedelta(0)))
    single.must_claim()
    single.expire("make")
    with single.engine.begin() as connection:
        connection.execute(update(STEP).values(deadline=STEP.c.claimed_at))
    assert swept(single).lost == 1
    assert single.tickets()[0].error["details"]["handle"] == {"run": 7}


def test_a_slow_sweep_does_not_start_a_step_anew_that_waits_for_something_else_by_now(house: House) -> None:
    house.offer(single=item(http("make", retry_policy="{max_attempts: 2, initial_delay: 1s}")))
    house.roll = 0
    house.order("single")
    house.finish(Failed("try again"))
    looked = threading.Event()

    def overtake(_connection: object) -> None:
        """Another sweep and a worker are faster, between the look of this sweep and its first repair."""
        if not looked.is_set():
            looked.set()
            assert sweep(house.engine, house.tools).retried == 1
            house.finish(NeedsHuman("by hand"))

    event.listen(house.engine, "commit", overtake)
    found = sweep(house.engine, house.tools)
    event.remove(house.engine, "commit", overtake)
    assert (looked.is_set(), found) == (True, Swept())
    assert (house.statuses(), len(house.tickets())) == ({"make": "waiting"}, 1)


def test_two_sweeps_at_once_take_a_step_back_once(single: House) -> None:
    single.order(ORDER)
    single.must_claim()
    single.expire("make")
    found: list[Swept] = []
    threads = [threading.Thread(target=lambda: found.append(sweep(single.engine, single.tools))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.lost for one in found) == 1
    assert single.step("make").losses == 1


def test_a_retry_that_is_due_is_ready_again(house: House) -> None:
    house.offer(single=item(http("make", retry_policy="{max_attempts: 2, initial_delay: 1s}")))
    house.roll = 0
    house.order("single")
    house.finish(Failed("try again"))
    assert swept(house).retried == 1
    claim = house.must_claim()
    assert (claim.step.attempt, claim.idempotency_key) == (2, house.attempts("make")[0].idempotency_key)
    house.record(claim, Failed("enough"))
    assert house.statuses() == {"make": "failed"}


def test_ready_steps_that_nobody_claimed_are_counted_for_the_bell(pair: House) -> None:
    pair.order("pair")
    assert swept(pair).waiting_work == 2


def test_the_safety_net_promotes_what_was_forgotten(pair: House) -> None:
    pair.order("pair")
    pair.finish(Done())
    pair.finish(Done())
    with pair.engine.begin() as connection:
        connection.execute(update(STEP).where(STEP.c.step_name == "child").values(status="pending"))
        connection.execute(update(REQUEST).values(updated_at=text("now() - interval '1 minute'")))
    assert swept(pair).rescued == 1
    assert pair.statuses()["child"] == "ready"
