"""What the tests of `GitHubWorkflow` share: a stand-in, held against GitHub's own description, and following a run."""

import time
from dataclasses import replace

from app.core.outcomes import Waiting
from app.steps.github import GitHubWorkflow
from tests.steps.exchanges import LOOPBACK

STEP = GitHubWorkflow()
RUN_SECONDS = 0.2


def tell(github, behaviour, **options):
    """Let the stand-in show a behaviour."""
    reply = LOOPBACK.request("POST", f"{github.url}/_control", json={"behaviour": behaviour, **options}, timeout=5)
    assert reply.status == 200


def dispatches(github):
    """The dispatches that the stand-in took."""
    return LOOPBACK.request("GET", f"{github.url}/_log", timeout=5).json()["dispatches"]


def followed(ready, outcome, *, act=STEP.poll, polls=40):
    """Poll as the worker would, only sooner, until nothing is waited for any more."""
    for _ in range(polls):
        if not isinstance(outcome, Waiting):
            return outcome
        time.sleep(RUN_SECONDS / 4)
        outcome = act(replace(ready, handle=outcome.handle))
    return outcome
