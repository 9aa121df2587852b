"""The files among the answers of an order: which there are, and what is wrong with them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.catalog.offers import Offer
from app.core.fields import Field
from app.core.fields.attaching import judge_content
from app.core.order import Resolved
from app.core.secrecy import fields_of
from app.core.within import found
from app.errors import Fault
from app.lifecycle.caller import Caller
from app.lifecycle.files import uploads


class Attached(NamedTuple):
    """An answer that names an upload. path: where it stands in the order."""

    path: tuple[str | int, ...]
    field: Field
    upload_id: str


def attached(offer: Offer, order: Mapping[str, Any], resolved: Resolved) -> list[Attached]:
    """Every file among the values of an order."""
    if offer.kind == "item":
        item = offer.items[0]
        return list(_of(("parameters",), item.definition, resolved.item_values.get(item.alias, {})))
    files = list(_of(("bundle_parameters",), offer.definition, resolved.bundle_values))
    sent = order.get("item_parameters")
    for item in offer.items:
        key = item.alias if isinstance(sent, Mapping) and item.alias in sent else item.catalog_item
        files += _of(("item_parameters", key), item.definition, resolved.item_values.get(item.alias, {}))
    return files


def _of(path: tuple[str, ...], definition: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Attached]:
    for one in fields_of(definition):
        for place, field, upload_id in found(one, "file", values.get(one["name"]), (*path, one["name"])):
            yield Attached(place, Field.model_validate({"name": "entry", **field}), str(upload_id))


def faults_of(connection: Connection, caller: Caller, files: list[Attached]) -> list[Fault]:
    """What is wrong with the files: unknown to the caller, too large, of another sort. Cost: one SELECT where there are any."""
    known = uploads.known(connection, caller, [one.upload_id for one in files]) if files else {}
    return [fault for one in files for fault in _faults(one, known.get(one.upload_id))]


def _faults(one: Attached, upload: uploads.Uploaded | None) -> list[Fault]:
    if upload is None:
        words = "is not there, or not yours: files that no order has used are removed after a day; upload it again"
        return [Fault(one.path, "unknown_upload", words)]
    wrong = judge_content(one.field, upload.size, upload.media_type, is_text=upload.is_text)
    return [Fault(one.path, fault.code, fault.message, fault.limits) for fault in wrong]
