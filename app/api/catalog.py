"""The catalog: what can be ordered."""

from flask import Blueprint

from app.api.endpoint import endpoint
from app.api.parts import cursors
from app.api.shapes import catalog as shapes
from app.extensions import db
from app.identity.guard import api_caller
from app.queries import catalog as queries

blueprint = Blueprint("catalog", __name__, url_prefix="/catalog")
TAG = "catalog"


@blueprint.get("/items")
@api_caller
@endpoint(TAG, shapes.ItemList, query=shapes.CatalogQuery, revalidates=True)
def list_items(query: shapes.CatalogQuery) -> shapes.ItemList:
    """Items, by name."""
    return shapes.ItemList.of(queries.entries(db.session, "item", query.filters, query.limit, query.cursor, cursors()))


@blueprint.get("/items/<name>")
@api_caller
@endpoint(TAG, shapes.ItemDetail, query=shapes.VersionQuery, revalidates=True)
def get_item(name: str, query: shapes.VersionQuery) -> shapes.ItemDetail:
    """One item with its form, at its current version or at another one."""
    return shapes.ItemDetail.whole(queries.detail(db.session, "item", name, query.version))


@blueprint.get("/items/<name>/versions")
@api_caller
@endpoint(TAG, shapes.VersionList, revalidates=True)
def list_item_versions(name: str) -> shapes.VersionList:
    """The versions of an item that can be ordered, newest first."""
    return shapes.VersionList.of(queries.detail(db.session, "item", name))


@blueprint.get("/bundles")
@api_caller
@endpoint(TAG, shapes.BundleList, query=shapes.CatalogQuery, revalidates=True)
def list_bundles(query: shapes.CatalogQuery) -> shapes.BundleList:
    """Bundles, by name."""
    return shapes.BundleList.of(queries.entries(db.session, "bundle", query.filters, query.limit, query.cursor, cursors()))


@blueprint.get("/bundles/<name>")
@api_caller
@endpoint(TAG, shapes.BundleDetail, query=shapes.VersionQuery, revalidates=True)
def get_bundle(name: str, query: shapes.VersionQuery) -> shapes.BundleDetail:
    """One bundle with its items and its form, at its current version or at another one."""
    return shapes.BundleDetail.whole(queries.detail(db.session, "bundle", name, query.version))


@blueprint.get("/bundles/<name>/versions")
@api_caller
@endpoint(TAG, shapes.VersionList, revalidates=True)
def list_bundle_versions(name: str) -> shapes.VersionList:
    """The versions of a bundle that can be ordered, newest first."""
    return shapes.VersionList.of(queries.detail(db.session, "bundle", name))


@blueprint.get("/search")
@api_caller
@endpoint(TAG, shapes.SearchResult, query=shapes.SearchQuery, revalidates=True)
def search_catalog(query: shapes.SearchQuery) -> shapes.SearchResult:
    """Items and bundles in whose title, tags, owner or description all words are found."""
    found = queries.matching(db.session, query.filters, query.limit)
    tags, owners = queries.tag_facets(db.session, query.filters), queries.owner_facets(db.session, query.filters)
    return shapes.SearchResult.of(found, query.limit, tags, owners)
