"""Step types `HttpGet`, `HttpPut`, `HttpPost`: one HTTP call, and what its answer, or the lack of one, means.

Every call carries `Idempotency-Key`, the same for each attempt of one attempt group, so that the other side can recognise
a repetition. A call may be *repeated* by itself when it is a GET (which changes nothing, RFC 9110, 9.2.1) or when the
catalog says `idempotent: true`; nothing else is evidence that repeating is harmless, PUT in name only included.

| what happened                                    | outcome                                                     |
|--------------------------------------------------|-------------------------------------------------------------|
| not allowed by the operator                      | Failed, final: repeating does not change settings           |
| no name, no connection, TLS refused              | Failed, retryable: nothing was sent                         |
| sent, no (whole) answer                          | repeatable: Failed, retryable; else Indeterminate           |
| expected status                                  | Done                                                        |
| 408, 425, 429; 503 with `Retry-After`            | Failed, retryable: it says "not taken, come again"          |
| other 5xx                                        | Failed, retryable when repeatable; else final: half of it   |
|                                                  | may be done, and a person must look before anything else    |
| other 4xx                                        | Failed, final: the same call would be refused again         |
| 3xx                                              | Failed, final: redirects are never followed                 |

Expected are the statuses of `expect`; without it every 2xx and those that an `http_status` verification names (so that
"404 now" can be verified). A longer call than five minutes is not waited for: answer 202 and offer something to look at.
"""

import base64
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlsplit

from app.core.outcomes import Again, Done, Failed, Indeterminate, Outcome
from app.core.step_params import BasicAuthentication, BearerAuthentication, HeaderAuthentication, HttpParams, StepParams
from app.outbound import OutboundFailed, OutboundRefused, Redactor, Reply
from app.steps.base import StepContext
from app.steps.parts import HasNoUndo, NeverWaits, declared_outputs, done_or_incomplete, known_error, retry_after

LONGEST_CALL_SECONDS = 300.0
EXCERPT_CHARACTERS = 2000
NOT_TAKEN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class _HttpCall(NeverWaits, HasNoUndo):
    """One call by `method`; `safe` methods change nothing and may always be repeated."""

    Params: ClassVar[type[StepParams]] = HttpParams
    method: ClassVar[str]
    safe: ClassVar[bool] = False

    def run(self, context: StepContext) -> Outcome:
        """Make the call once."""
        params = context.params
        assert isinstance(params, HttpParams)
        repeatable = self.safe or params.idempotent
        context.log(f"{self.method} {_shown(params.url)}")
        try:
            reply = self._call(context, params)
        except OutboundRefused as error:
            return Failed(str(error), kind="http_error", retryable=False)
        except OutboundFailed as error:
            return self._unanswered(error, context, params, repeatable)
        context.log(f"answered {_phrase(reply.status)}")
        if reply.status in _expected(params, context.verification):
            return _took_effect(reply, context)
        return self._unexpected(reply, context, params, repeatable)

    def probe(self, context: StepContext) -> Outcome:
        """Nothing tells what became of a call; one that may be repeated is repeated, with the same key."""
        params = context.params
        assert isinstance(params, HttpParams)
        if self.safe or params.idempotent:
            return Again("the call may be repeated")
        return Indeterminate({"method": self.method, "url": _shown(params.url), "idempotency_key": context.idempotency_key})

    def _call(self, context: StepContext, params: HttpParams) -> Reply:
        return context.http.request(
            self.method,
            params.url,
            headers=_headers(params, context.idempotency_key),
            json=params.body,
            timeout=min(context.budget.total_seconds(), LONGEST_CALL_SECONDS),
        )

    def _unanswered(self, error: OutboundFailed, context: StepContext, params: HttpParams, repeatable: bool) -> Outcome:
        context.log(str(error))
        seen = {"method": self.method, "url": _shown(params.url), "problem": str(error), "status": error.status}
        if error.sent and not repeatable:
            return Indeterminate({**seen, "idempotency_key": context.idempotency_key})
        return Failed(str(error), kind="http_error", details=seen | known_error(context.errors, str(error)))

    def _unexpected(self, reply: Reply, context: StepContext, params: HttpParams, repeatable: bool) -> Failed:
        excerpt = Redactor(_secrets(params))(reply.text())[:EXCERPT_CHARACTERS]
        wait = retry_after(reply.headers)
        details: dict[str, Any] = {"status": reply.status, "method": self.method, "url": _shown(params.url), "body": excerpt}
        return Failed(
            f"{self.method} {_shown(params.url)} answered {_phrase(reply.status)}{_hint(reply.status)}",
            kind="http_error",
            details=details | known_error(context.errors, excerpt),
            retryable=_retryable(reply.status, wait is not None, repeatable),
            retry_after=wait,
        )


class HttpGet(_HttpCall):
    """Reads; changes nothing outside."""

    name: ClassVar[str] = "HttpGet"
    method: ClassVar[str] = "GET"
    safe: ClassVar[bool] = True


class HttpPut(_HttpCall):
    """Replaces something outside."""

    name: ClassVar[str] = "HttpPut"
    method: ClassVar[str] = "PUT"


class HttpPost(_HttpCall):
    """Makes something outside."""

    name: ClassVar[str] = "HttpPost"
    method: ClassVar[str] = "POST"


def _took_effect(reply: Reply, context: StepContext) -> Outcome:
    body = _content(reply)
    outputs = declared_outputs(context.declared, body if isinstance(body, dict) else {})
    evidence = {"status": reply.status, "headers": dict(reply.headers), "body": body}
    return done_or_incomplete(outputs, Done(outputs.values, outputs.sensitive, evidence), "the reply")


def _retryable(status: int, asked_to_wait: bool, repeatable: bool) -> bool:
    if status in NOT_TAKEN or (status == HTTPStatus.SERVICE_UNAVAILABLE and asked_to_wait):
        return True
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR and repeatable


def _expected(params: HttpParams, verification: Mapping[str, Any] | None) -> frozenset[int]:
    if params.expect is not None:
        return frozenset(_listed(params.expect.status))
    verified = verification["status"] if verification and verification["type"] == "http_status" else []
    return frozenset(range(200, 300)) | frozenset(_listed(verified))


def _listed(statuses: int | list[int]) -> Iterable[int]:
    return statuses if isinstance(statuses, list) else [statuses]


def _headers(params: HttpParams, key: str) -> dict[str, str]:
    """The catalog's headers; ours and those of `authentication` stand in the place of any of the same name."""
    ours = {"Accept": "application/json"} if not _has(params.headers, "accept") else {}
    ours |= {"Idempotency-Key": key} | _authentication(params)
    taken = {name.lower() for name in ours}
    return {name: _text(value) for name, value in params.headers.items() if name.lower() not in taken} | ours


def _authentication(params: HttpParams) -> dict[str, str]:
    match params.authentication:
        case BearerAuthentication(token=token):
            return {"Authorization": f"Bearer {token}"}
        case BasicAuthentication(username=username, password=password):
            pair = base64.b64encode(f"{username}:{password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        case HeaderAuthentication(name=name, value=value):
            return {name: value}
        case None:
            return {}


def _secrets(params: HttpParams) -> list[str]:
    match params.authentication:
        case BearerAuthentication(token=secret) | BasicAuthentication(password=secret) | HeaderAuthentication(value=secret):
            return [secret]
        case None:
            return []


def _has(headers: Mapping[str, Any], name: str) -> bool:
    return any(key.lower() == name for key in headers)


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _content(reply: Reply) -> Any:
    """JSON where it is some, else text: what an answer is called by its media type says little."""
    try:
        return reply.json() if reply.body else None
    except ValueError:
        return reply.text()


def _shown(url: str) -> str:
    """A URL as it may be shown: without its query, where people put keys."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _hint(status: int) -> str:
    return "; redirects are not followed, name the address itself" if 300 <= status < 400 else ""
