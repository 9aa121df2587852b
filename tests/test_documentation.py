"""What the pages say is there: links, files, commands, settings, and every name of the catalog format."""

import re
from pathlib import PurePath
from typing import get_args

import pytest
from flask_migrate.cli import db as migrations

from app.catalog.schema import CHECK_TYPES, LATER
from app.catalog.schema.checks import DnsCheck, ExpressionCheck, HttpCheck, PatientCheck, TcpCheck
from app.catalog.schema.words import OutputType
from app.core.expressions.filters import FILTERS, LIST_FILTERS, TESTS
from app.core.fields import TYPES
from app.core.fields.model import ALIASES
from app.core.step_params import STEP_PARAMS, VERIFICATIONS, step_types
from config import HERE, Settings
from tests.pages import Page, page, pages

PAGES = {one.name: one for one in pages()}
TOP = "app|catalog|dev|docs|migrations|static|templates|tests"
PATH = re.compile(rf"(?:{TOP})/[\w./-]+|worker\.py|config\.py|Makefile|pyproject\.toml|requirements[\w.-]*\.(?:txt|in)")
OF_PROGRAMS = {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}
CATALOG = page("docs/catalog.md")

every_page = pytest.mark.parametrize("name", PAGES)


def made() -> set[str]:
    """The files that worked examples make, and their folders."""
    files = [PurePath(mark) for one in PAGES.values() for mark in one.marked]
    return {path.as_posix() for file in files for path in (file, *file.parents)}


@every_page
def test_links_lead_somewhere(name):
    here = PAGES[name]
    for link in here.links:
        file, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (here.path.parent / file).resolve() if file else here.path
        assert target.exists(), f"{name} links to {file}, which does not exist"
        assert not anchor or anchor in Page(target).anchors, (
            f"{name} links to a heading that {target.name} does not have: {anchor}"
        )


@every_page
def test_files_that_are_named_exist(name):
    found = {span.rstrip("/") for span in PAGES[name].spans if PATH.fullmatch(span)}
    missing = {path for path in found - made() if not (HERE / path).exists()}
    assert not missing, f"{name} names files that do not exist"


@every_page
def test_make_has_every_target_that_is_named(name):
    targets = set(re.findall(r"^([a-z]+):", (HERE / "Makefile").read_text(), re.MULTILINE))
    named = {target for code in PAGES[name].code for target in re.findall(r"\bmake (?:-s )?([a-z]+)\b", code)}
    assert named <= targets, f"{name} names targets that the Makefile does not have"


@every_page
def test_flask_has_every_command_that_is_named(name, app):
    groups = {**app.cli.commands, "db": migrations}
    pattern = r"\bflask (?:--app app:create_app )?([a-z]+) ([a-z]+)"
    for group, command in {pair for code in PAGES[name].code for pair in re.findall(pattern, code)}:
        assert command in groups[group].commands, f"{name} names flask {group} {command}, which does not exist"


@pytest.mark.parametrize("name", ["README.md", "docs/operating.md", "docs/catalog.md"])
def test_settings_that_are_named_exist(name):
    known = {field.upper() for field in Settings.model_fields} | OF_PROGRAMS | {"STRATUS_DATA"}
    named = {span.partition("=")[0] for span in PAGES[name].spans if re.match(r"[A-Z]+_[A-Z_]+(=|$)", span)}
    assert named <= known


def test_the_start_page_names_every_guide():
    guides = {path.name for path in (HERE / "docs").glob("*.md")}
    named = {link.partition("#")[0].removeprefix("docs/") for link in page("README.md").links}
    assert guides <= named, "link the new page from README.md"


def test_every_decision_is_listed():
    listed = set(page("docs/decisions/README.md").links)
    notes = {path.name for path in (HERE / "docs/decisions").glob("*.md")} - {"README.md"}
    assert notes == listed, "list the note in docs/decisions/README.md"


def test_changes_that_are_not_released_have_a_place():
    assert "unreleased" in page("CHANGELOG.md").anchors


def table(title: str) -> dict[str, list[str]]:
    """The rows below a heading of the catalog format whose first cell is one name, by that name."""
    cells = (line.strip("| ").split(" | ") for line in CATALOG.section(title).splitlines() if line.startswith("| `"))
    return {first.strip("`"): rest for first, *rest in cells if first.count("`") == 2}


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("step_type", step_types())
def test_step_types_are_documented_with_their_keys(step_type):
    keys, verifications = table("Step types")[step_type]
    if keys != "the same":
        assert names(keys) == list(STEP_PARAMS[step_type].model_fields)
        assert names(verifications) == [get_args(one.model_fields["type"].annotation)[0] for one in VERIFICATIONS[step_type]]


@pytest.mark.parametrize(
    "shape", dict.fromkeys(shape for shapes in VERIFICATIONS.values() for shape in shapes), ids=lambda one: one.__name__
)
def test_verifications_are_documented_with_their_keys(shape):
    kind = get_args(shape.model_fields["type"].annotation)[0]
    assert names(table("Step types")[kind][0]) == [key for key in shape.model_fields if key != "type"]


@pytest.mark.parametrize("check", [HttpCheck, TcpCheck, DnsCheck, ExpressionCheck])
def test_checks_are_documented_with_their_keys_and_places(check):
    kind = get_args(check.model_fields["type"].annotation)[0]
    keys, _, where = table("Checks")[kind]
    assert names(keys) == [key for key in check.model_fields if key not in {"type", *PatientCheck.model_fields}]
    places = [key for key, kinds in CHECK_TYPES.items() if kind in kinds]
    assert (names(where) or list(CHECK_TYPES)) == places


@pytest.mark.parametrize("field_type", TYPES)
def test_field_types_are_documented_with_their_keys(field_type):
    assert set(names(table("Fields")[field_type][0])) == TYPES[field_type]


@pytest.mark.parametrize(
    ("words", "known"),
    [
        ("Filters: ", set(FILTERS) | LIST_FILTERS),
        ("Tests, after `is`: ", set(TESTS)),
        ("are planned and not acted on yet: ", set(LATER)),
        ("becomes a ticket. Types: ", set(get_args(OutputType)) - set(ALIASES)),
    ],
)
def test_lists_of_names_are_whole(words, known):
    listed = re.split(r"\.\n|;| \|\n", CATALOG.text.split(words, 1)[1], maxsplit=1)[0]
    assert {word for span in names(listed.replace("\n", " ")) for word in span.split()} == known
