"""The project's Markdown pages as tests read them: their links, their code, their headings."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from config import HERE

FENCE = re.compile(r"^```(\w*)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4}.*$", re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """One page. `marked`: code blocks by what stands behind their language (```yaml catalog/x.yaml), the last of each."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(HERE).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def prose(self) -> str:
        return INDENTED.sub("", FENCE.sub("", self.text))

    @cached_property
    def marked(self) -> dict[str, str]:
        return {mark: text for _, mark, text in FENCE.findall(self.text) if mark}

    @cached_property
    def spans(self) -> list[str]:
        return SPAN.findall(self.prose)

    @cached_property
    def code(self) -> list[str]:
        """Everything that is written as code."""
        unfenced = FENCE.sub("", self.text)
        return [*self.spans, *INDENTED.findall(unfenced), *(text for _, _, text in FENCE.findall(self.text))]

    @cached_property
    def links(self) -> list[str]:
        return LINK.findall(self.prose)

    @cached_property
    def anchors(self) -> set[str]:
        """Where a link may lead on this page, as GitHub makes them of headings."""
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(self.prose)}

    def section(self, title: str) -> str:
        """What stands below one heading, up to the next."""
        return re.split(r"^#+ ", self.text.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def page(name: str) -> Page:
    """One page by its path in the project."""
    return Page(HERE / name)


def pages() -> list[Page]:
    """README, CHANGELOG and everything below docs/."""
    return [page("README.md"), page("CHANGELOG.md"), *(Page(path) for path in sorted((HERE / "docs").rglob("*.md")))]
