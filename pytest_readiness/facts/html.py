"""What a page of HTML says about itself, as far as checks ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser


@dataclass(frozen=True, slots=True)
class Script:
    """A script element.

    Attributes:
        src: address as written; "" for one that stands in the page itself.
        integrity: its hashes as written, or "".
    """

    src: str
    integrity: str


@dataclass(frozen=True, slots=True)
class Markup:
    """What was found in a page.

    Attributes:
        scripts: in the page's order.
        equivalents: content of each `<meta http-equiv=…>`, with its name in lower case.
        names: content of each `<meta name=…>`, with its name in lower case.
        readable: the whole page could be parsed.
    """

    scripts: tuple[Script, ...]
    equivalents: tuple[tuple[str, str], ...]
    names: tuple[tuple[str, str], ...]
    readable: bool


def parse(page: str) -> Markup:
    """Read a page; what stands behind markup that cannot be parsed is missing."""
    reader = _Reader()
    try:
        reader.feed(page)
        reader.close()
    except AssertionError:
        reader.readable = False
    return Markup(tuple(reader.scripts), tuple(reader.equivalents), tuple(reader.names), reader.readable)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[Script] = []
        self.equivalents: list[tuple[str, str]] = []
        self.names: list[tuple[str, str]] = []
        self.readable = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Of a repeated attribute the first one counts.
        attributes = {name: (value or "").strip() for name, value in reversed(attrs)}
        content = attributes.get("content", "")
        if tag == "script":
            self.scripts.append(Script(attributes.get("src", ""), attributes.get("integrity", "")))
        elif tag == "meta" and "http-equiv" in attributes:
            self.equivalents.append((attributes["http-equiv"].lower(), content))
        elif tag == "meta" and "name" in attributes:
            self.names.append((attributes["name"].lower(), content))
