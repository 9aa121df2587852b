"""Makes a thing once, however often the call is sent under one `Idempotency-Key`."""

import json
from collections.abc import Callable
from typing import TypeVar

from flask import Response, request
from pydantic import BaseModel

from app.api import reading
from app.api.correlation import caller
from app.api.endpoint import as_text, headers_of
from app.lifecycle import repeats
from app.lifecycle.repeats import Call
from app.transaction import Unit, transaction

Made = TypeVar("Made", bound=BaseModel)


def once(
    make: Callable[[Unit], Made], *, written: str | None = None, named: Callable[[Made], str] | None = None
) -> Made | Response:
    """What `make` makes, in one transaction; with a key that is known, the answer of the call that made it.

    written: what counts as the same call besides the path; the JSON body when left out. named: for an answer that holds a
    secret and is not kept, the name of what was made: the same call again is refused with it. Raises Conflict, Invalid
    (a strange key) and what `make` raises: then nothing is kept, and the key is free.
    """
    key = reading.idempotency_key()
    if key is None:
        with transaction() as unit:
            return make(unit)
    sent = written if written is not None else json.dumps(reading.json_object(), sort_keys=True)
    call = Call(str(request.endpoint).rpartition(".")[2], key, f"{request.path}\n{sent}")
    with transaction() as unit:
        if (known := repeats.begin(unit, caller(), call)) is not None:
            return Response(known, 201, headers_of(json.loads(known), 201), mimetype="application/json")
        made = make(unit)
        repeats.end(unit, caller(), call, None if named else as_text(made), named(made) if named else None)
    return made
