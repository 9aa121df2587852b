"""The way out: where it may go, what it connects to, when it gives up, what it masks."""

import base64
import json
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, quote_plus

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from app.outbound import Outbound, OutboundFailed, OutboundRefused, Redactor, permitted
from tests.steps.scripted import Answer, scripted

INTERNAL = [
    "127.0.0.1",
    "127.8.8.8",
    "::1",
    "::ffff:127.0.0.1",
    "0.0.0.0",
    "::",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "2002:7f00:1::",
    "::7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:168.63.129.16",
    "2001:0:53aa:64c::1",
    "224.0.0.1",
    "ff02::1",
    "ff0e::1",
    "255.255.255.255",
    "240.0.0.1",
    "198.18.0.1",
    "203.0.113.1",
    "2001:db8::1",
]
ODD_LOOPBACKS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "①②⑦.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "localhost",
]
SECRET = 'pä"ss/word+with=signs&ümlaut?~'


def resolves_to(*addresses):
    """A resolver that knows one answer."""
    return lambda *_: list(addresses)


def way_out(host, address, **more):
    """A way out that may call `host`, whose name resolves to `address`."""
    return Outbound([host], resolve=resolves_to(address), **more)


@pytest.mark.parametrize("address", INTERNAL)
def test_an_address_that_is_not_public_may_not_be_called(address):
    assert not permitted(address)
    with pytest.raises(OutboundRefused, match="may not be called"):
        way_out("api.example.com", address).request("GET", "https://api.example.com/", timeout=1)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::6810:84e5", "::ffff:93.184.215.14"])
def test_a_public_address_may_be_called(address):
    assert permitted(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_what_development_allows_and_nothing_more(address):
    assert permitted(address, allow_loopback=True)
    assert not permitted("10.0.0.1", allow_loopback=True)
    assert not permitted("0.0.0.0", allow_loopback=True)


def test_one_bad_address_among_good_ones_refuses_the_call():
    mixed = Outbound(["api.example.com"], resolve=resolves_to("93.184.215.14", "10.0.0.1"))
    with pytest.raises(OutboundRefused):
        mixed.request("GET", "https://api.example.com/", timeout=1)


@pytest.mark.parametrize("host", ODD_LOOPBACKS)
def test_no_spelling_of_loopback_gets_past_the_list_of_hosts(host):
    with pytest.raises(OutboundRefused, match="not among the hosts"):
        Outbound(["api.example.com"], allow_loopback=True).request("GET", f"http://{host}:9/", timeout=1)


@pytest.mark.parametrize("host", ODD_LOOPBACKS)
def test_no_spelling_of_loopback_gets_past_the_check_of_addresses(host):
    """Even where an operator wrote it down: names and numbers are judged by what they resolve to."""
    name = "127.0.0.1" if host.startswith("①") else host.strip("[]")
    with pytest.raises(OutboundRefused, match="may not be called"):
        Outbound([name]).request("GET", f"https://{host}:9/", timeout=1)


@pytest.mark.parametrize(
    ("entry", "url", "allowed"),
    [
        ("api.example.com", "https://api.example.com/", True),
        ("api.example.com", "https://API.Example.COM./x", True),
        ("api.example.com", "https://api.example.com.evil.org/", False),
        ("api.example.com", "https://evil-api.example.com/", False),
        ("*.example.com", "https://a.b.example.com/", True),
        ("*.example.com", "https://example.com/", False),
        ("*.example.com", "https://evilexample.com/", False),
        ("api.example.com:8443", "https://api.example.com:8443/", True),
        ("api.example.com:8443", "https://api.example.com/", False),
        ("bücher.example", "https://bücher.example/", True),
        ("::1", "https://[::1]/", True),
    ],
)
def test_a_host_is_allowed_by_its_whole_name(entry, url, allowed):
    def asked(name, port):
        raise OSError("asked")

    with pytest.raises(OutboundFailed if allowed else OutboundRefused):
        Outbound([entry], resolve=asked).request("GET", url, timeout=1)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://api.example.com/",
        "file:///etc/passwd",
        "//api.example.com/",
        "https://user:secret@api.example.com/",
        "https://api.example.com:0/",
        "https://api.example.com:99999/",
        "https://api.example.com/a b",
        "https://[::1",
        "https:///path",
    ],
)
def test_what_is_no_plain_web_address_is_refused(url):
    with pytest.raises(OutboundRefused):
        way_out("api.example.com", "93.184.215.14").request("GET", url, timeout=1)


def test_plain_http_is_for_development_only():
    with pytest.raises(OutboundRefused, match="use https"):
        way_out("api.example.com", "93.184.215.14").request("GET", "http://api.example.com/", timeout=1)


def test_the_name_is_resolved_once_and_the_checked_address_is_connected_to():
    asked = []

    def resolve(name, port):
        asked.append((name, port))
        return ["127.0.0.1"]

    with scripted(Answer(200)) as server:
        port = server.server_port
        Outbound(["api.example.com"], allow_loopback=True, resolve=resolve).request(
            "GET", f"http://api.example.com:{port}/", timeout=5
        )
    assert asked == [("api.example.com", port)]
    assert server.calls[0].headers["Host"] == f"api.example.com:{port}"


def test_the_next_address_is_tried_when_the_first_does_not_answer():
    both = Outbound(["api.example.com"], allow_loopback=True, resolve=resolves_to("::1", "127.0.0.1"))
    with scripted(Answer(204)) as server:
        assert both.request("GET", f"http://api.example.com:{server.server_port}/", timeout=5).status == 204


def test_a_rewritten_host_is_called_at_its_base_which_may_be_loopback():
    with scripted(Answer(200, {"ok": True})) as server:
        rewritten = Outbound(["api.example.com"], {"API.example.com": f"{server.url}/base/"})
        reply = rewritten.request("GET", "https://api.example.com/v1/x?y=1", timeout=5)
    assert reply.json() == {"ok": True}
    assert server.calls[0].path == "/base/v1/x?y=1"


def test_a_rewrite_does_not_allow_a_host():
    with pytest.raises(OutboundRefused, match="not among"):
        Outbound([], {"api.example.com": "http://127.0.0.1:9"}).request("GET", "https://api.example.com/", timeout=1)


def test_redirects_are_answers():
    with scripted(Answer(302, headers={"Location": "http://169.254.169.254/"})) as server:
        reply = Outbound(["127.0.0.1"], allow_loopback=True).request("GET", server.url, timeout=5)
    assert (reply.status, reply.headers["location"], len(server.calls)) == (302, "http://169.254.169.254/", 1)


def test_the_environment_cannot_send_calls_elsewhere(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login stratus password hush\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with scripted(Answer(200)) as server:
        assert Outbound(["127.0.0.1"], allow_loopback=True).request("GET", server.url, timeout=5).status == 200
    assert "Authorization" not in server.calls[0].headers


def test_no_cookie_is_carried_from_one_call_to_the_next():
    with scripted(Answer(200, headers={"Set-Cookie": "session=1"}), Answer(200)) as server:
        out = Outbound(["127.0.0.1"], allow_loopback=True)
        out.request("GET", server.url, timeout=5)
        out.request("GET", server.url, timeout=5)
    assert "Cookie" not in server.calls[1].headers


@pytest.mark.parametrize("headers", [{"X-A": "1\r\nX-B: 2"}, {"X-A\r\nX-B": "2"}, {"X-A": "☃"}, {"": "x"}])
def test_a_header_that_would_break_the_message_is_refused_before_anything_is_sent(headers):
    with scripted(Answer(200)) as server, pytest.raises(OutboundRefused, match="header"):
        Outbound(["127.0.0.1"], allow_loopback=True).request("GET", server.url, headers=headers, timeout=5)
    assert server.calls == []


def test_the_framing_of_a_message_is_not_the_callers_to_say():
    own = {"Content-Length": "1", "Host": "evil.example.com", "Transfer-Encoding": "chunked", "content-type": "text/x"}
    with scripted(Answer(200)) as server:
        Outbound(["127.0.0.1"], allow_loopback=True).request("POST", server.url, headers=own, json={"a": 1}, timeout=5)
    (came,) = server.calls
    assert (came.body, came.headers["content-type"]) == (b'{"a": 1}', "text/x")
    assert came.headers["Host"] != "evil.example.com"


def test_text_that_is_not_ascii_is_encoded_in_the_url():
    with scripted(Answer(200)) as server:
        Outbound(["127.0.0.1"], allow_loopback=True).request("GET", f"{server.url}/caf\u00e9?n=%20\u00fc", timeout=5)
    assert server.calls[0].path == "/caf%C3%A9?n=%20%C3%BC"


def refused(answer, **more):
    with scripted(answer) as server, pytest.raises(OutboundFailed) as caught:
        Outbound(["127.0.0.1"], allow_loopback=True).request("GET", server.url, **{"timeout": 5} | more)
    return caught.value


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"x" * 2000),
        Answer(200, b"x" * 2000, {"Content-Length": "999999999999"}),
        Answer(raw=b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000),
        Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n"),
    ],
)
def test_a_reply_above_the_cap_is_no_answer(answer):
    failure = refused(answer, max_bytes=1000)
    assert "larger than 1000 bytes" in str(failure)
    assert (failure.sent, failure.status) == (True, 200)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: " + b"1" * 70_000 + b"\r\n\r\n",
    ],
)
def test_a_reply_that_is_broken_is_no_answer_though_the_call_was_sent(raw):
    assert refused(Answer(raw=raw)).sent


@pytest.mark.parametrize("sent_first", [b"", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_dripping_sender_cannot_hold_a_call_beyond_its_deadline(sent_first):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=drip, args=(listening, sent_first), daemon=True).start()
        began = time.monotonic()
        with pytest.raises(OutboundFailed, match=r"within 0\.4 s") as caught:
            Outbound(["127.0.0.1"], allow_loopback=True).request(
                "GET", f"http://127.0.0.1:{listening.getsockname()[1]}/", timeout=0.4
            )
    assert time.monotonic() - began < 1.5
    assert caught.value.sent


def test_a_dripping_handshake_cannot_hold_a_call_beyond_its_deadline():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        record = b"\x16\x03\x03\x40\x00"  # begins a handshake record of 16 KiB
        threading.Thread(target=drip, args=(listening, record), daemon=True).start()
        began = time.monotonic()
        with pytest.raises(OutboundFailed) as caught:
            Outbound(["127.0.0.1"], allow_loopback=True).request(
                "GET", f"https://127.0.0.1:{listening.getsockname()[1]}/", timeout=0.4
            )
    assert time.monotonic() - began < 1.5
    assert not caught.value.sent


def drip(listening, sent_first):
    """One byte every 50 ms: each of them would start a socket's own timeout again."""
    connection, _ = listening.accept()
    with connection:
        try:
            connection.sendall(sent_first)
            for _ in range(100):
                time.sleep(0.05)
                connection.sendall(b"x")
        except OSError:
            return  # the other side gave up, as it should


def test_a_refused_connection_was_surely_not_sent():
    with pytest.raises(OutboundFailed, match="Connection refused") as caught:
        Outbound(["127.0.0.1"], allow_loopback=True).request("POST", "http://127.0.0.1:9/", timeout=5)
    assert not caught.value.sent


def test_a_name_that_does_not_exist_was_surely_not_sent():
    def unknown(name, port):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(OutboundFailed, match="cannot be resolved: Name or service not known") as caught:
        Outbound(["api.example.com"], resolve=unknown).request("GET", "https://api.example.com/", timeout=5)
    assert not caught.value.sent


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of api.example.com, signed by itself, as one PEM file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api.example.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("api.example.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secured(certificate):
    """A server that speaks TLS; `asked` are the names that clients asked for (SNI)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with scripted(Answer(200, {"ok": True})) as server:
        server.asked = []
        context.sni_callback = lambda _, name, __: server.asked.append(name)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield server


def over_tls(certificate, host="api.example.com"):
    trusting = ssl.create_default_context(cafile=certificate) if certificate else None
    return Outbound([host], allow_loopback=True, resolve=resolves_to("127.0.0.1"), tls=trusting)


def test_tls_is_spoken_with_the_name_and_not_with_the_address(secured, certificate):
    reply = over_tls(certificate).request("GET", f"https://api.example.com:{secured.server_port}/", timeout=5)
    assert reply.json() == {"ok": True}
    assert secured.asked == ["api.example.com"]


@pytest.mark.parametrize(("trusted", "host"), [(False, "api.example.com"), (True, "other.example.com")])
def test_a_certificate_that_is_not_trusted_or_of_another_name_ends_the_call_unsent(secured, certificate, trusted, host):
    with pytest.raises(OutboundFailed, match="certificate verify failed") as caught:
        over_tls(certificate if trusted else None, host).request("GET", f"https://{host}:{secured.server_port}/", timeout=5)
    assert not caught.value.sent
    assert secured.calls == []


def forms_of(secret):
    raw = secret.encode()
    return {
        "as it is": secret,
        "json": json.dumps(secret)[1:-1],
        "json, not ascii": json.dumps(secret, ensure_ascii=False)[1:-1],
        "url": quote(secret),
        "url, all of it": quote(secret, safe=""),
        "form": quote_plus(secret),
        "base64": base64.b64encode(raw).decode(),
        "base64 for urls": base64.urlsafe_b64encode(raw).decode(),
    }


@pytest.mark.parametrize("form", forms_of(SECRET))
def test_a_secret_is_masked_in_each_of_its_forms(form):
    told = Redactor([SECRET])(f"before {forms_of(SECRET)[form]} after")
    assert SECRET[:6] not in told
    assert forms_of(SECRET)[form] not in told
    assert told.startswith("before [masked]")
    assert told.endswith(" after")


@given(
    before=st.binary(max_size=5), secret=st.text("abcdef0123456789-_/+ü", min_size=8, max_size=40), after=st.binary(max_size=5)
)
def test_a_secret_inside_something_that_is_base64_is_masked(before, secret, after):
    """Of each secret at most the two characters at either end remain, which it shares with its neighbours."""
    whole = base64.b64encode(before + secret.encode() + after).decode()
    assert "[masked]" in Redactor([secret])(whole)


def test_each_line_of_a_secret_with_several_lines_is_masked():
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----"
    assert Redactor([key])("line: MIIEvQIBADANBg") == "line: [masked]"


def test_a_longer_secret_is_masked_whole_though_a_shorter_one_begins_it():
    assert Redactor(["hush", "hush-hush-hush"])("hush-hush-hush") == "[masked]"


def test_values_that_would_shred_the_text_are_left_alone():
    assert Redactor(["1", "", "b"])("a 1 b") == "a 1 b"


def test_plain_data_is_masked_all_the_way_down():
    masked = Redactor(["hush-hush"]).deep({"a": ["x hush-hush", 1, None], "hush-hush": True})
    assert masked == {"a": ["x [masked]", 1, None], "[masked]": True}


def test_numbers_that_are_secret_are_masked_and_others_are_not():
    assert Redactor(["902107"]).deep([902107, 9021070, True, 1.5]) == ["[masked]", 9021070, True, 1.5]


def test_without_secrets_nothing_changes():
    assert Redactor([])("text") == "text"


def listening():
    """A socket on loopback that takes connections."""
    taking = socket.create_server(("127.0.0.1", 0))
    return taking, taking.getsockname()[1]


def test_a_port_that_takes_connections_is_reached():
    taking, port = listening()
    with taking:
        way_out("db.example.com", "127.0.0.1", allow_loopback=True).connect("db.example.com", port, timeout=5)


def test_a_port_that_takes_none_is_said_so():
    taking, port = listening()
    taking.close()
    with pytest.raises(OutboundFailed, match=f"port {port}: Connection refused") as caught:
        way_out("db.example.com", "127.0.0.1", allow_loopback=True).connect("db.example.com", port, timeout=5)
    assert caught.value.reason == "Connection refused"


@pytest.mark.parametrize("address", INTERNAL)
def test_a_port_at_an_address_that_is_not_public_is_not_tried(address):
    with pytest.raises(OutboundRefused, match="may not be called"):
        way_out("db.example.com", address).connect("db.example.com", 5432, timeout=5)


@pytest.mark.parametrize(
    ("entry", "port", "allowed"),
    [
        ("db.example.com", 5432, True),
        ("db.example.com:5432", 5432, True),
        ("db.example.com:5433", 5432, False),
        ("*.example.com", 5432, True),
        ("example.com", 5432, False),
    ],
)
def test_a_port_is_tried_where_its_host_may_be_called(entry, port, allowed):
    with pytest.raises(OutboundRefused, match="10.0.0.1" if allowed else "OUTBOUND_HOSTS"):
        way_out(entry, "10.0.0.1").connect("db.example.com", port, timeout=5)


@pytest.mark.parametrize(
    "host", ["", "db.example.com/", "a@db.example.com", "db example.com", "-db.example.com", "db\0.example.com"]
)
def test_what_is_no_host_is_refused(host):
    with pytest.raises(OutboundRefused, match="not a valid name"):
        way_out("*.example.com", "93.184.215.14").connect(host, 80, timeout=5)


@pytest.mark.parametrize(("base", "written_out"), [("http://127.0.0.1", False), ("http://127.0.0.1:{port}", True)])
def test_a_rewritten_host_is_reached_at_its_base(base, written_out):
    taking, port = listening()
    with taking:
        out = Outbound(["db.example.com"], {"db.example.com": base.format(port=port)})
        out.connect("db.example.com", 5432 if written_out else port, timeout=5)


def test_a_name_is_looked_up():
    assert way_out("db.example.com", "93.184.215.14").lookup("DB.example.com.") == ["93.184.215.14"]


def test_a_name_that_is_allowed_at_one_port_may_be_looked_up():
    assert way_out("db.example.com:5432", "93.184.215.14").lookup("db.example.com") == ["93.184.215.14"]


@pytest.mark.parametrize(("host", "address"), [("db.example.org", "93.184.215.14"), ("db.example.com", "10.0.0.1")])
def test_what_may_not_be_called_is_not_looked_up(host, address):
    with pytest.raises(OutboundRefused):
        way_out("db.example.com", address).lookup(host)


def test_a_name_without_an_address_is_said_so():
    with pytest.raises(OutboundFailed, match="no address"):
        Outbound(["db.example.com"], resolve=resolves_to()).lookup("db.example.com")
