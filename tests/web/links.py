"""Where a page leads: the local addresses of its links."""

import re
from html import unescape

from werkzeug.test import TestResponse


def addresses(page: TestResponse) -> set[str]:
    """Every local address that a link of the page opens, without the part after #."""
    found = {unescape(href).split("#")[0] for href in re.findall(r'<a [^>]*href="(/[^"]*)"', page.text)}
    return {href for href in found if href}
