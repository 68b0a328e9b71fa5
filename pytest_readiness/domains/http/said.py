"""Whether an answer says a declared text: where a reader finds it, in whichever spelling it came.

A page may spell ü as `&uuml;`, JSON as `\\u00fc`; a line may end, and an element begin, between two words. And a page
may hold in a script or a comment what it does not say.
"""

from __future__ import annotations

import unicodedata
from functools import cached_property

from pytest_readiness.domains.http.internals import readings_of, unescaped
from pytest_readiness.protocols.html_page import HtmlPage
from pytest_readiness.protocols.http.answer import Response

_SOFT_HYPHEN = "\u00ad"


def plain(text: str, *, fold: bool = False) -> str:
    """A text as texts are compared: accents composed, no soft hyphens, any blanks as one.

    Args:
        text: of either side.
        fold: whether capital and small letters are the same.
    """
    text = " ".join(unicodedata.normalize("NFC", text).replace(_SOFT_HYPHEN, "").split())
    return text.casefold() if fold else text


def readings(answer: Response) -> tuple[str, ...]:
    """What a reader finds on a page; the body of anything else, as it came and without the escapes of JSON."""
    if answer.html:
        return (HtmlPage(answer.body, answer.url).text,)
    return tuple(dict.fromkeys((answer.body, unescaped(answer.body))))


class Said:
    """What an answer says.

    Args:
        answer: the answer.
        fold: whether capital and small letters are the same.
    """

    def __init__(self, answer: Response, *, fold: bool = False) -> None:
        self._answer = answer
        self._fold = fold

    # Many an answer is asked for no text at all, and few for what they hide.
    @cached_property
    def _source(self) -> str:
        return plain(self._answer.body, fold=self._fold)

    @cached_property
    def _found(self) -> list[str]:
        return [plain(each, fold=self._fold) for each in readings(self._answer)]

    @cached_property
    def _anywhere(self) -> list[str]:
        return [self._source, *(plain(each, fold=self._fold) for each in readings_of(self._answer.body))]

    def has(self, text: str) -> bool:
        """Whether it says the text; one with an element in it (`<h1>`) is looked for in the page's source."""
        wanted = plain(text, fold=self._fold)
        return any(wanted in each for each in (self._found if "<" not in text else [self._source]))

    def hides(self, text: str) -> bool:
        """Whether the text is only where no reader finds it, such as in a script that may show it."""
        wanted = plain(text, fold=self._fold)
        return not self.has(text) and any(wanted in each for each in self._anywhere)
