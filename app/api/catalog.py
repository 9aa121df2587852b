"""The catalog: what can be ordered."""

from collections.abc import Sequence

from flask import Blueprint

from app.api.endpoint import endpoint
from app.api.parts import cursors
from app.api.shapes import catalog as shapes
from app.identity import current_person
from app.identity.guard import api_caller
from app.queries import catalog as queries
from app.queries import forecast, search
from app.queries.catalog import Entry
from app.queries.paging import Page
from app.reader import reader

blueprint = Blueprint("catalog", __name__, url_prefix="/catalog")
TAG = "catalog"


@blueprint.get("/items")
@api_caller
@endpoint(TAG, shapes.ItemList, query=shapes.CatalogQuery, revalidates=True)
def list_items(query: shapes.CatalogQuery) -> shapes.ItemList:
    """Items, by name."""
    return shapes.ItemList.of(*_listed("item", query))


@blueprint.get("/items/<name>")
@api_caller
@endpoint(TAG, shapes.ItemDetail, query=shapes.VersionQuery, revalidates=True)
def get_item(name: str, query: shapes.VersionQuery) -> shapes.ItemDetail:
    """One item with its form, at its current version or at another one."""
    detail = queries.detail(reader(), "item", name, query.version)
    return shapes.ItemDetail.whole(detail, _seen([detail.entry]))


@blueprint.get("/items/<name>/versions")
@api_caller
@endpoint(TAG, shapes.VersionList, revalidates=True)
def list_item_versions(name: str) -> shapes.VersionList:
    """The versions of an item that can be ordered, newest first."""
    return shapes.VersionList.of(queries.detail(reader(), "item", name))


@blueprint.get("/bundles")
@api_caller
@endpoint(TAG, shapes.BundleList, query=shapes.CatalogQuery, revalidates=True)
def list_bundles(query: shapes.CatalogQuery) -> shapes.BundleList:
    """Bundles, by name."""
    return shapes.BundleList.of(*_listed("bundle", query))


@blueprint.get("/bundles/<name>")
@api_caller
@endpoint(TAG, shapes.BundleDetail, query=shapes.VersionQuery, revalidates=True)
def get_bundle(name: str, query: shapes.VersionQuery) -> shapes.BundleDetail:
    """One bundle with its items and its form, at its current version or at another one."""
    detail = queries.detail(reader(), "bundle", name, query.version)
    return shapes.BundleDetail.whole(detail, _seen([detail.entry]))


@blueprint.get("/bundles/<name>/versions")
@api_caller
@endpoint(TAG, shapes.VersionList, revalidates=True)
def list_bundle_versions(name: str) -> shapes.VersionList:
    """The versions of a bundle that can be ordered, newest first."""
    return shapes.VersionList.of(queries.detail(reader(), "bundle", name))


@blueprint.get("/search")
@api_caller
@endpoint(TAG, shapes.SearchResult, query=shapes.SearchQuery, revalidates=True)
def search_catalog(query: shapes.SearchQuery) -> shapes.SearchResult:
    """Items and bundles in whose title, tags, owner or description all words are found, typing mistakes set right."""
    person, spelling = current_person(), search.spelled(reader(), query.q, literally=query.literal)
    filters = query.filters(spelling.words, person)
    every, facets = search.found(reader(), filters, query.limit)
    found = every.cut(query.limit)
    return shapes.SearchResult.of(found, spelling, facets, _seen(found.shown))


def _listed(kind: str, query: shapes.CatalogQuery) -> tuple[Page[Entry], shapes.Seen]:
    page = queries.entries(reader(), kind, query.filters, query.limit, query.cursor, cursors())
    return page, _seen(page.items)


def _seen(entries: Sequence[Entry]) -> shapes.Seen:
    return shapes.Seen(current_person(), forecast.of_entries(reader(), [(one.kind, one.name) for one in entries]))
