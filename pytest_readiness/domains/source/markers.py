"""What readers of code share: marks of unfinished work in comments, and that a file does not parse."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping

_OPEN_MARK = re.compile(r"(?<![\w-])(?:(TODO|FIXME|XXX|HACK)(?![\w-])|([Tt]odo|[Ff]ixme)(?=[:(]))")
_TICKET = re.compile(r"#\d{1,9}\b|\b[A-Z][A-Z0-9]{1,9}-\d{1,7}\b|https?://")
HINT = rb"(?:TODO|FIXME|XXX|HACK|[Tt]odo[:(]|[Ff]ixme[:(])"
"""What every mark begins with."""


class Hints:
    """Where in a text something may be found: a syntax tree is only walked where one of them is."""

    def __init__(self, data: bytes, words: Mapping[bytes, re.Pattern[bytes]]) -> None:
        """Look for them.

        Args:
            data: the text.
            words: texts in small letters, each with the expression that matches from there where it counts.
        """
        small = data.lower()
        found: list[int] = []
        for word, expression in words.items():
            at = small.find(word)
            while at >= 0:
                if expression.match(data, at):
                    found.append(at)
                at = small.find(word, at + len(word))
        self.places = sorted(found)

    def within(self, start: int, end: int) -> bool:
        """Whether one is between two places, the end left out."""
        return bisect_left(self.places, start) < bisect_left(self.places, end)


class NotParsedError(Exception):
    """The file could not be parsed; the message is a clause."""


def markers(comment: str, line: int) -> Iterator[tuple[str, str, int, bool]]:
    """Yield the marks of a comment that begins in a line, each with whether a ticket is named in its line."""
    for number, text in enumerate(comment.splitlines(), line):
        for found in _OPEN_MARK.finditer(text):
            yield "todo", found[0].upper(), number, bool(_TICKET.search(text, found.end()))
