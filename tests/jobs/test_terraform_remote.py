"""An order whose module HCP Terraform builds, over the whole engine: waited for, completed, cancelled, taken back."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.lifecycle import decide
from app.outbound import Outbound
from dev.standins.serving import Running
from dev.standins.tfe import create_app, program
from dev.standins.tfe_work import Terraform
from tests.fixtures.house import House, item
from tests.jobs.conftest import Workers, ends_as, until

LOOPBACK = Outbound(["127.0.0.1"], allow_loopback=True)
MODULE = """
variable "word" {}
variable "password" { sensitive = true }
resource "terraform_data" "echo" { input = var.word }
output "word" { value = terraform_data.echo.output }
output "url" {
  value     = "db://${var.password}@host"
  sensitive = true
}
"""
STEP = """
- name: provision
  type: TerraformFile
  template:
    module_source: ./modules/echo
    backend: remote
    variables: {word: "{{ request.request_id }}", password: "{{ secrets.password }}"}
  verification: {type: terraform_state, resource_count: 1, required_outputs: [word, url]}
  outputs: {word: {type: string}, url: {type: string, sensitive: true}}
"""
OUTPUTS = """
outputs:
  word: {value: "{{ steps.provision.outputs.word }}"}
"""


@pytest.fixture
def site() -> Iterator[Running]:
    with Running(create_app(work=Terraform(program()), run_seconds=0.3)) as running:
        yield running


@pytest.fixture
def ordered(house: House, workers: Workers, site: Running) -> Any:
    """Order the item, with a worker that knows the stand-in; gives the request's id."""
    module = house.folder / "modules" / "echo"
    module.mkdir(parents=True)
    (module / "main.tf").write_text(MODULE)
    house.offer(echo=item(STEP, extra=OUTPUTS))
    settings = {"TFE_API_URL": site.url, "TFE_TOKEN": "development", "TFE_ORGANIZATION": "acme"}

    def order() -> str:
        workers.start(OUTBOUND_HOSTS="127.0.0.1,localhost", STEP_SECRETS='{"password": "canary-4711"}', **settings)
        return house.order("echo").request_id

    return order


def taken(site: Running) -> list[str]:
    """What was asked for runs, in order."""
    return [one["what"] for one in LOOPBACK.request("GET", f"{site.url}/_log", timeout=5).json()["taken"]]


def tell(site: Running, behaviour: str, **options: Any) -> None:
    LOOPBACK.request("POST", f"{site.url}/_control", json={"behaviour": behaviour, **options}, timeout=5)


def test_an_order_waits_with_a_link_and_completes_with_its_outputs(house: House, ordered: Any, site: Running) -> None:
    tell(site, "slow", seconds=3)
    request_id = ordered()
    until(lambda: house.step("provision").tracking_url is not None)
    step = house.step("provision")
    assert step.status in ("waiting", "running")
    assert step.tracking_url == f"{site.url}/app/acme/workspaces/stratus-{request_id}-step-001/runs/{step.external_id}"
    ends_as(house, request_id, "completed")
    assert house.request(request_id).outputs == {"echo": {"word": request_id}}
    assert "canary" not in str(house.step("provision"))
    assert taken(site) == ["run", "apply"]


def test_a_cancelled_order_ends_the_run(house: House, ordered: Any, site: Running) -> None:
    tell(site, "slow", seconds=60)
    request_id = ordered()
    until(lambda: house.step("provision").external_id is not None)
    with house.unit() as unit:
        decide.cancel(unit, house.caller("sarah-123"), request_id, "Ordered by mistake")
    ends_as(house, request_id, "cancelled")
    assert house.step("provision").status == "cancelled"
    assert taken(site) == ["run", "cancel"]


def test_a_roll_back_destroys_by_a_run_of_its_own(house: House, ordered: Any, site: Running) -> None:
    request_id = ordered()
    ends_as(house, request_id, "completed")
    with house.unit() as unit:
        decide.rollback(unit, house.caller("sarah-123"), request_id, "Not needed any more")
    ends_as(house, request_id, "rolled_back")
    assert house.step("provision").status == "rolled_back"
    assert taken(site) == ["run", "apply", "run", "apply"]
