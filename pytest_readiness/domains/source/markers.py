"""What readers of code share: marks of unfinished work in comments, and that a file does not parse."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MARKER = re.compile(r"(?<![\w-])(?:(TODO|FIXME|XXX|HACK)(?![\w-])|([Tt]odo|[Ff]ixme)(?=[:(]))")
_TICKET = re.compile(r"#\d{1,9}\b|\b[A-Z][A-Z0-9]{1,9}-\d{1,7}\b|https?://")
HINTS = rb"todo|fixme|xxx|hack"
"""Without one of these in it, a file has none."""


class NotParsedError(Exception):
    """The file could not be parsed; the message is a clause."""


def markers(comment: str, line: int) -> Iterator[tuple[str, str, int, bool]]:
    """Yield the marks of a comment that begins in a line, each with whether a ticket is named in its line."""
    for number, text in enumerate(comment.splitlines(), line):
        for found in _MARKER.finditer(text):
            yield "todo", found[0].upper(), number, bool(_TICKET.search(text, found.end()))
