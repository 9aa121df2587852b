"""The worked examples of the guides, done: documents load, orders are accepted, modules build, the step type works."""

import json
import re
import shutil
import sys
from types import ModuleType

import pytest
import yaml

from app.catalog.loader import load
from app.catalog.sync import sync
from app.core import step_params
from app.core.durations import parse_duration
from app.core.fields import Field, check, timing
from app.core.fields.kinds import KINDS
from app.core.fields.model import TYPES
from app.core.outcomes import Done
from app.extensions import db
from app.lifecycle.orders.preparing import prepare
from app.steps import REGISTRY
from app.transaction import transaction
from config import HERE
from tests.contracts.baseline import published
from tests.pages import page
from tests.steps import test_contract as contract
from tests.steps.terraform_runs import archive, site

ITEM, BUNDLE, STEP, FIELD = (page(f"docs/adding-{what}.md").marked for what in ("an-item", "a-bundle", "a-step", "a-field"))

ORDERING, API = page("docs/ordering.md"), page("docs/api.md")
ENDPOINTS = {re.sub(r"\{\w+\}", "{}", path): set(ops) for path, ops in published()["paths"].items()}
PLACED = re.compile(r"(?<=/)(?:\{\w+\}|req-[^/?\"`]*|\$ID|APR-\d+|upl-…|eks-container-app(?=/options)|cluster$)")
CALLED = re.compile(r"\b(GET|POST|PUT|DELETE) (/api/v1/[^\s`?]+)")
CURLED = re.compile(r"^ *(?:\$ )?curl (.*?(?:\\\n.*?)*)$", re.MULTILINE)


def with_examples(folder, *guides):
    """The shipped catalog and the documents of these guides, in `folder`."""
    shutil.copytree(HERE / "catalog", folder, dirs_exist_ok=True)
    for path, text in (pair for guide in guides for pair in guide.items() if pair[0].startswith("catalog/")):
        file = folder / path.removeprefix("catalog/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return load(folder)


def faults(catalog):
    return [str(fault) for fault in catalog.faults]


def test_the_item_loads(tmp_path):
    catalog = with_examples(tmp_path, ITEM)
    assert faults(catalog) == []
    assert "message-queue" in catalog.items


def test_the_quotas_load_and_leave_room_for_an_order_of_everything(house):
    catalog = with_examples(house.folder, page("docs/catalog.md").marked)
    assert faults(catalog) == []
    with house.app.app_context(), transaction():
        sync(db.session, catalog, source="guides")
    order = json.loads(page("README.md").marked["order"])
    with house.unit() as unit:
        found = prepare(unit.connection, house.caller("sarah-123"), order)
    assert [(line.of.resource, line.warn) for line in found.quotas] == [("monthly_cost", False), ("services", False)]


def test_the_bundle_loads(tmp_path):
    catalog = with_examples(tmp_path, ITEM, BUNDLE)
    assert faults(catalog) == []
    assert "event-driven-app" in catalog.bundles


@pytest.mark.parametrize("guide", ["README.md", "docs/adding-an-item.md", "docs/adding-a-bundle.md"])
def test_its_order_is_accepted(house, guide):
    catalog = with_examples(house.folder, ITEM, BUNDLE)
    with house.app.app_context(), transaction():
        sync(db.session, catalog, source="guides")
    assert house.order(json.loads(page(guide).marked["order"])).status == "submitted"


@pytest.mark.parametrize("max_receives", [5, None])
def test_the_module_builds(tmp_path, max_receives):
    module = archive({"main.tf": ITEM["catalog/modules/message-queue/main.tf"]})
    variables = {"queue_name": "shop-jobs", "environment": "dev", "retention_days": 4, "max_receives": max_receives}
    with site(tmp_path) as here:
        outcome = here.run(module, variables)
    assert isinstance(outcome, Done)
    assert outcome.outputs["url"] == "https://queues.example.com/dev/shop-jobs"


def lines(text, known):
    """Lines of a table, as the guide shows them."""
    return eval(f"{{{text}}}", dict(known))


@pytest.fixture
def chat(monkeypatch):
    """The guide's step type, put where it says."""
    scope = dict(vars(step_params))
    exec(STEP["app/core/step_params.py"], scope)
    monkeypatch.setattr(step_params, "ChatMessageParams", scope["ChatMessageParams"], raising=False)
    module = ModuleType("app.steps.chat")
    exec(STEP["app/steps/chat.py"], vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    tables = {"REGISTRY": REGISTRY, "TEMPLATES": contract.TEMPLATES}
    tables |= {"STEP_PARAMS": step_params.STEP_PARAMS, "VERIFICATIONS": step_params.VERIFICATIONS}
    for name, rows in tables.items():
        for key, value in lines(STEP[name], scope | vars(module)).items():
            monkeypatch.setitem(rows, key, value)


@pytest.mark.usefixtures("chat")
def test_the_item_of_the_step_type_loads(tmp_path):
    assert faults(with_examples(tmp_path, STEP)) == []


@pytest.mark.usefixtures("chat")
def test_the_step_type_passes_its_own_tests():
    own = {"__name__": "test_chat"}
    exec(STEP["tests/steps/test_chat.py"], own)
    tests = [test for name, test in own.items() if name.startswith("test_")]
    assert len(tests) == 4
    for test in tests:
        test()


@pytest.mark.usefixtures("chat")
def test_the_step_type_keeps_the_contract(tmp_path):
    contract.test_every_type_that_a_document_may_name_is_in_the_registry()
    contract.test_every_type_has_a_template_here()
    contract.test_a_type_is_registered_under_its_own_name("ChatMessage")
    contract.test_a_type_takes_the_parameters_that_the_loader_checks("ChatMessage")
    contract.test_a_step_that_cannot_do_its_work_answers_an_outcome_and_does_not_raise("ChatMessage", tmp_path)
    contract.test_a_type_that_never_waits_refuses_to_be_polled("ChatMessage", tmp_path)
    contract.test_a_type_that_never_waits_has_nothing_to_stop("ChatMessage", tmp_path)
    contract.test_a_probe_that_may_not_call_outside_asks_nobody_and_claims_nothing("ChatMessage", tmp_path)
    contract.test_a_type_that_undoes_nothing_itself_refuses_to("ChatMessage", tmp_path)
    contract.test_a_type_keeps_nothing_between_two_steps("ChatMessage")


@pytest.mark.parametrize(("answer", "codes"), [("90m", []), ("soon", ["format"]), (90, ["type"])])
def test_the_field_type_judges(monkeypatch, answer, codes):
    scope = dict(vars(timing)) | {"parse_duration": parse_duration}
    exec(FIELD["app/core/fields/timing.py"], scope)
    monkeypatch.setattr(timing, "judge_duration", scope["judge_duration"], raising=False)
    monkeypatch.setitem(TYPES, *lines(FIELD["TYPES"], {}).popitem())
    monkeypatch.setitem(KINDS, *lines(FIELD["KINDS"], vars(sys.modules["app.core.fields.kinds"])).popitem())
    field = Field(name="pause", type="duration")
    assert [fault.code for fault in check([field], {"pause": answer}).faults] == codes


def within(part, whole):
    """Whether everything in `part` is in `whole` as well."""
    if isinstance(part, dict):
        return all(key in whole and within(value, whole[key]) for key, value in part.items())
    if isinstance(part, list):
        return len(part) == len(whole) and all(map(within, part, whole))
    return part == whole


@pytest.fixture
def sarah(house, synced_catalog, people):
    """Her client, before the catalog that ships."""
    return people.api("sarah-123")


def test_looking_at_an_order_says_what_the_page_says(sarah):
    said = sarah.post("/api/v1/requests/validate", json=json.loads(page("README.md").marked["order"])).json
    assert within(json.loads(ORDERING.marked["validate"]), said)


def test_faults_are_told_as_the_page_says(sarah):
    order = {"catalog_item": "postgres-database", "parameters": {"database_name": "9lives", "allocated_storage": 5}}
    assert within(json.loads(ORDERING.marked["faults"]), sarah.post("/api/v1/requests", json=order).json["errors"])


@pytest.mark.parametrize("entry", ["full-stack-web-app", "postgres-database"])
def test_files_of_many_orders_are_taken(sarah, entry):
    address = f"/api/v1/requests/batch?entry={entry}&mode=all_or_nothing"
    answer = sarah.post(address, data=ORDERING.marked[entry], headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json["taken"]) == (201, 2)


def test_the_twin_of_the_page_can_be_ordered(sarah):
    said = sarah.post("/api/v1/requests/validate", json=yaml.safe_load(ORDERING.marked["twin"])).json
    assert said["errors"] == []


def calls(text):
    """Every call that a guide names, as (method, path with {} for what stands for something)."""
    named = CALLED.findall(text)
    for words in CURLED.findall(text):
        path = re.search(r"/api/v1/[^\s\"?]*", words)
        method = re.search(r"-X (\w+)", words)
        posted = re.search(r" (?:-d|--data-binary) ", words)
        named += [(method[1] if method else "POST" if posted else "GET", path[0])] if path else []
    return sorted({(method, PLACED.sub("{}", path.rstrip(".,:"))) for method, path in named})


@pytest.mark.parametrize(
    ("method", "path"), [one for name in ("ordering", "catalog") for one in calls(page(f"docs/{name}.md").text)]
)
def test_what_a_guide_calls_can_be_called(method, path):
    assert method.lower() in ENDPOINTS[path]


def test_the_page_of_the_api_names_every_endpoint():
    named = set()
    for line in API.section("What there is").splitlines():
        first, cell = "", line.split(" | ")[0] if line.startswith("| `") else ""
        for path in re.findall(r"`([/…][^`]*)`", cell):
            first = first or path
            named.add(re.sub(r"\{\w+\}", "{}", "/api/v1" + path.replace("…", first)))
    assert named == set(ENDPOINTS)
