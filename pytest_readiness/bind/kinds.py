"""What a parameter of a check may be in a text: "at most percent", "ports", "variables"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from pytest_readiness.bind.quantities import COUNTED, Comparison

# How a parameter limits, and what a text says that is the same.
ACCEPTED: Mapping[str, tuple[Comparison, ...]] = {
    "at least": (">=", "=", ""),
    "at most": ("<=", "=", ""),
    "more than": (">",),
    "less than": ("<",),
    "exactly": ("=", "", "only"),
    "only": ("only",),
    "every": ("every",),
}
STEPS: Mapping[tuple[str, Comparison], int] = {("at least", ">"): 1, ("at most", "<"): -1}
OPPOSITE: Mapping[str, tuple[Comparison, ...]] = {
    "at least": ("<", "<=", "every"),
    "more than": ("<", "<=", "every"),
    "at most": (">", ">=", "every"),
    "less than": (">", ">=", "every"),
    "every": ("", "=", "<", "<=", ">", ">="),
}
UNITS: Mapping[str, tuple[str, Fraction]] = {
    "percent": ("percent", Fraction(1)),
    "percent used": ("percent", Fraction(1)),
    "percent free": ("percent", Fraction(1)),
    "milliseconds": ("duration", Fraction(1, 1000)),
    "seconds": ("duration", Fraction(1)),
    "minutes": ("duration", Fraction(60)),
    "hours": ("duration", Fraction(3600)),
    "days": ("duration", Fraction(86400)),
    "kibibytes": ("binary size", Fraction(1024)),
    "mebibytes": ("binary size", Fraction(1024**2)),
    "gibibytes": ("binary size", Fraction(1024**3)),
    "megabytes": ("size", Fraction(1000**2)),
    "gigabytes": ("size", Fraction(1000**3)),
    "version": ("version", Fraction(1)),
    **{kind: ("count", Fraction(1)) for kind in COUNTED},
}
# The smallest step that somebody would write, of what is not counted in whole ones.
LEAST: Mapping[str, Fraction] = {
    **{kind: Fraction(1, 10) for kind in ("percent", "percent used", "percent free")},
    **{kind: Fraction(1, 1000) for kind in ("seconds", "gibibytes", "gigabytes", "layout shift")},
}
_USED = r"used|usages?|uses?|in use|utili[sz](?:ation|ed)|full|filled|occupied|consum(?:ed|ption)"
# "80 % of the available disk" are no 80 % that are free.
_FREE = r"free|(?<!of )(?<!of the )(?<!of all )available|unused|left|remain(?:s|ing)?|spare|headroom|empty"
SHARES: Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]] = {
    kind: (re.compile(rf"\b(?:{own})\b", re.IGNORECASE), re.compile(rf"\b(?:{rest})\b", re.IGNORECASE))
    for kind, own, rest in (("percent used", _USED, _FREE), ("percent free", _FREE, _USED))
}
"""Of a share of a whole, the words for it, and those for the rest."""
# What has another unit, or none of a fixed length: not converted, and not passed over in silence.
OTHERWISE: Mapping[str, str] = {"duration": "months", "binary size": "size", "size": "binary size"}
COUNTED_OTHERWISE: Mapping[str, tuple[str, ...]] = {
    "characters": ("bytes", "bits", "encoded characters"),
    "bits": ("bytes", "characters", "encoded characters"),
}
NAMES: Mapping[str, tuple[str, bool]] = {
    kind: (of, several)
    for of, one, many in (
        ("port", "port", "ports"),
        ("port", "allowed port", "allowed ports"),
        ("port", "closed port", "closed ports"),
        ("path", "path", "paths"),
        ("file", "file", "files"),
        ("variable", "variable", "variables"),
        ("host", "host", "hosts"),
        ("url", "url", "urls"),
        ("origin", "origin", "origins"),
        ("address", "address", "addresses"),
        ("quoted", "text", "texts"),
        ("status", "status", "statuses"),
    )
    for kind, several in ((one, False), (many, True))
}
CHOICES = ("choice", "choices")
ASSIGNMENTS = "assignments"
FLAG = "flag"
IS = "is"
STATES: Mapping[str, str] = {
    f"{name}{end}": state for name, state in (("allowed port", "open"), ("closed port", "closed")) for end in ("", "s")
}
"""What a text that says it at all must say of a port."""
KINDS = (*UNITS, *NAMES, *CHOICES, ASSIGNMENTS, FLAG, IS)
"""What a parameter may be: in words.yaml `parameters: {max_used_pct: at most percent, ports: ports}`.

Numbers and versions stand behind how they limit: at least, at most, more than, less than, exactly, every; several are
separated by "/". Behind "of" stand words of which the text must have one near by, or for a version, whose it is
("at least percent of available/free"). `flag` is true where the text has one of the words behind "of", and does not
deny it; "is forbidden of noindex/keep out" gives that value where it has one of them. Of `allowed ports`, none is taken
that the text says to be closed, of `closed ports` none that it says to be open. Of `percent used` and `percent free`,
one is read as the rest of the other: "at least 20 % free" are at most 80 % used.
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a parameter is read: `at least percent of available/free`."""

    name: str
    limits: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    value: str | bool = ""

    @classmethod
    def parse(cls, text: str) -> Kind:
        """Read it as words.yaml has it.

        Raises:
            ValueError: a sentence that says what is wrong.
        """
        what, _, of = " ".join(text.split()).partition(" of ")
        limits: tuple[str, ...] = ()
        longest = "|".join(sorted(ACCEPTED, key=len, reverse=True))
        if match := re.fullmatch(rf"((?:{longest})(?:/(?:{longest}))*) (.+)", what):
            limits, what = tuple(match[1].split("/")), match[2]
        if (given := re.fullmatch(r"is (\S+)", what)) and of:
            value = {"true": True, "false": False}.get(given[1], given[1])
            return cls(IS, of=tuple(of.split("/")), value=value)
        if what not in KINDS or what == IS:
            raise ValueError(f"'{what}' is no kind of parameter; there are {', '.join(KINDS)}.")
        if bool(limits) != (what in UNITS):
            needs = "say how it limits, such as 'at least'" if what in UNITS else "not say that it limits"
            raise ValueError(f"'{text}' must {needs}.")
        if what == FLAG and not of:
            raise ValueError("'flag' must say by which words of the text it is true: 'flag of preload'.")
        return cls(what, limits, tuple(of.split("/")) if of else ())
