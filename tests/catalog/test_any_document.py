"""Whatever a document holds, the loader tells faults and raises nothing."""

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.catalog.loader import load
from app.catalog.yaml12 import read
from tests.catalog.folders import (
    AUTOMATION,
    BACK,
    BUNDLE,
    BUNDLE_CHECKS,
    BUNDLE_FILE,
    ITEM,
    ITEM_CHECKS,
    ITEM_FILE,
    STEP,
    sound,
    write,
)

WITH_CHECKS = {
    ITEM_FILE: ITEM.replace(AUTOMATION, ITEM_CHECKS + AUTOMATION).replace(STEP, STEP + BACK),
    BUNDLE_FILE: BUNDLE.replace(AUTOMATION, BUNDLE_CHECKS + AUTOMATION),
}
DOCUMENTS = {file: read(text.encode()).data for file, text in WITH_CHECKS.items()}
EXPRESSIONS = [
    "{{",
    "{{ size }}",
    "{{ items.redis.outputs.endpoint }}",
    "{{ steps.announce.outputs }}",
    "{% if size %}x{% endif %}",
]
NAMES = ["bundle", "connect", "postgres", "announce", "ManualTask", "selection", ">=1", "1.0.0", "http", "quota", "none"]
plain = st.none() | st.booleans() | st.sampled_from([0, -1, 1.5, "", "a" * 300]) | st.sampled_from(EXPRESSIONS + NAMES)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "type", "a"]), inner)
)


def places(value, path=()):
    """Every path inside a document, but its root."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from places(one, (*path, key))


@st.composite
def damaged(draw):
    """One of the documents with one to three values replaced by something else."""
    name = draw(st.sampled_from(sorted(DOCUMENTS)))
    document = copy.deepcopy(DOCUMENTS[name])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(document))))
        here = document
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = draw(values)
    return name, document


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(damaged())
def test_a_damaged_document_is_sound_or_has_faults(tmp_path, document):
    folder = sound(tmp_path / "catalog")
    write(folder, document[0], json.dumps(document[1]))
    catalog = load(folder)
    assert catalog.faulty == {fault.entry for fault in catalog.faults}
    assert len(catalog.entries) + len(catalog.faulty) == 3
