"""Drafts and templates: orders that are kept and not sent, and what is posted to keep one."""

import uuid
from collections.abc import Sequence
from typing import Any, Self

from pydantic import Field

from app.api.reading import Query
from app.api.shapes.common import Body, Moment, Pagination
from app.api.shapes.parameters import Cursor, Limit, YesOrNo
from app.core.order_changes import Change
from app.core.shapes import Shape
from app.lifecycle.kept.abandoned import kept_until
from app.lifecycle.kept.keeping import LONGEST_TITLE
from app.queries.drafts import Filters, Kept
from app.queries.paging import Page

TITLE = "What people call it; by its answers when left out."
REVISION = "As it was read; 409 when it was saved since. May be left out where `If-Match` is sent."
TEAM = "The team that may read, change and use it; null: nobody else."


class KeptQuery(Query):
    """How a list is narrowed and paged."""

    catalog: str | None = Field(default=None, max_length=200, description="Only those of this bundle or item.")
    mine: YesOrNo = Field(default=False, description="Only the caller's own, not those shared with their teams.")
    limit: Limit = 50
    cursor: Cursor = None

    @property
    def filters(self) -> Filters:
        """The same, for the query."""
        return Filters(catalog_name=self.catalog, mine=self.mine)


class NewDraft(Shape):
    """An order to keep. It may still be wrong; secrets in it are not kept."""

    order: dict[str, Any] = Field(description="As for `POST /requests`.")
    title: str | None = Field(default=None, min_length=1, max_length=LONGEST_TITLE, description=TITLE)
    team: str | None = Field(default=None, max_length=200, description=TEAM)


class ChangedDraft(Shape):
    """What a draft becomes. revision: the one that was read, unless `If-Match` says it: a newer one is not written over."""

    order: dict[str, Any] = Field(description="As for `POST /requests`.")
    revision: int | None = Field(default=None, ge=1, description=REVISION)
    title: str | None = Field(default=None, min_length=1, max_length=LONGEST_TITLE, description=TITLE)
    team: str | None = Field(default=None, max_length=200, description=TEAM + " Unchanged when left out.")


class MoreAnswers(Shape):
    """Answers that go over those of a draft: its secrets. Often an empty object."""

    bundle_parameters: dict[str, Any] = {}
    item_parameters: dict[str, dict[str, Any]] = {}
    parameters: dict[str, Any] = {}


class NewTemplate(Shape):
    """An order to begin others with. Secrets in it are not kept."""

    name: str = Field(min_length=1, max_length=LONGEST_TITLE)
    order: dict[str, Any] = Field(description="As for `POST /requests`.")
    team: str | None = Field(default=None, max_length=200, description=TEAM)


class ChangedTemplate(Shape):
    """What a template becomes. revision: the one that was read, unless `If-Match` says it: a newer one is not written over."""

    name: str = Field(min_length=1, max_length=LONGEST_TITLE)
    order: dict[str, Any] = Field(description="As for `POST /requests`.")
    revision: int | None = Field(default=None, ge=1, description=REVISION)
    team: str | None = Field(default=None, max_length=200, description=TEAM + " Unchanged when left out.")


class OrderChange(Body):
    """What a newer version changes for a kept order."""

    kind: str = Field(examples=["field_added", "field_removed", "item_added", "item_removed", "invalid", "default"])
    part: str = Field(description="`bundle`, or the item's `as`.")
    field: str = Field(description="Empty for a whole item.")
    message: str = Field(description="Reads after the field's name.")

    @classmethod
    def of(cls, change: Change) -> Self:
        """The shape of a change."""
        return cls(kind=change.kind, part=change.part, field=change.field, message=change.message)


class _KeptSummary(Body):
    catalog_kind: str = Field(description="`bundle` or `item`.")
    catalog_name: str
    catalog_title: str
    version: str = Field(description="Of the entry, when it was saved.")
    revision: int = Field(description="Counts saves. Send it with a change.")
    team: str | None = Field(description=TEAM)
    owner: str = Field(description="The `user_id` of whose it is.")
    changed_by: str = Field(description="The name of who saved it last.")
    left_out: list[str] = Field(description="JSON pointers of secrets that are not kept: send them anew.")
    created_at: Moment
    updated_at: Moment
    href: str


class DraftSummary(_KeptSummary):
    """A draft in a list."""

    draft_id: uuid.UUID
    title: str
    from_request: str | None = Field(description="The request that was sent back to be changed.")
    note: str | None = Field(description="What was said then.")
    kept_until: Moment | None = Field(description="When it is deleted, unless somebody changes it; null: never.")

    @classmethod
    def of(cls, kept: Kept, days: int, **more: Any) -> Self:
        """The shape of a draft. days: how long one stays that nobody changes."""
        told = {"draft_id": kept.id, "title": kept.title, "from_request": kept.from_request, "note": kept.note}
        until = kept_until(kept.updated_at, days)
        return cls(**told, **_common(kept), kept_until=until, href=f"/api/v1/drafts/{kept.id}", **more)


class Draft(DraftSummary):
    """A draft with its order. `POST /requests` takes the order as it is, once its secrets are in it."""

    order: dict[str, Any]
    current_version: str | None = Field(description="The version on offer; null where the entry is not.")
    changes: list[OrderChange] = Field(description="What the current version changes for this order.")


class TemplateSummary(_KeptSummary):
    """A template in a list."""

    template_id: uuid.UUID
    name: str

    @classmethod
    def of(cls, kept: Kept, **more: Any) -> Self:
        """The shape of a template."""
        return cls(
            template_id=kept.id, name=kept.title, **_common(kept), href=f"/api/v1/templates/{kept.id}", **more
        )  # fmt: skip


class Template(TemplateSummary):
    """A template with its order."""

    order: dict[str, Any]
    current_version: str | None = Field(description="The version on offer; null where the entry is not.")
    changes: list[OrderChange] = Field(description="What the current version changes for this order.")


class DraftList(Body):
    """A page of drafts, the one that changed last first."""

    drafts: list[DraftSummary]
    pagination: Pagination

    @classmethod
    def of(cls, page: Page[Kept], days: int) -> Self:
        """The shape of a page. days: how long a draft stays that nobody changes."""
        return cls(drafts=[DraftSummary.of(one, days) for one in page.items], pagination=Pagination.of(page))


class TemplateList(Body):
    """A page of templates, the one that changed last first."""

    templates: list[TemplateSummary]
    pagination: Pagination

    @classmethod
    def of(cls, page: Page[Kept]) -> Self:
        """The shape of a page."""
        return cls(templates=[TemplateSummary.of(one) for one in page.items], pagination=Pagination.of(page))


def detail(kept: Kept, current_version: str | None, changes: Sequence[Change]) -> dict[str, Any]:
    """What a draft or a template tells besides its summary."""
    told = [OrderChange.of(one) for one in changes]
    return {"order": dict(kept.order), "current_version": current_version, "changes": told}


def _common(kept: Kept) -> dict[str, Any]:
    return {
        "catalog_kind": kept.kind,
        "catalog_name": kept.catalog_name,
        "catalog_title": kept.catalog_title,
        "version": kept.version,
        "revision": kept.revision,
        "team": kept.team,
        "owner": kept.owner_user_id,
        "changed_by": kept.changed_by,
        "left_out": list(kept.left_out),
        "created_at": kept.created_at,
        "updated_at": kept.updated_at,
    }
