"""Every step type there is, by its name, those that run checks included. Adding one: see docs/adding-a-step.md."""

from collections.abc import Mapping

from app.steps.base import Planner, StepType
from app.steps.checks import DnsCheck, ExpressionCheck, HttpCheck, QuotaCheck, TcpCheck, UniqueCheck
from app.steps.github import GitHubWorkflow
from app.steps.http import HttpGet, HttpPost, HttpPut
from app.steps.manual import ManualTask
from app.steps.terraform import TerraformFile

_TERRAFORM = TerraformFile()
REGISTRY: Mapping[str, StepType] = {
    "TerraformFile": _TERRAFORM,
    "GitHubWorkflow": GitHubWorkflow(),
    "HttpGet": HttpGet(),
    "HttpPut": HttpPut(),
    "HttpPost": HttpPost(),
    "ManualTask": ManualTask(),
    "HttpCheck": HttpCheck(),
    "TcpCheck": TcpCheck(),
    "DnsCheck": DnsCheck(),
    "ExpressionCheck": ExpressionCheck(),
    "UniqueCheck": UniqueCheck(),
    "QuotaCheck": QuotaCheck(),
}
PLANNERS: Mapping[str, Planner] = {"TerraformFile": _TERRAFORM}
"""Those that can say beforehand what running a step again would change."""
