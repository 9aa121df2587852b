"""Batches that come as files: the entry that every line orders, and the batch that the lines come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.catalog import offers
from app.catalog.offers import Offer
from app.errors import Fault, Invalid
from app.lifecycle.batches import sending
from app.lifecycle.batches.columns import read


@dataclass(frozen=True, slots=True)
class FromFile:
    """A batch, and for each of its rows the number of its line in the file."""

    batch: sending.Batch
    numbers: Sequence[int]


def offer_of(connection: Connection, name: str, kind: str | None, version: str | None) -> Offer:
    """The entry that a file orders; where its kind is not said it is looked up. Raises Invalid with what is unknown."""
    faults: list[Fault] = []
    for tried in (kind,) if kind else ("bundle", "item"):
        order: Mapping[str, Any] = {f"catalog_{tried}": name, **({"version": version} if version else {})}
        offer, found = offers.find(connection, order)
        if offer is not None:
            return offer
        faults = found if not faults or any(fault.code != "unknown_entry" for fault in found) else faults
        if any(fault.code != "unknown_entry" for fault in found):
            break
    raise Invalid(faults=[_of_query(fault, name, kind) for fault in faults])


def _of_query(fault: Fault, name: str, kind: str | None) -> Fault:
    """The same, seen from whoever wrote `entry` and `version`."""
    if fault.path == ("version",):
        return fault
    words = f"there is no {kind or 'bundle or item'} {name} in the catalog"
    return Fault(("entry",), fault.code, words if fault.code == "unknown_entry" else fault.message, fault.limits)


def batch_of(offer: Offer, text: str, version: str | None, mode: sending.Mode) -> FromFile:
    """The batch of a file. Raises Invalid with everything that is wrong with the file as such."""
    lines = read(offer, text, version)
    return FromFile(sending.read({"mode": mode, "rows": list(lines.rows)}), lines.numbers)
