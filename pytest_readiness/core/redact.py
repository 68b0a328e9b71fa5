"""Keeps secrets out of every text that leaves the program."""

from __future__ import annotations

import base64
import html
import json
import re
import sys
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import quote, quote_plus

MASK = "•••"
REMEMBERED = 1000
"""Texts whose redaction is cached: thousands of items often share their words."""
LONGEST_REMEMBERED = 2000
"""Characters of a text that is."""
SHORTEST = 4
"""Shorter secrets are not searched for: masking every "a" would hide the report, not the secret."""
PIECE = 8
"""Characters of the beginning or end of a secret that are masked where a text was cut within it."""
_CUT = ("…", "...")
_AFTER_CUT = re.compile(
    r"(?:%[0-9a-f]?|\\(?:[xu]\{?[0-9a-f]{0,7})?|&#?\w{0,31}|[\x80-\xff]{1,3})?"
    r"(?:\Z|…|\.\.\.|[\n\x1b)\]>;'\"`]|&(?:quot|#34|#x27|#39|gt);)"
)
"""What follows a text that was cut, perhaps within an escape, with a mark or without; `_CUT` precedes its rest."""

KEY_SHAPES: Mapping[str, tuple[str, str]] = {
    "a Stripe secret key": ("k_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{8,}"),
    "a webhook secret": ("whsec_", r"whsec_[A-Za-z0-9]{8,}"),
    "a SendGrid key": ("SG.", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    "an AWS access key": ("IA", r"(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a GitHub token": ("gh", r"gh[pousr]_[A-Za-z0-9_]{20,}"),
    "a fine-grained GitHub token": ("github_pat_", r"github_pat_[A-Za-z0-9_]{20,}"),
    "a GitLab token": ("gl", r"gl(?:pat|dt|rt|cbt|ptt|ft|agent|soat)-[\w-]{20,}"),
    "a Slack token": ("xox", r"xox[abprs]-[A-Za-z0-9-]{10,}"),
    "a key of a language model": (
        "sk",
        r"sk-(?:ant|proj|svcacct|admin|or-v1)-[\w-]{20,}|sk-[A-Za-z0-9]{20}T3BlbkFJ\w*|gsk_\w{40,}",
    ),
    "a private key": (
        "PRIVATE KEY-----",
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:\\[nr]|\s)*[A-Za-z0-9+/]{16,}(?:\\[nr]|[\sA-Za-z0-9+/=])*",
    ),
    "a Slack webhook": ("hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]{20,}"),
    "a Discord webhook": ("/webhooks/", r"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d{5,}/[\w-]{20,}"),
    "a Teams webhook": (
        "office",
        r"webhook\.office(?:365)?\.com/webhookb2/[\w@/-]{20,}|outlook\.office(?:365)?\.com/webhook/[\w@/-]{20,}",
    ),
    "a Google Chat webhook": ("chat.googleapis.com", r"chat\.googleapis\.com/v1/spaces/[\w-]+/messages\?[\w=&%-]{20,}"),
    "a Lark webhook": ("/bot/v2/hook/", r"open-apis/bot/v2/hook/[\w-]{16,}"),
    "a DingTalk webhook": ("dingtalk.com", r"oapi\.dingtalk\.com/robot/send\?access_token=\w{20,}"),
    "a Telegram bot's token": (":AA", r"(?:bot)?\d{8,10}:AA[\w-]{32,}"),
    "a Supabase secret key": ("sb_secret_", r"sb_secret_[\w-]{16,}"),
    "a Supabase token": ("sbp_", r"sbp_[0-9a-f]{40}"),
    "an npm token": ("npm_", r"npm_[A-Za-z0-9]{36}"),
    "a PyPI token": ("pypi-", r"pypi-AgE[\w-]{50,}"),
    "a Hugging Face token": ("hf_", r"hf_[A-Za-z]{30,}"),
    "a Mailgun key": ("key-", r"key-[0-9a-f]{32}\b"),
    "a Mailchimp key": ("-us", r"[0-9a-f]{32}-us\d{1,2}\b"),
    "a Brevo key": ("xkeysib-", r"xkeysib-[0-9a-f]{32,}(?:-\w+)?"),
    "a Shopify token": ("shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    "a DigitalOcean token": ("_v1_", r"do[oprt]_v1_[0-9a-f]{64}"),
    "a Google client secret": ("GOCSPX-", r"GOCSPX-[\w-]{20,}"),
    "a Mapbox secret token": ("sk.ey", r"sk\.eyJ[\w-]{20,}(?:\.[\w-]+)?"),
    "an Airtable token": ("pat", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    "a Notion token": ("ntn_", r"ntn_[A-Za-z0-9]{40,}"),
    "a Linear key": ("lin_api_", r"lin_api_[A-Za-z0-9]{32,}"),
    "a Vault token": ("hvs.", r"hvs\.[\w-]{24,}"),
    "a Sentry token": ("sntry", r"sntry[su]_[\w=+/-]{40,}"),
    "a New Relic key": ("NRAK-", r"NRAK-[A-Z0-9]{27}"),
    "a Square token": ("sq0", r"sq0(?:atp|csp)-[\w-]{22,}"),
    "an Azure storage key": ("AccountKey=", r"AccountKey=[A-Za-z0-9+/]{40,}={0,2}"),
    "a Databricks token": ("dapi", r"dapi[0-9a-f]{32}(?:-\d)?\b"),
    "a Postman key": ("PMAK-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    "a Figma token": ("figd_", r"figd_[\w-]{40,}"),
    "a Doppler token": ("dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}\b"),
    "a Grafana token": ("gl", r"glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_[A-Za-z0-9+/]{32,}={0,2}"),
    "a Replicate token": ("r8_", r"r8_[A-Za-z0-9]{37}"),
    "a Docker Hub token": ("dckr_", r"dckr_[po]at_[\w-]{27,}"),
    "an Atlassian token": ("TT3", r"AT(?:A|C)TT3[\w=-]{60,}"),
    "a Heroku key": ("HRKU-", r"HRKU-[\w-]{36,}"),
    "a PayPal token": ("$production$", r"access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32}"),
    "a LangSmith key": ("lsv2_", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    "a Perplexity key": ("pplx-", r"pplx-[A-Za-z0-9]{40,}"),
    "an xAI key": ("xai-", r"xai-[A-Za-z0-9]{70,}"),
    "a Contentful token": ("CFPAT-", r"CFPAT-[\w-]{40,}"),
    "a PlanetScale token": ("pscale_", r"pscale_(?:pw|tkn|oauth)_[\w.-]{32,}"),
    "a Resend key": ("re_", r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}"),
    "a Terraform token": (".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}"),
    "a Pulumi token": ("pul-", r"pul-[0-9a-f]{40}"),
    "a RubyGems key": ("rubygems_", r"rubygems_[0-9a-f]{48}"),
    "a 1Password token": ("ops_eyJ", r"ops_eyJ[\w-]{200,}"),
    "an age key": ("AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    "a Facebook token": ("EAA", r"EAA[A-Za-z0-9]{90,}"),
}
"""What is a secret by its shape alone, where providers document that: a text that every one of them holds, which is
looked for first, and the expression of all of it, which begins at the beginning of a word."""

# User and password before a host, and bearer tokens. Each is only looked for where it can begin: most texts hold none,
# and every text is searched. What repeats has a limit, so that the time is linear in the text.
_PASSWORD = re.compile(r"(?<![a-z])([a-z][a-z0-9+.-]{0,30}://[^\s/:@]{0,300}:)[^\s/@]{1,1000}(?=@)")
# What lets anyone in who has the address: the signature of a presigned one, or a token in its query.
_IN_QUERY = re.compile(
    r"([?&](?:X-(?:Amz|Goog)-(?:Signature|Security-Token)|Signature|sig|access_token|api_?key)=)[^&#\s\"'<>)\]]{8,2000}",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b((?:Bearer|Basic)\s{1,20})[A-Za-z0-9._~+/=-]{8,}")
KEYS = {name: (hint, re.compile(rf"(?<!\w)(?:{shape})")) for name, (hint, shape) in KEY_SHAPES.items()}
"""The same, with the expression as it is looked for."""


def _in_utf8(sign: str) -> str:
    """Return the expression of a character each of whose bytes is written as two hexadecimal digits after a sign."""
    more = f"(?:{sign}[89abAB]{_HEX})"
    return f"{sign}[fF][0-4]{more}{{3}}|{sign}[eE]{_HEX}{more}{{2}}|{sign}[cdCD]{_HEX}{more}|{sign}{_HEX}{{2}}"


_HEX = "[0-9a-fA-F]"
_ESCAPES = (
    re.compile(rf"%u{_HEX}{{4}}|{_in_utf8('%')}"),
    re.compile(
        _in_utf8(r"\\x")
        + rf"|\\u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}|\\u{_HEX}{{4}}|\\u\{{{_HEX}{{1,6}}\}}"
        rf"|\\U{_HEX}{{8}}|\\[0-7]{{3}}|\\[abfnrtv]|\\[^\w\s]"
    ),
    re.compile(rf"&(?:#[0-9]{{1,7}};?|#[xX]{_HEX}{{1,6}};?|[a-zA-Z][a-zA-Z0-9]{{1,31}};)"),
)
"""A character as URLs, programming languages and HTML write it."""
_PAIR = rf"(?:0[xX])?{_HEX}{{2}}(?![0-9A-Za-z])"
_BYTES = (
    re.compile(rf"={_HEX}{{2}}|=\r?\n"),
    re.compile(rf"(?<![0-9A-Za-z]){_PAIR}(?:(?:, ?|[:\s-])(?={_PAIR}))?"),
)
"""A byte as mails and dumps write it. Whatever they hold is written so, and nothing around it: undone only once."""
_LETTERS = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))
LEVELS = 4
"""How often escapes are undone: HTML in JSON in JSON in a URL."""
READINGS = 20
CHARACTERS = 10_000_000
"""Texts that come of that, at most: so many, or as long as that together, but a few in any case."""
_UNSEEN = (
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    r"\U000e0000-\U000e0fff"
)
_NOISE = re.compile(rf"[\s{_UNSEEN}]{{2,}}|[^\S \n]|[{_UNSEEN}]")
"""White space that changes where a text is made one line or indented, and characters that nobody sees."""

Span = tuple[int, int]
Places: TypeAlias = "array[int]"
NOWHERE: Places = array("I")


class Redactor:
    """Replaces known secrets, in any usual encoding, and texts shaped like a secret.

    A text is searched as it is and after its escapes were undone, and regardless of case.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._plain = _Forms()
        self._in_base64 = _Forms()
        self._known: dict[str, str] = {}
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Make every later call hide these texts too."""
        for secret in secrets:
            # A traceback prints the lines of a key each behind a margin of its own.
            for text in (secret, *secret.splitlines()):
                if len(text) >= SHORTEST:
                    # An address begins with what is not a secret; the password in it is one of its own.
                    whole = "://" in text
                    self._plain.add(_encoded(text), whole)
                    for written in (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
                        self._in_base64.add(_in_base64(_bytes(written)), whole)
                    for data in (base64.b64encode(_bytes(text)), text.encode("utf-16-le", "surrogatepass")):
                        self._in_base64.add(_in_base64(data), whole)
        self._plain.compile()
        self._in_base64.compile()
        self._known.clear()

    def __call__(self, text: str) -> str:
        """Return `text` with every secret replaced by a mask."""
        known = self._known.get(text)
        if known is None:
            known = self._masked(text)
            if len(text) <= LONGEST_REMEMBERED:
                if len(self._known) > REMEMBERED:
                    self._known.clear()
                self._known[text] = known
        return known

    def _masked(self, text: str) -> str:
        if any(self._may_hold(reading) for reading, _ in _readings(text)):
            text = _masked(text, sorted(self._spans(text)))
        if "://" in text:
            text = _IN_QUERY.sub(_masked_end, _PASSWORD.sub(_masked_end, text))
        text = _BEARER.sub(_masked_end, text)
        for hint, shape in KEYS.values():
            if hint in text:
                text = shape.sub(MASK, text)
        return text

    def _may_hold(self, reading: str) -> bool:
        quiet = _quiet(reading)
        return self._plain.may_be_in(_folded(quiet)) or self._in_base64.may_be_in(quiet)

    def _spans(self, text: str) -> Iterator[Span]:
        """Yield where a secret is, however it is read."""
        for reading, places in _readings(text, array("I", range(len(text) + 1))):
            quiet, at = _changed(_NOISE, _silent, reading, places)
            for start, end in (*self._plain.spans(_folded(quiet)), *self._in_base64.spans(quiet)):
                yield at[start], at[end]

    def deep(self, value: Any) -> Any:
        """Return plain data with every text in it redacted."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self(str(key)): self.deep(child) for key, child in value.items()}
        if isinstance(value, list | tuple):
            return [self.deep(child) for child in value]
        return value


def _masked(text: str, spans: Iterable[Span]) -> str:
    parts, done = [], 0
    for start, end in spans:
        if start >= done:
            parts += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*parts, text[done:]])


def _masked_end(match: re.Match[str]) -> str:
    return f"{match[1] or ''}{MASK}"


def _readings(text: str, places: Places = NOWHERE) -> Iterator[tuple[str, Places]]:
    """Yield the text as it is, and with escapes undone, each kind by itself: what is one in HTML is none in JSON.

    Args:
        text: the text.
        places: of each of its characters, and of its end. Given, they come with each reading.
    """
    known = {hash(text)}
    most = max(LEVELS, min(READINGS, CHARACTERS // (len(text) + 1)))
    last = [(text, places)]
    for byte in _BYTES:
        if byte.search(text):
            yield _changed(byte, _one_byte, text, places)
    for _ in range(LEVELS):
        yield from last
        following = []
        for text, places in last:
            for escape in _ESCAPES:
                if len(known) < most and escape.search(text):
                    reading = _changed(escape, _unescaped, text, places)
                    if hash(reading[0]) not in known:
                        known.add(hash(reading[0]))
                        following.append(reading)
        last = following
    yield from last


def _changed(
    pattern: re.Pattern[str], change: Callable[[re.Match[str]], str], text: str, places: Places
) -> tuple[str, Places]:
    """Return what `pattern.sub` returns, and where in the original each character of it was, if that is asked for."""
    if not places:
        return pattern.sub(change, text), places
    parts: list[str] = []
    made = array("I")
    done = 0
    for match in pattern.finditer(text):
        new = change(match)
        parts += (text[done : match.start()], new)
        made += places[done : match.start()]
        made += array("I", [places[match.start()]]) * len(new)
        done = match.end()
    return "".join([*parts, text[done:]]), made + places[done:]


def _one_byte(match: re.Match[str]) -> str:
    digits = match[0].lower().removeprefix("0x").lstrip("=").rstrip(" \t\r\n,:-")
    return chr(int(digits, 16)) if digits else ""


def _unescaped(match: re.Match[str]) -> str:
    text = match[0]
    if text[0] == "&" and text[1] != "#":
        return html.unescape(text)
    if text[0] == "&":
        digits = text[2:].rstrip(";")
        number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        # Without its semicolon, one of a control character is rather the beginning of another one that was cut.
        return text if number < ord(" ") and text[-1] != ";" else _character(number, text)
    if text[:2] == "%u":
        return chr(int(text[2:], 16))
    if text[0] == "%" or text[1] == "x":
        data = bytes.fromhex(text.replace(text[: 1 if text[0] == "%" else 2], ""))
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data.decode("latin-1")
    if text[1] in "uU":
        units = [int(part.strip("{}"), 16) for part in text.split(text[:2])[1:]]
        if len(units) == 2:
            return chr(0x10000 + (units[0] - 0xD800) * 0x400 + units[1] - 0xDC00)
        return _character(units[0], text)
    return chr(int(text[1:], 8)) if text[1] in "01234567" else _LETTERS.get(text[1], text[1])


def _character(number: int, text: str) -> str:
    return chr(number) if number <= sys.maxunicode else text


def _quiet(text: str) -> str:
    return _NOISE.sub(_silent, text)


def _silent(match: re.Match[str]) -> str:
    if "\n" in match[0]:
        return "\n"
    return " " if any(map(str.isspace, match[0])) else ""


def _folded(text: str) -> str:
    """Return a text in lower case, of the same length."""
    if text.isascii():
        return text.lower()
    return "".join(lower if len(lower := character.lower()) == 1 else character for character in text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class _Forms:
    """Texts that are looked for: whole, and their beginning or end where a text was cut within one."""

    def __init__(self) -> None:
        self._forms: dict[str, bool] = {}
        self._pattern: re.Pattern[str] | None = None
        self._pieces: tuple[_Pieces, ...] = ()

    def add(self, forms: Iterable[str], whole: bool) -> None:
        """Add texts, of which beginnings and ends are not looked for if `whole`."""
        self._forms |= {form: whole for form in forms if len(form) >= SHORTEST}

    def compile(self) -> None:
        if self._forms:
            forms = sorted(self._forms, key=len, reverse=True)
            # A blank is a plus sign in the query of an address.
            self._pattern = re.compile("|".join(re.sub(r"\\[ \n]", r"[ \\n+]", re.escape(form)) for form in forms))
            cut = [form for form in forms if len(form) > PIECE and not self._forms[form]]
            self._pieces = (_Pieces(cut), _Pieces(cut, ends=True)) if cut else ()

    def may_be_in(self, text: str) -> bool:
        """Whether `spans` may yield anything."""
        return bool(self._pattern and self._pattern.search(text)) or any(each.begin(text) for each in self._pieces)

    def spans(self, text: str) -> Iterator[Span]:
        """Yield where they are."""
        if self._pattern:
            yield from (match.span() for match in self._pattern.finditer(text))
        for pieces in self._pieces:
            yield from pieces.spans(text)


class _Pieces:
    """What a cut left of a secret: its beginning before the cut, or its end behind it."""

    def __init__(self, forms: Iterable[str], *, ends: bool = False) -> None:
        self._ends = ends
        self._forms: dict[str, list[str]] = {}
        for form in forms:
            self._forms.setdefault(form[-PIECE:] if ends else form[:PIECE], []).append(form)
        self._pattern = re.compile("|".join(map(re.escape, self._forms)))

    def begin(self, text: str) -> bool:
        """Whether there may be one."""
        return bool(self._pattern.search(text)) and (not self._ends or any(mark in text for mark in _CUT))

    def spans(self, text: str) -> Iterator[Span]:
        """Yield where they are."""
        for match in self._pattern.finditer(text):
            forms = self._forms[match[0]]
            if self._ends:
                start = match.end() - max(_common(form, text, match.end(), ends=True) for form in forms)
                if text.endswith(_CUT, 0, start):
                    yield start, match.end()
            else:
                longest = match.start() + max(_common(form, text, match.start()) for form in forms)
                # What stands after the cut may happen to begin as the secret goes on.
                for end in range(longest, max(match.end(), longest - 6) - 1, -1):
                    if _AFTER_CUT.match(text, end):
                        yield match.start(), end
                        break


def _common(form: str, text: str, place: int, *, ends: bool = False) -> int:
    """Return how many characters a text has in common with a form, after a place or before it."""

    def differs(number: int) -> bool:
        return not (text.endswith(form[-number:], 0, place) if ends else text.startswith(form[:number], place))

    return bisect_left(range(1, len(form) + 1), True, key=differs)


def _encoded(secret: str) -> Iterator[str]:
    """Yield what is not found by undoing escapes where one seems to begin before the secret, or to go on behind it."""
    forms = {
        secret,
        quote(_bytes(secret), safe=""),
        quote(_bytes(secret)),
        quote_plus(_bytes(secret)),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(_bytes(secret))[2:-1],
        secret.encode("ascii", "backslashreplace").decode(),
        printable(secret),
        _bytes(secret).hex(),
        secret.encode("utf-16-le", "surrogatepass").hex(),
        # What undoing escapes byte by byte makes of it, and who takes UTF-8 for Latin-1.
        _bytes(secret).decode("latin-1"),
        unicodedata.normalize("NFC", secret),
        unicodedata.normalize("NFD", secret),
    }
    for written in (repr, ascii):
        # Which quotes are escaped depends on those in the rest of the text.
        escaped = written(f"{secret}'\"")[1:-4]
        forms |= {written(secret)[1:-1], escaped, escaped.replace("\\'", "'")}
    # The standard library and Jinja write quotes differently.
    forms |= {html.escape(form) for form in (secret, printable(secret))}
    forms |= {form.replace("&quot;", "&#34;").replace("&#x27;", "&#39;") for form in forms}
    yield from (_folded(_quiet(form)).strip() for form in forms)


def _in_base64(data: bytes) -> Iterator[str]:
    # The base64 of a secret inside a longer text depends on where it starts: the core is the same for each start.
    for start in range(3):
        core = base64.b64encode(b"\0" * start + data).decode()
        first = (0, 2, 3)[start]
        last = len(core.rstrip("=")) - (1 if (start + len(data)) % 3 else 0)
        if last - first >= SHORTEST + 2:
            core = core[first:last]
            yield from (core, core.replace("+", "-").replace("/", "_"))


def printable_lines(text: str) -> str:
    """Return a text of several lines, each without terminal control; tabs stay."""
    return "".join(part if part in ("\n", "\t") else printable(part) for part in re.split(r"([\n\t])", text))


def printable(text: object) -> str:
    """Return a text without terminal control: every control or format character as an escape, in one line."""
    text = str(text)  # a project's own check may well give numbers as evidence
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else " " if character in "\r\n\t" else repr(character)[1:-1]
        for character in text
    )
