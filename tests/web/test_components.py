"""Templates: every one compiles, no macro lies unused, nothing that the policy for scripts and styles refuses."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask, get_template_attribute, render_template

from app.web import jinja, styleguide
from app.web.views_fields import Choice, FieldView

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
COMPONENTS = [path for path in TEMPLATES if path.parent.name == "components"]
NAMES = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]
SPRITE = (ROOT / "static/icons/sprite.svg").read_text()
MACRO = re.compile(r"\{%-?\s*macro (\w+)\(")
ERRORS = [path.stem for path in TEMPLATES if path.parent.name == "errors" and path.stem != "page"]
FORBIDDEN = {
    r"<script(?![^>]*\ssrc=)": "put the script into static/js/ and name it by src",
    r"<style": "put the rule into static/css/portal.css",
    r"\sstyle=": "use a class of static/css/portal.css, or SVG attributes for what is drawn",
    r"\son[a-z]+=": "listen in static/js/portal.js",
    r"hx-on": "htmx would evaluate it; listen in static/js/portal.js",
    r"hx-vals=.?js:": "htmx would evaluate it; send plain values",
    r"hx-trigger=\"[^\"]*\[": "htmx would evaluate the filter; leave it out",
    r"(?:src|href)=\"(?:https?:)?//": "serve it from static/: pages load nothing from elsewhere",
    r"\|\s*safe\b": "build Markup where the text is made, and escape its parts",
}


def without_comments(path: Path) -> str:
    return re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)


@pytest.fixture(scope="module")
def portal() -> Flask:
    """Templates and the style guide, without the rest of the portal."""
    app = Flask("look", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    jinja.install(app.jinja_env, zone=UTC, now=lambda: styleguide.NOW)
    app.jinja_env.globals["csrf_token"] = lambda: "token of the form"
    app.register_blueprint(styleguide.blueprint)
    return app


@pytest.mark.parametrize("name", NAMES)
def test_a_template_compiles(portal: Flask, name: str):
    portal.jinja_env.get_template(name)


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_a_template_holds_nothing_that_the_content_policy_refuses(path: Path):
    text = without_comments(path)
    found = {remedy for pattern, remedy in FORBIDDEN.items() if re.search(pattern, text)}
    assert not found, f"{path.name}: {'; '.join(found)}"


def test_every_macro_of_the_components_is_used():
    everything = "\n".join(without_comments(path) for path in TEMPLATES)
    macros = [name for path in COMPONENTS for name in MACRO.findall(path.read_text())]
    unused = [name for name in macros if not re.search(rf"(?<!macro )\b{name}\(", everything)]
    assert not unused, f"show {unused} in templates/styleguide.html, or delete them"


def test_the_style_guide_shows_every_component_that_pages_may_use(portal: Flask):
    guide = without_comments(ROOT / "templates/styleguide.html")
    files = {path.stem for path in COMPONENTS}
    assert files == {stem for stem in files if f'"components/{stem}.html"' in guide}


def test_the_style_guide_renders(portal: Flask):
    page = portal.test_client().get("/styleguide")
    assert page.status_code == 200
    assert b"Style guide" in page.data


def test_ids_of_the_style_guide_are_unique(portal: Flask):
    ids = re.findall(r'\sid="([^"]+)"', portal.test_client().get("/styleguide").text)
    assert len(ids) == len(set(ids))


def test_every_symbol_that_a_page_asks_for_is_in_the_sprite(portal: Flask):
    asked = set(re.findall(r"sprite\.svg#([\w-]+)", portal.test_client().get("/styleguide").text))
    asked |= {f"i-{name}" for name in jinja.CATALOG_ICONS}
    assert {name for name in asked if f'id="{name}"' not in SPRITE} == set()


@pytest.mark.parametrize("code", ERRORS)
def test_an_error_page_needs_nothing_but_itself(portal: Flask, code: str):
    with portal.test_request_context():
        page = render_template(f"errors/{code}.html")
    assert "<h1>" in page
    assert "Sign in" in page


def test_the_queue_is_in_the_navigation_of_platform_teams_only(portal: Flask):
    shell = get_template_attribute_in(portal, "components/page.html", "shell")
    carol = {"name": "Carol", "user_id": "carol-789", "teams": {"platform-data-team"}}
    with portal.test_request_context():
        assert 'href="/queue"' in shell("home", carol, 0)
        assert 'href="/queue"' not in shell("home", carol, None)


def test_what_comes_in_later_parts_is_not_linked(portal: Flask):
    page = portal.test_client().get("/styleguide").text
    assert not re.search(r'href="/(?:services|account|tokens|admin)', page)


def test_a_value_from_outside_is_escaped(portal: Flask):
    field = get_template_attribute_in(portal, "components/forms.html", "field")
    with portal.test_request_context():
        html = field(FieldView("name", "name", "Name", value='"><script>alert(1)</script>'))
    assert "<script>" not in html


def test_a_wrong_number_comes_back_as_it_was_typed(portal: Flask):
    field = get_template_attribute_in(portal, "components/forms.html", "field")
    with portal.test_request_context():
        html = field(FieldView("replicas", "replicas", "Replicas", "number", value="three", errors=("Must be a number.",)))
    assert 'type="text" value="three" inputmode="numeric"' in html
    assert 'aria-describedby="replicas-error" aria-invalid="true"' in html


def test_a_link_of_the_error_summary_lands_on_the_first_choice(portal: Flask):
    field = get_template_attribute_in(portal, "components/forms.html", "field")
    choices = (Choice("dev", "dev"), Choice("prod", "prod"))
    with portal.test_request_context():
        html = field(FieldView("items.eks.environment", "environment", "Environment", "segments", choices=choices))
    assert '<input type="radio" id="environment" name="items.eks.environment" value="dev">' in html


def test_a_secret_output_is_not_in_the_page(portal: Flask):
    outputs = get_template_attribute_in(portal, "components/data.html", "outputs")
    rows = [{"name": "admin_password", "value": "s3cret", "secret": True}]
    with portal.test_request_context():
        html = outputs([{"title": "", "rows": rows}])
    assert "s3cret" not in html


def test_an_output_that_only_looks_like_a_link_stays_text(portal: Flask):
    outputs = get_template_attribute_in(portal, "components/data.html", "outputs")
    with portal.test_request_context():
        html = outputs([{"title": "", "rows": [{"name": "url", "value": "javascript:alert(1)"}]}])
    assert 'href="javascript' not in html


def test_the_footer_tells_which_catalog_is_in_use(portal: Flask):
    foot = get_template_attribute_in(portal, "components/page.html", "foot")
    with portal.test_request_context():
        html = foot({"commit": "4f1c9ae0123", "synced_at": datetime(2025, 8, 16, 10, 20, tzinfo=UTC)})
    assert "<code>4f1c9ae</code>, synced" in html


def get_template_attribute_in(portal: Flask, template: str, name: str):
    with portal.app_context():
        return get_template_attribute(template, name)
