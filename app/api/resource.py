"""Where programs learn how to call this API: the metadata of a protected resource (RFC 9728). For everybody."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.api.parts import settings
from app.identity.guard import public

blueprint = Blueprint("resource", __name__)


@blueprint.get("/.well-known/oauth-protected-resource")
@public
def metadata() -> ResponseReturnValue:
    """Who issues access tokens, and as which client the command line asks for one by device; that key is our own."""
    here = settings()
    told = {
        "resource": here.public_url.rstrip("/"),
        "resource_name": "Stratus",
        "resource_documentation": f"{here.public_url.rstrip('/')}/api/docs",
        "authorization_servers": [here.oidc_issuer] if here.oidc_issuer else [],
        "scopes_supported": here.oidc_scopes.split(),
        "bearer_methods_supported": ["header"],
    }
    response = jsonify(told | ({"stratus_cli_client_id": here.oidc_cli_client_id} if here.oidc_cli_client_id else {}))
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
