"""The modules that the example catalog ships: what they build, which values they refuse."""

import pytest

from tests.steps.terraform_runs import example, site

PORTAL = {"app_name": "customer-portal-api", "environment": "staging", "replicas": 3, "app_type": "web-frontend"}
DATABASE = {"database_name": "customer_portal_db", "environment": "staging"}
CACHE = {"name": "customer-portal", "cache_size": "cache.t3.micro", "environment": "staging"}


@pytest.fixture
def place(tmp_path):
    with site(tmp_path) as made:
        yield made


def test_an_application_has_its_address_its_cluster_and_its_namespace(place):
    assert place.run(example("eks-app"), PORTAL).outputs == {
        "service_url": "https://customer-portal-api.staging.example.com",
        "cluster_endpoint": "https://eks-staging.example.com",
        "namespace": "customer-portal-api",
    }


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("customer-portal", "customer-portal"),
        ("  Größe & More: Portal!  ", "gr-e-more-portal"),
        ("a" * 33 + "--b", "a" * 33),
    ],
)
def test_a_cache_may_be_named_in_any_words(place, name, host):
    outputs = place.run(example("redis"), CACHE | {"name": name}).outputs
    assert outputs == {"endpoint": f"{host}-redis.staging.cache.amazonaws.com:6379"}


@pytest.mark.parametrize("name", ["legacy_portal_db", "shared", "sharedthings"])
def test_a_database_named_after_an_existing_subnet_group_fails(place, name):
    outcome = place.run(example("postgres"), DATABASE | {"database_name": name})
    assert outcome.message == "Error creating RDS instance: subnet group conflicts with existing resources"


def test_a_changed_size_changes_the_database_in_place(place):
    place.run(example("postgres"), DATABASE)
    place.run(example("postgres"), DATABASE | {"allocated_storage": 250})
    assert place.lines[-1] == "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."


@pytest.mark.parametrize(("module", "resources"), [("eks-app", 4), ("postgres", 3), ("redis", 3)])
def test_a_module_builds_a_chain_of_resources(place, module, resources):
    values = {"eks-app": PORTAL, "postgres": DATABASE, "redis": CACHE}[module]
    assert place.run(example(module), values).evidence["resource_count"] == resources


@pytest.mark.parametrize(
    ("module", "values", "told"),
    [
        ("eks-app", PORTAL | {"app_name": "9lives"}, "app_name must be"),
        ("eks-app", PORTAL | {"environment": "moon"}, "environment must be"),
        ("eks-app", PORTAL | {"replicas": 1.5}, "replicas must be a whole number"),
        ("eks-app", PORTAL | {"app_type": "${x}"}, "app_type must be"),
        ("postgres", DATABASE | {"database_name": 'x"; drop'}, "database_name must be"),
        ("postgres", DATABASE | {"instance_class": "huge"}, "instance_class must look like"),
        ("postgres", DATABASE | {"allocated_storage": 19}, "allocated_storage must be"),
        ("postgres", DATABASE | {"backup_retention": 36}, "backup_retention must be"),
        ("redis", CACHE | {"name": "東京"}, "name must hold"),
        ("redis", CACHE | {"cache_size": "t3"}, "cache_size must look like"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_the_rule(place, module, values, told):
    assert place.run(example(module), values).message.startswith(told)
