"""Versions of entries as a process has read them: one never changes once it is written, so that reading it once is enough.

Whether a version is active, which one is current and who may order it does change, and is asked of the database each time.
"""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from app.models.tables import VERSION

MOST_KEPT = 500
"""How many versions a process keeps, those that were asked for last."""
_COLUMNS = [VERSION.c[name] for name in ("id", "name", "version", "title", "owner", "definition", "modules")]


@dataclass(frozen=True, slots=True)
class Pinned:
    """What an offer takes of a version: the document as it was written stays where it is. Shared: nobody changes it."""

    id: uuid.UUID
    name: str
    version: str
    title: str
    owner: str
    definition: Mapping[str, Any]
    modules: Mapping[str, str]


class KeptVersions:
    """The versions that were read last, by the keys of their rows."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[uuid.UUID, Pinned] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, connection: Connection, keys: Collection[uuid.UUID]) -> dict[uuid.UUID, Pinned]:
        """Versions by their keys; what is no version is not there. Cost: one SELECT for those that are not kept, if any."""
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        missing = [key for key in keys if key not in found]
        if missing:
            rows = connection.execute(select(*_COLUMNS).where(VERSION.c.id.in_(missing)))
            found |= {row.id: Pinned(**row._mapping) for row in rows}
        with self._lock:
            for key, one in found.items():
                self._kept[key] = one
                self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found


VERSIONS = KeptVersions()
"""Those of this process."""
