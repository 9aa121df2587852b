"""Texts: one line (`string`) or many (`textarea`)."""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from app.core.fields.faults import count, fault
from app.core.fields.model import Field
from app.core.fields.patterns import complaint, fits
from app.errors import Fault

# Control characters, and halves of surrogate pairs, which JSON can carry and no database can store.
REFUSED = frozenset({"Cc", "Cs"})
LINE_BREAKS = "\n\r\t"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOSTNAME = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(?:\.{LABEL})*", re.ASCII)
MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}", re.ASCII)


def judge_line(field: Field, value: Any) -> list[Fault]:
    """One line of text."""
    return _judge(field, value, "")


def judge_lines(field: Field, value: Any) -> list[Fault]:
    """Text with line breaks."""
    return _judge(field, value, LINE_BREAKS)


def _judge(field: Field, value: Any, breaks: str) -> list[Fault]:
    if not isinstance(value, str):
        return [fault(field, "type", "must be text")]
    if len(value) > field.longest:
        return [fault(field, "max_length", f"must have at most {count(field.longest, 'character')}", max_length=field.longest)]
    if any(unicodedata.category(char) in REFUSED and char not in breaks for char in value):
        return [
            fault(
                field,
                "format",
                "may not contain control characters" if breaks else "may not contain line breaks or other control characters",
            )
        ]
    return [found for rule in (_too_short, _pattern, _format) if (found := rule(field, value))]


def _too_short(field: Field, value: str) -> Fault | None:
    least = field.min_length or 0
    if len(value) >= least:
        return None
    return fault(field, "min_length", f"must have at least {count(least, 'character')}", min_length=least)


def _pattern(field: Field, value: str) -> Fault | None:
    if field.regexp is None or fits(field.regexp, value):
        return None
    # Which characters are wrong would tell something of a secret.
    why = "does not have the expected form" if field.sensitive else complaint(field.regexp, value, field.placeholder)
    return fault(field, "regexp", why, regexp=field.regexp)


def _format(field: Field, value: str) -> Fault | None:
    if field.format is None or FORMATS[field.format][0](value):
        return None
    return fault(field, "format", FORMATS[field.format][1], format=field.format)


def _is_hostname(value: str) -> bool:
    return HOSTNAME.fullmatch(value) is not None


def _is_email(value: str) -> bool:
    mailbox, _, domain = value.rpartition("@")
    return MAILBOX.fullmatch(mailbox) is not None and "." in domain and _is_hostname(domain)


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # reading it is what checks it
    except ValueError:
        return False
    host = parts.hostname or ""
    return parts.scheme in ("http", "https") and (_is_hostname(host) or _is_ip(host)) and not re.search(r"\s", value)


def _is_ip(value: str) -> bool:
    try:
        return "%" not in value and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def _is_network(value: str) -> bool:
    try:
        return "/" in value and "%" not in value and bool(ipaddress.ip_network(value))
    except ValueError:
        return False


FORMATS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "email": (_is_email, "must be an e-mail address, such as sarah@example.com"),
    "url": (_is_url, "must be a web address, such as https://example.com/path"),
    "hostname": (_is_hostname, "must be a host name, such as app.example.com"),
    "cidr": (_is_network, "must be a network in CIDR notation, such as 10.0.0.0/16"),
    "ip": (_is_ip, "must be an IP address, such as 10.0.0.1"),
}


def read(_: Field, text: str) -> str:
    """A text is its own value."""
    return text


def read_lines(_: Field, text: str) -> str:
    """A form posts every line break as two characters."""
    return text.replace("\r\n", "\n")


def show(_: Field, value: Any) -> str:
    """A text, or what was sent in its place."""
    return str(value)
