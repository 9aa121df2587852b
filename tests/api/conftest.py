"""The cast as clients of the API, the story's order, and a hand that does what workers do."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.core.outcomes import Done, Failed
from app.extensions import db
from config import Settings
from tests.fixtures.house import House
from tests.fixtures.people import ApiClient, People
from tests.story import STORY

CONFLICT = Failed(
    "Error creating RDS instance: subnet group conflicts with existing resources",
    kind="terraform_error",
    details={"resource": "aws_db_subnet_group.postgres", "error_code": "InvalidDBSubnetGroup"},
    retryable=False,
)
OUTPUTS: dict[str, dict[str, Any]] = {
    "provision_eks_app": {"service_url": "https://api.example.com", "cluster_endpoint": "https://eks.example.com"},
    "provision_postgres": {"address": "db.example.com", "port": 5432, "admin_secret_arn": "arn:aws:x:y:z"},
    "provision_redis": {"endpoint": "redis.example.com:6379", "host": "redis.example.com", "port": 6379},
    "setup_monitoring": {"dashboard_url": "https://grafana.example.com/d/1"},
    "configure_connections": {"connection_id": "con-1"},
}
BY_HAND = {"address": "fixed.example.com", "port": 5432, "admin_secret_arn": "arn:aws:x:y:z"}


@pytest.fixture
def order() -> dict[str, Any]:
    """The story's order, to change."""
    return deepcopy(STORY)


@pytest.fixture
def portal(settings: Settings, people: People) -> Iterator[Callable[..., Callable[[str | None], ApiClient]]]:
    """Makes a portal with other settings; answers who calls it: `portal(timezone="Asia/Tokyo")("sarah-123")`."""
    made: list[Flask] = []

    def make(**other: Any) -> Callable[[str | None], ApiClient]:
        app = create_app(settings.model_copy(update=other))
        made.append(app)

        def client(who: str | None) -> ApiClient:
            found = ApiClient(app, app.response_class)
            if who is not None:
                found.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {people.token_of(who)}"
            return found

        return client

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def nobody(people: People) -> ApiClient:
    return people.api(None)


@pytest.fixture
def sarah(people: People) -> ApiClient:
    return people.api("sarah-123")


@pytest.fixture
def bob(people: People) -> ApiClient:
    return people.api("bob-456")


@pytest.fixture
def carol(people: People) -> ApiClient:
    return people.api("carol-789")


@pytest.fixture
def erin(people: People) -> ApiClient:
    return people.api("erin-321")


@pytest.fixture
def dana(people: People) -> ApiClient:
    return people.api("dana-001")


@pytest.fixture
def mallory(people: People) -> ApiClient:
    return people.api("mallory-666")


@pytest.fixture
def placed(sarah: ApiClient, synced_catalog: Any) -> str:
    """The id of sarah's order of the story; nothing of it has begun."""
    return sarah.post("/api/v1/requests", json=STORY).json["request_id"]


def work(house: House, *failing: str) -> list[str]:
    """Do every step that is ready, and those that become ready; the `failing` ones fail. Answers their names in order."""
    done = []
    while (claim := house.claim()) is not None:
        name = claim.step.step_name
        house.record(claim, CONFLICT if name in failing else Done(OUTPUTS[name]))
        done.append(name)
    return done


@pytest.fixture
def stuck(placed: str, house: House) -> str:
    """The same order after its database failed: a ticket waits for carol, and everything else that could went on."""
    work(house, "provision_postgres")
    return placed


@pytest.fixture
def ticket(stuck: str, carol: ApiClient) -> str:
    """The id of that ticket."""
    (found,) = carol.get(f"/api/v1/tickets?request_id={stuck}").json["tickets"]
    return found["ticket_id"]


@pytest.fixture
def finished(placed: str, house: House) -> str:
    """The same order, completed."""
    work(house)
    return placed
