"""Names in a text that a parameter may be made of: paths, ports, variables, hosts, versions, quoted words."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from fractions import Fraction

from pytest_readiness.bind.quantities import Comparison, Value

_SCHEME = r"https?://"
_URL = re.compile(rf"\b{_SCHEME}[^\s<>\"'`()\[\]{{}}|\\^*]+", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.:/])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?(?![\w./]*[0-9])")
# Two letters are a country; file endings that look like one are left out.
_ENDINGS = (
    "com|org|net|edu|gov|info|dev|app|cloud|example|internal|local|localhost|test"
    "|(?!cc|cs|gz|id|js|md|mk|pl|pm|ps|py|rb|rs|sh|so|ts|vb)[a-z]{2}"
)
_HOST = re.compile(
    rf"(?<![\w.@/:-])(?:[a-z0-9](?:[a-z0-9-]{{0,62}}[a-z0-9])?\.){{1,8}}(?:{_ENDINGS})(?![\w@-]|\.\w|/\w+@)"
)
_PATH = re.compile(r"(?<![\w/.:*}>)-])/[\w.~%+-]+(?:/[\w.~%+-]+)*/?(?![\w{<:*/])")
_PATTERN = re.compile(
    r"(?<![\w/.:*}>)-])(?P<path>/[\w.~%+-]*(?:/[\w.~%+-]*)*(?:\*|\{|<\w|:\w)[\w.~%+*{}<>:/-]*)"
    r"|(?<![\w$./-])[A-Z][A-Z0-9_]*_\*"
)
_VARIABLE = re.compile(r"(?<![\w$./-])\$?\{?(?P<name>[A-Z][A-Z0-9]*(?:_+[A-Z0-9]+)+)\}?(?![\w*-]|\.\w)")
_ASSIGNMENT = re.compile(
    r"(?<![\w$./-])(?P<name>[A-Z][A-Z0-9_]+)={1,2}(?P<quote>[\"']?)(?P<value>[\w.:/+@%-]+)(?P=quote)"
    # Of several values it is not said which one.
    r"(?![\w*=<{$]|\s*(?:\(?or\b|\(?and\s+[\w-]+\s*(?:$|[,;)])|/|\|))"
)
_QUOTED = re.compile(
    r"(?<![\w=])(?:\"([^\"\n]{1,80})\"|'([^'\n]{1,80})'(?!\w)|“([^”\n]{1,80})”|‘([^’\n]{1,80})’(?!\w))"
)
_PORT = r"[0-9]{1,5}(?![\w.]|\s*[-–—]\s*[0-9])(?:\s*\([^()\d]*\))?"
_LIST = rf"(?P<list>{_PORT}(?:\s*(?:,\s*and|,|/|&|\+|\band)\s*{_PORT})*)"
_PORTS = re.compile(rf"(?P<words>\bports?\s*:?\s*{_LIST})(?!\s*(?:-|–|—|\bor\b|\bto\b)\s*[0-9])", re.IGNORECASE)
_PROTOCOL = re.compile(r"(?<![\w./:-])(?P<words>(?P<list>[0-9]{1,5}(?:/tcp\b|\s?[/(]?\s?udp\b)))", re.IGNORECASE)
# In "port 443 is open, 80 is closed" the word is not said twice.
_SAID_OF_PORT = re.compile(
    rf"(?:^|[,;.:]\s|\b(?:and|but|while|whereas)\s)\s{{0,3}}(?P<words>{_LIST})"
    r"(?=\s+(?:(?:is|are|stays?|remains?|must be|should be)\s[\w\s]{0,20}?\b)?(?:open|closed|reachable|blocked|filtered"
    r"|listening|exposed|allowed|accessible|not)\b|\s+(?:is|are)n[’']t\s)",
    re.IGNORECASE,
)
_PORT_RANGE = re.compile(
    r"\bports?\s*:?\s*(?:[0-9]{1,5}\s*(?:,|/|&|\band\b)\s*){0,9}[0-9]{1,5}\s*(?:-|–|—|\bor\b|\bto\b)\s*[0-9]{1,5}\b",
    re.IGNORECASE,
)
_EXCEPTED = re.compile(
    rf"\bports?\s[\w\s]{{0,30}}?\b(?:but|except(?:\s+for)?|other than|apart from|besides)\s+(?P<words>{_LIST})",
    re.IGNORECASE,
)
_WHICH_PROTOCOL = re.compile(r"\b(?:tcp|udp)(?:\s*(?:[/&+]|\band\b)\s*(?:tcp|udp))?\b", re.IGNORECASE)
_STATUS = re.compile(
    r"\b(?:HTTP|status(?: code)?|returns?|respon(?:ds|se)(?: with)?|answers?)"
    r"(?:\s+(?:of|with|is|a|an|HTTP|status|code))*\s*:?\s*"
    r"(?P<code>[1-5][0-9]{2})\b(?!\s*(?:[-–—/%]|\bor\b|ms\b|\w*\s*(?:second|request|char|item|user|row))|[.,][0-9])"
    r"|\b(?P<ok>200|201|204) (?:OK|Created|No Content)\b(?!\s*/)",
    re.IGNORECASE,
)
MAXIMUM = "maximum"
"""The percentile of a text that speaks of the slowest of all."""
_REQUESTS = r"(?:requests?|responses?|calls?|answers?|quer(?:y|ies)|users?|visitors?|cases?|time)\b"
_PERCENTILE = re.compile(
    r"\bp(?P<p>[0-9]{2}(?:\.[0-9])?)\b|\b(?P<th>[0-9]{2}(?:\.[0-9])?)th[\s-]percentile"
    r"|\b(?P<mean>average|avg|mean|median|typical(?:ly)?|usual(?:ly)?)\b"
    r"|\b(?P<least>fastest|shortest|best[\s-]case)\b"
    rf"|\b(?P<share>[0-9]{{2}}(?:\.[0-9])?)\s?(?:%|percent)\s+of\s+(?:[\w-]+\s+){{0,2}}{_REQUESTS}"
    r"|\b(?:slowest|longest|worst(?:[\s-]case)?|peak|always|never|consistently|at all times|100\s?% of)\b"
    rf"|\b(?:all|every|each|no|any)\s+(?:[\w-]+\s+)?{_REQUESTS}"
    r"|\bmax(?:imum|imal|\.)?\s+(?:[\w-]+\s+){0,2}(?:times?|latency|latencies|durations?|delays?)\b",
    re.IGNORECASE,
)
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_DATE = re.compile(
    rf"\b[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}\b|\b[0-9]{{1,2}}\.?\s(?:{_MONTH})\s[0-9]{{4}}\b"
    rf"|\b(?:{_MONTH})\s[0-9]{{1,2}},?\s[0-9]{{4}}\b",
    re.IGNORECASE,
)
_SMALL = (
    "and|or|to|of|in|by|for|with|within|under|over|above|below|than|at|every|from|is|are|on|after|before|least|most"
)
_VERSION = re.compile(
    r"(?P<before>(?:\b(?i:minimum|at least|min\.?|only)\s+)?)"
    rf"\b(?P<of>(?!(?:{_SMALL})\b)[A-Za-z][A-Za-z+#]{{1,20}}(?:\.js)?)\s*"
    r"(?:(?:server|major|engine|version)\s+){0,3}(?:(?:is|of|must be|should be)\s+)?"
    r"(?P<sign>>=|≥|>|<=|≤|<|==?|at least\s|not (?:older|lower|less) than\s|(?:newer|later|higher) than\s|above\s)?"
    r"\s*(?:version\s+)?(?P<version>v?[0-9]{1,4}(?:\.[0-9]{1,5}){0,3})(?!\.{0,3}\w)"
    r"(?P<after>\s*\+(?!\w)|\s*(?:or|and)\s+(?:higher|newer|later|above|greater|up)\b|\s+(?:is\s+(?:the\s+)?)?minimum\b|\s+only\b)?"
    r"(?!\s*(?:[-–—/,&]|\bor\b|\band\b)\s*(?:[A-Z]+\s*)?v?[0-9])"
)


def named_in(text: str) -> Iterator[Value]:
    """What a text names; the same words may be several things, such as a quoted variable."""
    taken = [False] * (len(text) + 1)
    for kind, pattern, read in _READERS:
        for match in pattern.finditer(text):
            start, end = match.span()
            # What is within an address is no path, and what is set is no mere variable.
            if kind not in ("quoted", "percentile") and any(taken[start:end]):
                continue
            found = list(read(match))
            if found and kind not in ("quoted", "percentile"):
                taken[start:end] = [True] * (end - start)
            yield from found


def _urls(match: re.Match[str]) -> Iterator[Value]:
    words = match[0].rstrip(".,;:!?")
    scheme, _, rest = words.partition("://")
    host, slash, path = rest.partition("/")
    if path and not _REFERS.search(match.string, max(0, match.start() - 30), match.start()):
        several = "/:" in slash + path or match.string[match.end() : match.end() + 1] in tuple("*{<[")
        kind, of = ("pattern", "path") if several else ("path", "")
        yield Value(kind, slash + path.partition("#")[0], match.start(), match.start() + len(words), words, "", of)
    found = {"url": words, "origin": f"{scheme}://{host}" if not path else "", "host": host if ":" not in host else ""}
    for kind, value in found.items():
        if host and value:
            yield Value(kind, value, match.start(), match.start() + len(words), words)


# An address at which something is looked up is not one that is checked.
_REFERS = re.compile(
    r"(?:[(\[<]|\b(?:see|cf\.?|e\.g\.|by|with|using|via|from|source|docs?|documentation|guide|link|like))\W{0,5}$",
    re.IGNORECASE,
)


def _addresses(match: re.Match[str]) -> Iterator[Value]:
    try:
        ipaddress.ip_interface(match[0])
    except ValueError:
        return
    yield _value("address", match)


def _paths(match: re.Match[str]) -> Iterator[Value]:
    words = match[0].rstrip(".")
    kind = "file" if words.split("/")[1] in _FOLDERS else "path"
    yield Value(kind, words, match.start(), match.start() + len(words), words)


def _patterns(match: re.Match[str]) -> Iterator[Value]:
    yield _value("pattern", match, of="path" if match["path"] else "variable")


# What is at the root of a server's file system, and seldom of a site.
_FOLDERS = frozenset(
    (
        *("bin", "boot", "dev", "etc", "home", "lib", "lib64", "mnt", "opt", "proc", "root", "run", "sbin", "srv"),
        *("sys", "tmp", "usr", "var"),
    )
)


def _ports(match: re.Match[str]) -> Iterator[Value]:
    listed, end = match["list"], match.end("list")
    # What stands behind the last: "(UDP)", "over UDP". Where nothing does, it may stand before the first.
    tail = re.match(r"\s?\([^()\d]*\)|[^\d;,.()\n]{0,40}", match.string[end : end + 60])
    said = listed + (tail[0] if tail else "")
    before = re.search(r"\b(?:tcp|udp)\s+$", match.string[max(0, match.start() - 12) : match.start()], re.IGNORECASE)
    for number in re.finditer(r"[0-9]{1,5}", re.sub(r"\([^()]*\)", lambda gap: " " * len(gap[0]), listed)):
        protocol = _WHICH_PROTOCOL.search(said, number.end()) or before
        kind = "udp port" if protocol and "udp" in protocol[0].lower() else "port"
        if 0 < int(number[0]) < 65536:
            yield Value(kind, Fraction(number[0]), match.start("words"), match.end("words"), match["words"])


def _later_ports(match: re.Match[str]) -> Iterator[Value]:
    if re.search(r"\bports?\b|/tcp\b", match.string, re.IGNORECASE):
        yield from _ports(match)


def _port_ranges(match: re.Match[str]) -> Iterator[Value]:
    yield _value("pattern", match, of="port")


def _statuses(match: re.Match[str]) -> Iterator[Value]:
    yield _value("status", match, Fraction(match["code"] or match["ok"]))


def _percentiles(match: re.Match[str]) -> Iterator[Value]:
    number = match["p"] or match["th"] or match["share"]
    other = "mean" if match["mean"] else "minimum" if match["least"] else MAXIMUM
    yield _value("percentile", match, f"p{number}" if number else other)


def _assignments(match: re.Match[str]) -> Iterator[Value]:
    yield _value("assignment", match, match["value"].rstrip(".:"), of=match["name"])


def _variables(match: re.Match[str]) -> Iterator[Value]:
    yield _value("variable", match, match["name"])


def _quotes(match: re.Match[str]) -> Iterator[Value]:
    yield _value("quoted", match, next(text for text in match.groups() if text is not None).strip())


_COMPARISONS: dict[str, Comparison] = {
    ">=": ">=",
    "≥": ">=",
    "at least": ">=",
    "not older than": ">=",
    "not lower than": ">=",
    "not less than": ">=",
    "newer than": ">",
    "later than": ">",
    "higher than": ">",
    "above": ">",
    ">": ">",
    "<=": "<=",
    "≤": "<=",
    "<": "<",
}


def _versions(match: re.Match[str]) -> Iterator[Value]:
    sign: Comparison = _COMPARISONS.get((match["sign"] or "").strip().lower(), "=" if match["sign"] else "")
    around = f"{match['before']} {match['after'] or ''}".lower().split()
    if not sign and around:
        sign = "only" if "only" in around else ">="
    yield _value("version", match, match["version"].lower().removeprefix("v"), sign, match["of"].lower())


def _itself(kind: str) -> Callable[[re.Match[str]], Iterator[Value]]:
    return lambda match: iter((_value(kind, match),))


def _value(
    kind: str, match: re.Match[str], value: Fraction | str | None = None, comparison: Comparison = "", of: str = ""
) -> Value:
    words = match[0].strip()
    start = match.start() + match[0].index(words)
    return Value(kind, words if value is None else value, start, start + len(words), words, comparison, of)


# In the order in which a text is read: what is found first is not part of anything else.
_READERS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], Iterator[Value]]], ...] = (
    ("quoted", _QUOTED, _quotes),
    ("percentile", _PERCENTILE, _percentiles),
    ("url", _URL, _urls),
    ("address", _ADDRESS, _addresses),
    ("date", _DATE, _itself("date")),
    ("pattern", _PORT_RANGE, _port_ranges),
    ("port", _PORTS, _ports),
    ("port", _PROTOCOL, _ports),
    ("port", _EXCEPTED, _ports),
    ("port", _SAID_OF_PORT, _later_ports),
    ("assignment", _ASSIGNMENT, _assignments),
    ("variable", _VARIABLE, _variables),
    ("host", _HOST, _itself("host")),
    ("path", _PATH, _paths),
    ("pattern", _PATTERN, _patterns),
    ("status", _STATUS, _statuses),
    ("version", _VERSION, _versions),
)
