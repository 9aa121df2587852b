"""The one hardened way out over HTTP: allow-list, checked and pinned addresses, caps, one total deadline, redaction.

Built on `http.client`, which has nothing that must be switched off first: no proxies or `.netrc` from the environment, no
cookies, no redirects, no decompression, no connection kept for later. One call is one connection. A kept connection that
the other side has just closed would make "was it received?" unanswerable for calls that must not be repeated.
"""

import base64
import http.client
import ipaddress
import json as jsonlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import SplitResult, quote, quote_plus, urlsplit

from app.core import json_text

MAX_REPLY_BYTES = 1_048_576
MASK = "[masked]"
SHORTEST_SECRET = 4
HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|[0-9a-f:.]*:[0-9a-f:.]*(?:%[a-z0-9]+)?")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")

DENIED_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",  # carrier-grade NAT; some clouds serve metadata here
        "168.63.129.16/32",  # Azure's host agent, globally routable on paper
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible: another spelling of an IPv4 address
        "64:ff9b::/96",  # NAT64 carries any IPv4 address
        "64:ff9b:1::/48",
        "2002::/16",  # 6to4 carries any IPv4 address
        "2001::/23",  # Teredo and other tunnels
        "fec0::/10",  # site-local of old
    )
)

Opened = TypeVar("Opened")
Resolve = Callable[[str, int], Sequence[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutboundError(Exception):
    """A call has no answer."""


class OutboundRefused(OutboundError):
    """The call was not made: the operator's settings do not allow where it goes."""


class OutboundFailed(OutboundError):
    """The call has no usable answer.

    sent: False when the request surely never reached the other side (no such name, connection refused, TLS refused); True
    when it may have. status: the HTTP status, when the answer broke off after its first lines. reason: the same as the
    message without saying of whom.
    """

    def __init__(self, message: str, *, sent: bool, reason: str, status: int | None = None) -> None:
        super().__init__(message)
        self.sent = sent
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `headers` has lower-case names; a header sent twice is joined with ", "."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body by `json_text.plain`. Raises ValueError."""
        return json_text.plain(self.body)

    def text(self) -> str:
        """The body as UTF-8 text; what is not UTF-8, and NUL, is replaced."""
        return self.body.decode("utf-8", "replace").replace("\0", "\ufffd")


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a call goes: `trusted` when the operator's own settings wrote the address down."""

    scheme: str
    host: str
    port: int
    path: str
    trusted: bool


class Outbound:
    """Calls to hosts that the operator allows.

    allowed_hosts: host names; `*.example.com` covers every name below example.com, `name:8443` only that port.
    rewrites: host -> base URL; a call to an allowed host goes there instead (stand-ins, gateways). The base is the
    operator's own word: it may be plain http, private or loopback. Rewriting a host to itself is how a private host is
    trusted. allow_loopback: the development profile; loopback addresses and plain http are fine.
    resolve: name and port -> addresses. tls: what certificates are checked with (default: the system's authorities).
    """

    def __init__(
        self,
        allowed_hosts: Iterable[str],
        rewrites: Mapping[str, str] | None = None,
        allow_loopback: bool = False,
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = tuple(_canonical(host.strip()) for host in allowed_hosts)
        self._rewrites = {_canonical(host): base.rstrip("/") for host, base in (rewrites or {}).items()}
        self._allow_loopback = allow_loopback
        self._resolve = resolve or _addresses
        self._tls = tls or ssl.create_default_context()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        body: bytes | None = None,
        timeout: float,
        max_bytes: int = MAX_REPLY_BYTES,
    ) -> Reply:
        """Make one call and answer what came back, whatever its status. Redirects are answers, they are not followed.

        json: sent as a JSON body (None: no body); body: sent as it is. timeout: seconds for all of it, from the name
        look-up to the last byte. max_bytes: the longest reply body that is taken.
        Raises OutboundRefused before anything is sent, OutboundFailed when no whole answer came.
        """
        target = self._target(url)
        content = jsonlib.dumps(json).encode() if json is not None else body
        sent = {"Connection": "close", "User-Agent": "stratus"}
        if json is not None:
            sent["Content-Type"] = "application/json"
        sent = _merged(sent, headers or {})
        with (
            _Deadline(timeout) as deadline,
            closing(self._reach(target, deadline, lambda address: self._open(target, address, deadline))) as connection,
        ):
            return _exchange(connection, deadline, method, target.path, content, sent, max_bytes)

    def connect(self, host: str, port: int, *, timeout: float) -> None:
        """Open a TCP connection and close it again, under the same rules as a call.

        A host that is rewritten is reached where its base is, at the base's port if that is written out.
        Raises OutboundRefused, or OutboundFailed when nobody takes the connection within `timeout` seconds.
        """
        target = self._named(host, port)
        with _Deadline(timeout) as deadline:
            self._reach(target, deadline, lambda address: self._dial(target, address, deadline)).close()

    def lookup(self, host: str) -> Sequence[str]:
        """The addresses of a name, in the system's order, under the same rules: one that may not be called refuses them all.

        Raises OutboundRefused, or OutboundFailed when the name has no address.
        """
        target = self._named(host, None)
        addresses = self._checked(target)
        if not addresses:
            raise OutboundFailed(f"{target.host} has no address", sent=False, reason="no address")
        return addresses

    def _named(self, host: str, port: int | None) -> _Target:
        """A host that is named by itself instead of in a URL; port: None where none is spoken to."""
        name = _bare_host(host)
        self._allow(name, port)
        base = self._rewrites.get(name)
        if base is None:
            return _Target("tcp", name, port or 0, "", trusted=False)
        trusted = _split(base)
        return _Target("tcp", _host(trusted), trusted.port or port or 0, "", trusted=True)

    def _allow(self, host: str, port: int | None) -> None:
        if not any(_covers(entry, host, port) for entry in self._allowed):
            raise OutboundRefused(f"{host} is not among the hosts that may be called (OUTBOUND_HOSTS)")

    def _target(self, url: str) -> _Target:
        parts = _split(url)
        host, port = _host(parts), _port(parts)
        self._allow(host, port)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        base = self._rewrites.get(host)
        if base is not None:
            trusted = _split(base)
            return _Target(trusted.scheme, _host(trusted), _port(trusted), trusted.path + path, trusted=True)
        if parts.scheme == "http" and not self._allow_loopback:
            raise OutboundRefused(f"{host} is called over plain http; use https")
        return _Target(parts.scheme, host, port, path, trusted=False)

    def _reach(self, target: _Target, deadline: "_Deadline", open_at: Callable[[str], Opened]) -> Opened:
        """A connection to the first address that answers, out of those that were checked. The name is resolved once."""
        addresses = self._checked(target)
        problem, reason = f"{target.host} has no address", "no address"
        for address in addresses:
            try:
                return open_at(address)
            except OSError as error:
                # A refused certificate is told with the name that was asked for.
                reason = "TLS refused" if isinstance(error, ssl.SSLError) else _reason(error)
                problem = f"no connection to {target.host} port {target.port}: {_reason(error)}"
        if deadline.passed:
            reason = f"no connection within {deadline.seconds:g} s"
            problem = f"no connection to {target.host} port {target.port} within {deadline.seconds:g} s"
        raise OutboundFailed(problem, sent=False, reason=reason)

    def _checked(self, target: _Target) -> Sequence[str]:
        try:
            addresses = self._resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            reason = _reason(error)
            raise OutboundFailed(f"the name {target.host} cannot be resolved: {reason}", sent=False, reason=reason) from error
        if not target.trusted:
            for address in addresses:
                if not permitted(address, allow_loopback=self._allow_loopback):
                    raise OutboundRefused(f"{target.host} resolves to {address}, which may not be called")
        return addresses

    @staticmethod
    def _dial(target: _Target, address: str, deadline: "_Deadline") -> socket.socket:
        return socket.create_connection((address, target.port), timeout=deadline.left())

    def _open(self, target: _Target, address: str, deadline: "_Deadline") -> http.client.HTTPConnection:
        raw = self._dial(target, address, deadline)
        with _closed_on_error(raw):
            deadline.watch(raw)
            if target.scheme == "http":
                connection = http.client.HTTPConnection(target.host, target.port)
                connection.sock = raw
                return connection
            wrapped = self._tls.wrap_socket(raw, server_hostname=target.host, do_handshake_on_connect=False)
        with _closed_on_error(wrapped):
            deadline.watch(wrapped)  # before the handshake: that can drip, too
            wrapped.do_handshake()
            secured = http.client.HTTPSConnection(target.host, target.port, context=self._tls)
            secured.sock = wrapped
            return secured


def permitted(address: str, *, allow_loopback: bool = False) -> bool:
    """Whether a resolved address may be connected to: global unicast only, and loopback where that is allowed."""
    parsed = _unmapped(ipaddress.ip_address(address.partition("%")[0]))
    if parsed.is_loopback:
        return allow_loopback
    if parsed.is_multicast or not parsed.is_global:
        return False
    return not any(parsed in network for network in DENIED_NETWORKS)


class Redactor:
    """Masks the values of secrets in text: as they are, and in their JSON, URL and base64 forms.

    Of a secret with several lines each line is masked too (logs are written by the line). Values under four characters
    are left alone: masking them would shred the text and tell them by their gaps.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        ordered = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(form) for form in ordered)) if ordered else None

    def __call__(self, text: str) -> str:
        """`text` with every form of every secret replaced by a mask."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def deep(self, value: Any) -> Any:
        """The same for every string of plain JSON data, keys included, and for numbers that are secrets themselves."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self.deep(key): self.deep(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.deep(part) for part in value]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return MASK if is_number and self(str(value)) == MASK else value


class _Deadline:
    """A total deadline: when it passes, the watched socket is shut down, so that a dripping sender cannot hold the call.

    Socket timeouts alone restart with every byte.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def __enter__(self) -> "_Deadline":
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._timer.cancel()
        with self._lock:
            self._socket = None

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._end

    def left(self) -> float:
        """Seconds left. Raises TimeoutError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def watch(self, sock: socket.socket) -> None:
        with self._lock:
            self._socket = sock
        sock.settimeout(max(self._end - time.monotonic(), 0.001))

    def _shut(self) -> None:
        with self._lock:
            if self._socket is not None:
                # The plain method: SSLSocket's own would drop its state under the thread that reads from it.
                with suppress(OSError):  # gone already: nothing left to do
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _exchange(
    connection: http.client.HTTPConnection,
    deadline: _Deadline,
    method: str,
    path: str,
    content: bytes | None,
    headers: Mapping[str, str],
    max_bytes: int,
) -> Reply:
    status: int | None = None
    try:
        connection.request(method, path, body=content, headers=dict(headers))
        with closing(connection.getresponse()) as answer:  # it holds the socket now
            status = answer.status
            body = answer.read(max_bytes + 1)
            unread = answer.length
    except (OSError, http.client.HTTPException) as error:
        raise _broken(connection.host, deadline, _reason(error), status) from error
    if len(body) > max_bytes:
        reason = f"larger than {max_bytes} bytes"
        raise OutboundFailed(f"the reply of {connection.host} is {reason}", sent=True, reason=reason, status=status)
    if unread or deadline.passed:
        raise _broken(connection.host, deadline, "the reply broke off", status)
    return Reply(status, _joined(answer.getheaders()), body)


def _broken(host: str, deadline: _Deadline, reason: str, status: int | None) -> OutboundFailed:
    if deadline.passed:
        late = f"within {deadline.seconds:g} s"
        return OutboundFailed(f"{host} did not answer {late}", sent=True, reason=f"no answer {late}", status=status)
    return OutboundFailed(f"{host} gave no answer: {reason}", sent=True, reason=reason, status=status)


def _split(url: str) -> SplitResult:
    """The parts of an http or https URL without credentials in it. Raises OutboundRefused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise OutboundRefused(f"not a URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise OutboundRefused("only http and https URLs with a host can be called")
    if parts.username is not None or parts.password is not None:
        raise OutboundRefused("a URL must not carry credentials; use `authentication`")
    if re.search(r"[\x00-\x20\x7f]", parts.path + parts.query):
        raise OutboundRefused("a URL must not hold spaces or control characters; encode them")
    return parts._replace(path=_ascii(parts.path), query=_ascii(parts.query))


def _ascii(text: str) -> str:
    """Non-ASCII characters as UTF-8 in percent form; what is encoded already stays."""
    return "".join(char if char.isascii() else quote(char) for char in text)


def _host(parts: SplitResult) -> str:
    try:
        return _canonical(parts.hostname or "")
    except UnicodeError as error:
        raise OutboundRefused("the host of the URL is not a valid name") from error


def _bare_host(text: str) -> str:
    """A host by itself, in its one spelling. Raises OutboundRefused for anything else."""
    try:
        name = _canonical(text.removeprefix("[").removesuffix("]"))
    except UnicodeError as error:
        raise OutboundRefused("the host is not a valid name") from error
    if not HOST.fullmatch(name):
        raise OutboundRefused("the host is not a valid name")
    return name


def _canonical(host: str) -> str:
    """A host in its one spelling: lower case, ASCII (IDNA folds digits such as ①), no closing dot. Raises UnicodeError."""
    name = host.lower().rstrip(".")
    return name if name.isascii() else name.encode("idna").decode("ascii")


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _covers(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of the allow-list covers a host at a port; None asks for the name alone."""
    name, colon, number = entry.rpartition(":") if re.search(r"[^:]:\d+$", entry) else (entry, "", "")
    if colon and port is not None and int(number) != port:
        return False
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def _addresses(host: str, port: int) -> list[str]:
    """Every address of a name, in the system's order. How long this may take is the system resolver's own setting."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _unmapped(address: Address) -> Address:
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address


def _merged(base: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """`own` over `base`, names compared without case. The framing of the message is not the caller's to say."""
    reserved = {"connection", "content-length", "host", "transfer-encoding"}
    taken = {name.lower() for name in own}
    kept = {name: value for name, value in base.items() if name.lower() in reserved or name.lower() not in taken}
    merged = kept | {name: value for name, value in own.items() if name.lower() not in reserved}
    for name, value in merged.items():
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise OutboundRefused(f"the header {name!r} cannot be sent: only printable Latin-1 text can")
    return merged


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


def _reason(error: BaseException) -> str:
    """What an error says for people, without numbers of errors and tuples."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _forms(secret: str) -> Iterator[str]:
    for value in {secret, *secret.splitlines()}:
        if len(value) >= SHORTEST_SECRET:
            yield from (value, quote(value), quote(value, safe=""), quote_plus(value))
            yield from (jsonlib.dumps(value)[1:-1], jsonlib.dumps(value, ensure_ascii=False)[1:-1])
            yield from _base64_forms(value.encode())


def _base64_forms(value: bytes) -> Iterator[str]:
    """The characters that `value` becomes inside base64, at each of the three places where it may begin in a group."""
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + value).decode()
        own = encoded[(0, 2, 3)[shift] : len(encoded) if (shift + len(value)) % 3 == 0 else (shift + len(value)) // 3 * 4]
        if len(own) >= SHORTEST_SECRET:
            yield from (own, own.replace("+", "-").replace("/", "_"))


@contextmanager
def _closed_on_error(sock: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        sock.close()
        raise
