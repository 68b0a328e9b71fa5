"""Files, whose content stays where it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.domains.host.question import Question


@dataclass(frozen=True, slots=True)
class FileState:
    """What a path leads to, links followed.

    Attributes:
        type: "absent", "dangling" (a link to nothing), "regular file", "directory" …
        mode: permission bits.
        user, group: owners' names ("UNKNOWN" where they have none).
        uid, gid: their numbers.
    """

    type: str
    mode: int = 0
    user: str = ""
    uid: str = ""
    group: str = ""
    gid: str = ""


def _state(text: str) -> FileState:
    line = text.strip()
    if line in ("absent", "dangling"):
        return FileState(line)
    mode, user, group, type_ = line.split(" ", 3)
    uid, _, owner = user.partition(":")
    gid, _, owners = group.partition(":")
    return FileState(type_, int(mode, 8), owner, uid, owners, gid)


FILE = Question("file", "the file", Path(__file__).with_name("file.sh"), _state)
"""With a path: type, mode and owners."""

SHA256 = Question(
    "sha256",
    "the checksum of",
    """\
[ -f "$1" ] || refuse 3 "$1 is not a regular file"
sha256sum <"$1"
""",
    lambda text: text[:64],
)
"""With a path: checksum of a regular file, in lower-case hexadecimal digits."""

LINE = Question(
    "line",
    "the content of",
    """\
[ -f "$1" ] || refuse 3 "$1 is not a regular file"
lines() { # lines LOCALE FILE PATTERN
    env LC_ALL="$1" grep -cxE -e "[[:blank:]]*($3)[[:blank:]]*" "$2" || [ $? = 1 ]
}
# A point is a byte in the one, and in the other a letter, or nothing where the text is not UTF-8.
found=$(lines C "$@") || return
[ "$found" != 0 ] || found=$(lines C.UTF-8 "$@") || return
echo "$found"
""",
    int,
)
"""With a path and a pattern: how many lines of a regular file match it as a whole, blanks around them aside."""
