"""A Terraform step of three resources, as a worker performs it, against bare init, plan and apply of the same module."""

import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from subprocess import DEVNULL

import worker
from app.core.outcomes import Done
from app.jobs.runtime import Runtime
from app.lifecycle.engine import claims, progress
from app.lifecycle.orders.submit import submit
from app.transaction import transaction
from bench.rows import Row, row
from bench.stage import Scale, Stage
from bench.timing import alternate, p50, timed
from config import HERE

ALLOWED_MS = 100.0
ITEM = "redis-cache"
MODULE = HERE / "catalog" / "modules" / "redis"
VALUES = {"name": "shared", "cache_size": "cache.t3.micro", "environment": "staging"}
QUIETLY = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
COMMANDS = (["init", "-no-color"], ["plan", "-no-color", "-out=made.plan"], ["apply", "-no-color", "-json", "made.plan"])


def measure(stage: Stage, scale: Scale) -> list[Row]:
    """The row of Terraform."""
    runtime = worker.build(stage.settings, "bench")
    try:
        with stage.app.app_context():
            seen = alternate(
                {"ours": lambda: [_step(stage, runtime)], "bare": lambda: [_bare(stage.settings.terraform_binary)]},
                scale.of(20, 4, 1),
            )
    finally:
        runtime.close()
    against = f"bare init, plan and apply, and {ALLOWED_MS:g} ms"
    return [
        row("Terraform step of three resources", against, p50(seen["ours"]) - ALLOWED_MS, p50(seen["bare"]), "<= 1.25", "ms")
    ]


def _step(stage: Stage, runtime: Runtime) -> float:
    """Milliseconds from the claim to the outcome: render, run, log, state, verify."""
    with transaction() as unit:
        submit(unit, stage.caller, {"catalog_item": ITEM})
    with runtime.engine.begin() as connection:
        claim = claims.claim_next(connection, runtime.leases.claimant)
    assert claim is not None
    held = runtime.leases.take(claim.token)
    began = time.perf_counter()
    result = runtime.performer.perform(claim, held)
    took = (time.perf_counter() - began) * 1000
    runtime.leases.drop(claim.token)
    assert isinstance(result.outcome, Done), f"the step came to {result.outcome}"
    with runtime.engine.begin() as connection:
        progress.record(connection, claim, result, runtime.tools)
    return took


def _bare(binary: str) -> float:
    """Milliseconds of the three commands in a folder of their own."""
    program = shlex.split(binary) or [shutil.which("terraform") or "tofu"]
    with tempfile.TemporaryDirectory(prefix="stratus-bench-") as name:
        folder = Path(name) / "module"
        shutil.copytree(MODULE, folder)
        (folder / "terraform.tfvars.json").write_text(json.dumps(VALUES))

        def run() -> None:
            for command in COMMANDS:
                subprocess.run(
                    [*program, *command], cwd=folder, env={**os.environ, **QUIETLY}, check=True, stdout=DEVNULL, stderr=DEVNULL
                )

        return timed(run)
