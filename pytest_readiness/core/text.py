"""Texts from elsewhere, in a form that can be shown."""

from __future__ import annotations


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
