"""Numbers of a text with their unit and comparator: "coverage > 80%", "within 30 days", "32+ characters"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Comparison = Literal["", "=", ">", ">=", "<", "<=", "every", "only", "change", "?"]
"""What a text says of a number: "" where it says nothing, "?" where it cannot be told.

"only" is that number and no other; "change" is by how much something differs from what it was.
"""


@dataclass(frozen=True, slots=True)
class Value:
    """Something in a text that a parameter may be made of.

    Attributes:
        kind: what it is, such as "percent", "duration" or "age" (in seconds), "size" (in bytes), "count", "path" or
            "host".
        value: it, as a number or a text.
        start: where its words begin in the text.
        end: where they end.
        words: its words, as written.
        comparison: what the text says of a number.
        of: what is counted, whose version it is, or which variable is set.
    """

    kind: str
    value: Fraction | str
    start: int
    end: int
    words: str
    comparison: Comparison = ""
    of: str = ""


COUNTED: Mapping[str, str] = {
    "attempts": "attempt try tries maxauthtries",
    "backups": "backup snapshot copy copies",
    "bits": "bit",
    "bytes": "byte octet",
    "characters": "character char symbol letter length",
    "encoded characters": "hex hexadecimal base64",
    "escalation levels": "level tier",
    "layout shift": "cls",
    "pixels": "pixel px",
    "replicas": "replica instance pod node",
    "requests": "request req rps",
    "restarts": "restart",
    "retries": "retry retries",
    "scores": "score",
    "servers": "server nameserver",
    "tests": "test",
    "users": "user vu",
    "words": "word",
    "workers": "worker",
}
"""What is counted, with the words for one of it; of several, an s stands behind."""

_DURATIONS = {
    "millisecond ms msec": Fraction(1, 1000),
    "second sec s": Fraction(1),
    "minute min": Fraction(60),
    "hour hr h": Fraction(3600),
    "day d": Fraction(86400),
    "week wk": Fraction(7 * 86400),
    # As all who write max-age and lifetimes count; a month has no number of days.
    "year yr": Fraction(365 * 86400),
}
_SIZES = "KMGT"
_ADVERBS = {"hourly": 3600, "nightly": 86400, "daily": 86400, "weekly": 7 * 86400}
_NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]

_MORE = r"(?:more|greater|higher|longer|larger|older|slower) than|over|above|exceed(?:s|ing)?|beyond"
_LESS = r"(?:less|fewer|lower|smaller|shorter|faster|newer|younger) than|under|below"
# What is a sign or a word before a number. The longer ones of the same beginning come first.
_BEFORE: tuple[tuple[str, Comparison], ...] = (
    (r"~|≈|±|about|around|approx\.?|approximately|roughly|nearly|almost|circa|ca\.|between|from|every other"
     r"|\b(?:half|a third|a quarter|twice|double|times)(?: of)?", "?"),
    (rf"\b(?:{_LESS}) or equals?(?: to)?", "<="),
    (rf"\b(?:{_MORE}) or equals?(?: to)?", ">="),
    (r"\bno (?:more|greater|higher|longer|larger|older|later) than|\b(?:not|never) (?:more|greater|higher|longer|larger"
     r"|older|later|slower) than|\b(?:not|never) (?:above|over|exceed(?:s|ing)?|beyond)", "<="),
    (r"\bno (?:less|fewer|lower|smaller|shorter|newer) than|\b(?:not|never) (?:less|fewer|lower|smaller|shorter) than"
     r"|\b(?:not|never) (?:below|under)", ">="),
    (r">=|=>|≥|⩾|\bat least|\bminimum(?: of| is)?|\bmin\.?(?: of)?", ">="),
    (r"<=|=<|≤|⩽|\bat most|\bup to|\bmaximum(?: of| is)?|\bmax\.?(?: of)?|\bwithin|\blimited to|\bcapped at"
     r"|\b(?:in|over|during|within) the (?:last|past|next)", "<="),
    (rf">|\b(?:{_MORE})", ">"),
    (rf"<|\b(?:{_LESS}|sub-)", "<"),
    (r"\bevery|\beach|\bonce (?:per|an?|every)", "every"),
    (r"\bexactly|\bprecisely", "only"),
    (r"==?|\bset to|\bequals?(?: to)?", "="),
)  # fmt: skip
# Of "20 % of the disk free at most", what the number is of.
_BETWEEN = r"(?:\s{1,3}(?:of|the|all|our|free|used|full|disk|space|memory|ram|swap|usage|left|available)\b){0,5}"
_AFTER: tuple[tuple[str, Comparison], ...] = (
    (
        r"\s{0,3}\+(?!\w)|\s{1,3}or (?:more|higher|above|greater|better|longer|newer|later)\b"
        r"|\s{1,3}and (?:up|above|higher|later)\b"
        rf"|{_BETWEEN}\s{{1,3}}(?:(?:at )?min(?:imum|\.)?(?!\w)|at (?:the )?least\b)",
        ">=",
    ),
    (
        r"\s{1,3}or (?:less|fewer|lower|below|shorter|faster)\b"
        rf"|{_BETWEEN}\s{{1,3}}(?:(?:at )?max(?:imum|\.)?(?!\w)|at (?:the )?most\b)",
        "<=",
    ),
    (r"\s{1,3}(?:exactly|precisely)\b", "only"),
)
# What is compared stands behind the number: "300 ms < p95", "300 ms is less than the p95". The "300 ms under load" that
# somebody measures are no less than the load.
_BEHIND: tuple[tuple[str, Comparison], ...] = (
    (
        rf"\s{{0,3}}(?:<=|≤|⩽)|\s{{1,3}}(?:is|are)\s+(?:at most|not\s+(?:{_MORE}))\b|\s{{1,3}}(?:does|do) not exceed\b",
        ">=",
    ),
    (rf"\s{{0,3}}(?:>=|≥|⩾)|\s{{1,3}}(?:is|are)\s+(?:at least|not\s+(?:{_LESS}))\b", "<="),
    (rf"\s{{0,3}}<|\s{{1,3}}(?:is|are)\s+(?:{_LESS})\b", ">"),
    (rf"\s{{0,3}}>|\s{{1,3}}(?:(?:is|are)\s+(?:{_MORE})|exceeds?)\b", "<"),
)
# By how much something changes or differs, which limits it nowhere. A clock that is off by so much is no change of it.
_CHANGED_BY = re.compile(
    r"(?<!\bcovered )(?<!\boff )(?<!\bahead )(?<!\bbehind )(?<!\bdrift )(?<!\bdrifts )\bby\s*$"
    r"|\b(?:reduction|increase|decrease|drop|improvement|rise|regression|change|overhead)s?\s+of\s*$",
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"\b(?:(?:reduc|lower|decreas|increas|improv|declin|degrad)(?:e|es|ed|ing|s)|drop(?:s|ped)?|rises?|rose|falls?|fell"
    r"|gr[eo]ws?|grown|shr[iau]nks?|down|up)\s+$",
    re.IGNORECASE,
)
_LEVEL = re.compile(r"[<>≤≥]|\b(?:below|under|above|over|beyond|within)\b", re.IGNORECASE)
_CHANGED_AFTER = re.compile(
    r"\s{1,3}(?:(?:of|from|than|compared (?:to|with)|relative to|against|versus|vs\.?)\s+(?:(?:the|its|our|an?)\s+)?"
    r"(?:last(?!\s+\d)|previous|prior|former|old|baseline|before|usual)\b"
    r"|(?:better|faster|quicker|slower|worse|lower|higher|shorter|longer|smaller|larger|sooner|less|fewer|more)\b"
    r"|(?:improvement|reduction|increase|decrease|drop|gain|growth|regression|change)\b"
    r"|(?:below|under|above|over)\s+(?:the|its|our|an?)\s+(?:[\w-]+\s+)?(?:limit|threshold|timeout|target|budget|baseline"
    r"|average|mean|quota|capacity|objective|slo|sla)\b)",
    re.IGNORECASE,
)
# A time that has gone by says nothing of how long something will last.
_GONE_BY = re.compile(
    r"\b(?:expired|overdue|outdated|lapsed|(?:has|have|had) been(?:\s+(?!kept|retained|stored)\w+)?)\s+for\s*$"
    r"|\bsince\s*$",
    re.IGNORECASE,
)
_AGED = re.compile(r"\b(?:older|newer|younger) than\b", re.IGNORECASE)
_AGO = re.compile(r"[\s-]{1,3}(?:ago|old|in the past|earlier|of age)\b", re.IGNORECASE)
_TURNED: Mapping[Comparison, Comparison] = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
MIRRORED: Mapping[Comparison, Comparison] = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
"""What is said of the rest of a whole, by what is said of its part."""
_SIGNS = [(re.compile(rf"(?:{words})\s*:?\s*(?:an?\s+|the\s+)?$", re.IGNORECASE), sign) for words, sign in _BEFORE]
_TAILS = [(re.compile(words, re.IGNORECASE), sign) for words, sign in _AFTER]
_TAILS += [(re.compile(rf"(?:{words})(?=\s*`?[^\W\d])", re.IGNORECASE), sign) for words, sign in _BEHIND]

_UNITS = {
    f"{name}{end}": seconds for names, seconds in _DURATIONS.items() for name in names.split() for end in ("", "s")
}
_WORDS_OF_COUNTS = {
    f"{name}{end}": kind for kind, names in COUNTED.items() for name in names.split() for end in ("", "s")
}
# What a number may follow, but not come before.
_NAMES_OF_COUNTS = {**_WORDS_OF_COUNTS, "rsa": "bits"}
# What is given in seconds where no unit stands behind it.
_IN_SECONDS = ("max-age", "s-maxage", "ttl")


def _any(words: Iterator[str] | Mapping[str, object]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_LONG = _any({word: None for word in _UNITS if len(word) > 1 and word != "ss"})
# "Within a month", "lasts for a year"; "a second server" is another one.
_ARTICLE = (
    r"(?<!\bonce )(?<!\btwice )(?<!\btimes )(?<!\bper )(?<!\bevery )\ban?(?="
    rf"\s(?:(?!second\b)(?:{_LONG}|months?)\b|second(?=\s{{0,3}}(?:\Z|[.,;:)!?]|(?:or|and|for|at|in|on|under|when|to|is|are)\b))))"
)
_NUMBER = (
    r"(?:(?<![\w.,/:#$€£–—-])|(?<=\b[Ss]ub-))(?!0[0-9])(?P<number>[0-9]{1,3}(?:,[0-9]{3}){1,3}(?:\.[0-9]{1,9})?"
    r"|[0-9]{1,12}(?:\.[0-9]{1,9})?"
    rf"|(?i:\b(?:{'|'.join(_NUMBERS)})\b|{_ARTICLE}))(?![\d/]|[.,]\d)"
)
_ENCODED = f"(?:{_any(iter(COUNTED['encoded characters'].split()))})"
_TIME = rf"(?:(?i:{_LONG})|[shd])(?![\w'])"
# Of "20 requests per minute and address", the time in which they are counted.
_WINDOW = re.compile(
    r"(?:\s{1,3}(?:per|for each)\s{1,3}\w{1,30})?"
    rf"(?:\s{{0,3}}/\s{{0,3}}|\s{{1,3}}(?:per|an?|each|every)\s{{1,3}}(?:\d{{1,6}}\s?)?){_TIME}"
    r"(?:\s{1,3}(?:per|for each)\s{1,3}\w{1,30})?",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"(?:\s{0,5}(?P<percent>%|percent\b|per cent\b|pct\b)"
    rf"|[\s-]{{0,5}}(?:(?:more|further|full|whole)\s+)?(?:(?P<time>(?i:{_LONG})|[shd](?!'))|(?P<months>(?i:months?))"
    rf"|(?P<size>[KkMGT](?P<binary>i)?[Bb]?)|(?:(?!{_ENCODED}\b)[a-z-]+\s)?"
    rf"(?P<counted>(?i:{_any(_WORDS_OF_COUNTS)})))(?!\w|/(?!\s?{_TIME})))?"
)
_QUANTITY = re.compile(rf"{_NUMBER}(?P<plus>\+)?{_UNIT.pattern}(?!\s*(?:[-–—~]|\.\.|\bto\b|\bor\b)\s*\d)")
_NAMED = re.compile(
    rf"\b(?:(?P<counted>{_any(_NAMES_OF_COUNTS)})|(?P<seconds>{_any(iter(_IN_SECONDS))}))"
    r"(?:\s+(?:count|number|limit|size|is|are|of|set to))*\s*[:=(]?\s*$",
    re.IGNORECASE,
)
_LEADING = re.compile(r"\b(?:(?P<least>minimum|min\.?|at least)|maximum|max\.?|at most)(?:\s+\w+)?\s*$", re.IGNORECASE)
_RANGE = re.compile(
    r"\bbetween\s+\d[\d.,]*\D{0,12}?\s+and\s+\d[\d.,]*"
    r"|(?<![\w.])\d[\d.,]*\s*(?:%|[a-z]{1,12})?\s*(?:[-–—~/]|\.\.|\bto\b|\bor\b)\s*\d[\d.,]*",
    re.IGNORECASE,
)
_EVERY = re.compile(rf"\b(?:every|each|once (?:an?|per|every))\s+(?P<time>{_LONG})\b", re.IGNORECASE)
_ADVERB = re.compile(rf"\b(?:{_any(_ADVERBS)})\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[;()\[\]\n•]|,(?!\d)|\.(?!\d)|\s[–—-]\s")
_NO = re.compile(
    r"\b(?:no|not|never|without|none|neither|cannot|instead of|rather than|unset)\b|n[’']t\b"
    r"|\b(?:remov|disabl|avoid|delet|forbid|prohibit)\w*",
    re.IGNORECASE,
)
# "Alert at 80 %" says when something happens, and nothing of what should be.
_TRIGGER = re.compile(
    r"\b(?:alert|alarm|warn|trigger|notif|page[sd]?\b|scal(?:e|es|ing)\b)|\b(?:if|when)\b", re.IGNORECASE
)
_NO_SUCH = re.compile(
    r"(?:\bno(?:ne)?(?:\s+[\w-]+){1,3}|(?:\b(?:not|never|cannot)|n[’']t)\s+[\w-]+(?:\s+out)?)\s*$", re.IGNORECASE
)
_WHEN = re.compile(r"\b(?:if|when|while|until|unless|after|before|with)\b", re.IGNORECASE)


def clause_at(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the part of a text between signs begins and ends that a place in it belongs to."""
    before = max((match.end() for match in _CLAUSE.finditer(text, 0, start)), default=0)
    after = _CLAUSE.search(text, end)
    return before, after.start() if after else len(text)


def clause_of(text: str, start: int, end: int) -> str:
    """The part of a text between signs that a place in it belongs to."""
    return text[slice(*clause_at(text, start, end))]


def denies(text: str) -> bool:
    """Whether a text says of something that it is not so."""
    return _NO.search(text) is not None


# "1.500 ms" are one and a half to some, and one and a half thousand to others.
_EITHER = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
# What stands before "a year" where it is how much something is.
_OF_THAT = re.compile(r"(?:\b(?:is|are|of|for|in|at|after|to)|[=:])\s{1,3}\Z")


def quantities_in(text: str) -> Iterator[Value]:
    """The numbers of a text whose unit is known; a range ("10-20 ms") is only found, and its numbers are not."""
    ranges = [match.span() for match in _RANGE.finditer(text)]
    counted = 0
    for match in _QUANTITY.finditer(text):
        if any(start < match.end("number") and match.start("number") < end for start, end in ranges):
            continue
        sign, start = _sign_before(text, match.start())
        if match.start() < counted or (
            match["number"].lower() in ("a", "an") and not sign and not _OF_THAT.search(text, max(0, start - 12), start)
        ):
            continue
        named = None
        if not any(match[group] for group in ("percent", "time", "months", "size", "counted")):
            named = _NAMED.search(text, max(0, start - 60), start)
            if named is None:
                continue
            start = named.start()
            if not sign and (leading := _LEADING.search(text, max(0, start - 60), start)):
                start, sign = leading.start(), ">=" if leading["least"] else "<="
        end = match.end()
        if not sign and match["plus"]:
            sign = ">="
        for tail, meant in _TAILS if not sign else ():
            if after := tail.match(text, end):
                sign, end = meant, after.end()
        kind, amount = ("duration", _number(match)) if named and named["seconds"] else _measured(match)
        if kind != "count" and _is_change(text, start, match.start(), end):
            sign = "change"
        if _EITHER.fullmatch(match["number"]) and not match["percent"]:
            sign = "?"
        if kind == "duration" and _is_past(text, start, match.start(), end):
            kind = "age"
        of = _counted(match, named) if kind == "count" else ""
        yield Value(kind, amount, start, end, text[start:end], sign, of)
        if window := _WINDOW.match(text, end):
            counted = window.end()
            words = window[0].strip()
            yield Value("window", words, window.end() - len(words), window.end(), words)
        elif (match["counted"] or "").lower() == "rps":
            yield Value("window", "rps", end, end, "rps")
    for start, end in ranges:
        if (unit := _UNIT.match(text, end)) and unit.end() > end:
            yield Value("range", text[start : unit.end()], start, unit.end(), text[start : unit.end()])
    for match in _EVERY.finditer(text):
        yield _each(match, _UNITS[match["time"].lower()])
    for match in _ADVERB.finditer(text):
        yield _each(match, Fraction(_ADVERBS[match[0].lower()]))


def _each(match: re.Match[str], seconds: Fraction) -> Value:
    return Value("duration", seconds, match.start(), match.end(), match[0], "every")


def _is_change(text: str, start: int, number: int, end: int) -> bool:
    """Whether a number, with what is said of it, is by how much something changes."""
    near = max(0, start - 40)
    # "Drops more than 2 %" is a change, "drops below 80 %" is none.
    verb_ends = number if _LEVEL.search(text, start, number) else start
    return bool(
        _CHANGED_BY.search(text, near, start)
        or _CHANGES.search(text, near, verb_ends)
        or _CHANGED_AFTER.match(text, end)
    )


def _is_past(text: str, start: int, number: int, end: int) -> bool:
    """Whether a time, with what is said of it, has gone by."""
    return bool(
        _GONE_BY.search(text, max(0, start - 40), start) or _AGED.search(text, start, number) or _AGO.match(text, end)
    )


def _number(match: re.Match[str]) -> Fraction:
    number = match["number"].replace(",", "").lower()
    if number in ("a", "an"):
        return Fraction(1)
    return Fraction(_NUMBERS.index(number) + 1 if number in _NUMBERS else number)


def _measured(match: re.Match[str]) -> tuple[str, Fraction]:
    """The kind, and the value in the unit that the kind is given in."""
    amount = _number(match)
    if match["time"]:
        return "duration", amount * _UNITS[match["time"].lower()]
    if match["size"]:
        power = _SIZES.index(match["size"][0].upper()) + 1
        return ("binary size", amount * 1024**power) if match["binary"] else ("size", amount * 1000**power)
    return "percent" if match["percent"] else "months" if match["months"] else "count", amount


def _counted(match: re.Match[str], named: re.Match[str] | None) -> str:
    words = (named or match)["counted"]
    return _NAMES_OF_COUNTS[words.lower()] if words else ""


def _sign_before(text: str, place: int) -> tuple[Comparison, int]:
    """What is said of the number at a place by what stands before it, and where that begins."""
    for pattern, sign in _SIGNS:
        match = pattern.search(text, max(0, place - 40), place)
        if match is None:
            continue
        start = match.start()
        clause = clause_of(text[:start], start, start)
        if not denies(clause) or sign in ("?", "="):
            return sign, start
        # "No query slower than 100 ms" and "not older than 90 days" say the opposite; what else is denied is unclear.
        turned = _NO_SUCH.search(clause) and not _WHEN.search(clause)
        return (_TURNED.get(sign, "?") if turned else "?"), start
    clause = clause_of(text, place, place)
    return ("?" if denies(clause) or _TRIGGER.search(clause) else ""), place
