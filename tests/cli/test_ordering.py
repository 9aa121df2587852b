"""`stratus order` and `stratus validate` in scripts: from files and `--set`, with faults, prices and exit codes."""

import json

import pytest
from sqlalchemy import func, select

from app.models.tables import REQUEST
from tests.story import STORY

YAML = """
catalog_item: postgres-database
parameters:
  database_name: NO
  allocated_storage: 0120
"""


@pytest.fixture
def stored(house, synced_catalog):
    """How many orders there are."""
    return lambda: house.rows(select(func.count()).select_from(REQUEST))[0][0]


@pytest.fixture
def story(tmp_path, synced_catalog):
    path = tmp_path / "order.json"
    path.write_text(json.dumps(STORY))
    return str(path)


def test_a_file_is_ordered_as_it_is(sarah, story, people):
    ran = sarah("order", "--file", story, "--yes", "-o", "json")
    assert ran.code == 0
    made = json.loads(ran.out)
    assert (made["status"], made["catalog_bundle"]) == ("submitted", "full-stack-web-app")
    assert people.api("sarah-123").get(made["href"]).json["title"] == "customer-portal"


def test_an_order_comes_from_standard_input_in_yaml_1_2(sarah, synced_catalog):
    ran = sarah("validate", "--file", "-", "-o", "json", stdin=YAML)
    values = json.loads(ran.out)["values"]["parameters"]
    assert values["allocated_storage"] == 120
    assert "database_name" not in values or values["database_name"] == "NO"


def test_single_answers_are_set_by_path_and_read_as_their_field_says(sarah, synced_catalog):
    words = ["-s", "solution_name=1.10", "-s", "enable_ha=yes", "-s", "postgres.database_name=shop", "-s", "app_name=shop"]
    more = ["-s", "item_parameters.eks-container-app.environment=dev", "-s", "redis.enabled=true", "-s", "replicas:=4"]
    values = json.loads(sarah("validate", "full-stack-web-app", *words, *more, "-o", "json").out)["values"]
    assert values["bundle_parameters"] == {"solution_name": "1.10", "enable_ha": True}
    assert values["item_parameters"]["eks_app"]["replicas"] == 4
    assert values["item_parameters"]["postgres"]["database_name"] == "shop"
    assert "redis" in values["item_parameters"]


def test_a_text_can_come_from_a_file_so_that_no_command_line_holds_it(sarah, tmp_path, synced_catalog):
    (tmp_path / "name").write_text("from_a_file\n")
    ran = sarah("validate", "postgres-database", "-s", f"database_name=@{tmp_path}/name", "-o", "json")
    assert json.loads(ran.out)["values"]["parameters"]["database_name"] == "from_a_file"


def test_set_goes_over_the_file(sarah, story):
    ran = sarah("validate", "--file", story, "-s", "postgres.allocated_storage=300", "-o", "json")
    assert json.loads(ran.out)["values"]["item_parameters"]["postgres"]["allocated_storage"] == 300


def test_every_fault_is_told_at_once_and_nothing_is_sent(sarah, stored):
    words = ["-s", "database_name=Not", "-s", "allocated_storage=5", "-s", "colour=red"]
    ran = sarah("order", "postgres-database", *words, "--yes")
    assert (ran.code, stored()) == (2, 0)
    assert [line.partition(":")[0].strip() for line in ran.out.splitlines()[1:]] == [
        "parameters.database_name",
        "parameters.allocated_storage",
        "parameters.colour",
    ]


def test_a_dry_run_sends_nothing(sarah, story, stored):
    ran = sarah("order", "-f", story, "--dry-run")
    assert (ran.code, stored()) == (0, 0)
    assert "step-005  Connections" in ran.out


def test_without_a_terminal_nothing_is_sent_before_somebody_said_yes(sarah, story, stored):
    ran = sarah("order", "-f", story)
    assert (ran.code, "--yes" in ran.err, stored()) == (2, True, 0)


def test_the_same_key_makes_one_order(sarah, story, stored):
    first, second = (json.loads(sarah("order", "-f", story, "-y", "-o", "json", "--key", "k-1").out) for _ in range(2))
    assert (first["request_id"] == second["request_id"], stored()) == (True, 1)


def test_a_key_of_another_order_is_a_conflict(sarah, story):
    sarah("order", "-f", story, "-y", "--key", "k-1")
    assert sarah("order", "redis-cache", "-y", "--key", "k-1").code == 5


def test_each_run_has_a_key_of_its_own(sarah, story, stored):
    for _ in range(2):
        sarah("order", "-f", story, "-y")
    assert stored() == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Say what to order"),
        (["redis-cache", "--file", "STORY"], "orders full-stack-web-app, not redis-cache"),
        (["full-stack-web-app", "-s", "nonsense"], "path=value"),
        (["full-stack-web-app", "-s", "mysql.name=x"], "mysql is no part of full-stack-web-app; there is"),
        (["redis-cache", "-s", "cache_size:={"], "is not JSON"),
        (["redis-cache", "-s", "cache_size=@/no/such/file"], "/no/such/file cannot be read"),
        (["--file", "/no/such/file"], "/no/such/file cannot be read"),
    ],
)
def test_wrong_use_says_what_to_write(sarah, story, words, said):
    ran = sarah("validate", *(story if word == "STORY" else word for word in words))
    assert (ran.code, said in ran.err) == (2, True), ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"catalog_item": "redis-cache"', "line 1, column"),
        ('{"a": [1, }', "line 1, column"),
        ("catalog_item: [", "line 1"),
        ("a: 1\na: 2", "the key a is there twice"),
        ('{"a": 1, "a": 2}', "the key a is there twice"),
        ("a: &x [1]\nb: *x", "aliases are not read"),
        ("- 1", "holds no object"),
        ("", "holds no object"),
        ("a: !!python/object:os.system {}", "could not determine a constructor"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(alone, text, said):
    ran = alone("validate", "--file", "-", stdin=text)
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_an_unknown_entry_is_not_found(sarah, synced_catalog):
    assert sarah("order", "no-such-entry", "--yes").code == 4


def test_another_team_is_refused_in_the_words_of_the_portal(sarah, synced_catalog):
    ran = sarah("validate", "redis-cache", "--team", "growth")
    assert (ran.code, "requester.team: is not one of your teams" in ran.out) == (2, True)
