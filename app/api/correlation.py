"""The id of one call, in and out: the client's `X-Request-ID` where it is a plain word, else one of ours."""

import re
import secrets

from flask import Response, g, request

from app.identity import current_person
from app.lifecycle.caller import Caller

HEADER = "X-Request-ID"
SHAPE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def request_id() -> str:
    """The id of the call that is being answered; the same however often it is asked for."""
    if "request_id" not in g:
        given = request.headers.get(HEADER, "")
        g.request_id = given if SHAPE.fullmatch(given) else secrets.token_hex(8)
    return str(g.request_id)


def caller() -> Caller:
    """Who calls, from where, under which id: what use cases write into the audit log."""
    return Caller(current_person(), request.remote_addr, request_id())


def say_so(response: Response) -> Response:
    """Give the id back."""
    response.headers[HEADER] = request_id()
    return response
