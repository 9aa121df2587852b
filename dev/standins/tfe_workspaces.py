"""Calls of the HCP Terraform stand-in about workspaces, their variables, and their configurations with the other host."""

import re
import time
from typing import Any

from flask import Blueprint, Response, abort, request

from dev.standins import tfe_shapes as shapes
from dev.standins.tfe_protocol import answer, attributes_of, flag, listed, text
from dev.standins.tfe_site import Site, missing
from dev.standins.tfe_work import is_archive
from dev.standins.tfe_world import Configuration, Variable, Workspace

NAME = re.compile(r"[A-Za-z0-9_-]{1,90}")
CATEGORIES = ("terraform", "env")


def workspaces(site: Site) -> Blueprint:
    """`/organizations/…/workspaces`, `/workspaces/…`."""
    blueprint = Blueprint("workspaces", __name__)
    named = "/organizations/<organization>/workspaces"

    @blueprint.get(named)
    def of_organization(organization: str) -> Response:
        spaces = [one for one in site.world.workspaces.values() if one.organization == organization]
        wanted = request.args.get("search[name]", "")
        return listed([one for one in spaces if wanted in one.name], shapes.workspace_of)

    @blueprint.post(named)
    def create(organization: str) -> Response:
        if organization != site.organization:
            missing()
        attributes = attributes_of("workspaces")
        name = text(attributes, "name")
        if not NAME.fullmatch(name):
            abort(422, "Name can only include letters, numbers, -, and _")
        with site.world.lock:
            if site.world.named(organization, name):
                abort(422, "Name has already been taken")
            told = text(attributes, "description", ""), flag(attributes, "auto-apply", False)
            space = Workspace(organization, name, *told, time.time(), site.work, lambda: site.seconds("slow_state"))
            site.world.workspaces[space.id] = space
        return answer(shapes.workspace_of(space), 201)

    @blueprint.get(f"{named}/<name>")
    def by_name(organization: str, name: str) -> Response:
        space = site.world.named(organization, name) or missing()
        space.advance(time.time())
        return answer(shapes.workspace_of(space))

    @blueprint.get("/workspaces/<workspace_id>")
    def by_id(workspace_id: str) -> Response:
        return answer(shapes.workspace_of(site.workspace(workspace_id)))

    return blueprint


def variables(site: Site) -> Blueprint:
    """`/workspaces/…/vars`: not in pages."""
    blueprint = Blueprint("variables", __name__)
    every, one = "/workspaces/<workspace_id>/vars", "/workspaces/<workspace_id>/vars/<variable_id>"

    def found(space: Workspace, variable_id: str) -> Variable:
        return next((variable for variable in space.variables if variable.id == variable_id), None) or missing()

    @blueprint.get(every)
    def of_workspace(workspace_id: str) -> Response:
        space = site.workspace(workspace_id)
        return answer([shapes.variable_of(variable, space) for variable in space.variables])

    @blueprint.post(every)
    def create(workspace_id: str) -> Response:
        space, attributes = site.workspace(workspace_id), attributes_of("vars")
        variable = _variable(attributes)
        with space.lock:
            if any((other.key, other.category) == (variable.key, variable.category) for other in space.variables):
                abort(422, "Key has already been taken")
            space.variables.append(variable)
        return answer(shapes.variable_of(variable, space), 201)

    @blueprint.get(one)
    def read(workspace_id: str, variable_id: str) -> Response:
        space = site.workspace(workspace_id)
        return answer(shapes.variable_of(found(space, variable_id), space))

    @blueprint.patch(one)
    def change(workspace_id: str, variable_id: str) -> Response:
        space, attributes = site.workspace(workspace_id), attributes_of("vars")
        variable = found(space, variable_id)
        if variable.sensitive and attributes.get("sensitive") is False:
            abort(422, "Sensitive cannot be taken away")
        names = ("key", "value", "category", "hcl", "sensitive", "description")
        changed = _variable({name: getattr(variable, name) for name in names} | attributes)
        with space.lock:
            changed.id = variable.id
            space.variables[space.variables.index(variable)] = changed
        return answer(shapes.variable_of(changed, space))

    @blueprint.delete(one)
    def delete(workspace_id: str, variable_id: str) -> Response:
        space = site.workspace(workspace_id)
        with space.lock:
            space.variables.remove(found(space, variable_id))
        return Response(status=204)

    return blueprint


def configurations(site: Site) -> Blueprint:
    """`/workspaces/…/configuration-versions`, `/configuration-versions/…`."""
    blueprint = Blueprint("configurations", __name__)
    every = "/workspaces/<workspace_id>/configuration-versions"

    @blueprint.get(every)
    def of_workspace(workspace_id: str) -> Response:
        newest = site.workspace(workspace_id).configurations[::-1]
        return listed(newest, lambda one: shapes.configuration_of(one, time.time()))

    @blueprint.post(every)
    def create(workspace_id: str) -> Response:
        space, attributes = site.workspace(workspace_id), attributes_of("configuration-versions")
        told = flag(attributes, "auto-queue-runs", True), flag(attributes, "speculative", False)
        broken = bool(site.behaviours.take(["broken_configuration"]))
        configuration = Configuration(space.id, *told, site.seconds("slow_configuration"), broken)
        with space.lock:
            space.configurations.append(configuration)
        link = site.link("upload", configuration)
        return answer(shapes.configuration_of(configuration, time.time(), link), 201)

    @blueprint.get("/configuration-versions/<configuration_id>")
    def read(configuration_id: str) -> Response:
        found = site.world.configuration(configuration_id) or missing()
        return answer(shapes.configuration_of(found, time.time()))

    return blueprint


def archivist(site: Site) -> Blueprint:
    """The other host: uploads and logs, behind links that need no token and refuse one."""
    blueprint = Blueprint("archivist", __name__)

    def linked(secret: str, kind: str) -> Any:
        if "Authorization" in request.headers:
            abort(400, "this link is a secret already: bring no token")
        known, what = site.world.links.get(secret, ("", None))
        return what if known == kind else missing()

    @blueprint.put("/_archivist/v1/object/<secret>")
    def upload(secret: str) -> Response:
        configuration: Configuration = linked(secret, "upload")
        if configuration.archive is not None or request.mimetype != "application/octet-stream":
            abort(400, "an archive is uploaded once, as application/octet-stream")
        configuration.archive = request.get_data()
        configuration.broken = configuration.broken or not is_archive(configuration.archive)
        configuration.ready = time.time() + configuration.processing
        if configuration.auto_queue:
            space = site.workspace(configuration.workspace_id)
            site.start(space, configuration, "Queued by an upload", destroy=False, auto_apply=space.auto_apply)
        return Response(status=200)

    @blueprint.get("/_archivist/v1/object/<secret>")
    def log(secret: str) -> Response:
        run, half = linked(secret, "log")
        return Response(b"\x02" + run.logs.get(half, b"") + b"\x03", content_type="text/plain")

    return blueprint


def _variable(attributes: dict[str, Any]) -> Variable:
    key, category = text(attributes, "key"), text(attributes, "category")
    if not key or category not in CATEGORIES:
        abort(422, "a variable needs a key, and a category of terraform or env")
    hcl, sensitive = flag(attributes, "hcl", False), flag(attributes, "sensitive", False)
    return Variable(key, text(attributes, "value", ""), category, hcl, sensitive, text(attributes, "description", ""))
