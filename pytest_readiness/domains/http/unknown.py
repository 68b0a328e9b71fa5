"""The counter-proof of an answer: what is answered to paths beside it that nobody can have declared.

Many sites answer every path alike: by a page for what they do not know, with whatever status, or by the one page of an
application that lives in the browser. So an answer tells something about its path only if it differs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from pytest_readiness.protocols.http.answer import Response

SAMPLES = 3
"""Unknown paths that are asked in one place: what differs among their answers is known not to matter."""
MAX_LEARNED = 256 * 1024
"""Characters of a page up to which it is looked at word by word."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The answers to paths of one place that cannot be guessed.

    Attributes:
        answers: to each of them; none where the connection is closed instead.
    """

    answers: tuple[Response, ...]

    def like(self, answer: Response) -> bool:
        """Whether an answer differs from these in no more than they differ from each other.

        The path itself, tokens and figures are left out. The status must be the same; the Content-Type need not be,
        which servers guess from the path's ending.
        """
        same = [each for each in self.answers if each.status == answer.status]
        if not same:
            return False
        bare, known = _bare(answer, answer), [_bare(each, answer) for each in same]
        if bare in known:
            return True
        if max(map(len, (bare, *known))) > MAX_LEARNED:
            return False
        return _as_varied(_WORD.findall(bare), [_WORD.findall(each) for each in known])


_WORD = re.compile(r"\w+|[^\w\s]")


def _as_varied(words: list[str], known: list[list[str]]) -> bool:
    """Whether words differ from known texts only where these differ from each other, and these agree in most."""
    if all(len(each) == len(words) for each in known):
        places = [set(each) for each in zip(*known, strict=True)]
        fixed = sum(len(place) == 1 for place in places)
        return 2 * fixed > len(places) and all(
            len(place) > 1 or word in place for word, place in zip(words, places, strict=True)
        )
    # Of different lengths they may be alike around one place that differs.
    first = _common(known)
    last = _common([each[first:][::-1] for each in known])
    most = max(len(each) - first - last for each in known)
    return (
        0 <= len(words) - first - last <= 2 * most < 2 * (first + last)
        and words[:first] == known[0][:first]
        and words[len(words) - last :] == known[0][len(known[0]) - last :]
    )


def _common(texts: list[list[str]]) -> int:
    """How many words all texts begin with."""
    return sum(1 for _ in takewhile(lambda words: len(set(words)) == 1, zip(*texts, strict=False)))


def _bare(answer: Response, other: Response) -> str:
    """What an answer says, without what is in it because of the path that was asked for, tokens and figures."""
    # The body of a redirect only repeats where it leads to.
    said = answer.location or answer.body
    for asked in sorted({urlsplit(each.url).path for each in (answer, other)} - {"/"}, key=len, reverse=True):
        for part in (asked, asked.strip("/"), asked.rstrip("/").rpartition("/")[2]):
            if part:
                said = said.replace(part, "")
    return re.sub(r"[\w+/=-]{16,}|\d+", "", said)


def respelled(path: str) -> str:
    """A path as it is also written, with a slash or without: a rule for one of them may leave the other one open."""
    bare, mark, query = path.partition("?")
    other = bare.rstrip("/") if bare.endswith("/") else f"{bare}/"
    return f"{other or '/'}{mark}{query}"


def beside(path: str, number: int = 0) -> str:
    """A path in the same folder as another one, with the same ending and query, that nobody can have declared.

    Beside one that is hidden by a dot, it is hidden, too: servers have rules for all of these.
    """
    bare, mark, query = path.partition("?")
    folder, _, last = bare.rstrip("/").rpartition("/")
    ending = re.search(r"\.[A-Za-z0-9]{1,8}\Z", last)
    dot = "." if last.startswith(".") else ""
    slash = "/" if bare.endswith("/") and last else ""
    name = uuid5(NAMESPACE_URL, f"{folder}/{number}")
    return f"{folder}/{dot}{name}{ending[0] if ending else ''}{slash}{mark}{query}"
