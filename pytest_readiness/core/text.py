"""Texts from elsewhere, in a form that can be shown."""

from __future__ import annotations


def cut(text: str, length: int = 200) -> str:
    """Text from a target in one line of a sensible length, without a full stop at its end."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= length else f"{line[: length - 1]}…"


def visible(text: str) -> str:
    """Text in which what nobody would see, such as a no-break space or a line feed, is written as an escape."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def what_broke(error: BaseException) -> str:
    """The type of an exception and the first line of what it says, whatever it does when it is asked for that."""
    try:
        text = str(error).strip().partition("\n")[0]
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  (the class may be anyone's)
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
