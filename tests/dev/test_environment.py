"""What the portal's processes find in their environment."""

import pytest

from config import Settings
from dev import environment
from dev.environment import Environment
from dev.errors import RefusedError
from dev.folder import DataFolder

PORTS = {"postgres": 20_001, "valkey": 20_002, "provider": 20_003, "github": 20_004, "connections": 20_005, "tfe": 20_006}


@pytest.fixture
def with_given(tmp_path):
    folder = DataFolder(tmp_path)
    folder.make()
    return lambda **given: Environment(folder, folder.secrets(), PORTS, 8000, given)


def test_the_portal_takes_all_of_it(with_given, monkeypatch):
    for name, value in with_given().variables().items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.oidc_issuer == "http://127.0.0.1:20003"
    assert settings.outbound_rewrites == {"connections.platform.example": "http://127.0.0.1:20005"}
    assert settings.tfe_api_url == "http://127.0.0.1:20006"
    assert len(settings.readiness_urls) == 4


def test_what_the_developer_set_wins(with_given):
    assert with_given(OUTBOUND_HOSTS="example.com").variables()["OUTBOUND_HOSTS"] == "example.com"


def test_an_empty_variable_counts_as_not_set(with_given):
    assert with_given(REDIS_URL="").servers().valkey is not None


def test_a_given_database_replaces_the_embedded_one(with_given):
    given = with_given(DATABASE_URL="postgresql://elsewhere/stratus")
    assert given.servers().postgres is None
    assert "postgres" not in given.needed_ports()
    assert given.variables()["DATABASE_URL"] == "postgresql://elsewhere/stratus"


def test_a_given_redis_replaces_the_embedded_one(with_given):
    assert with_given(REDIS_URL="redis://elsewhere").servers().valkey is None


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "TFE_TOKEN"])
def test_a_token_of_the_developers_own_does_not_reach_the_stand_in(with_given, name):
    assert with_given(**{name: "real"}).variables()[name] == "development"


def test_a_token_goes_along_with_an_address_of_ones_own(with_given):
    given = with_given(GITHUB_TOKEN="ghp_real", GITHUB_API_URL="https://github.example/api/v3")
    assert given.variables()["GITHUB_TOKEN"] == "ghp_real"


def test_it_is_always_the_development_profile(with_given):
    assert with_given(STRATUS_PROFILE="production").variables()["STRATUS_PROFILE"] == "development"


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(tmp_path, monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    folder = DataFolder(tmp_path)
    folder.make()
    with pytest.raises(RefusedError, match="PORT must be a number from 1 to 65535"):
        environment.load(folder)
