"""The API explained: its OpenAPI description, a page that draws it, and the kinds of problems. For everybody."""

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.api import problems as refusals
from app.api.openapi import description
from app.api.parts import settings
from app.identity.guard import public

blueprint = Blueprint("docs", __name__, url_prefix="/api")
refusals.install(blueprint)
DESCRIPTION_URL = "/api/v1/openapi.json"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self' {issuer}; frame-ancestors 'none'; base-uri 'none'"
)
"""The portal's own, and besides it the pictures that Swagger UI carries in its style sheet."""


@blueprint.get("/v1/openapi.json")
@public
def openapi() -> ResponseReturnValue:
    """The OpenAPI 3.1 description."""
    response = jsonify(description())
    response.headers["Cache-Control"] = "public, no-cache"
    response.add_etag()
    return response.make_conditional(request)


@blueprint.get("/docs")
@public
def page() -> ResponseReturnValue:
    """The description as a page."""
    html = render_template("api_docs.html", description=DESCRIPTION_URL)
    return html, {"Content-Security-Policy": POLICY.format(issuer=settings().oidc_issuer.rstrip("/"))}


@blueprint.get("/problems")
@public
def problems() -> ResponseReturnValue:
    """The kinds of problems, where the `type` of each problem points."""
    kinds = [{"code": code, "status": kind.status, "title": kind.title} for code, kind in refusals.KINDS.items()]
    return jsonify(problems=kinds)
