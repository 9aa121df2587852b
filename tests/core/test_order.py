"""The order of the story, and what can be wrong with one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.order import OrderItem, resolve, resolve_item

BUNDLE = {
    "presentation": {
        "bundle_fields": [
            {"name": "solution_name", "type": "string", "required": True},
            {"name": "enable_ha", "type": "boolean", "default": False},
            {"name": "zones", "type": "integer", "visible_when": "bundle.enable_ha"},
        ]
    }
}
EKS = {
    "inputs": {"app_type": {"type": "string", "default": "api"}},
    "presentation": {
        "fields": [
            {"name": "app_name", "type": "string", "required": True, "regexp": "^[a-z][a-z0-9-]*$"},
            {"name": "replicas", "type": "integer", "min_value": 1, "max_value": 10, "default": 2},
        ]
    },
}
POSTGRES = {
    "inputs": {"multi_az": {"type": "boolean", "default": False}, "engine": {"type": "string", "default": "16"}},
    "presentation": {
        "fields": [{"name": "database_name", "type": "string", "required": True}, {"name": "note", "type": "string"}]
    },
}
REDIS = {"presentation": {"fields": [{"name": "cache_size", "type": "string", "required": True}]}}


def item(alias, catalog_item, definition, *, required=True, enabled=False, fixed=None):
    return OrderItem(alias, catalog_item, "1.0.0", required, enabled, fixed or {}, definition)


ITEMS = [
    item("eks_app", "eks-container-app", EKS, fixed={"app_type": "web-frontend"}),
    item("postgres", "postgres-database", POSTGRES, fixed={"multi_az": "{{ bundle.enable_ha }}"}),
    item("redis", "redis-cache", REDIS, required=False),
    item("monitoring", "application-monitoring", {}, required=False, enabled=True),
]
BUNDLE_PARAMETERS = {"solution_name": "customer-portal", "enable_ha": True}
SENT = {
    "eks-container-app": {"app_name": "customer-portal-api", "replicas": 3, "app_type": "web-frontend"},
    "postgres-database": {"database_name": "customer_portal_db"},
    "redis-cache": {"enabled": True, "cache_size": "cache.t3.micro"},
    "application-monitoring": {"enabled": True},
}


def ordered(bundle=BUNDLE_PARAMETERS, items=ITEMS, **sent):
    return resolve(BUNDLE, items, bundle, {**SENT, **{key.replace("_", "-"): value for key, value in sent.items()}})


def faults(resolved):
    return [(one.pointer, one.code) for one in resolved.faults]


def test_the_order_of_the_story_resolves():
    resolved = ordered()
    assert resolved.faults == ()
    assert resolved.bundle_values == {"solution_name": "customer-portal", "enable_ha": True, "zones": None}
    assert resolved.item_values == {
        "eks_app": {"app_name": "customer-portal-api", "replicas": 3, "app_type": "web-frontend"},
        "postgres": {"database_name": "customer_portal_db", "note": None, "multi_az": True, "engine": "16"},
        "redis": {"cache_size": "cache.t3.micro"},
        "monitoring": {},
    }
    assert resolved.selected == {"eks_app": True, "postgres": True, "redis": True, "monitoring": True}
    assert resolved.fixed["postgres"] == {"multi_az": True}


def test_what_is_not_sent_takes_its_default():
    resolved = resolve(
        BUNDLE, ITEMS, {"solution_name": "x"}, {"eks_app": {"app_name": "a"}, "postgres": {"database_name": "d"}}
    )
    assert (resolved.faults, resolved.selected["redis"], resolved.selected["monitoring"]) == ((), False, True)
    assert resolved.item_values["postgres"]["multi_az"] is False


def test_all_faults_of_all_items_are_told_at_once_where_they_are():
    resolved = ordered(
        {"enable_ha": "yes"},
        eks_container_app={"replicas": 11},
        redis_cache={"enabled": True, "cache_size": 1},
        kafka={},
    )
    assert faults(resolved) == [
        ("/bundle_parameters/solution_name", "required"),
        ("/bundle_parameters/enable_ha", "type"),
        ("/item_parameters/kafka", "unknown_item"),
        ("/item_parameters/eks-container-app/app_name", "required"),
        ("/item_parameters/eks-container-app/replicas", "max_value"),
        ("/item_parameters/redis-cache/cache_size", "type"),
    ]


def test_items_go_by_their_alias_too():
    resolved = resolve(BUNDLE, ITEMS[:1], BUNDLE_PARAMETERS, {"eks_app": {"app_name": "A"}})
    assert faults(resolved) == [("/item_parameters/eks_app/app_name", "regexp")]


def test_an_item_cannot_be_given_by_both_names():
    resolved = resolve(BUNDLE, ITEMS, BUNDLE_PARAMETERS, {**SENT, "eks_app": {"app_name": "b"}})
    assert faults(resolved) == [("/item_parameters/eks_app", "duplicate_item")]


class TestTwoOfOneItem:
    ITEMS = [replace(ITEMS[2], alias="cache", required=True), replace(ITEMS[2], alias="sessions", required=True)]

    def test_each_goes_by_its_alias(self):
        sent = {"cache": {"cache_size": "s"}, "sessions": {"cache_size": "m"}}
        resolved = resolve(BUNDLE, self.ITEMS, BUNDLE_PARAMETERS, sent)
        assert resolved.faults == ()
        assert resolved.item_values == sent

    def test_the_common_name_says_which_to_write(self):
        resolved = resolve(BUNDLE, self.ITEMS, BUNDLE_PARAMETERS, {"redis-cache": {"cache_size": "s"}})
        assert resolved.faults[0].message == "is in this bundle more than once; write one of cache, sessions"

    def test_faults_of_what_was_not_sent_stand_under_the_alias(self):
        resolved = resolve(BUNDLE, self.ITEMS, BUNDLE_PARAMETERS, {})
        assert faults(resolved) == [
            ("/item_parameters/cache/cache_size", "required"),
            ("/item_parameters/sessions/cache_size", "required"),
        ]


class TestChoosing:
    def test_an_item_left_out_has_no_values(self):
        resolved = ordered(redis_cache={"enabled": False, "cache_size": "x"})
        assert (resolved.faults, resolved.item_values["redis"], resolved.selected["redis"]) == ((), {}, False)

    def test_what_an_item_left_out_was_sent_is_not_judged_but_for_its_names(self):
        resolved = ordered(redis_cache={"cache_size": 7, "cach_size": 1})
        assert faults(resolved) == [("/item_parameters/redis-cache/cach_size", "unknown_field")]
        assert "did you mean cache_size" in resolved.faults[0].message

    @pytest.mark.parametrize("enabled", ["yes", 1, []])
    def test_enabled_is_true_or_false(self, enabled):
        assert faults(ordered(redis_cache={"enabled": enabled})) == [("/item_parameters/redis-cache/enabled", "type")]

    @pytest.mark.parametrize("enabled", [True, None])
    def test_a_required_item_may_be_said_to_be_there(self, enabled):
        assert ordered(postgres_database={"database_name": "d", "enabled": enabled}).faults == ()

    @pytest.mark.parametrize("enabled", [False, "x"])
    def test_a_required_item_cannot_be_left_out(self, enabled):
        resolved = ordered(postgres_database={"database_name": "d", "enabled": enabled})
        assert faults(resolved) == [("/item_parameters/postgres-database/enabled", "unknown_field")]
        assert "always part of the bundle" in resolved.faults[0].message


class TestFixed:
    def test_another_value_is_refused(self):
        resolved = ordered(eks_container_app={"app_name": "a", "app_type": "api"})
        assert faults(resolved) == [("/item_parameters/eks-container-app/app_type", "fixed")]

    def test_a_value_from_the_bundle_is_compared_once_it_is_worked_out(self):
        assert ordered(postgres_database={"database_name": "d", "multi_az": True}).faults == ()
        assert faults(ordered(postgres_database={"database_name": "d", "multi_az": False})) == [
            ("/item_parameters/postgres-database/multi_az", "fixed")
        ]

    def test_while_the_bundle_is_wrong_nothing_is_said_about_what_hangs_on_it(self):
        resolved = ordered({"solution_name": "x", "enable_ha": "yes"}, postgres_database={"database_name": "d", "multi_az": 7})
        assert faults(resolved) == [("/bundle_parameters/enable_ha", "type")]

    def test_a_template_that_cannot_be_worked_out_is_told(self):
        broken = [replace(ITEMS[1], fixed={"multi_az": "{{ bundle.nothing }}"})]
        resolved = resolve(BUNDLE, broken, BUNDLE_PARAMETERS, {"postgres": {"database_name": "d"}})
        assert faults(resolved) == [("/item_parameters/postgres/multi_az", "template")]

    def test_an_answer_of_the_bundle_is_never_a_template(self):
        items = [replace(ITEMS[0], fixed={"app_type": "{{ bundle.solution_name }}"})]
        resolved = resolve(BUNDLE, items, {"solution_name": "{{ 7 * 7 }}"}, {"eks_app": {"app_name": "a"}})
        assert resolved.item_values["eks_app"]["app_type"] == "{{ 7 * 7 }}"

    def test_an_input_that_the_bundle_does_not_fix_cannot_be_sent(self):
        resolved = ordered(postgres_database={"database_name": "d", "engine": "17"})
        assert faults(resolved) == [("/item_parameters/postgres-database/engine", "unknown_field")]


class TestOneItem:
    def test_its_values_have_defaults_and_blanks(self):
        resolved = resolve_item(POSTGRES, {"database_name": "d"}, alias="postgres")
        assert resolved.faults == ()
        assert resolved.item_values == {"postgres": {"database_name": "d", "note": None, "multi_az": False, "engine": "16"}}
        assert resolved.selected == {"postgres": True}

    def test_its_faults_stand_under_parameters(self):
        assert faults(resolve_item(EKS, {"replicas": 0})) == [
            ("/parameters/app_name", "required"),
            ("/parameters/replicas", "min_value"),
        ]

    def test_its_inputs_cannot_be_sent(self):
        resolved = resolve_item(EKS, {"app_name": "a", "app_type": "api"})
        assert faults(resolved) == [("/parameters/app_type", "unknown_field")]

    def test_an_item_whose_input_only_a_bundle_gives_says_so(self):
        definition = {"inputs": {"vpc": {"type": "string", "required": True}}}
        (fault,) = resolve_item(definition, {}).faults
        assert (fault.pointer, fault.message) == (
            "/parameters/vpc",
            "is set by bundles only, so this item cannot be ordered by itself",
        )

    def test_enabled_is_no_parameter_of_an_item(self):
        assert faults(resolve_item(REDIS, {"cache_size": "s", "enabled": True})) == [("/parameters/enabled", "unknown_field")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["enabled", "app_name", "multi_az", "cache_size", "x"]) | st.text(max_size=3), inner)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from([*SENT, "eks_app", "redis", "kafka", ""])


@given(JSON, JSON | st.dictionaries(KEYS, JSON))
def test_no_order_whatsoever_makes_it_raise(bundle, sent):
    resolved = resolve(BUNDLE, ITEMS, bundle, sent)
    assert set(resolved.item_values) == {one.alias for one in ITEMS}
    assert all(one.code and one.message for one in resolved.faults)


@given(JSON)
def test_no_parameters_of_one_item_make_it_raise(parameters):
    assert resolve_item(EKS, parameters).selected == {"item": True}


@given(st.booleans(), st.booleans(), st.sampled_from([None, 3]))
def test_what_was_resolved_resolves_to_itself(enable_ha, redis, zones):
    bundle = {"solution_name": "x", "enable_ha": enable_ha, "zones": zones}
    once = ordered(bundle, redis_cache={"enabled": redis, "cache_size": "s"})
    sent = {alias: {**values, "enabled": once.selected[alias]} for alias, values in once.item_values.items()}
    del sent["postgres"]["engine"]
    assert resolve(BUNDLE, ITEMS, once.bundle_values, sent) == once


def test_an_item_that_is_there_twice_may_keep_its_own_name_once():
    twice = [item("cache", "cache", REDIS), item("second", "cache", REDIS)]
    resolved = resolve(None, twice, {}, {"cache": {"cache_size": "small"}, "second": {"cache_size": "large"}})
    assert resolved.faults == ()
    assert resolved.item_values == {"cache": {"cache_size": "small"}, "second": {"cache_size": "large"}}


def test_a_fixed_value_that_reads_a_sound_answer_is_worked_out_beside_a_wrong_one():
    bundle = {
        "presentation": {
            "bundle_fields": [
                {"name": "title", "type": "string", "required": True},
                {"name": "ha", "type": "boolean", "default": False},
            ]
        }
    }
    database = OrderItem(
        "db",
        "postgres",
        "1.0.0",
        True,
        True,
        {"zones": "{{ 2 if bundle.ha else 1 }}"},
        {"inputs": {"zones": {"type": "integer"}}},
    )
    found = resolve(bundle, [database], {}, {})
    assert [fault.path for fault in found.faults] == [("bundle_parameters", "title")]
    assert found.item_values["db"] == {"zones": 1}


# Conditions over the whole order


ONE = {
    "presentation": {
        "groups": [{"name": "late", "title": "Late", "visible_when": "bundle.enable_ha"}],
        "fields": [
            {"name": "grouped", "type": "string", "group": "late"},
            {"name": "beside", "type": "string", "visible_when": "items.other.parameters.size == 'l'"},
            {"name": "chosen", "type": "string", "visible_when": "items.other.selected"},
        ],
    }
}
OTHER = {"presentation": {"fields": [{"name": "size", "type": "string", "default": "s"}]}}
ASKS = {
    "presentation": {
        "bundle_fields": [
            {"name": "enable_ha", "type": "boolean", "default": False},
            {"name": "why", "type": "string", "visible_when": "items.other.parameters.size == 'l'"},
        ]
    }
}
ANSWERS = {"grouped": "g", "beside": "b", "chosen": "c"}


def whole(other, **bundle):
    items = [item("one", "one", ONE), item("other", "other", OTHER, required=False)]
    return resolve(ASKS, items, {"why": "w", **bundle}, {"one": ANSWERS, "other": other})


@pytest.mark.parametrize(
    ("bundle", "other", "shown"),
    [
        ({"enable_ha": True}, {"enabled": True, "size": "l"}, {"grouped", "beside", "chosen", "why"}),
        ({"enable_ha": True}, {"enabled": True}, {"grouped", "chosen"}),
        ({}, {"enabled": True, "size": "l"}, {"beside", "chosen", "why"}),
        ({}, {"enabled": False, "size": "l"}, set()),
    ],
)
def test_what_is_asked_hangs_on_groups_on_the_bundle_and_on_other_items(bundle, other, shown):
    found = whole(other, **bundle)
    values = {**found.item_values["one"], "why": found.bundle_values["why"]}
    assert found.faults == ()
    assert {name for name, value in values.items() if value is not None} == shown
    assert {name for form in found.forms.values() for name in form.hidden} == {*ANSWERS, "why"} - shown


def test_an_item_alone_asks_what_it_cannot_know():
    assert resolve_item(ONE, ANSWERS).item_values == {"item": ANSWERS}


def test_fields_of_items_that_ask_each_other_in_a_circle_are_asked():
    def asks(other):
        field = {"name": "size", "type": "string", "visible_when": f"items.{other}.parameters.size == 'x'"}
        return {"presentation": {"fields": [field]}}

    items = [item("a", "a", asks("b")), item("b", "b", asks("a"))]
    found = resolve({}, items, {}, {"a": {"size": "x"}, "b": {"size": "x"}})
    assert found.item_values == {"a": {"size": "x"}, "b": {"size": "x"}}
