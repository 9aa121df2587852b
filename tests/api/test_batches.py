"""POST /requests/batch, GET /batches and /batches/{id}."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from app.models.tables import BATCH_ROW, REQUEST
from tests.api.conftest import work
from tests.fixtures.house import http, item

URL = "/api/v1/requests/batch"
CSV = {"content_type": "text/csv"}
DATABASES = f"{URL}?entry=postgres-database"


def database(name: str, **more: Any) -> dict[str, Any]:
    return {"catalog_item": "postgres-database", "parameters": {"database_name": name, **more}}


def batch(*names: str, mode: str = "all_or_nothing") -> dict[str, Any]:
    return {"mode": mode, "rows": [{"key": f"key-{name}", "order": database(name)} for name in names]}


def pointers(answer: Any) -> list[tuple[str, str]]:
    return [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]]


def requests_of(house: Any) -> int:
    return house.rows(select(func.count()).select_from(REQUEST))[0][0]


@pytest.fixture
def sent(sarah, synced_catalog) -> Any:
    """Sends a batch as sarah."""
    return lambda body, path=URL, **more: sarah.post(path, json=body, **more)


def test_every_row_becomes_a_request(sent):
    made = sent(batch("one", "two"))
    assert made.status_code == 201
    assert [(row["key"], row["state"], row["status"]) for row in made.json["results"]] == [
        ("key-one", "taken", "submitted"),
        ("key-two", "taken", "submitted"),
    ]
    assert made.headers["Location"] == made.json["href"]


def test_all_or_nothing_takes_none_when_one_has_a_fault(sent, house):
    answer = sent(batch("one", "Bad-Name", "two", "0"))
    assert answer.status_code == 422
    assert pointers(answer) == [(f"/rows/{row}/order/parameters/database_name", "regexp") for row in (1, 3)]
    assert requests_of(house) == 0


def test_row_by_row_takes_those_that_can_be(sent, house):
    made = sent(batch("one", "Bad-Name", mode="row_by_row"))
    assert (made.status_code, made.json["taken"], made.json["refused"]) == (201, 1, 1)
    refused = made.json["results"][1]
    assert [fault["pointer"] for fault in refused["errors"]] == ["/order/parameters/database_name"]
    assert refused["order"] == database("Bad-Name")
    assert requests_of(house) == 1


def test_a_batch_that_is_sent_again_under_its_key_is_the_same_batch(sent, house):
    first, second = (sent(batch("one"), headers={"Idempotency-Key": "mine"}) for _ in range(2))
    assert (second.status_code, second.json) == (201, first.json)
    assert requests_of(house) == 1


def test_a_key_of_another_batch_is_refused(sent):
    sent(batch("one"), headers={"Idempotency-Key": "mine"})
    answer = sent(batch("two"), headers={"Idempotency-Key": "mine"})
    assert (answer.status_code, answer.json["code"]) == (409, "idempotency_key_reused")


def test_a_row_that_was_taken_answers_its_request(sent, house):
    first = sent(batch("one", "Bad", mode="row_by_row")).json["results"]
    mended = batch("one", "good")
    again = sent(mended).json["results"]
    assert (again[0]["request_id"], again[0]["repeated"]) == (first[0]["request_id"], True)
    assert (again[1]["repeated"], requests_of(house)) == (False, 2)


def test_a_row_under_the_key_of_another_order_is_refused(sent):
    sent(batch("one"))
    other = {"mode": "all_or_nothing", "rows": [{"key": "key-one", "order": database("other")}]}
    assert pointers(sent(other)) == [("/rows/0/key", "idempotency_key_reused")]


def test_rows_of_one_batch_may_order_different_things(sent, order):
    rows = [{"key": "a", "order": order}, {"key": "b", "order": database("alone")}]
    made = sent({"mode": "all_or_nothing", "rows": rows}).json
    assert made["taken"] == 2
    assert {"catalog_bundle", "catalog_item"}.isdisjoint(made)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"mode": "maybe", "rows": [{"key": "a", "order": {}}]}, ("/mode", "oneof")),
        ({"mode": "row_by_row", "rows": []}, ("/rows", "min_items")),
        ({"mode": "row_by_row", "rows": [{"key": str(n), "order": {}} for n in range(501)]}, ("/rows", "max_items")),
        ({"mode": "row_by_row", "rows": [{"order": {}}]}, ("/rows/0/key", "required")),
        ({"mode": "row_by_row", "rows": [{"key": "", "order": {}}]}, ("/rows/0/key", "min_length")),
        ({"mode": "row_by_row", "rows": [{"key": "a", "order": []}]}, ("/rows/0/order", "type")),
    ],
)
def test_a_batch_that_is_none_says_what_is_wrong_with_it(sent, body, place):
    answer = sent(body)
    assert (answer.status_code, pointers(answer)) == (422, [place])


def test_a_key_that_is_there_twice_is_named(sent):
    assert pointers(sent(batch("one", "one"))) == [("/rows/0/key", "unique"), ("/rows/1/key", "unique")]


def test_a_row_that_orders_nothing_known_is_refused_alone(sent):
    rows = [{"key": "a", "order": {"catalog_item": "no-such-thing"}}, {"key": "b", "order": database("good")}]
    made = sent({"mode": "row_by_row", "rows": rows}).json
    assert [row["state"] for row in made["results"]] == ["refused", "taken"]


def test_lines_of_csv_are_rows(sarah, synced_catalog):
    text = "\ufeffkey;database_name;allocated_storage\r\na;orders;50\r\nb;stock;\r\n"
    made = sarah.post(f"{DATABASES}&mode=row_by_row", data=text, **CSV)
    assert (made.status_code, made.json["taken"], made.json["catalog_item"]) == (201, 2, "postgres-database")


def test_columns_of_a_bundle_are_paths(sarah, synced_catalog, house):
    head = "key,bundle_parameters.solution_name,item_parameters.eks-container-app.app_name,"
    head += "item_parameters.eks-container-app.environment,item_parameters.postgres-database.database_name,"
    head += "item_parameters.postgres-database.allocated_storage,item_parameters.redis-cache.enabled"
    made = sarah.post(f"{URL}?entry=full-stack-web-app", data=f"{head}\na,shop,shop-api,dev,shop_db,40,TRUE\n", **CSV)
    assert made.json["taken"] == 1
    request = house.request(made.json["results"][0]["request_id"])
    assert (request.title, request.selected["redis"]) == ("shop", True)
    assert request.item_parameters["postgres"]["allocated_storage"] == 40


def test_a_cell_that_is_no_number_is_a_fault_of_its_row(sarah, synced_catalog):
    answer = sarah.post(DATABASES, data="key,database_name,allocated_storage\na,orders,lots\n", **CSV)
    assert pointers(answer) == [("/rows/0/order/parameters/allocated_storage", "type")]


@pytest.mark.parametrize(
    ("query", "text", "places"),
    [
        ("?mode=row_by_row", "key\na\n", [("/entry", "required")]),
        ("?entry=nothing", "key\na\n", [("/entry", "unknown_entry")]),
        ("?entry=postgres-database&version=9.9.9", "key\na\n", [("/version", "unknown_version")]),
        ("?entry=postgres-database", "", [("/csv", "required")]),
        ("?entry=postgres-database", 'key,database_name\na,"orders\n', [("/csv", "format")]),
        (
            "?entry=postgres-database",
            "key,name,colour\na,b,c\n",
            [("/csv/name", "unknown_column"), ("/csv/colour", "unknown_column")],
        ),
        ("?entry=postgres-database", "database_name\norders\n", [("/csv/key", "required")]),
        ("?entry=postgres-database", "key,key\na,b\n", [("/csv/key", "duplicate")]),
        ("?entry=postgres-database", "key\na,more\n", [("/rows/0", "format")]),
        ("?entry=postgres-database", "key,database_name\n,orders\n", [("/rows/0/key", "min_length")]),
    ],
)
def test_a_file_that_is_none_says_what_is_wrong_with_it(sarah, synced_catalog, query, text, places):
    answer = sarah.post(f"{URL}{query}", data=text.encode(), **CSV)
    assert (answer.status_code, pointers(answer)) == (422, places)


def test_what_goes_with_csv_does_not_go_with_json(sent):
    assert pointers(sent(batch("one"), f"{URL}?mode=row_by_row")) == [("/mode", "unknown_field")]


def test_a_batch_says_how_its_requests_stand_now(sarah, sent, house):
    made = sent(batch("one", "Bad", mode="row_by_row")).json
    work(house)
    assert sarah.get(made["href"]).json["statuses"] == {"completed": 1}


def test_batches_are_listed_newest_first(sarah, sent):
    made = [sent(batch(name)).json["batch_id"] for name in ("one", "two", "three")]
    first = sarah.get("/api/v1/batches?limit=2").json
    rest = sarah.get(f"/api/v1/batches?cursor={first['pagination']['next_cursor']}").json
    assert [one["batch_id"] for page in (first, rest) for one in page["batches"]] == list(reversed(made))


def test_a_batch_is_whoevers_sent_it_and_administrators(sent, bob, dana):
    href = sent(batch("one")).json["href"]
    assert (bob.get(href).status_code, dana.get(href).status_code) == (404, 200)


def test_a_kept_order_has_no_secrets(sent, house):
    rows = [{"key": "a", "order": {**database("good"), "parameters": {"password": "hunter2"}, "catalog_item": "no-such"}}]
    sent({"mode": "row_by_row", "rows": rows})
    assert "hunter2" not in str(house.rows(select(BATCH_ROW.c.order)))


@pytest.mark.parametrize(
    "more",
    [{"parameters": {"pasword": "hunter2"}}, {"parametres": {"password": "hunter2"}}, {"parameters": ["hunter2"]}],
)
def test_a_secret_under_a_wrong_name_is_not_kept(sarah, house, more):
    house.offer(safe=item(http("make"), fields="[{name: password, type: secret}, {name: size, type: integer}]"))
    sarah.post(URL, json={"mode": "row_by_row", "rows": [{"key": "a", "order": {"catalog_item": "safe", **more}}]})
    [row] = house.rows(select(BATCH_ROW))
    assert (row.order["catalog_item"], "hunter2" in str(row)) == ("safe", False)


@pytest.mark.parametrize("cell", ['{"a": NaN}', "1e999", r'"\ud800"', r'"\u0000"', '{"a": 1, "a": 2}', "[" * 65 + "]" * 65])
@pytest.mark.parametrize("column", ["any", "names"])
def test_a_cell_of_json_that_nobody_can_keep_is_a_fault_of_its_row(sarah, house, column, cell):
    house.offer(make=item(http("make"), fields="[{name: any, type: json}, {name: names, type: list, of: {type: string}}]"))
    text = f'key,{column}\na,"{cell.replace(chr(34), chr(34) * 2)}"\n'
    answer = sarah.post(f"{URL}?entry=make", data=text, **CSV)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json["errors"]] == [column]


def test_rows_of_a_batch_count_together_for_a_quota(sarah, dana, house):
    fields = "[{name: name, type: string, required: true}]"
    house.offer(box=item(http("one"), fields=fields, extra="quota: {boxes: 1}"))
    dana.put("/api/v1/admin/quotas", json={"team": "customer-experience", "limits": {"boxes": 2}})
    rows = [{"key": key, "order": {"catalog_item": "box", "parameters": {"name": key}}} for key in ("a", "b", "c")]
    answer = sarah.post(URL, json={"mode": "all_or_nothing", "rows": rows})
    assert [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]] == [("/rows/2/order", "quota_exceeded")]
    made = sarah.post(URL, json={"mode": "row_by_row", "rows": rows}).json
    assert [row["state"] for row in made["results"]] == ["taken", "taken", "refused"]


def test_cells_are_typed_by_their_fields(sarah, house):
    fields = """
      [{name: name, type: string, required: true}, {name: on, type: boolean}, {name: at, type: date},
       {name: zones, type: multiselect, options: [a, b, c]}, {name: ports, type: list, of: {type: integer}},
       {name: key, type: string}]
    """
    house.offer(box=item(http("one"), fields=fields.strip()))
    text = 'key,name,on,at,zones,ports,parameters.key\nk,shop,TRUE,2026-08-16,a | c,"[80, 443]",\'=x\n'
    made = sarah.post(f"{URL}?entry=box", data=text, **CSV)
    assert made.status_code == 201, made.json
    values = house.request(made.json["results"][0]["request_id"]).item_parameters["box"]
    told = {"name": "shop", "on": True, "at": "2026-08-16", "zones": ["a", "c"], "ports": [80, 443], "key": "=x"}
    assert values == told


def test_an_item_may_be_called_by_its_alias(sarah, synced_catalog):
    answer = sarah.post(f"{URL}?entry=full-stack-web-app", data="key,item_parameters.postgres.allocated_storage\na,5\n", **CSV)
    assert ("/rows/0/order/item_parameters/postgres-database/allocated_storage", "min_value") in pointers(answer)


def test_whoever_is_in_several_teams_names_one_in_each_row(erin, synced_catalog):
    text = "key,requester.team,database_name\na,platform-compute-team,orders\nb,,stock\n"
    answer = erin.post(DATABASES, data=text, **CSV)
    assert pointers(answer) == [("/rows/1/order/requester/team", "team_required")]


def test_two_who_send_the_same_at_the_same_time_get_one_batch(sarah, synced_catalog, people, house):
    asked = [lambda: people.api("sarah-123").post(URL, json=batch("one", "two"), headers={"Idempotency-Key": "k"})] * 4
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda ask: ask(), asked))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["batch_id"] for answer in answers}) == 1
    assert requests_of(house) == 2
