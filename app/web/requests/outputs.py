"""The page of a request's outputs: revealed one by one to the team that asked, downloaded as JSON or as a `.env` file."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.env_file import env_file
from app.core.secrecy import MASK
from app.identity.guard import signed_in
from app.lifecycle.revealing import Revealed, reveal
from app.queries.shapes import Detail
from app.transaction import transaction
from app.web.parts import caller
from app.web.requests import results
from app.web.requests.case import Case
from app.web.requests.reading import case_of
from app.web.requests.results import Row

blueprint = Blueprint("outputs", __name__, url_prefix="/requests/<request_id>")

TYPES: Mapping[str, str] = {"json": "application/json", "env": "text/plain"}
WORDS: Mapping[str, str] = {"json": "JSON", "env": ".env"}


@blueprint.get("/outputs")
@signed_in
def show(request_id: str) -> ResponseReturnValue:
    """Every output of the request, the sensitive ones hidden."""
    return _page(case_of(request_id), {})


@blueprint.post("/outputs")
@signed_in
def reveal_one(request_id: str) -> ResponseReturnValue:
    """The same page with one sensitive output in clear: `group` and `name` say which; without them all. It is audited."""
    case = case_of(request_id)
    return _page(case, _revealed(case, request.form.get("group") or None, request.form.get("name") or None))


@blueprint.get("/outputs.<any(json, env):kind>")
@signed_in
def download(request_id: str, kind: str) -> ResponseReturnValue:
    """The outputs as a file, the sensitive ones masked."""
    return _file(case_of(request_id).detail, {}, kind)


@blueprint.post("/outputs.<any(json, env):kind>")
@signed_in
def download_all(request_id: str, kind: str) -> ResponseReturnValue:
    """The outputs as a file, the sensitive ones in clear. It is audited."""
    case = case_of(request_id)
    return _file(case.detail, _revealed(case, None, None), kind)


def _revealed(case: Case, group: str | None, name: str | None) -> Revealed:
    with transaction() as unit:
        return reveal(unit, caller(), case.detail.summary.request_id, group=group, name=name)


def _page(case: Case, revealed: Revealed) -> str:
    summary = case.detail.summary
    groups = results.outputs(case, _clear(revealed))
    return render_template(
        "requests/outputs.html",
        it=summary,
        groups=groups,
        there=results.counted(groups)[0],
        hidden=any(one.sensitive for one in case.detail.outputs),
        may_reveal=case.may_reveal,
        here=url_for("outputs.show", request_id=summary.request_id),
        words=WORDS,
        files=[(kind, url_for("outputs.download", request_id=summary.request_id, kind=kind)) for kind in TYPES],
        request_page=url_for("requests.show", request_id=summary.request_id),
    )


def _clear(revealed: Revealed) -> results.Change:
    def changed(group: str, row: Row) -> Row:
        return replace(row, value=revealed[group, row.name], secret=False) if (group, row.name) in revealed else row

    return changed


def _file(detail: Detail, revealed: Revealed, kind: str) -> Response:
    alone, request_id = detail.summary.kind == "item", detail.summary.request_id
    rows = [
        (one.group, one.name, revealed.get((one.group, one.name), MASK) if one.sensitive else one.value)
        for one in detail.outputs
    ]
    if kind == "env":
        text = env_file(("" if alone else group, name, value) for group, name, value in rows)
    else:
        text = json.dumps({"request_id": request_id, "outputs": _grouped(rows, alone=alone)}, indent=2) + "\n"
    answer = Response(text, mimetype=TYPES[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{request_id}.{kind}"'
    return answer


def _grouped(rows: list[tuple[str, str, Any]], *, alone: bool) -> dict[str, Any]:
    groups: dict[str, dict[str, Any]] = {}
    for group, name, value in rows:
        groups.setdefault(group, {})[name] = value
    return next(iter(groups.values()), {}) if alone else groups
