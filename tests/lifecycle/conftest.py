"""Small catalogs for the engine's tests."""

import pytest

from tests.fixtures.house import House, http, item

OUT = "{value: {type: string}}"
NAME_FIELD = "[{name: size, type: integer, required: true, min_value: 1, max_value: 10}]"


@pytest.fixture
def pair(house: House) -> House:
    """An item whose `child` waits for `left` and `right`."""
    steps = "\n".join([http("left"), http("right"), http("child", depends_on="[left, right]")])
    house.offer(pair=item(steps))
    return house


@pytest.fixture
def single(house: House) -> House:
    """An item of one step `make`, which declares an output `value`; one required field `size`."""
    outputs = 'outputs: {endpoint: {value: "{{ steps.make.outputs.value }}:{{ size }}"}}'
    house.offer(single=item(http("make", outputs=OUT), fields=NAME_FIELD, extra=outputs))
    return house
