"""Drafts and templates: orders that are kept, shared with a team, changed and sent."""

import uuid
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response

from app.api.correlation import caller
from app.api.endpoint import endpoint
from app.api.once import once
from app.api.parts import cursors, settings
from app.api.reading import idempotency_key, revision_known, revisions
from app.api.shapes import drafts as shapes
from app.api.shapes.requests import RequestCreated
from app.catalog import offers
from app.core.secrecy import without_secrets
from app.identity import current_person
from app.identity.guard import api_caller
from app.lifecycle.kept import drafts, templates
from app.lifecycle.kept.entries import drift
from app.queries import drafts as queries
from app.queries.drafts import Kept
from app.reader import reader
from app.transaction import transaction

blueprint = Blueprint("drafts", __name__)
TAG = "drafts and templates"


@blueprint.get("/drafts")
@api_caller
@endpoint(TAG, shapes.DraftList, query=shapes.KeptQuery)
def list_drafts(query: shapes.KeptQuery) -> shapes.DraftList:
    """The caller's drafts and those shared with their teams, the one that changed last first."""
    person = current_person()
    return shapes.DraftList.of(
        queries.listing(reader(), person, "draft", query.filters, query.limit, query.cursor, cursors()), settings().draft_days
    )


@blueprint.post("/drafts")
@api_caller
@endpoint(TAG, shapes.Draft, status=201, body=shapes.NewDraft, takes_key=True, revised=True, refusals=[409])
def create_draft(body: shapes.NewDraft) -> shapes.Draft | Response:
    """Keep an order that is not sent yet. It may have faults; what cannot be kept, because it is secret, is named."""
    return once(lambda unit: _draft(drafts.save(unit, caller(), body.order, title=body.title, team=body.team).id))


@blueprint.get("/drafts/<uuid:draft_id>")
@api_caller
@endpoint(TAG, shapes.Draft, revised=True)
def get_draft(draft_id: uuid.UUID) -> shapes.Draft:
    """One draft with its order, and what the entry's current version changes for it."""
    return _draft(draft_id)


@blueprint.put("/drafts/<uuid:draft_id>")
@api_caller
@endpoint(TAG, shapes.Draft, body=shapes.ChangedDraft, revised=True, takes_match=True, refusals=[409])
def change_draft(draft_id: uuid.UUID, body: shapes.ChangedDraft) -> shapes.Draft:
    """Save over a draft as it was read. One that was saved since is not written over: 409 `newer_draft`.

    Members of the team that it is shared with may; sharing it is its owner's.
    """
    read = revision_known(body.revision)
    with transaction() as unit:
        drafts.confirm(unit, caller(), draft_id, revisions())
        drafts.save(unit, caller(), body.order, draft_id=draft_id, expected=read, title=body.title)
        if "team" in body.model_fields_set:
            drafts.share(unit, caller(), draft_id, body.team)
    return _draft(draft_id)


@blueprint.delete("/drafts/<uuid:draft_id>")
@api_caller
@endpoint(TAG, None, status=204, takes_match=True)
def delete_draft(draft_id: uuid.UUID) -> None:
    """Throw a draft away. Its owner may."""
    with transaction() as unit:
        drafts.confirm(unit, caller(), draft_id, revisions())
        drafts.delete(unit, caller(), draft_id)


@blueprint.post("/drafts/<uuid:draft_id>/submit")
@api_caller
@endpoint(TAG, RequestCreated, status=201, body=shapes.MoreAnswers, takes_key=True, refusals=[409])
def submit_draft(draft_id: uuid.UUID, body: shapes.MoreAnswers) -> RequestCreated:
    """Send a draft as the caller's order, with the answers of the body over its own. It ends with the request.

    Faults are told as for `POST /requests`; then the draft stays. A draft is its own `Idempotency-Key`: sending it again
    answers the request that the first call made.
    """
    idempotency_key()
    with transaction() as unit:
        made = drafts.submit(unit, caller(), draft_id, body.model_dump(exclude_unset=True))
    return RequestCreated.of(made)


@blueprint.get("/templates")
@api_caller
@endpoint(TAG, shapes.TemplateList, query=shapes.KeptQuery)
def list_templates(query: shapes.KeptQuery) -> shapes.TemplateList:
    """The caller's templates and those shared with their teams, the one that changed last first."""
    person = current_person()
    return shapes.TemplateList.of(
        queries.listing(reader(), person, "template", query.filters, query.limit, query.cursor, cursors())
    )


@blueprint.post("/templates")
@api_caller
@endpoint(TAG, shapes.Template, status=201, body=shapes.NewTemplate, takes_key=True, revised=True, refusals=[409])
def create_template(body: shapes.NewTemplate) -> shapes.Template | Response:
    """Keep an order to begin others with. What cannot be kept, because it is secret, is named."""
    return once(lambda unit: _template(templates.save(unit, caller(), body.order, body.name, team=body.team)))


@blueprint.get("/templates/<uuid:template_id>")
@api_caller
@endpoint(TAG, shapes.Template, revised=True)
def get_template(template_id: uuid.UUID) -> shapes.Template:
    """One template with its order, and what the entry's current version changes for it."""
    return _template(template_id)


@blueprint.put("/templates/<uuid:template_id>")
@api_caller
@endpoint(TAG, shapes.Template, body=shapes.ChangedTemplate, revised=True, takes_match=True, refusals=[409])
def change_template(template_id: uuid.UUID, body: shapes.ChangedTemplate) -> shapes.Template:
    """Save over a template as it was read. One that was saved since is not written over: 409 `newer_draft`."""
    read = revision_known(body.revision)
    with transaction() as unit:
        templates.confirm(unit, caller(), template_id, revisions())
        templates.save(unit, caller(), body.order, body.name, template_id=template_id, expected=read)
        if "team" in body.model_fields_set:
            templates.share(unit, caller(), template_id, body.team)
    return _template(template_id)


@blueprint.delete("/templates/<uuid:template_id>")
@api_caller
@endpoint(TAG, None, status=204, takes_match=True)
def delete_template(template_id: uuid.UUID) -> None:
    """Throw a template away. Its owner may."""
    with transaction() as unit:
        templates.confirm(unit, caller(), template_id, revisions())
        templates.delete(unit, caller(), template_id)


def _draft(draft_id: uuid.UUID) -> shapes.Draft:
    kept = queries.one(reader(), current_person(), "draft", draft_id)
    return shapes.Draft.of(kept, settings().draft_days, **_detail(kept))


def _template(template_id: uuid.UUID) -> shapes.Template:
    kept = queries.one(reader(), current_person(), "template", template_id)
    return shapes.Template.of(kept, **_detail(kept))


def _detail(kept: Kept) -> dict[str, Any]:
    connection = reader()
    offer = offers.current(connection, kept.kind, kept.catalog_name)
    if offer is None:
        return shapes.detail(kept, None, ())
    # What became secret since it was saved is not shown either.
    shown = replace(kept, order=without_secrets(offer, kept.order))
    return shapes.detail(shown, offer.version, drift(connection, offer, kept.version, kept.versions, kept.order))
