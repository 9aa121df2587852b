import pytest

from app.core.expressions import ExpressionError, Reference, expression_references, references, selected_when

REDIS = ("redis", "outputs", "endpoint")


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("plain", []),
        ("{{ replicas }}", [("replicas", ())]),
        ("{{ parameters.replicas }}", [("parameters", ("replicas",))]),
        ("{{ steps.provision['outputs'].host }}", [("steps", ("provision", "outputs", "host"))]),
        ("{{ items[which].outputs.host }}", [("items", ()), ("which", ())]),
        ("{{ ports[0].name }}", [("ports", ())]),
        ("{{ a ~ a }} {{ b | default(c) }}", [("a", ()), ("b", ()), ("c", ())]),
        ("{% for p in ports if p.x %}{{ p.x }}{{ loop.index }}{{ q }}{% endfor %}", [("ports", ()), ("q", ())]),
        ("{% for k, v in map | items %}{{ k }}{{ v }}{% else %}{{ k }}{% endfor %}", [("map", ()), ("k", ())]),
        ("{{ range(n) }}", [("n", ())]),
        ("{{ {'a': b}[c] }}", [("b", ()), ("c", ())]),
        ({"x": ["{{ a }}", {"y": "{{ b }}"}], "z": 3}, [("a", ()), ("b", ())]),
        ("{% if a %}{{ b }}{% elif c %}{{ d }}{% else %}{{ e }}{% endif %}", [(name, ()) for name in "abcde"]),
        ("{{ a[b:c] if d is in e }}", [("d", ()), ("e", ()), ("a", ()), ("b", ()), ("c", ())]),
    ],
)
def test_every_name_of_a_template_is_found(template, found):
    assert sorted((one.root, one.path) for one in references(template)) == sorted(found)


@pytest.mark.parametrize(
    "template",
    [
        "{{ items.redis.outputs.endpoint if items.redis.selected else none }}",
        "{{ none if not items.redis.selected else items.redis.outputs.endpoint }}",
        "{{ items.redis.selected and items.redis.outputs.endpoint }}",
        "{{ not items.redis.selected or items.redis.outputs.endpoint }}",
        "{{ items.redis.outputs.endpoint if items.redis.selected and x else none }}",
        "{{ items.redis.outputs.endpoint if items.redis.selected == true else none }}",
        "{{ items.redis.outputs.endpoint if items.redis.selected != false else none }}",
        "{{ items.redis.outputs.endpoint if items.redis.outputs.endpoint is defined }}",
        "{{ items.redis.outputs.endpoint | default('') }}",
        "{{ (items.redis.outputs.endpoint ~ ':1') if items['redis'].selected else '' }}",
        "{% if items.redis.selected %}{{ items.redis.outputs.endpoint }}{% endif %}",
        "{% if not items.redis.selected %}-{% else %}{{ items.redis.outputs.endpoint }}{% endif %}",
        "{% if not items.redis.selected %}-{% elif x %}{{ items.redis.outputs.endpoint }}{% endif %}",
        "{% for x in y if items.redis.selected %}{{ items.redis.outputs.endpoint }}{% endfor %}",
    ],
)
def test_a_reference_under_a_condition_on_its_item_is_guarded(template):
    assert Reference("items", REDIS, guarded=True) in references(template)
    assert Reference("items", REDIS, guarded=False) not in references(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ items.redis.outputs.endpoint }}",
        "{{ items.redis.outputs.endpoint if items.kafka.selected else none }}",
        "{{ items.redis.outputs.endpoint if items.redis.selected or x else none }}",
        "{{ items.redis.outputs.endpoint if not items.redis.selected else none }}",
        "{{ none if items.redis.selected else items.redis.outputs.endpoint }}",
        "{{ items.redis.selected or items.redis.outputs.endpoint }}",
        "{% if items.redis.selected %}-{% else %}{{ items.redis.outputs.endpoint }}{% endif %}",
        "{% if items.redis.selected %}-{% endif %}{{ items.redis.outputs.endpoint }}",
        "{{ (items.redis.outputs.endpoint ~ '') | default('') }}",
    ],
)
def test_a_reference_without_such_a_condition_is_not(template):
    assert Reference("items", REDIS, guarded=False) in references(template)


@pytest.mark.parametrize(
    ("when", "aliases"),
    [
        ("items.redis.selected", {"redis"}),
        ("{{ items.redis.selected and items.kafka.selected and x }}", {"redis", "kafka"}),
        ("items.redis.selected or items.kafka.selected", set()),
        ("not (not items.redis.selected or not items.kafka.selected)", {"redis", "kafka"}),
        ("parameters.replicas > 2", set()),
    ],
)
def test_a_condition_tells_which_items_are_there_when_it_holds(when, aliases):
    assert selected_when(when) == aliases


def test_a_bare_expression_is_read_like_a_template():
    assert expression_references("items.redis.selected") == references("{{ items.redis.selected }}")


def test_a_template_that_cannot_be_parsed_has_no_references():
    with pytest.raises(ExpressionError):
        references("{{ a b }}")
