"""The catalog that ships, against the story: every key it shows, and the plan that it draws."""

import re

import pytest

from app.core.expressions import evaluate, render
from app.core.order import OrderItem, resolve, resolve_item
from app.core.plan import ChosenItem, plan
from app.core.step_params import parse
from config import HERE
from tests.story import STORY

BUNDLE = {
    "version": "2.1.0",
    "owner": "platform-solutions-team",
    "description": "Complete web application stack with database and monitoring",
    "tags": ["web-app", "full-stack", "solution"],
    "bundle": {
        "required_items": [
            {"catalog_item": "eks-container-app", "version": ">=1.2.0", "parameters": {"app_type": "web-frontend"}},
            {"catalog_item": "postgres-database", "version": ">=2.0.0"},
        ],
        "optional_items": [
            {"catalog_item": "redis-cache", "version": ">=1.1.0", "default_enabled": False},
            {"catalog_item": "application-monitoring", "version": ">=1.0.0", "default_enabled": True},
        ],
    },
    "presentation": {
        "bundle_fields": [
            {"name": "solution_name", "type": "string", "required": True, "help_text": "Name for this solution deployment"},
            {"name": "enable_ha", "type": "boolean", "default": False, "help_text": "Enable high availability mode"},
        ]
    },
}
EKS = {
    "version": "1.2.0",
    "description": "Managed Kubernetes application deployment",
    "owner": "platform-compute-team",
    "tags": ["containers", "kubernetes", "compute"],
    "presentation": {
        "fields": [
            {
                "name": "app_name",
                "type": "string",
                "required": True,
                "max_length": 50,
                "min_length": 3,
                "regexp": "^[a-z][a-z0-9-]*$",
                "help_text": "Application name (lowercase alphanumeric with hyphens)",
            },
            {
                "name": "environment",
                "type": "selection",
                "oneof": ["dev", "staging", "prod"],
                "required": True,
                "help_text": "Target deployment environment",
            },
            {
                "name": "replicas",
                "type": "integer",
                "min_value": 1,
                "max_value": 10,
                "default": 2,
                "help_text": "Number of replicas to deploy",
            },
        ]
    },
}
POSTGRES = {
    "version": "2.1.0",
    "description": "PostgreSQL database instance",
    "owner": "platform-data-team",
    "tags": ["database", "postgres", "storage"],
    "presentation": {
        "fields": [
            {
                "name": "database_name",
                "type": "string",
                "required": True,
                "max_length": 63,
                "regexp": "^[a-z][a-z0-9_]*$",
                "help_text": "Database name (lowercase, underscores allowed)",
            },
            {
                "name": "instance_class",
                "type": "selection",
                "oneof": ["db.t3.micro", "db.t3.small", "db.t3.medium", "db.t3.large"],
                "default": "db.t3.small",
                "help_text": "Database instance size",
            },
            {
                "name": "allocated_storage",
                "type": "integer",
                "min_value": 20,
                "max_value": 1000,
                "default": 100,
                "help_text": "Storage size in GB",
            },
            {
                "name": "backup_retention",
                "type": "integer",
                "min_value": 1,
                "max_value": 35,
                "default": 7,
                "help_text": "Backup retention period in days",
            },
        ]
    },
}
TITLES = {
    "full-stack-web-app": "Full Stack Web Application",
    "eks-container-app": "EKS Container App",
    "postgres-database": "PostgreSQL Database",
    "redis-cache": "Redis Cache",
    "application-monitoring": "Application Monitoring",
    "team-workspace": "Team Workspace",
}
OUTPUTS = {
    "eks_app": {"service_url", "cluster_endpoint"},
    "postgres": {"connection_string", "admin_secret_arn"},
    "redis": {"endpoint"},
    "monitoring": {"dashboard_url"},
}


def missing(seen, told, path=""):
    """Places where `seen` does not hold what `told` shows."""
    if isinstance(told, dict):
        return [place for key in told for place in missing((seen or {}).get(key), told[key], f"{path}/{key}")]
    if isinstance(told, list):
        if not isinstance(seen, list) or len(seen) != len(told):
            return [path]
        return [place for number, value in enumerate(told) for place in missing(seen[number], value, f"{path}/{number}")]
    return [] if seen == told else [path]


@pytest.fixture
def entries(shipped_catalog):
    return {entry.name: entry for entry in shipped_catalog.entries}


@pytest.fixture
def chosen(entries):
    """All items of the bundle, chosen, with their defaults."""
    bundle = entries["full-stack-web-app"].definition["bundle"]
    items = []
    for one in [*bundle["required_items"], *bundle["optional_items"]]:
        entry = entries[one["catalog_item"]]
        modules = {source: module.sha256 for source, module in entry.modules.items()}
        items.append(
            ChosenItem(one["as"], entry.name, entry.version, entry.title, entry.owner, True, {}, entry.definition, (), modules)
        )
    return items


@pytest.mark.parametrize(
    ("name", "told"), [("full-stack-web-app", BUNDLE), ("eks-container-app", EKS), ("postgres-database", POSTGRES)]
)
def test_every_key_of_the_story_is_there(entries, name, told):
    assert missing(entries[name].document, told) == []


def test_every_entry_has_the_title_that_people_know(entries):
    assert {name: entry.title for name, entry in entries.items()} == TITLES


def test_the_bundle_takes_the_versions_of_the_story(entries):
    assert (entries["redis-cache"].version, entries["application-monitoring"].version) == ("1.1.0", "1.0.0")
    assert entries["redis-cache"].owner == "platform-data-team"
    assert entries["application-monitoring"].owner == "platform-solutions-team"


def test_the_plan_is_the_story(entries, chosen):
    bundle = entries["full-stack-web-app"]
    steps = plan(chosen, bundle.definition, bundle.owner, {"solution_name": "customer-portal", "enable_ha": True})
    assert [(step.step_id, step.name, step.title, step.type, step.depends_on) for step in steps] == [
        ("step-001", "provision_eks_app", "EKS app", "TerraformFile", ()),
        ("step-002", "provision_postgres", "PostgreSQL", "TerraformFile", ()),
        ("step-003", "provision_redis", "Redis", "TerraformFile", ()),
        ("step-004", "setup_monitoring", "Monitoring", "GitHubWorkflow", ()),
        ("step-005", "configure_connections", "Connections", "HttpPost", ("step-001", "step-002", "step-003")),
    ]


def test_every_terraform_step_is_pinned(entries, chosen):
    steps = plan(chosen, entries["full-stack-web-app"].definition, "platform-solutions-team", {})
    assert all((step.module_sha256 is not None) is (step.type == "TerraformFile") for step in steps)


def test_each_item_yields_the_outputs_of_the_story(chosen):
    assert {item.alias: set(item.definition["outputs"]) for item in chosen} == OUTPUTS


def test_the_postgres_step_declares_what_a_person_fills_in(entries):
    (step,) = entries["postgres-database"].definition["fulfillment"]["automation"]["steps"]
    assert {name: one["type"] for name, one in step["outputs"].items()} == {
        "address": "string",
        "port": "integer",
        "admin_secret_arn": "string",
    }


def test_the_subnet_group_error_has_a_code_and_an_advice(entries):
    (step,) = entries["postgres-database"].definition["fulfillment"]["automation"]["steps"]
    (known,) = step["errors"]
    assert re.search(known["match"], "Error creating RDS instance: subnet group conflicts with existing resources")
    assert (known["error_code"], bool(known["advice"])) == ("InvalidDBSubnetGroup", True)


@pytest.mark.parametrize("name", ["eks-container-app", "postgres-database", "redis-cache"])
def test_a_step_gives_its_module_variables_that_it_has_and_promises_outputs_that_it_has(entries, name):
    (step,) = entries[name].definition["fulfillment"]["automation"]["steps"]
    folder = HERE / "catalog" / step["template"]["module_source"]
    text = "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))
    assert set(step["template"]["variables"]) == set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE))
    assert set(step["outputs"]) == set(re.findall(r'^output "(\w+)"', text, re.MULTILINE))
    assert step["verification"]["resource_count"] == len(re.findall(r'^resource "', text, re.MULTILINE))


ORDER = STORY["item_parameters"]
POSTGRES_STEP = {"address": "customer_portal_db.staging.rds.amazonaws.com", "port": 5432, "admin_secret_arn": "arn:aws:x:y:z"}


def resolved(entries, order):
    """What the story's order comes to, with the items it took."""
    bundle = entries["full-stack-web-app"].definition
    items = []
    for kind in ("required_items", "optional_items"):
        for one in bundle["bundle"][kind]:
            entry = entries[one["catalog_item"]]
            enabled = one.get("default_enabled", True)
            required = kind == "required_items"
            items.append(
                OrderItem(one["as"], entry.name, entry.version, required, enabled, one["parameters"], entry.definition)
            )
    return resolve(bundle, items, {"solution_name": "customer-portal", "enable_ha": True}, order)


def scope_of(alias, values):
    return {**values[alias], "parameters": values[alias], "requester": {"team": "customer-experience"}}


def test_the_storys_order_is_accepted(entries):
    assert resolved(entries, ORDER).faults == ()


@pytest.mark.parametrize("alias", ["eks_app", "postgres", "redis", "monitoring"])
def test_every_step_of_the_story_renders_to_parameters_that_fit(entries, chosen, alias):
    values = resolved(entries, ORDER).item_values
    (item,) = [one for one in chosen if one.alias == alias]
    for step in item.definition["fulfillment"]["automation"]["steps"]:
        assert parse(step["type"], render(step["template"], scope_of(alias, values)))


def test_high_availability_reaches_the_database(entries):
    assert resolved(entries, ORDER).item_values["postgres"]["multi_az"] is True


def test_the_connection_string_is_the_storys(entries):
    values = resolved(entries, ORDER).item_values
    scope = {**scope_of("postgres", values), "steps": {"provision_postgres": {"outputs": POSTGRES_STEP}}}
    output = entries["postgres-database"].definition["outputs"]["connection_string"]["value"]
    assert render(output, scope) == "postgresql://customer_portal_db.staging.rds.amazonaws.com:5432/customer_portal_db"


@pytest.mark.parametrize(("selected", "endpoint"), [(True, "cache:6379"), (False, None)])
def test_the_connections_know_the_cache_only_where_there_is_one(entries, selected, endpoint):
    (step,) = entries["full-stack-web-app"].definition["fulfillment"]["automation"]["steps"]
    items = {
        "eks_app": {"selected": True, "outputs": {"service_url": "https://shop.example.com"}},
        "postgres": {"selected": True, "outputs": {"connection_string": "postgresql://x", "admin_secret_arn": "arn"}},
        "redis": {"selected": selected, "outputs": {"endpoint": "cache:6379"} if selected else {}},
    }
    params = parse(step["type"], render(step["template"], {"bundle": {"solution_name": "shop"}, "items": items}))
    assert params.body["redis_endpoint"] == endpoint


@pytest.mark.parametrize("name", ["eks-container-app", "postgres-database", "redis-cache", "application-monitoring"])
def test_every_item_can_be_ordered_alone(entries, name):
    order = {key: value for key, value in ORDER[name].items() if key not in ("enabled", "app_type")}
    assert resolve_item(entries[name].definition, order).faults == ()


def test_prices_are_those_that_people_were_told(entries):
    """Two zones double the database; the story's order costs 256.03 a month."""
    values = resolved(entries, ORDER).item_values
    total = 0.0
    for alias, name in (("eks_app", "eks-container-app"), ("postgres", "postgres-database"), ("redis", "redis-cache")):
        for line in entries[name].definition["cost"]["lines"]:
            price = line["prices"][values[alias][line["by"]]] if "by" in line else line["price"]
            each = values[alias][line["each"]] if "each" in line else 1
            total += price * each * (evaluate(line["times"], values[alias]) if "times" in line else 1)
    (monitoring,) = entries["application-monitoring"].definition["cost"]["lines"]
    assert round(total + monitoring["price"], 2) == 256.03
