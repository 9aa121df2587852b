"""Every route of the portal says who may call it."""

from app.identity.guard import API_CALLER, PUBLIC, REMEDY, SIGNED_IN, guard_of

OPEN = {
    "static",
    "auth.sign_in",
    "auth.callback",
    "auth.sign_out",
    "auth.signed_out",
    "docs.openapi",
    "docs.page",
    "docs.problems",
    "resource.metadata",
    "v1.operations.get_health",
    "v1.operations.get_liveness",
    "v1.operations.get_readiness",
}
"""Endpoints for everybody. A new one is a decision: add it here with the view's `@public`."""


def test_no_route_is_without_a_guard(app):
    unguarded = sorted(
        {rule.endpoint for rule in app.url_map.iter_rules() if guard_of(app.view_functions[rule.endpoint]) is None}
    )
    assert not unguarded, f"{', '.join(unguarded)}: {REMEDY}"


def test_the_api_is_called_with_tokens_and_pages_are_opened_with_sessions(app):
    for rule in app.url_map.iter_rules():
        guard = guard_of(app.view_functions[rule.endpoint])
        wanted = API_CALLER if rule.rule.startswith("/api/v") else SIGNED_IN
        assert guard in (wanted, PUBLIC), f"{rule.endpoint} at {rule.rule} is guarded by {guard}: use @{wanted}, or @public"


def test_what_everybody_may_call_is_a_decision(app):
    public = {rule.endpoint for rule in app.url_map.iter_rules() if guard_of(app.view_functions[rule.endpoint]) == PUBLIC}
    assert public == OPEN, "a view with @public belongs into OPEN, here, and only such a view"
