"""What GitHub's answers look like: runs, artifacts, repositories, with every member that GitHub's own description requires."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from dev.standins.github_runs import Run, number_of

_REPOSITORY_LINKS = [
    "archive",
    "assignees",
    "blobs",
    "branches",
    "collaborators",
    "comments",
    "commits",
    "compare",
    "contents",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "git_commits",
    "git_refs",
    "git_tags",
    "hooks",
    "issue_comment",
    "issue_events",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
    "milestones",
    "notifications",
    "pulls",
    "releases",
    "stargazers",
    "statuses",
    "subscribers",
    "subscription",
    "tags",
    "teams",
    "trees",
]
_USER_LINKS = [
    "events",
    "followers",
    "following",
    "gists",
    "organizations",
    "received_events",
    "repos",
    "starred",
    "subscriptions",
]


def run_of(run: Run, base: str, now: float) -> dict[str, Any]:
    """A `workflow-run`. base: where the stand-in listens."""
    api, workflow = f"{base}/repos/{run.repository}", f"{base}/repos/{run.repository}/actions/workflows/{run.workflow}"
    itself = f"{api}/actions/runs/{run.id}"
    sha = hashlib.sha1(f"{run.repository}@{run.ref}".encode(), usedforsecurity=False).hexdigest()
    return {
        "id": run.id,
        "name": run.workflow.partition(".")[0],
        "node_id": f"WFR_{run.id}",
        "head_branch": run.ref,
        "head_sha": sha,
        "path": f".github/workflows/{run.workflow}",
        "run_number": run.number,
        "run_attempt": 1,
        "display_title": run.title,
        "event": "workflow_dispatch",
        "status": run.status(now),
        "conclusion": run.conclusion(now),
        "workflow_id": number_of(run.workflow),
        "created_at": moment(run.created),
        "updated_at": moment(run.updated(now)),
        "run_started_at": moment(run.created),
        "url": itself,
        "html_url": f"{base}/{run.repository}/actions/runs/{run.id}",
        "jobs_url": f"{itself}/jobs",
        "logs_url": f"{itself}/logs",
        "check_suite_url": f"{api}/check-suites/{run.id}",
        "artifacts_url": f"{itself}/artifacts",
        "cancel_url": f"{itself}/cancel",
        "rerun_url": f"{itself}/rerun",
        "workflow_url": workflow,
        "pull_requests": [],
        "head_commit": _commit(sha, run),
        "repository": _repository(run.repository, base),
        "head_repository": _repository(run.repository, base),
    }


def artifact_of(run: Run, base: str, now: float) -> dict[str, Any]:
    """The `artifact` of a run that went well; its id is the run's."""
    url = f"{base}/repos/{run.repository}/actions/artifacts/{run.id}"
    archive, ended = run.archive(), run.updated(now)
    return {
        "id": run.id,
        "node_id": f"ART_{run.id}",
        "name": "stratus-outputs",
        "size_in_bytes": len(archive),
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": False,
        "digest": f"sha256:{hashlib.sha256(archive).hexdigest()}",
        "created_at": moment(ended),
        "updated_at": moment(ended),
        "expires_at": moment(ended + timedelta(days=90).total_seconds()),
        "workflow_run": {"id": run.id, "head_branch": run.ref},
    }


def moment(seconds: float) -> str:
    """A time as GitHub writes it, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _commit(sha: str, run: Run) -> dict[str, Any]:
    author = {"name": "Stand-in", "email": "stand-in@example.com"}
    return {
        "id": sha,
        "tree_id": sha,
        "message": "The commit that the stand-in pretends to have",
        "timestamp": moment(run.created),
        "author": author,
        "committer": author,
    }


def _repository(full_name: str, base: str) -> dict[str, Any]:
    owner, _, name = full_name.partition("/")
    url = f"{base}/repos/{full_name}"
    return {
        "id": number_of(full_name),
        "node_id": f"R_{number_of(full_name)}",
        "name": name,
        "full_name": full_name,
        "owner": _user(owner, base),
        "private": True,
        "html_url": f"{base}/{full_name}",
        "description": None,
        "fork": False,
        "url": url,
        **{f"{link}_url": f"{url}/{link.replace('_', '/')}" for link in _REPOSITORY_LINKS},
    }


def _user(login: str, base: str) -> dict[str, Any]:
    url = f"{base}/users/{login}"
    return {
        "login": login,
        "id": number_of(login),
        "node_id": f"O_{number_of(login)}",
        "avatar_url": f"{base}/avatars/{login}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{base}/{login}",
        **{f"{link}_url": f"{url}/{link}" for link in _USER_LINKS},
        "type": "Organization",
        "site_admin": False,
    }
