"""Every step type there is, by its name, those that run checks included. Adding one: see docs/adding-a-step.md."""

from collections.abc import Mapping

from app.steps.base import StepType
from app.steps.checks import DnsCheck, ExpressionCheck, HttpCheck, TcpCheck
from app.steps.github import GitHubWorkflow
from app.steps.http import HttpGet, HttpPost, HttpPut
from app.steps.manual import ManualTask
from app.steps.terraform import TerraformFile

REGISTRY: Mapping[str, StepType] = {
    "TerraformFile": TerraformFile(),
    "GitHubWorkflow": GitHubWorkflow(),
    "HttpGet": HttpGet(),
    "HttpPut": HttpPut(),
    "HttpPost": HttpPost(),
    "ManualTask": ManualTask(),
    "HttpCheck": HttpCheck(),
    "TcpCheck": TcpCheck(),
    "DnsCheck": DnsCheck(),
    "ExpressionCheck": ExpressionCheck(),
}
