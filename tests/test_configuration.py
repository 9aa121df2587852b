"""Every setting is documented with its default and its meaning, and production refuses what is unsafe."""

import re

import pytest
from pydantic import ValidationError

from config import DEVELOPMENT_SECRET, HERE, Settings

ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| (.+?) \| (.+) \|$", re.MULTILINE)
SAFE = {
    "secret_key": "x" * 32,
    "vault_keys": "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "oidc_issuer": "https://id.example.com",
}


def documented() -> dict[str, tuple[str, str]]:
    text = (HERE / "docs" / "configuration.md").read_text()
    return {name: (default, meaning) for name, default, meaning in ROW.findall(text)}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_is_documented_with_its_meaning_and_default(name: str) -> None:
    field = Settings.model_fields[name]
    assert name.upper() in documented(), f"add a row for {name.upper()} to docs/configuration.md"
    default, meaning = documented()[name.upper()]
    assert meaning == field.description, f"docs/configuration.md tells another meaning of {name.upper()}"
    value = field.get_default(call_default_factory=True)
    shown = "\u2013" if value in ("", (), {}, None) else f"`{value}`"
    assert default == ("catalog/ of the checkout" if name == "catalog_path" else shown)


def test_nothing_is_documented_that_does_not_exist() -> None:
    known = {name.upper() for name in Settings.model_fields} | {"PORT", "STRATUS_DATA"}
    assert set(documented()) <= known


def test_production_starts_with_safe_settings() -> None:
    assert Settings(stratus_profile="production", **SAFE).development is False


@pytest.mark.parametrize(
    "unsafe",
    [{"secret_key": DEVELOPMENT_SECRET}, {"secret_key": "short"}, {"vault_keys": ""}, {"oidc_issuer": "http://id.example.com"}],
)
def test_production_refuses(unsafe: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="in production"):
        Settings(stratus_profile="production", **SAFE | unsafe)


def test_a_plain_database_url_gets_its_driver() -> None:
    assert Settings(**SAFE, database_url="postgresql://db/stratus").database_url == "postgresql+psycopg://db/stratus"


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTBOUND_HOSTS", "a.example.com, b.example.com,")
    assert Settings(**SAFE).outbound_hosts == ("a.example.com", "b.example.com")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"file_store": "s3"}, "S3_BUCKET must be set"),
        ({"s3_bucket": "b", "s3_access_key_id": "a"}, "must be set together"),
        ({"s3_bucket": "b", "s3_endpoint_url": "minio.corp:9000"}, "S3_ENDPOINT_URL must start with"),
    ],
)
def test_half_a_bucket_is_refused_at_the_start(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(stratus_profile="test", **given)
