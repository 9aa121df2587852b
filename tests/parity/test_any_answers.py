"""Whatever is answered, sound or not, the three ways find the same wrong with it."""

from datetime import date, time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.parity import paper
from tests.parity.test_three_ways import OFFERED, REQUIRED
from tests.parity.ways import faults_of, is_shown, texts

# What a control of a page can hold and a command line can carry; `@` at the beginning names a file there.
WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=40).filter(
    lambda text: not text.startswith("@")
)
SLUGS = st.from_regex(r"[a-z][a-z0-9-]{0,40}", fullmatch=True)
WHOLE = st.integers(-3, 1100) | WORDS
NUMBERS = st.decimals(-10, 600, places=2).map(float) | WHOLE
DATES = st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(str) | WORDS
TIMES = st.times(time(5), time(20)).map(lambda at: f"{at:%H:%M}") | WORDS


def choices(*known):
    return st.sampled_from(known) | WORDS


WORKSPACE = {
    "workspace_name": SLUGS | WORDS,
    "purpose": WORDS,
    "kind": choices("product", "trial", "research"),
    "ends_on": DATES,
    "tools": st.lists(choices("repository", "board", "wiki", "chat"), max_size=4).map(
        lambda picked: [one.replace(",", "") or "x" for one in picked]
    ),
    "sandbox": st.booleans(),
    "seats": WHOLE,
    "budget": NUMBERS,
    "alert_at": NUMBERS,
    "password": WORDS,
    "contact": st.emails() | WORDS,
    "stand_up": TIMES,
    "labels": st.dictionaries(SLUGS, st.text(st.characters(categories=["L", "N"]), max_size=70) | st.integers(), max_size=3),
}
STACK = {
    "": {"solution_name": WORDS, "enable_ha": st.booleans()},
    "eks_app": {"app_name": SLUGS | WORDS, "environment": choices("dev", "staging", "prod"), "replicas": WHOLE},
    "postgres": {"database_name": SLUGS | WORDS, "instance_class": choices("db.t3.micro"), "allocated_storage": WHOLE},
    "redis": {"enabled": st.booleans(), "cache_size": choices("cache.t3.micro", "cache.t3.small")},
}
ANSWERS = {
    "team-workspace": st.fixed_dictionaries({}, optional=WORKSPACE).map(lambda values: {"": values}),
    "full-stack-web-app": st.fixed_dictionaries(
        {section: st.fixed_dictionaries({}, optional=fields) for section, fields in STACK.items()}
    ),
}


@pytest.fixture
def form(ways):
    """The untouched form of an entry; it is the same each time."""
    known = {}

    def look(offered):
        where = f"/order/{offered.kind}s/{offered.name}"
        return known.setdefault(where, paper.read(ways.browser.get(where).text)), where

    return look


@pytest.mark.parametrize("name", ANSWERS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_same_is_wrong_whichever_way_it_came(ways, form, name, data):
    offered, drawn = OFFERED[name], data.draw(ANSWERS[name])
    answers = {section: {**REQUIRED[name].get(section, {}), **values} for section, values in drawn.items()}
    by_api = ways.by_api(offered, answers)
    assert faults_of(ways.by_program(offered, answers)) == faults_of(by_api)
    page, where = form(offered)
    answer = ways.browser.send(where, [*page.filled(texts(offered, answers, page)), ("do", "review")])
    found = paper.read(answer.text)
    assert (answer.status_code == 200) is by_api["valid"]
    assert is_shown(offered, by_api, found), (faults_of(by_api), found.faults)
