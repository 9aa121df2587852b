"""Every setting of Stratus, read from the environment once. `docs/configuration.md` is the table for people."""

import sys
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

HERE = Path(__file__).resolve().parent
DEVELOPMENT_SECRET = "development-only-secret-key-0123456789"
DEVELOPMENT_KEYS = "development:ZGV2ZWxvcG1lbnQtb25seS1rZXktb2YtMzItYnl0ZXM="


class Settings(BaseSettings):
    """Settings of web, worker and commands alike. A variable's name is the field's name in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    stratus_profile: Literal["development", "test", "production"] = Field(
        "production", description="`development` allows loopback hosts, plain http and the bundled sign-in provider."
    )
    secret_key: str = Field("", description="Signs session cookies and page cursors. At least 32 characters.")
    vault_keys: str = Field(
        "", description="Keys that encrypt cells: `id:base64` of 32 bytes, comma separated; the first one encrypts."
    )
    database_url: str = Field(
        "postgresql+psycopg:///stratus", description="PostgreSQL, the ledger. `postgresql://` is taken too."
    )
    redis_url: str = Field("redis://127.0.0.1:6379/0", description="Redis or Valkey, the doorbell.")
    public_url: str = Field("http://127.0.0.1:8000", description="Where people reach the portal; links and redirects start so.")
    trusted_proxies: int = Field(
        0, ge=0, description="Reverse proxies in front of the portal whose `X-Forwarded-…` headers are believed."
    )
    timezone: str = Field("UTC", description="Zone of the times that the API and the pages show.")
    catalog_path: Path = Field(HERE / "catalog", description="Folder of the catalog that `flask catalog sync` reads.")
    max_body_bytes: int = Field(1_048_576, ge=1024, description="Largest request body that is read, in bytes.")
    max_upload_bytes: int = Field(
        20_971_520, ge=1024, description="Largest file that may be uploaded, in bytes; all files of one form together."
    )
    file_store: Literal["postgres", "s3"] = Field(
        "postgres", description="Where new files are kept, encrypted in both: `postgres`, or `s3` for the bucket `S3_BUCKET`."
    )
    s3_bucket: str = Field(
        "", description="Bucket for files, of this portal alone. While it is named, files that lie in it are found."
    )
    s3_endpoint_url: str = Field("", description="Base URL of a store that speaks S3; empty: that of AWS in `S3_REGION`.")
    s3_region: str = Field("us-east-1", description="Region that calls to the bucket are signed for.")
    s3_access_key_id: str = Field(
        "", description="Access key for the bucket; empty: what the machine has (environment, profile or role of AWS)."
    )
    s3_secret_access_key: str = Field("", description="Secret of the access key.")
    s3_timeout_seconds: float = Field(
        10, gt=0, description="How long the bucket may say nothing before a call is given up; it is tried twice."
    )

    oidc_issuer: str = Field("", description="The one OIDC issuer whose people may sign in.")
    oidc_client_id: str = Field("stratus", description="Client id at the provider.")
    oidc_client_secret: str = Field("", description="Client secret at the provider.")
    oidc_cli_client_id: str = Field(
        "",
        description="Client id of the command line at the provider, a public client with device codes; empty: no such sign-in.",
    )
    oidc_scopes: str = Field("openid profile email groups", description="Scopes asked for at sign-in.")
    oidc_groups_claim: str = Field("groups", description="Claim that lists a person's teams; dots descend into objects.")
    oidc_api_audience: str = Field("stratus-api", description="Audience that bearer access tokens of the provider must carry.")
    admin_team: str = Field("stratus-administrators", description="Members of this team administer the portal.")
    session_hours: int = Field(12, ge=1, description="Longest life of a signed-in session, in hours.")

    outbound_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Hosts that steps may call, comma separated; `*.example.com` covers subdomains."
    )
    outbound_rewrites: dict[str, str] = Field(
        default_factory=dict,
        description="JSON object host -> base URL: calls to that host go there instead (stand-ins, gateways).",
    )
    github_api_url: str = Field("https://api.github.com", description="Base URL of GitHub's REST API.")
    github_token: str = Field("", description="Token for GitHub; it never leaves the worker.")
    terraform_binary: str = Field("", description="Command to run; empty: `terraform` or `tofu` from PATH.")
    terraform_plugin_cache: Path | None = Field(None, description="Folder shared by runs for provider plugins.")
    tfe_api_url: str = Field(
        "https://app.terraform.io", description="Address of HCP Terraform or Terraform Enterprise, without `/api/v2`."
    )
    tfe_token: str = Field("", description="User or team token for HCP Terraform; it never leaves the worker.")
    tfe_organization: str = Field("", description="Organization at HCP Terraform of steps that name none.")
    step_secrets: dict[str, str] = Field(
        default_factory=dict, description="JSON object name -> value: what step templates may read as `secrets.name`."
    )

    worker_threads: int = Field(4, ge=1, le=32, description="Steps one worker process runs at the same time.")
    lease_seconds: float = Field(30, gt=0, description="How long a claim lives without a heartbeat.")
    sweep_seconds: float = Field(3, gt=0, description="Pause between two sweeps of a worker.")
    drain_seconds: float = Field(30, gt=0, description="Longest time one woken drain goes on before it is queued anew.")
    stop_grace_seconds: float = Field(
        10, ge=0, description="How long a worker that is told to go lets steps run on before it stops them and hands them back."
    )
    step_timeout_seconds: float = Field(3600, gt=0, description="Budget of a step whose catalog entry names none.")

    request_timeout_seconds: float = Field(
        7_776_000, ge=0, description="How long a request may take, waits for people included; 0: as long as it takes."
    )
    team_requests: int = Field(
        0,
        ge=0,
        description="Requests of one team that are built at the same time, the others wait for their turn; 0: any number.",
    )

    draft_days: int = Field(
        90, ge=0, description="Days after which a draft that nobody changes is deleted; 0: never. Templates stay."
    )

    stream_socket: str = Field(
        "", description="Path of the Unix socket at which web processes hand over who watches live; empty: pages poll."
    )
    streams_per_person: int = Field(100, ge=1, description="Live streams that one person may have open at a machine.")

    reads_per_minute: int = Field(300, ge=1, description="API reads a caller may make a minute.")
    writes_per_minute: int = Field(120, ge=1, description="API writes a caller may make a minute.")
    readiness_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="URLs that must answer before `/api/v1/health/ready` says ready (development: the stand-ins)."
    )
    ready_workers: int = Field(1, ge=0, description="Workers that must be alive before `/api/v1/health/ready` says ready.")
    log_level: str = Field("INFO", description="Level of the JSON log on standard error.")

    @field_validator("outbound_hosts", "readiness_urls", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("database_url")
    @classmethod
    def _driver(cls, value: str) -> str:
        for plain in ("postgresql://", "postgres://"):
            if value.startswith(plain):
                return "postgresql+psycopg://" + value.removeprefix(plain)
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        ZoneInfo(value)
        return value

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> "Settings":
        if self.stratus_profile == "production":
            if len(self.secret_key) < 32 or self.secret_key == DEVELOPMENT_SECRET:
                raise ValueError("SECRET_KEY must be set to at least 32 characters of your own in production")
            if not self.vault_keys or DEVELOPMENT_KEYS in self.vault_keys:
                raise ValueError("VAULT_KEYS must be set in production: id:base64-of-32-bytes")
            if not self.oidc_issuer.startswith("https://"):
                raise ValueError("OIDC_ISSUER must be an https URL in production")
        return self

    @model_validator(mode="after")
    def _refuse_half_a_bucket(self) -> "Settings":
        if self.file_store == "s3" and not self.s3_bucket:
            raise ValueError("S3_BUCKET must be set where FILE_STORE is s3")
        if bool(self.s3_access_key_id) != bool(self.s3_secret_access_key):
            raise ValueError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set together")
        if self.s3_endpoint_url and not self.s3_endpoint_url.startswith(("http://", "https://")):
            raise ValueError("S3_ENDPOINT_URL must start with https:// (or http://)")
        return self

    @property
    def signing_key(self) -> str:
        """What signs cookies and cursors; where nobody set one, development has one that everybody knows."""
        return self.secret_key or DEVELOPMENT_SECRET

    @property
    def vault_ring(self) -> str:
        """The keys of the vault; where nobody set any, development has one that everybody knows."""
        return self.vault_keys or DEVELOPMENT_KEYS

    @property
    def development(self) -> bool:
        """True where loopback hosts and plain http are fine."""
        return self.stratus_profile != "production"


def load() -> Settings:
    """The settings of this process. Where one cannot be accepted the process ends with a sentence for each, exit status 2."""
    try:
        return Settings()
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            name = ".".join(str(part).upper() for part in one["loc"])
            sys.stderr.write(f"{name + ': ' if name else ''}{one['msg'].removeprefix('Value error, ')}\n")
        raise SystemExit(2) from None
