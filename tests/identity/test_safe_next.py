"""After sign-in people go on inside the portal, never elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identity.paths import safe_next


@pytest.mark.parametrize(
    "target", ["/", "/catalog", "/requests/req-20261124-abc123?tab=log#step-2", "/search?q=a//b", "/a%2f%2fb"]
)
def test_a_path_of_the_portal_is_kept(target):
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "catalog",
        "//evil.com",
        "///evil.com",
        "/\\evil.com",
        "\\\\evil.com",
        "/\\/evil.com",
        "https://evil.com",
        "https:evil.com",
        "javascript:alert(1)",
        "\t//evil.com",
        "/\t/evil.com",
        "/\n/evil.com",
        "/\r\nSet-Cookie: a=b",
        " //evil.com",
        "/\x00/evil.com",
        "/\u2028/evil.com",
        "/\uff0fevil.com",
        "/" + "a" * 2000,
    ],
)
def test_anything_else_leads_home(target):
    assert safe_next(target) == "/"


@pytest.mark.parametrize("target", ["/sign-in", "/sign-in/callback?code=1", "/sign-out", "/signed-out"])
def test_the_sign_in_pages_do_not_lead_to_themselves(target):
    assert safe_next(target) == "/"


@given(st.text(alphabet="/\\:.@ \t\nhtps", max_size=12))
def test_what_comes_back_never_names_another_host(target):
    path = safe_next(target)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert path.isprintable()
