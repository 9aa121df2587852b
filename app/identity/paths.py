"""Where to go after sign-in: only to a place inside this portal."""

from urllib.parse import urlsplit

LONGEST = 700  # it travels in the session cookie, which browsers drop above 4 kB


def safe_next(target: str | None, default: str = "/") -> str:
    """`target` when it is a path of this portal, else `default`.

    Browsers read `//host`, `/\\host`, `https:host` and all of these with tabs or newlines between as other sites (WHATWG URL:
    backslashes are slashes, tabs and newlines are dropped), so anything but a plain ASCII path is refused, not repaired.
    """
    if not target or len(target) > LONGEST or not _plain(target):
        return default
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or parts.path.startswith(("/sign-in", "/sign-out", "/signed-out")):
        return default
    return target


def _plain(target: str) -> bool:
    return (
        target.startswith("/")
        and not target.startswith("//")
        and "\\" not in target
        and target.isascii()
        and target.isprintable()
    )
