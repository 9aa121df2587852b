"""Which addresses of a module a person may want to have taken over: from what failed, what was planned, what the module has."""

import io
import re
import tarfile
from collections.abc import Iterator

from sqlalchemy import select

from app.models import CatalogModule
from app.models.tables import ATTEMPT, STEP, TICKET
from app.queries.reader import Reader

MOST = 50
BLOCK = re.compile(rb'^[ \t]*resource[ \t]+"([A-Za-z0-9_-]+)"[ \t]+"([A-Za-z0-9_-]+)"', re.MULTILINE)
CREATING = frozenset({"create", "replace"})


def known_addresses(session: Reader, ticket_id: str) -> list[str]:
    """The likeliest first: those in doubt, those the last run was to create, then the resources of the module's own files.

    Of a resource with several instances the module's files tell only the name. Cost: two indexed reads.
    """
    row = session.execute(
        select(TICKET.c.error, STEP.c.module_sha256, ATTEMPT.c.noted)
        .join(STEP, STEP.c.id == TICKET.c.step_id)
        .outerjoin(ATTEMPT, (ATTEMPT.c.step_id == STEP.c.id) & (ATTEMPT.c.attempt_number == STEP.c.attempt))
        .where(TICKET.c.ticket_id == ticket_id)
    ).one_or_none()
    if row is None or row.module_sha256 is None:
        return []
    details = (row.error or {}).get("details") or {}
    planned = [one["resource"] for one in (row.noted or {}).get("planned") or () if one["action"] in CREATING]
    archive = session.scalar(select(CatalogModule.archive).where(CatalogModule.sha256 == row.module_sha256))
    found = [*(details.get("check") or ()), *filter(None, [details.get("resource")]), *planned, *_of_module(archive or b"")]
    return [one for one in dict.fromkeys(map(str, found)) if not one.startswith("data.")][:MOST]


def _of_module(archive: bytes) -> Iterator[str]:
    """`type.name` of each resource in the files at the top of a module, which is a gzipped tar."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
            for member in files:
                content = files.extractfile(member) if member.isreg() and re.fullmatch(r"[^/]+\.tf", member.name) else None
                for kind, name in BLOCK.findall(content.read() if content else b""):
                    yield f"{kind.decode()}.{name.decode()}"
    except (tarfile.TarError, OSError, EOFError):
        return
