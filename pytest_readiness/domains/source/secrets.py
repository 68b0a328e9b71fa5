"""Secrets in the files of a commit and of its history: detect-secrets and our own table of keys over Git's objects."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.keys import secrets_in
from pytest_readiness.core.redact import KEY_SHAPES
from pytest_readiness.domains.source.code import told
from pytest_readiness.domains.source.commit import ReleaseCommit, TreeFile, files_of, read_files
from pytest_readiness.domains.source.named import beside_words, is_about
from pytest_readiness.domains.source.texts import text_of
from pytest_readiness.protocols.git import GitError, ask_git

SCAN_SECONDS = 240
"""For the commit and the history; what is not reached is told."""
MOST_FINDINGS = 2000
_LONGEST_LINE = 5000
"""Characters of a line in which names and entropy are looked at: longer ones are made by programs."""

_MORE = {
    "a Google key": ("AIza", r"AIza(?<![\w-]AIza)[\w-]{35}(?![\w-])"),
    "a Heroku key": (
        "eroku",
        r"(?<=eroku)[\w .:=\"'>-]{0,40}?[^\w-][0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![\w-])",
    ),
}
_TABLE = {name: (hint, re.compile(shape)) for name, (hint, shape) in {**KEY_SHAPES, **_MORE}.items()}
_EXAMPLE = re.compile(
    r"example|sample|dummy|placeholder|change.?me|your[_-]|xxxx|\*{4}|<[a-z]|\.\.\.|redacted|fake|not.?a?.?real|(?<!django-)insecure",
    re.I,
)
_SAMPLE = re.compile(r".{0,100}\.(?:example|sample|template|tmpl|dist)(?:\.\w{1,10})?")
"""Names of files that are there to be copied and filled in."""
_FILLED_IN = re.compile(r"password|passwd|pass|pwd|secret|token|key|postgres|mysql|root|admin|user|guest", re.I)
"""What stands in them where a secret goes."""
_CANDIDATE = re.compile(r"""pass|pwd|secret|contrase|key|token|auth|BEGIN|://|[A-Za-z0-9+/=_-]{16}""", re.IGNORECASE)
"""A line without any of these has nothing that detect-secrets would find."""
_NAMED = (
    *(
        r"pass(?:word|wd|(?<=db_pass)|(?<=dbpass)|(?<=base_pass)|(?<=basepass)|(?<=key_pass)|(?<=keypass))",
        "pwd",
        "secret",
    ),
    r"contrase[ñn]a",
    "key(?:"
    + "|".join(
        f"(?<={word}{line}key)"
        for word in ("api", "auth", "service", "account", "client", "db", "database", "priv", "private")
        for line in ("", "_")
    )
    + ")",
)
_VALUE = r"[\"']?\]? *[:=> ]=? *[:=>]? *[\"']?[\w-]{24}"
_HINTS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("Artifactory Credentials",): ("akc", r"ap[a-f\d]"),
    ("AWS Access Key",): ("aws", "a3t", "a(?:bia|cca|kia|sia)"),
    ("Azure Storage Account access key",): ("accountkey=",),
    ("Cloudant Credentials", "IBM Cloud IAM Key", "IBM COS HMAC Credentials", "SoftLayer Credentials"): (
        *(f"{word}{_VALUE}" for word in ("key", "pw", "pwd", "pass", "password", "token")),
        *(r"softlayer\.com", r"cloudant\.com"),
    ),
    ("Discord Bot Token",): (r"\.[\w-]{6}\.[\w-]{27}",),
    ("GitHub Token",): ("gh[pousr]_",),
    ("GitLab Token",): ("gl[a-z]{2,6}-", "gr1348941"),
    ("JSON Web Token",): ("eyj",),
    ("Mailchimp Access Key",): (r"-us\d",),
    ("NPM tokens",): ("_authtoken=",),
    ("OpenAI Token",): ("t3blbkfj",),
    ("Private Key",): ("private key", "putty-user-key"),
    ("PyPI Token",): ("pypi-",),
    ("SendGrid API Key",): (r"sg\.[\w-]{22}",),
    ("Slack Token",): ("xox", r"hooks\.slack\.com"),
    ("Square OAuth Secret",): ("sq0csp-",),
    ("Stripe Access Key",): ("k_live_",),
    ("Telegram Bot Token",): (r":(?<=\d:)[\w-]{35}",),
    ("Twilio API Key",): ("ac[a-z0-9]{32}", "sk[a-z0-9]{32}"),
    ("Base64 High Entropy String", "Hex High Entropy String"): (r"""["'][\w+/=\\-]{9,}["']""",),
    ("Basic Auth Credentials",): (r"://[^\s/@]+@",),
    ("Secret Keyword",): _NAMED,
}
"""By kind, what a text has, in small letters, wherever a detector of the library finds something."""
_MOST_CLEAN = 500_000
"""Lines that are remembered as having nothing: the history has most of them many times."""
_DIGEST = re.compile(
    r"integrity|sha-?\d|md5|checksum|digest|fingerprint|resolved|_hash\b|\bhash(?:es)?\b|etag|\brev(?:ision)?\b|commit",
    re.I,
)
_PRAGMA = re.compile(r"pragma: ?(?:allow|white)list (?:nextline )?secret")
_BY_NAME = ("Secret Keyword", "Base64 High Entropy String", "Hex High Entropy String", "Basic Auth Credentials")
_DOCUMENTED_HOST = re.compile(r"@[\w.-]{0,80}\b(?:example\.(?:com|org|net)|example|invalid|test)\b")
_WORDS = 5
"""A text of so many words beside a name is a sentence about it."""
_LOCKS = re.compile(
    r"(?:package-lock|npm-shrinkwrap|packages\.lock|composer)\.json|(?:.{0,60}\.lock|go\.sum|pnpm-lock\.yaml|bun\.lockb?"
    r"|Cartfile\.resolved|Package\.resolved|pylock\.toml|\.secrets\.baseline)"
)
_SETTINGS = re.compile(
    r"\.env.{0,40}|.{0,80}\.(?:env|ini|cfg|conf|properties|toml|ya?ml|sh|bash|[Dd]ockerfile)|(?:Docker|Container)file.{0,40}"
)
_SETTING = re.compile(
    r"\s{0,40}(?:export |ENV |ARG |- )?([\w.-]{1,80})\s{0,4}([=:])\s{0,4}([^\s'\"`#{\[$<!&*|>][^\s'\"]{3,400})\s{0,9}"
)


@dataclass(frozen=True, slots=True)
class SecretsAsked:
    """What is looked through.

    Attributes:
        history: also what is in no file of the commit, but in the history that is here.
        baseline: path, in the commit, of the baseline of detect-secrets; "" for none.
        commit: the commit; given by the fact.
    """

    history: bool = True
    baseline: str = ""
    commit: ReleaseCommit | None = None


@dataclass(frozen=True, slots=True)
class SecretFinding:
    """Where a secret is, and of what kind; never the secret.

    Attributes:
        kind: "a GitHub token", "Secret Keyword".
        path: the file.
        line: in it, from 1.
        blob: the first digits of its content, for what only the history has; "" for what the commit has.
        shape: it is one by its own shape, and not by the name beside it or its entropy.
    """

    kind: str
    path: str
    line: int
    blob: str = ""
    shape: bool = False


@dataclass(frozen=True, slots=True)
class SecretScan:
    """What was looked through, and what was found.

    Attributes:
        commit: its first digits.
        version: of detect-secrets.
        files: files of the commit that were looked at.
        unseen: those that were not: binary, large, links, submodules, fetched by Git LFS.
        unreached: files of the commit for which there was no time.
        blobs: further contents of the history that were looked at.
        old_unseen: those that were not, since they are binary or large.
        old_unreached: those for which there was no time.
        cut_off: why the history is not all here; "" where it is, or was not asked for.
        pragmas: lines that ask not to be looked at, and were.
        audited: findings that the baseline says are none.
        count: how many findings there are.
        findings: those of the commit first.
    """

    commit: str
    version: str
    files: int
    unseen: int
    unreached: int
    blobs: int
    old_unseen: int
    old_unreached: int
    cut_off: str
    pragmas: int
    audited: int
    count: int
    findings: tuple[SecretFinding, ...]


@dataclass(slots=True)
class _Tally:
    looked: int = 0
    unseen: int = 0
    unreached: int = 0
    findings: list[SecretFinding] = field(default_factory=list)


def scan(asked: SecretsAsked) -> SecretScan:
    """Look through the files of the commit, and then the rest of the history.

    Raises:
        CouldNotVerify: git cannot be asked, or the baseline is none.
    """
    commit = asked.commit
    assert commit is not None
    until = time.monotonic() + SCAN_SECONDS
    files = files_of(commit)
    finder = _Finder(_audited(commit, files, asked.baseline))
    tree = _look(finder, commit, files, until, old=False)
    here = {each.oid for each in files}
    past = [each for each in _history(commit) if each.oid not in here] if asked.history else []
    history = _look(finder, commit, past, until, old=True)
    found = [*tree.findings, *history.findings]
    cut_off = "the history is cut off here" if commit.shallow else "objects are missing here" if commit.partial else ""
    return SecretScan(
        commit=commit.short,
        version=finder.version,
        files=tree.looked,
        unseen=tree.unseen,
        unreached=tree.unreached,
        blobs=history.looked,
        old_unseen=history.unseen,
        old_unreached=history.unreached,
        cut_off=cut_off if asked.history else "",
        pragmas=finder.pragmas,
        audited=finder.audited,
        count=min(len(found), MOST_FINDINGS),
        findings=tuple(found[:MOST_FINDINGS]),
    )


def _look(finder: _Finder, commit: ReleaseCommit, files: Sequence[TreeFile], until: float, *, old: bool) -> _Tally:
    tally = _Tally()
    reached = 0
    for file, data in read_files(commit, files):
        if time.monotonic() > until:
            break
        reached += 1
        text = text_of(data)
        if text is None:
            continue
        tally.looked += 1
        blob = file.oid[:12] if old else ""
        for kind, line, shape in finder.find(file.path, text):
            tally.findings.append(SecretFinding(kind, told(file.path), line, blob, shape))
    readable = sum(1 for _ in _readable(files))
    tally.unreached = readable - reached
    tally.unseen = len(files) - tally.looked - tally.unreached
    return tally


def _readable(files: Sequence[TreeFile]) -> Iterator[TreeFile]:
    from pytest_readiness.domains.source.commit import BLOB_BYTES

    return (each for each in files if each.regular and each.size <= BLOB_BYTES)


def _history(commit: ReleaseCommit) -> list[TreeFile]:
    """Every content that any reference leads to, newest first, with a path that it had."""
    top = Path(commit.path)
    try:
        listed = ask_git(top, "rev-list", "--objects", "--all", commit.sha, seconds=60)
        paths = dict(line.split(b" ", 1) for line in listed.splitlines() if b" " in line)
        asked = b"".join(oid + b"\n" for oid in paths)
        shape = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
        kinds = ask_git(top, "cat-file", shape, given=asked, seconds=60) if asked else b""
    except GitError as error:
        raise CouldNotVerify(f"the history in {top}: {error}") from None
    rows = [line.split() for line in kinds.splitlines()]
    return [
        TreeFile(paths[oid].decode("utf-8", "surrogateescape"), "100644", oid.decode(), int(size))
        for oid, kind, size in (row for row in rows if len(row) == 3)
        if kind == b"blob"
    ]


def _audited(commit: ReleaseCommit, files: Sequence[TreeFile], baseline: str) -> frozenset[tuple[str, str]]:
    """Path and digest of what was audited and is no secret."""
    if not baseline:
        return frozenset()
    read = [data for _, data in read_files(commit, [each for each in files if each.path == baseline])]
    if not read:
        raise CouldNotVerify(f"the commit {commit.short} has no file {baseline}")
    try:
        results: Any = json.loads(read[0])["results"]
        return frozenset(
            (str(path), str(each["hashed_secret"]))
            for path, entries in results.items()
            for each in entries
            if each.get("is_secret") is False
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CouldNotVerify(f"{baseline} is no baseline of detect-secrets") from None


def secrets_of(path: str, text: str) -> Iterator[tuple[str, int, bool]]:
    """Yield kind and line of each secret in a text, and whether it is one by its shape."""
    return _Finder(frozenset()).find(path, text)


def _keys_in(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield the keys of our table. That none begins within a word is seen afterwards, which is much faster."""
    for kind, (hint, shape) in _TABLE.items():
        at = 0
        while match := shape.search(text, at) if hint in text else None:
            start = match.start()
            inside = start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_") and kind not in _MORE
            if not inside:
                yield kind, match
            at = start + 1 if inside else match.end()


def _lines_with(expressions: Iterable[re.Pattern[str]], text: str) -> set[int]:
    """Numbers of the lines in which one of the expressions matches."""
    numbers: set[int] = set()
    for expression in expressions:
        number, at = 1, 0
        for match in expression.finditer(text):
            number += text.count("\n", at, match.start())
            at = match.start()
            numbers.add(number)
    return numbers


class _Finder:
    """Finds secrets in texts; one for each process, as detect-secrets keeps its settings for all of it."""

    def __init__(self, audited: frozenset[tuple[str, str]]) -> None:
        from detect_secrets.__version__ import VERSION
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
        from detect_secrets.filters import heuristic
        from detect_secrets.util.filetype import determine_file_type

        self.version = VERSION
        self.pragmas = self.audited = 0
        self._known = audited
        self._heuristic = heuristic
        self._type_of = determine_file_type
        self._clean: set[tuple[object, ...]] = set()
        kinds: dict[str, Any] = dict(get_mapping_from_secret_type_to_class())
        kinds.pop("Public IP (ipv4)", None)  # an address is no secret
        known = {kind for each in _HINTS for kind in each}
        others: dict[tuple[str, ...], tuple[str, ...]] = {(kind,): (r"(?m)^",) for kind in kinds if kind not in known}
        self._groups = [
            ([kinds[kind]() for kind in each if kind in kinds], [re.compile(one) for one in expressions])
            for each, expressions in {**others, **_HINTS}.items()
        ]
        self._names = [plugin for group, _ in self._groups for plugin in group if plugin.secret_type in _BY_NAME]

    def find(self, path: str, text: str) -> Iterator[tuple[str, int, bool]]:
        """Yield kind and line of each, and whether it is one by its shape."""
        self.pragmas += len(_PRAGMA.findall(text)) if "list" in text else 0
        found: dict[int, tuple[str, bool]] = {}
        for kind, match in _keys_in(text):
            if not self._right(path, match[0]):
                found.setdefault(text.count("\n", 0, match.start()) + 1, (kind, True))
        name, small = PurePosixPath(path).name, text.lower()
        lock, settings = bool(_LOCKS.fullmatch(name)), bool(_SETTINGS.fullmatch(name))
        sample = bool(_SAMPLE.fullmatch(name))
        for secret, at in () if lock else beside_words(name, text, small, _LONGEST_LINE):
            given = sample and _FILLED_IN.fullmatch(secret)
            if not given and not self._is_none(secret, secret) and not self._right(path, secret):
                found.setdefault(text.count("\n", 0, at) + 1, ("Secret Keyword", False))
        written = self._type_of(path)
        for number, line, plugins in self._plausible(text, small, settings=settings, lock=lock):
            key = (line, lock, settings, sample, written)
            if number in found or key in self._clean or not _CANDIDATE.search(line):
                continue
            if "eyJ" in line and (whose := next(secrets_in(line), "")):
                found[number] = (whose, True)
                continue
            before = self.audited
            if settings and (pair := _SETTING.fullmatch(line)):
                line = f'{pair[1]}{pair[2]} "{pair[3]}"'
            if kind := next((kind for plugin in plugins if (kind := self._kind(plugin, path, line))), ""):
                found[number] = (kind, kind not in _BY_NAME)
            elif before == self.audited and len(self._clean) < _MOST_CLEAN:
                self._clean.add(key)
        yield from ((kind, number, shape) for number, (kind, shape) in sorted(found.items()))

    def _plausible(self, text: str, small: str, *, settings: bool, lock: bool) -> Iterator[tuple[int, str, list[Any]]]:
        """Yield lines, with the detectors that could find something in them."""
        places: dict[int, list[Any]] = {}
        for group, expressions in self._groups:
            plugins = [each for each in group if not lock or each.secret_type not in _BY_NAME]
            for number in _lines_with(expressions, small) if plugins else ():
                places.setdefault(number, []).extend(plugins)
        lines = [line[:_LONGEST_LINE] for line in text.split("\n")] if places or settings else []
        # What is not quoted in settings is looked at as if it were.
        for number in {
            number for number, line in enumerate(lines, 1) if settings and not lock and _SETTING.match(line)
        }:
            shapes = [each for each in places.get(number, ()) if each.secret_type not in _BY_NAME]
            places[number] = [*shapes, *self._names]
        return ((number, lines[number - 1], plugins) for number, plugins in places.items())

    def _kind(self, plugin: Any, path: str, line: str) -> str:
        kind = str(plugin.secret_type)
        if kind not in _BY_NAME:
            return kind if any(not self._right(path, str(each)) for each in plugin.analyze_string(line)) else ""
        if "Entropy" in kind:
            # No more different characters than that have no such entropy.
            texts = [each[1] for each in plugin.regex.findall(line)]
            if _DIGEST.search(line) or not any(len(set(each)) > 2**plugin.entropy_limit for each in texts):
                return ""
        if "Basic Auth" in kind and _DOCUMENTED_HOST.search(line):
            return ""
        for found in plugin.analyze_line(filename=path, line=line, line_number=1):
            secret = str(found.secret_value)
            given = _FILLED_IN.fullmatch(secret) or f"//{secret}:{secret}@" in line
            if given and _SAMPLE.fullmatch(PurePosixPath(path).name):
                continue
            about = kind == "Secret Keyword" and is_about(secret, line, path)
            none = about or self._is_none(secret, line) or self._heuristic.is_likely_id_string(secret, line, plugin)
            if not none and not self._right(path, secret):
                return kind
        return ""

    def _is_none(self, secret: str, line: str) -> bool:
        """What the library's own filters say, but for those that leave out whole files or what a comment names."""
        rules = self._heuristic
        return bool(
            len(secret.split()) >= _WORDS
            or rules.is_sequential_string(secret)
            or rules.is_potential_uuid(secret)
            or rules.is_templated_secret(secret)
            or rules.is_prefixed_with_dollar_sign(secret)
            or rules.is_not_alphanumeric_string(secret)
            or rules.is_indirect_reference(line)
        )

    def _right(self, path: str, secret: str) -> bool:
        """Whether it is an example, or was audited and is none."""
        if _EXAMPLE.search(secret) and "PRIVATE KEY" not in secret:
            return True
        digest = hashlib.sha1(secret.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
        if (path, digest) in self._known:
            self.audited += 1
            return True
        return False
