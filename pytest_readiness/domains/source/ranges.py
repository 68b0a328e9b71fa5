"""Whether a version is among those that a manifest asks for, as far as can be told without its tools."""

from __future__ import annotations

import re

_NUMBERS = re.compile(r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?")
_RANGE = re.compile(r"(\^|~>|~|=|>=)?\s{0,3}v?(\d{1,9}(?:\.\d{1,9}){0,2})")


def numbers(version: str) -> tuple[int, int, int] | None:
    """The first three numbers of a version; None where it begins with none."""
    found = _NUMBERS.match(version.strip())
    return (int(found[1]), int(found[2] or 0), int(found[3] or 0)) if found else None


def holds(version: str, spec: str, ecosystem: str) -> bool | None:
    """Whether a version is in a range; None where that is not known: the range is written in another way."""
    if not spec or spec in ("*", "latest", "x"):
        return True
    if ecosystem == "Python" and spec[0] not in "^~*" and not spec[0].isdigit():
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        try:
            return SpecifierSet(spec).contains(version, prereleases=True)
        except InvalidSpecifier:
            return None
    if ecosystem == "Go":
        return version == spec
    found, seen = _RANGE.fullmatch(spec.strip()), numbers(version)
    if not found or not seen or ecosystem not in ("Python", "npm", "Rust"):
        return None
    sign = found[1] or ("^" if ecosystem == "Rust" else "=")
    parts = [int(each) for each in found[2].split(".")]
    low = (*parts, 0, 0)[:3]
    # A pre-release is before the version that it leads to; how far a range takes it is a matter of each tool.
    if "-" in version or (len(parts) < 3 and sign == "="):
        return None
    if sign == "=":
        return seen == low
    if sign == ">=":
        return seen >= low
    kept = 1 if sign == "^" else min(2, len(parts))
    if sign == "^":
        # The first number that is not 0 may not rise.
        kept = next((at for at, each in enumerate(parts, 1) if each), len(parts))
    return seen >= low and list(seen[:kept]) == parts[:kept]
