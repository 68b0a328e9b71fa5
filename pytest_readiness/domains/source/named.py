"""Passwords that stand beside a word in commands and XML, and names and values that say that they are none."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = r"(?:password|passwd|secret|token|api[_-]?key)"
_START = r"[^\s'\"$`<>{}%#*|&;()\[\]\\,/]"
_VALUE = rf"['\"]?({_START}[^\s'\"`<>;]{{3,200}})"
_BEFORE = r"[^\n|;&]{0,300}?\s"

_NAMES = ("password", "passwd", "secret", "token", "apikey", "api_key", "api-key")
_ASSIGNED = (*(f"{each}=" for each in _NAMES), "_pwd=")
_PLACES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("login",), rf"\blogin[ \t]{{1,9}}\S{{1,100}}[ \t]{{1,9}}password[ \t]{{1,9}}{_VALUE}"),
    # With a blank behind it, mysql asks for the password.
    (
        ("mysql", "mariadb"),
        rf"\b(?:mysql\w{{0,9}}|mariadb(?:-dump|-admin)?)(?=\s){_BEFORE}-p{_VALUE}",
    ),
    (("sshpass", "login"), rf"\b(?:sshpass|(?:docker|podman) login)\b{_BEFORE}-p[ \t]{{0,9}}{_VALUE}"),
    (("redis-cli",), rf"\bredis-cli\b{_BEFORE}-a[ \t]{{1,9}}{_VALUE}"),
    (("curl",), rf"\bcurl\b{_BEFORE}(?:-u|--user)[ \t=]{{0,9}}['\"]?[\w.@-]{{1,80}}:{_VALUE}"),
    (_ASSIGNED, rf"\s-(?:[\w-]{{1,30}}[ =])?[\w.-]{{0,60}}{_WORD}={_VALUE}"),
    # What ends with a comma is an argument of a call, and with a bracket a call.
    (_ASSIGNED, rf"(?:^|[\s'\"])(?:[\w.]{{0,60}}{_WORD}|\w{{1,60}}_pwd)={_VALUE}(?<![,)])['\"]?[ \t]{{1,9}}[\w./]"),
    (
        tuple(f'{each}"' for each in _NAMES),
        rf"(?:key|name)\s?=\s?\"[\w.:-]{{0,60}}{_WORD}\"\s{{1,40}}value\s?=\s?\"{_VALUE}\"",
    ),
    # Words are what a page shows.
    (
        tuple(f"{each}{end}" for each in _NAMES for end in (">", '">')),
        rf"(?:<\w{{0,40}}|\"[\w.:-]{{0,60}}){_WORD}\"?>(?=[^<]{{0,200}}[\d$+=@])\s{{0,9}}{_VALUE}</",
    ),
    ((";",), rf";\s?(?:password|pwd)\s?=\s?(?=[^;'\"\n]{{0,200}}\d){_VALUE}[;'\"]"),
    (("django-insecure-",), r"['\"](django-insecure-[^'\"\s]{20,200})['\"]"),
)
_EXPRESSIONS = [(hints, re.compile(shape, re.IGNORECASE | re.MULTILINE)) for hints, shape in _PLACES]
_NETRC = re.compile(rf"\bpassword[ \t]{{1,9}}{_VALUE}")
_PLAIN_WORD = re.compile(
    rf"(?i:true|false|none|null|required|optional|text|string|{_WORD})|[A-Z][A-Z0-9_]{{3,80}}|__\w{{1,80}}__"
)

_LEFT = re.compile(r"([\w.-]{1,80})(['\"]?)\]?\s{0,5}(?:[:=]=?|=>)\s{0,5}['\"rbfu]{0,3}\Z")
_ABOUT = re.compile(
    r".{0,80}(?:name|field|label|header|url|uri|hint|regex|pattern|policy|encoder|hasher|file|path|env|ref|prompt|title"
    r"|placeholder|timeout)|existing_?secret",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(?:env|vault|file|op|ssm|sm|gcp|aws|azure|keyvault|secretsmanager|ref|arn):\S{1,400}"
    r"|projects/[^\s/]{1,200}/secrets/\S{1,200}|PASSWORD|SECRET|TOKEN|[A-Z][A-Z0-9]{0,40}(?:_[A-Z0-9]{1,40}){1,9}"
)

_CHECK_ID = re.compile(r"[a-z][a-z0-9]{0,30}\.[a-z][a-z0-9_]{0,60}")


def beside_words(name: str, text: str, small: str, longest: int) -> Iterator[tuple[str, int]]:
    """Yield passwords in commands and XML, each with where it begins.

    Args:
        name: of the file.
        text: all of it.
        small: the same in small letters.
        longest: characters of a line that is looked at.
    """
    wanted = [expression for hints, expression in _EXPRESSIONS if any(hint in small for hint in hints)]
    for expression in [*wanted, *[_NETRC] * (name in (".netrc", "_netrc"))]:
        for found in expression.finditer(text):
            at = found.start(1)
            last = text.find("\n", at)
            line = (last if last >= 0 else len(text)) - text.rfind("\n", 0, at)
            if line <= longest and not _PLAIN_WORD.fullmatch(found[1]):
                yield found[1], at


def is_about(secret: str, line: str, path: str) -> bool:
    """Whether a text beside a name such as password is none by that name, by its own form, or a type's name."""
    # The slug of an item ("no-secrets: source.no_secrets") stands beside the check that answers it.
    if _REFERENCE.fullmatch(secret) or (path.endswith(".checks.yaml") and _CHECK_ID.fullmatch(secret)):
        return True
    left = _LEFT.search(line[: max(0, line.find(secret))][-120:])
    if left is None:
        return False
    # Python knows a text behind a plain name and a colon as an annotation only.
    annotation = path.endswith(".py") and not left[2] and ":" in left[0] and "=" not in left[0]
    return bool(annotation or _ABOUT.fullmatch(left[1]))
