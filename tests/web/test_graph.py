"""The picture of the steps: layers, lanes, arrows that follow from others, both shapes."""

from graphlib import CycleError
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.labels import label
from app.web.requests.graph import Drawing, Graph, GraphStep, layout


def step(key: str, *needs: str, done: bool = False) -> GraphStep:
    return GraphStep(key, key.title(), label("completed" if done else "pending"), f"?step={key}", needs, done=done)


STORY = [
    step("eks", done=True),
    step("postgres", "eks"),
    step("redis", done=True),
    step("monitoring", "eks"),
    step("connections", "eks", "postgres", "redis"),
]


def columns(drawing: Drawing) -> dict[str, float]:
    return {node.step.key: node.x for node in drawing.nodes}


def edges(drawing: Drawing) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in drawing.edges}


def test_a_step_stands_one_layer_after_the_latest_that_it_waits_for():
    assert columns(layout(STORY).wide) == {"eks": 0, "redis": 0, "postgres": 300, "monitoring": 300, "connections": 600}


def test_an_edge_that_follows_from_others_is_left_out():
    drawn = edges(layout(STORY).wide)
    assert drawn == {("eks", "postgres"), ("eks", "monitoring"), ("postgres", "connections"), ("redis", "connections")}


def test_an_edge_is_open_until_the_step_it_comes_from_is_done():
    still_open = {edge.source for edge in layout(STORY).wide.edges if edge.open}
    assert still_open == {"postgres"}


def test_boxes_have_the_measures_of_the_design():
    graph = layout(STORY)
    assert graph.tall
    assert [(d.node_width, d.node_height) for d in (graph.wide, graph.tall)] == [(216, 88), (162, 88)]


def test_the_story_fits_a_phone_unscaled():
    tall = layout(STORY).tall
    assert tall
    assert tall.width <= 358


def test_a_layer_too_wide_for_a_phone_leaves_the_tall_picture_out():
    assert layout([step("a"), step("b"), step("c")]).tall is None


def test_a_long_edge_runs_straight_where_nothing_is_in_its_way():
    line = next(edge.line for edge in layout(STORY).wide.edges if edge.source == "redis")
    assert line == "M216 212 L595 212"


def test_steps_in_a_row_are_joined_by_straight_arrows():
    chain = layout([step("a"), step("b", "a"), step("c", "b")]).wide
    assert [edge.line for edge in chain.edges] == ["M216 44 L295 44", "M516 44 L595 44"]


def test_no_steps_are_an_empty_picture():
    assert layout([]).wide == Drawing(0, 0, 216, 88, (), ())


def test_a_need_that_is_not_among_the_steps_is_ignored():
    assert layout([step("a", "left_out")]).wide.edges == ()


def test_the_same_steps_give_the_same_picture():
    assert layout(STORY) == layout(STORY)


def test_a_circle_is_an_error():
    with pytest.raises(CycleError):
        layout([step("a", "b"), step("b", "a")])


@st.composite
def plans(draw: st.DrawFn) -> list[GraphStep]:
    """Steps that may wait for any step before them."""
    count = draw(st.integers(1, 9))
    return [step(f"s{n}", *draw(st.sets(st.sampled_from([f"s{m}" for m in range(n)]))) if n else ()) for n in range(count)]


def pictures(graph: Graph) -> list[Drawing]:
    return [drawing for drawing in (graph.wide, graph.tall) if drawing]


@given(plans())
def test_boxes_never_overlap_and_never_leave_the_picture(steps: list[GraphStep]):
    for picture in pictures(layout(steps)):
        for node in picture.nodes:
            assert 0 <= node.x <= picture.width - picture.node_width
            assert 0 <= node.y <= picture.height - picture.node_height
        for one, other in combinations(picture.nodes, 2):
            apart = abs(one.x - other.x) >= picture.node_width or abs(one.y - other.y) >= picture.node_height
            assert apart


@given(plans())
def test_what_waits_for_what_can_be_read_from_the_arrows(steps: list[GraphStep]):
    drawn = edges(layout(steps).wide)
    needed = {(need, one.key) for one in steps for need in one.needs}
    assert drawn <= needed
    assert _reach(drawn) == _reach(needed)


def _reach(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    while more := {(a, d) for a, b in pairs for c, d in pairs if b == c} - pairs:
        pairs = pairs | more
    return pairs
