"""Calls of a portal's API: what is safe is tried again, and every refusal becomes an exit code with words."""

import time
from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from stratus_cli import __version__
from stratus_cli.exits import Exit, Stop

API = "/api/v1"
PAUSES = (0.5, 1.0, 2.0)
LONGEST_PAUSE = 30.0
AGAIN = frozenset({429, 502, 503, 504})
CODES = {401: Exit.REFUSED, 403: Exit.REFUSED, 404: Exit.MISSING, 409: Exit.CONFLICT, 429: Exit.AWAY}
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Params = Mapping[str, Any]


def address(url: str) -> str:
    """The URL of a portal as it is kept. Raises Stop for one over which a token must not go."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise Stop(Exit.INVALID, f"{url} is not the address of a portal: write https://stratus.example.com.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise Stop(Exit.INVALID, f"{url} would carry your token readable through the network: write https://.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix(API)}"


def path(*parts: str) -> str:
    """A path of the API from names, whatever is in them."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


class NoStream(Exception):
    """The portal streams nothing here, or not now."""


class Portal:
    """One portal and one caller. token: None calls as nobody."""

    def __init__(self, url: str, token: str | None, patience: float = 30.0) -> None:
        self.url = url
        headers = {"User-Agent": f"stratus-cli/{__version__}", "Accept": "application/json"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        # A redirect is not followed: it would take the token along to wherever it leads.
        self._http = httpx.Client(base_url=url + API, headers=headers, timeout=patience, follow_redirects=False)

    def get(self, where: str, params: Params | None = None, patience: float | None = None) -> Any:
        """What stands there. Tried again while the portal does not answer. Raises Stop."""
        timeout = httpx.USE_CLIENT_DEFAULT if patience is None else patience
        return self._answered(self._call("GET", where, again=True, params=_asked(params), timeout=timeout))

    def text(self, where: str, params: Params | None = None) -> str:
        """What stands there as plain text."""
        answer = self._call("GET", where, again=True, params=_asked(params))
        if answer.is_success and answer.headers.get("Content-Type", "").startswith("text/"):
            return answer.text
        return str(self._answered(answer))

    def events(self, where: str, after: int, silence: float) -> Generator[int, None, None]:
        """The numbers of events behind `after`, as server-sent events tell them, and 0 for each sign of life between them.

        Ends when the portal ends it. silence: seconds without a word after which it counts as cut off. Raises NoStream, and
        Stop when it was cut off.
        """
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        timeout = httpx.Timeout(30.0, read=silence)
        try:
            with self._http.stream("GET", where, params={"after": after}, headers=headers, timeout=timeout) as answer:
                if answer.status_code == 204:
                    return
                if answer.status_code != 200 or "text/event-stream" not in answer.headers.get("Content-Type", ""):
                    raise NoStream
                for line in answer.iter_lines():
                    name, _, value = line.partition(":")
                    if not name:
                        yield 0
                    elif name == "id" and value.strip().isdigit():
                        yield int(value)
        except httpx.TransportError as error:
            raise self._away(error, "GET", again=True) from error

    def post(self, where: str, body: Any = None, *, key: str | None = None, again: bool = False) -> Any:
        """Do something. Tried again only with a `key`, under which the portal does it once, or where it writes nothing."""
        headers = {"Idempotency-Key": key} if key else {}
        sent = {} if body is None else {"json": body}
        return self._answered(self._call("POST", where, again=again or bool(key), headers=headers, **sent))

    def send(self, where: str, content: bytes, headers: Mapping[str, str], params: Params | None = None) -> Any:
        """Post a file as it is. Tried again only where `headers` hold an `Idempotency-Key`."""
        again = "Idempotency-Key" in headers
        return self._answered(self._call("POST", where, again=again, content=content, headers=headers, params=_asked(params)))

    def delete(self, where: str) -> None:
        """Take something away; it is gone whether it was there or not."""
        self._answered(self._call("DELETE", where, again=True))

    def _call(self, method: str, where: str, *, again: bool, **more: Any) -> httpx.Response:
        for pause in (*PAUSES, None) if again else (None,):
            try:
                answer = self._http.request(method, where, **more)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                if pause is None or not isinstance(error, httpx.TransportError):
                    raise self._away(error, method, again) from error
                time.sleep(pause)
                continue
            if pause is None or answer.status_code not in AGAIN:
                return answer
            time.sleep(min(max(_retry_after(answer), pause), LONGEST_PAUSE))
        raise AssertionError("the last attempt returns or raises")

    def _away(self, error: Exception, method: str, again: bool) -> Stop:
        unknown = method != "GET" and not again and not isinstance(error, httpx.ConnectError)
        more = " It is not known whether this call arrived: look before you repeat it." if unknown else ""
        return Stop(Exit.AWAY, f"{self.url} does not answer ({str(error) or type(error).__name__}).{more}")

    def _answered(self, answer: httpx.Response) -> Any:
        document = _json(answer)
        if answer.is_success and (document is not None or answer.status_code == 204):
            return document
        if isinstance(document, dict) and "detail" in document:
            raise Stop(_code(answer.status_code), _words(document), document)
        raise Stop(
            Exit.AWAY, f"{self.url} answered {answer.status_code} with something that is not of Stratus: is the URL right?"
        )


def _asked(params: Params | None) -> dict[str, Any]:
    """Parameters without those that nobody gave, and true and false as the API writes them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in (params or {}).items()
        if value is not None and value != ()
    }


def _code(status: int) -> Exit:
    return CODES.get(status, Exit.AWAY if status >= 500 else Exit.INVALID)


def _words(problem: Mapping[str, Any]) -> str:
    status, detail = problem.get("status"), str(problem["detail"])
    if status == 401:
        return f"{detail} Sign in: stratus login"
    return f"{detail} (call {problem.get('request_id')})" if status == 500 else detail


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json() if "json" in answer.headers.get("Content-Type", "") else None
    except ValueError:
        return None


def _retry_after(answer: httpx.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 0.0
