"""Whatever stands in an address, every read of the description answers what it says, and nothing worse than a refusal."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

MUCH = 1_000_000
NAMED = {"kind": "item", "field": "x", "name": "postgres-database", "step_id": "step-002"}
ODD = ("-1", "9" * 25, "%00", "%ff%fe", "a" * 3000, "9999-12-31T23:59:59%2B14:00")
NAMES = ("%00", "%ed%a0%80")
"""For a name in the path; an empty one is another path."""


@pytest.fixture
def dana(portal, stuck, ticket) -> Any:
    return portal(reads_per_minute=MUCH)("dana-001")


def addresses(document: dict[str, Any], known: dict[str, str]) -> Iterator[str]:
    """Each read with every parameter odd, one at a time."""
    for path, methods in document["paths"].items():
        if "get" not in methods:
            continue
        places = re.findall(r"\{(.+?)\}", path)
        url = path.format_map({place: known.get(place, "nothing") for place in places})
        for place in places:
            for name in NAMES:
                yield path.format_map({one: name if one == place else known.get(one, "nothing") for one in places})
        yield from (f"{url}?{query}" for query in ("strange=1", "%ff=1", "%00"))
        for parameter in methods["get"].get("parameters", ()):
            if parameter["in"] == "query":
                yield from (f"{url}?{parameter['name']}={value}" for value in ODD)
                yield f"{url}?{parameter['name']}=1&{parameter['name']}=1"


def test_no_address_is_answered_worse_than_with_a_refusal(dana, stuck, ticket):
    document = dana.get("/api/v1/openapi.json").json
    known = {**NAMED, "request_id": stuck, "ticket_id": ticket}
    answers = {url: dana.get(url).status_code for url in addresses(document, known)}
    assert len(answers) > 300
    assert {url: code for url, code in answers.items() if code >= 500 and "/stream" not in url and "/health" not in url} == {}
