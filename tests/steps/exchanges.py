"""What the tests of steps that speak HTTP share: contexts, and a way out that holds exchanges against GitHub's description."""

import json
from datetime import timedelta
from functools import cache
from pathlib import Path
from threading import Event
from urllib.parse import parse_qs, urlsplit

from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from app.core.step_params import GitHubWorkflowParams, HttpParams
from app.outbound import Outbound
from app.steps.base import StepContext, StepSettings

DESCRIPTION = Path(__file__).parents[1] / "contracts" / "github-actions.overlay.openapi.json"
TOKEN = "github-token-of-the-tests"
LOOPBACK = Outbound(["127.0.0.1", "localhost"], allow_loopback=True)


def context(params, *, http=LOOPBACK, github_api_url="", **changes):
    """A step's view of the world; `changes` are fields of the context."""
    fields = {
        "idempotency_key": "3f0c3c6e-1:1",
        "request_id": "req-20261124-abc123",
        "step_id": "step-004",
        "step_name": "setup_monitoring",
        "attempt": 1,
        "params": params,
        "settings": StepSettings(github_api_url=github_api_url, github_token=TOKEN, terraform_binary=""),
        "http": http,
        "log": [].append,
        "workdir": Path("/nonexistent"),
        "stopping": Event(),
        "budget": timedelta(seconds=10),
    }
    return StepContext(**fields | changes)


def http_params(url, **keys):
    return HttpParams(url=url, **keys)


def workflow(**keys):
    inputs = {"service_name": "customer-portal", "stratus_id": ""}
    return GitHubWorkflowParams(
        **{"repository": "acme/monitoring", "workflow_id": "setup-monitoring.yml", "inputs": inputs} | keys
    )


@cache
def description():
    return OpenAPI.from_dict(json.loads(DESCRIPTION.read_text()))


class DescribedOutbound(Outbound):
    """Holds both directions of every exchange with `base_url` against GitHub's own description; raises where they differ."""

    def __init__(self, base_url):
        super().__init__(["127.0.0.1", "localhost"], allow_loopback=True)
        self.base_url = base_url
        self.exchanges = []

    def request(self, method, url, *, headers=None, json=None, body=None, timeout, **limits):
        described = url.startswith(f"{self.base_url}/repos/")
        asked = _request(method, url, headers or {}, json)
        if described:
            description().validate_request(asked)
        reply = super().request(method, url, headers=headers, json=json, body=body, timeout=timeout, **limits)
        if described:
            description().validate_response(asked, _response(reply))
        self.exchanges.append((method, urlsplit(url).path, reply.status))
        return reply


def _request(method, url, headers, body):
    parts = urlsplit(url)
    return MockRequest(
        "https://api.github.com",
        method.lower(),
        parts.path,
        args={name: values[0] for name, values in parse_qs(parts.query).items()},
        headers=dict(headers),
        data=json.dumps(body).encode() if body is not None else b"",
    )


def _response(reply):
    kind = reply.headers.get("content-type", "application/json").partition(";")[0]
    return MockResponse(reply.body, status_code=reply.status, headers=dict(reply.headers), content_type=kind)
