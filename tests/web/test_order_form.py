"""The form made from an offer: names, the order that it posts, what was typed, and where faults stand."""

import uuid

import pytest
from werkzeug.datastructures import MultiDict

from app.catalog.offers import Offer, OfferItem
from app.core.fields import Field
from app.core.order import resolve, resolve_item
from app.errors import Fault
from app.web.forms.drawing import drawn
from app.web.forms.order import order_form
from app.web.forms.views import answer, id_of, rule, view

NAME = {"name": "name", "type": "string", "required": True}
NUMBER = {"name": "size", "type": "integer", "min_value": 1, "max_value": 10, "default": 2, "title": "Size for"}
ALERTS = {"name": "alerts", "type": "boolean", "default": True}
NOTHING = "\N{EN DASH}"
TEXT = {"name": "note", "type": "string"}


def item(alias, *fields, catalog_item="", required=True, on=True, fixed=None, **definition):
    definition = {"presentation": {"fields": list(fields), **definition.pop("presentation", {})}, **definition}
    return OfferItem(
        alias=alias,
        catalog_item=catalog_item or alias.replace("_", "-"),
        version="1.0.0",
        version_id=uuid.uuid4(),
        title=alias.title(),
        owner="platform-data-team",
        description="For tests",
        required=required,
        default_enabled=required or on,
        fixed=fixed or {},
        depends_on=(),
        definition=definition,
        modules={},
    )


def bundle(*items, fields=()):
    definition = {"presentation": {"bundle_fields": list(fields)}}
    return Offer("bundle", "stack", "Stack", "1.0.0", uuid.uuid4(), "platform-solutions-team", definition, {}, items)


def alone(*fields, **definition):
    one = item("cache", *fields, **definition)
    return Offer("item", "cache", "Cache", "1.0.0", uuid.uuid4(), one.owner, one.definition, {}, [one])


@pytest.fixture
def made(app):
    """Makes the form of an offer: `made(offer, [(name, text), …])`; without answers it is untouched."""
    with app.test_request_context():

        def make(offer, posted=None, teams=("customer-experience",)):
            data = None if posted is None else MultiDict(posted)
            return order_form(offer, teams)(formdata=data, meta={"csrf": False})

        yield make


def names(form):
    return list(form._fields)


# Names


def test_fields_of_the_same_name_in_bundle_and_items_have_names_of_their_own(made):
    offer = bundle(item("a", NAME), item("b", NAME), item("bundle", NAME), fields=[NAME])
    assert names(made(offer)) == ["bundle.name", "items.a.name", "items.b.name", "items.bundle.name"]


def test_a_field_called_like_a_part_of_the_form_collides_with_nothing(made):
    fields = [{"name": name, "type": "string"} for name in ("team", "enabled", "data", "errors", "validate", "csrf_token")]
    form = made(bundle(item("a", *fields, required=False)), teams=("growth", "customer-experience"))
    assert len(names(form)) == 1 + 1 + len(fields)
    assert form.validate()


def test_ids_that_pages_link_to_are_as_different_as_the_names(made):
    offer = bundle(item("a_b", NAME), item("a", {**NAME, "name": "b_name"}), fields=[NAME])
    form = made(offer)
    assert len({id_of(name) for name in names(form)}) == len(names(form))


def test_an_item_alone_has_its_fields_and_no_switch(made):
    assert names(made(alone(NAME, NUMBER))) == ["item.name", "item.size"]


def test_the_team_is_asked_only_where_there_is_a_choice(made):
    assert "team" not in names(made(alone(NAME)))
    assert "team" in names(made(alone(NAME), teams=("growth", "customer-experience")))


# The order that is posted


def test_an_item_is_addressed_by_its_name(made):
    form = made(bundle(item("redis", NAME, catalog_item="redis-cache")), [("items.redis.name", "portal")])
    assert form.order() == {
        "catalog_bundle": "stack",
        "version": "1.0.0",
        "bundle_parameters": {},
        "item_parameters": {"redis-cache": {"name": "portal"}},
        "requester": {"team": "customer-experience"},
    }


def test_an_item_that_is_in_the_bundle_twice_is_addressed_by_its_alias(made):
    offer = bundle(item("first", NAME, catalog_item="cache"), item("second", NAME, catalog_item="cache"))
    assert set(made(offer, []).order()["item_parameters"]) == {"first", "second"}


def test_texts_become_the_json_values_that_the_rules_judge(made):
    form = made(alone(NAME, NUMBER, ALERTS), [("item.name", "portal"), ("item.size", "3"), ("item.alerts", "on")])
    assert form.order()["parameters"] == {"name": "portal", "size": 3, "alerts": True}


def test_what_cannot_be_read_stays_text(made):
    assert made(alone(NUMBER), [("item.size", "three")]).order()["parameters"] == {"size": "three"}


def test_an_unticked_box_is_no_and_an_empty_optional_text_is_no_answer(made):
    assert made(alone(TEXT, ALERTS), [("item.note", "")]).order()["parameters"] == {"alerts": False}


def test_an_untouched_form_holds_the_defaults(made):
    assert made(alone(NUMBER, ALERTS)).order()["parameters"] == {"size": 2, "alerts": True}


def test_nothing_is_sent_for_an_item_that_is_switched_off(made):
    offer = bundle(item("redis", NAME, required=False, on=False))
    form = made(offer, [("items.redis.name", "typed before it was switched off")])
    assert form.order()["item_parameters"] == {"redis": {"enabled": False}}


@pytest.mark.parametrize("on", [True, False])
def test_a_switch_begins_as_the_bundle_says(made, on):
    form = made(bundle(item("redis", required=False, on=on)))
    assert form.order()["item_parameters"] == {"redis": {"enabled": on}}


def test_fixed_hidden_and_readonly_fields_are_not_sent(made):
    fields = [NAME, {**TEXT, "hidden": True, "default": "a"}, {**NUMBER, "readonly": True}]
    form = made(bundle(item("redis", *fields, fixed={"name": "portal"})), [("items.redis.name", "another")])
    assert form.order()["item_parameters"] == {"redis": {}}


def test_a_team_that_was_not_chosen_is_left_to_the_rules(made):
    teams = ("growth", "customer-experience")
    assert "requester" not in made(alone(NAME), [("team", "")], teams).order()
    assert made(alone(NAME), [("team", "growth")], teams).order()["requester"] == {"team": "growth"}


# What was typed


def test_every_text_comes_back_as_it_was_typed(made):
    typed = [("item.name", "  Portal\t"), ("item.size", "2,5 GB")]
    views = {name: made(alone(NAME, NUMBER), typed)[name].view.value for name, _ in typed}
    assert views == dict(typed)


def test_hidden_inputs_carry_everything_also_of_items_that_are_off(made):
    offer = bundle(item("redis", NAME, required=False), item("app", ALERTS, required=False), fields=[NAME])
    posted = [("include.app", "on"), ("bundle.name", "portal"), ("items.redis.name", "cache"), ("items.app.alerts", "on")]
    assert sorted(made(offer, posted).posted()) == sorted(posted)


def test_carried_answers_make_the_same_order_again(made):
    offer = bundle(item("redis", NAME, NUMBER, ALERTS, required=False), fields=[NAME, ALERTS])
    form = made(offer, [("include.redis", "on"), ("bundle.name", " x "), ("items.redis.size", "007")])
    assert made(offer, form.posted()).order() == form.order()


# Faults


def test_a_fault_stands_beside_its_field_and_in_the_summary(made):
    form = made(bundle(item("redis", NAME)), [("items.redis.name", "")])
    assert not form.judge([Fault(("item_parameters", "redis", "name"), "required", "must be filled in")])
    assert form["items.redis.name"].view.errors == ("Name must be filled in.",)
    assert [said.summary for said in form.said] == [{"id": "items-redis-name", "words": "Redis: Name must be filled in."}]


def test_the_form_has_no_rule_of_its_own(made):
    form = made(alone(NAME, NUMBER), [("item.name", ""), ("item.size", "eleven")])
    assert form.judge([])


def test_faults_follow_the_order_of_the_form_and_those_without_a_field_come_first(made):
    form = made(bundle(item("redis", NAME), fields=[NAME]), [])
    paths = [("item_parameters", "redis", "name"), ("version",), ("bundle_parameters", "name")]
    form.judge([Fault(path, "odd", "is odd") for path in paths])
    assert [said.id for said in form.said] == ["", "bundle-name", "items-redis-name"]
    assert form.said[0].words == "Version is odd."


def test_a_label_that_cannot_begin_a_sentence_is_quoted(made):
    form = made(alone(NUMBER), [])
    form.judge([Fault(("parameters", "size"), "max_value", "must be at most 10")])
    assert form.said[0].words == "“Size for” must be at most 10."


def test_a_fault_of_a_fixed_value_leads_to_where_it_is_shown(made):
    form = made(bundle(item("redis", NAME, fixed={"name": "{{ bundle.x }}"})), [])
    form.judge([Fault(("item_parameters", "redis", "name"), "template", "cannot be worked out")])
    assert form.said[0].id == "items-redis-name"


def test_who_is_in_no_team_is_told_so(made):
    form = made(alone(NAME), [], teams=())
    form.judge([Fault(("requester", "team"), "team_required", "you are in no team; somebody must add you to one first")])
    assert form.said[0].words == "You are in no team; somebody must add you to one first."


# What is asked


def conditional():
    return alone({**ALERTS, "default": False}, {**TEXT, "visible_when": "alerts"}, {**NAME, "visible_when": "not alerts"})


def not_asked(form):
    return form.not_asked(resolve_item(form.offer.definition, form.order()["parameters"]))


def test_fields_that_the_answers_do_not_raise_are_named(made):
    assert not_asked(made(conditional(), [])) == ["item-note"]
    assert not_asked(made(conditional(), [("item.alerts", "on")])) == ["item-name"]


def test_a_condition_over_a_fixed_value_counts_it(made):
    offer = bundle(item("app", ALERTS, {**TEXT, "visible_when": "alerts"}, fixed={"alerts": False}))
    form = made(offer, [])
    resolved = resolve(offer.definition, [one.order_item() for one in offer.items], {}, form.order()["item_parameters"])
    assert form.not_asked(resolved) == ["items-app-note"]


# How it is drawn


def rows(form):
    return [[one.label for one in row] for section in drawn(form) for part in section.parts for row in part.rows]


def test_two_short_fields_share_a_row_and_long_ones_do_not(made):
    numbers = [{**NUMBER, "name": f"n{number}", "title": f"N{number}"} for number in range(3)]
    form = made(bundle(item("app", NAME, *numbers, TEXT)))
    assert rows(form)[1:] == [["Name"], ["N0", "N1"], ["N2"], ["Note"]]


def test_a_field_that_comes_and_goes_has_a_row_of_its_own(made):
    fields = [NUMBER, {**NUMBER, "name": "more", "title": "More", "visible_when": "size > 1"}]
    assert rows(made(bundle(item("app", *fields))))[1:] == [["Size for"], ["More"]]


def test_the_team_stands_in_the_first_section_after_its_first_field(made):
    assert rows(made(alone(NAME, TEXT))) == [["Name"], ["Team"], ["Note"]]
    assert rows(made(bundle(item("app", NAME)))) == [["Team"], ["Name"]]


def test_fixed_values_say_why_and_from_which_answers(made):
    fixed = {"name": "{{ bundle.title }}-cache", "app_type": "web"}
    own = {"name": "title", "title": "Solution name", "type": "string"}
    form = made(bundle(item("app", NAME, fixed=fixed, inputs={"app_type": {"type": "string"}}), fields=[own]))
    views = [one for row in drawn(form)[1].parts[0].rows for one in row]
    shown = [(view.kind, view.label, view.value, view.note) for view in views]
    note = "set by this bundle"
    assert shown == [("fixed", "Name", "From Solution name", note), ("fixed", "App type", "web", note)]


def test_a_fixed_value_that_is_sensitive_is_masked(made):
    form = made(bundle(item("app", {**NAME, "sensitive": True}, fixed={"name": "hunter2"})))
    assert "hunter2" not in str(drawn(form))


def test_groups_have_their_title_and_open_for_a_fault(made):
    groups = [{"name": "more", "title": "More", "description": "For experts", "collapsed": True}]
    offer = alone(NAME, {**NUMBER, "group": "more"}, presentation={"groups": groups})
    part = drawn(made(offer))[0].parts[1]
    assert (part.title, part.description, part.open) == ("More", "For experts", False)
    form = made(offer, [])
    form.judge([Fault(("parameters", "size"), "max_value", "must be at most 10")])
    assert drawn(form)[0].parts[1].open


# One field


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ({"type": "string"}, "text"),
        ({"type": "textarea"}, "textarea"),
        ({"type": "integer"}, "number"),
        ({"type": "int"}, "number"),
        ({"type": "number"}, "number"),
        ({"type": "percentage"}, "number"),
        ({"type": "boolean"}, "check"),
        ({"type": "date"}, "date"),
        ({"type": "datetime"}, "datetime"),
        ({"type": "time"}, "time"),
        ({"type": "selection", "oneof": ["a", "b"]}, "select"),
        ({"type": "selection", "oneof": ["a", "b"], "required": True}, "segments"),
        ({"type": "selection", "oneof": [{"value": "a", "help": "first"}, "b"], "required": True}, "radio"),
        ({"type": "selection", "oneof": ["a", "b"], "allow_custom": True}, "text"),
        ({"type": "multiselect", "options": ["a", "b"]}, "checks"),
    ],
)
def test_each_type_has_its_control(field, kind):
    assert view(Field(name="x", **field), "x", []).kind == kind


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"type": "string"}, ""),
        ({"type": "string", "help_text": "Its name.", "max_length": 63}, "Its name, at most 63 characters"),
        ({"type": "string", "min_length": 1, "max_length": 1}, "1 character"),
        ({"type": "textarea", "min_length": 1000}, "At least 1,000 characters"),
        ({"type": "integer", "min_value": 20, "max_value": 1000, "help_text": "In GB"}, "In GB, 20 to 1,000"),
        ({"type": "percentage"}, "0 to 100"),
        ({"type": "number", "step": 0.25, "min_value": 0}, "In steps of 0.25, at least 0"),
        ({"type": "date", "min_date": "2025-08-17"}, "Not before 2025-08-17"),
        ({"type": "time", "max_time": "18:00"}, "Not after 18:00"),
        ({"type": "datetime", "timezone": "Europe/Berlin"}, "By the clock of Europe/Berlin"),
        ({"type": "multiselect", "options": ["a", "b"], "max_selections": 1}, "At most 1 choice"),
    ],
)
def test_the_help_says_what_the_rules_ask(field, words):
    assert view(Field(name="x", **field), "x", []).hint == words


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"type": "string", "min_length": 3, "max_length": 50}, "Text, 3 to 50 characters"),
        ({"type": "string", "format": "email"}, "E-mail address"),
        ({"type": "integer", "min_value": 20, "max_value": 1000, "unit": "GB"}, "Whole number, 20 to 1,000 GB"),
        ({"type": "percentage"}, "Percentage, 0 to 100 %"),
        ({"type": "boolean"}, "Yes or no"),
        ({"type": "selection", "oneof": ["dev", "prod"]}, "One of dev, prod"),
        ({"type": "selection", "oneof": list("abcdefghij")}, "One of a, b, c, d, e, f, g, h, 2 more"),
        ({"type": "selection", "oneof": ["a"], "allow_custom": True}, "Text, such as a"),
        ({"type": "multiselect", "options": ["a", "b"], "min_selections": 1}, "Any of a, b, at least 1 choice"),
    ],
)
def test_a_rule_reads_as_words(field, words):
    assert rule(Field(name="x", **field)) == words


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ({"type": "boolean"}, True, "yes"),
        ({"type": "integer", "unit": "GB"}, 250, "250 GB"),
        ({"type": "integer", "unit": "GB"}, None, NOTHING),
        ({"type": "selection", "oneof": [{"value": 1, "label": "One zone"}]}, 1, "One zone"),
        ({"type": "multiselect", "options": [{"value": "a", "label": "First"}, "b"]}, ["a", "b"], "First, b"),
        ({"type": "multiselect", "options": ["a"]}, None, NOTHING),
        ({"type": "string", "sensitive": True}, "hunter2", "••••••••"),
    ],
)
def test_an_answer_reads_as_words(field, value, words):
    assert answer(Field(name="x", **field), value) == words


def test_when_a_field_is_asked_stands_in_its_help(made):
    other = {"name": "environment", "type": "selection", "oneof": [{"value": "prod", "label": "Production"}, "dev"]}
    asked = {**TEXT, "conditional": {"field": "environment", "value": ["prod", "dev"]}}
    assert made(alone(other, asked))["item.note"].view.help == "Only when Environment is Production or dev"


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("alerts", "Only when Alerts is yes"),
        ("not alerts", "Only when Alerts is no"),
        ("zone == 'a'", "Only when Zone is First"),
        ('zone == "b"', "Only when Zone is b"),
        ("size > 3 and alerts", "Only when size > 3 and alerts"),
    ],
)
def test_a_simple_condition_reads_as_words(made, condition, words):
    zone = {"name": "zone", "type": "selection", "oneof": [{"value": "a", "label": "First"}, "b"]}
    form = made(alone(ALERTS, zone, NUMBER, {**TEXT, "visible_when": condition}))
    assert form["item.note"].view.help == words
