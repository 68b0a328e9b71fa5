"""Texts from elsewhere, in a form that can be shown."""

from __future__ import annotations

import re

# How the tools that make pages of Markdown are told to put another file in a line's place.
_INCLUDE = re.compile(
    r"""(?: \{%-?\s*(?:include|render|embed|snippet|content-ref)
          | \{\{[<%#{!]?\s*(?:include|readfile|snippet|import|markdown_import|transclude|embed)
          | \[?!include | @@?include | %include | \[\[include | @import | <!--\s{0,4}[\#@]?\s{0,4}include | <include
          | :{2,3}\{?include
          | \.\.\s{1,4}(?:literal)?include(?=::) | \{(?:literal)?include(?=[}:]) | \{\.include | include(?=::\S)
        ) (?:[_-][\w-]{1,20})? (?![\w-]) .*
      | \{\{>\s{0,4}[\w./-].*\}\}
      | ;?-{1,3}8<-{1,3}.* | !\[\[.*\]\] | \{!.*!\} | <<\[.* | <<<\s?@.* | :\[[^\]\n]{0,200}\]\(.*
      | \[[^\]\n]{0,200}\]\([^)\n]{1,200}\s['"]:include.*
    """,
    re.VERBOSE | re.IGNORECASE,
)

_NOTHING = re.compile(
    r"[\W_]*+(?:(?:no|yes|none|nil|n/?a|n\.a\.|not applicable|does not apply|todo|to do|tb[acd]|fixme|wip|pending"
    r"|x{2,}|placeholder|reason|unknown|unclear|not sure|offen|à compléter|pendiente"
    r"|to be (?:added|announced|clarified|confirmed|decided|defined|determined|done|filled in))\b[\W_]*+)?",
    re.IGNORECASE,
)

_KEY = re.compile(r"[\W_]*[A-Za-z0-9]{1,3}[\W_]*")
"""What is typed by mistake, or as yes and no; in other scripts than Latin, so few signs may say much."""


def says_nothing(text: str) -> bool:
    """Whether a text that is to give a reason gives none, or only stands where one is to come: "TODO", "???", "n/a"."""
    return _NOTHING.fullmatch(text) is not None


def gives_no_reason(text: str) -> bool:
    """Whether a text that is to give a reason gives none: it says nothing, or is a lone word of up to three letters."""
    return says_nothing(text) or _KEY.fullmatch(text) is not None


def is_include(line: str) -> bool:
    """Whether a line of Markdown stands for what another file says, which some tool puts in its place."""
    return _INCLUDE.fullmatch(line.strip()) is not None


def cut(text: str, length: int = 200) -> str:
    """Text from a target in one line of a sensible length, without a full stop at its end."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= length else f"{line[: length - 1]}…"


def visible(text: str) -> str:
    """Text in which what nobody would see, such as a no-break space or a line feed, is written as an escape."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def figure(value: float, limit: float, places: int = 1) -> str:
    """A figure beside its limit: rounded, but never so far that it would seem to keep or to exceed the limit.

    Args:
        value: what was measured.
        limit: what it is compared with.
        places: decimal places, where these tell the two apart.
    """
    for more in range(places, places + 6):
        text = f"{value:.{more}f}"
        if (float(text) > limit, float(text) < limit) == (value > limit, value < limit):
            return text
    return str(value)


def counted(number: int, what: str) -> str:
    """A number with its noun, in the singular where that is one: "1 job", "2 jobs", "0 addresses"."""
    return f"{number} {what}{'' if number == 1 else 'es' if what.endswith('s') else 's'}"


def size(count: int) -> str:
    """A number of bytes in the unit that a person would choose."""
    amount, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if abs(amount) < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"


def what_broke(error: BaseException) -> str:
    """The type of an exception and the first line of what it says, whatever it does when it is asked for that."""
    try:
        text = str(error).strip().partition("\n")[0]
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  (the class may be anyone's)
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
