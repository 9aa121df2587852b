"""A client that was written for v1 keeps working."""

from copy import deepcopy

import pytest

from tests.contracts.baseline import ACCEPT, present, published
from tests.contracts.compatibility import bones, breaks

REQUEST = "/api/v1/requests/{request_id}"


@pytest.fixture(scope="module")
def now():
    return present()


def test_no_change_breaks_a_client(now):
    broken = breaks(published(), now)
    assert not broken, (
        "these changes break clients of v1; keep the old shape beside the new one, or accept them deliberately with "
        f"`{ACCEPT} --breaking`:\n" + "\n".join(broken)
    )


def test_what_was_added_is_promised(now):
    assert bones(published()) == bones(now), f"the API says more than its baseline: accept the addition with `{ACCEPT}`"


# The rules themselves


def schema(document, name):
    return document["components"]["schemas"][name]


def remove_path(document):
    del document["paths"][REQUEST]


def remove_method(document):
    del document["paths"]["/api/v1/tokens"]["post"]


def remove_answer(document):
    answers = document["paths"]["/api/v1/requests"]["post"]["responses"]
    answers["200"] = answers.pop("201")


def remove_property(document):
    del schema(document, "RequestDetail")["properties"]["outputs"]


def loosen_property(document):
    schema(document, "RequestDetail")["required"].remove("status")


def change_type(document):
    schema(document, "StepSummary")["properties"]["position"]["type"] = "string"


def allow_null(document):
    schema(document, "Me")["properties"]["name"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def answer_another_value(document):
    schema(document, "TicketStatus")["enum"].append("parked")


def remove_parameter(document):
    parameters = document["paths"]["/api/v1/tickets"]["get"]["parameters"]
    parameters[:] = [one for one in parameters if one["name"] != "mine"]


def require_parameter(document):
    parameters = document["paths"]["/api/v1/tickets"]["get"]["parameters"]
    next(one for one in parameters if one["name"] == "mine")["required"] = True


def add_required_parameter(document):
    parameter = {"name": "page", "in": "query", "required": True, "schema": {"type": "integer"}}
    document["paths"]["/api/v1/tickets"]["get"]["parameters"].append(parameter)


def lower_limit(document):
    parameters = document["paths"]["/api/v1/tickets"]["get"]["parameters"]
    next(one for one in parameters if one["name"] == "limit")["schema"]["maximum"] = 20


def require_key(document):
    schema(document, "BundleOrder")["required"].append("version")


def take_fewer_values(document):
    schema(document, "NewToken")["properties"]["scopes"]["anyOf"][0]["items"]["enum"].remove("write")


def remove_key(document):
    del schema(document, "Resolution")["properties"]["comment"]


def take_one_order_less(document):
    schema(document, "Order")["anyOf"].pop()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (remove_path, f"GET {REQUEST} is gone"),
        (remove_method, "POST /api/v1/tokens is gone"),
        (remove_answer, "POST /api/v1/requests: 201 is not answered any more"),
        (remove_property, f"GET {REQUEST} 200/outputs is gone"),
        (loosen_property, f"GET {REQUEST} 200/status may be missing now"),
        (change_type, f"GET {REQUEST} 200/fulfillment/steps[]/position: string is answered now"),
        (allow_null, "GET /api/v1/me 200/name: null is answered now"),
        (answer_another_value, "GET /api/v1/tickets 200/tickets[]/status: parked is answered now"),
        (remove_parameter, "GET /api/v1/tickets: the parameter mine is gone"),
        (require_parameter, "GET /api/v1/tickets: the parameter mine must be given now"),
        (add_required_parameter, "GET /api/v1/tickets: the parameter page must be given now"),
        (lower_limit, "GET /api/v1/tickets?limit: maximum is tighter"),
        (require_key, "POST /api/v1/requests body/version must be given now"),
        (take_fewer_values, "POST /api/v1/tokens body/scopes[]: write is not taken any more"),
        (remove_key, "POST /api/v1/tickets/{ticket_id}/resolve body/comment is gone"),
        (take_one_order_less, "POST /api/v1/requests body: object ItemOrder is not taken any more"),
    ],
)
def test_a_breaking_change_is_found(now, change, told):
    changed = deepcopy(now)
    change(changed)
    assert told in breaks(now, changed)


def add_path(document):
    document["paths"]["/api/v1/services"] = document["paths"]["/api/v1/me"]


def add_property(document):
    detail = schema(document, "RequestDetail")
    detail["properties"]["cost"] = {"type": "number"}
    detail["required"].append("cost")


def add_optional_key(document):
    schema(document, "BundleOrder")["properties"]["note"] = {"type": "string"}


def add_optional_parameter(document):
    parameter = {"name": "due", "in": "query", "required": False, "schema": {"type": "string"}}
    document["paths"]["/api/v1/tickets"]["get"]["parameters"].append(parameter)


def take_another_state(document):
    parameters = document["paths"]["/api/v1/tickets"]["get"]["parameters"]
    next(one for one in parameters if one["name"] == "status")["schema"]["items"] = {"type": "string"}


def say_it_better(document):
    document["paths"][REQUEST]["get"]["summary"] = "A request."


@pytest.mark.parametrize(
    "change", [add_path, add_property, add_optional_key, add_optional_parameter, take_another_state, say_it_better]
)
def test_an_addition_breaks_nobody(now, change):
    changed = deepcopy(now)
    change(changed)
    assert breaks(now, changed) == []


def test_words_are_no_part_of_the_promise(now):
    changed = deepcopy(now)
    say_it_better(changed)
    assert bones(changed) == bones(now)
