from __future__ import annotations

import base64
import html
import json
import quopri
import unicodedata
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import markupsafe
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_readiness.core.redact import MASK, Redactor, printable, printable_lines

SECRETS = st.text(st.characters(codec="utf-8"), min_size=8, max_size=60).filter(
    lambda secret: len(secret.strip()) > 7 and len(set(secret)) > 3
)
SURROUNDINGS = st.text(st.characters(codec="utf-8"), max_size=20)

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda secret: quote(secret, safe=""),
    "percent, slashes kept": quote,
    "form": quote_plus,
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON in UTF-8": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "HTML": html.escape,
    "HTML by Jinja": lambda secret: str(markupsafe.escape(secret)),
    "repr": lambda secret: repr(secret)[1:-1],
    "hex": lambda secret: secret.encode().hex(),
    "printable": printable,
    "HTML of printable": lambda secret: html.escape(printable(secret)),
    "ASCII": lambda secret: ascii(secret)[1:-1],
    "for a terminal of ASCII": lambda secret: secret.encode("ascii", "backslashreplace").decode(),
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret))[3:-3],
    "HTML in JSON": lambda secret: json.dumps(html.escape(secret))[1:-1],
    "JSON in HTML": lambda secret: html.escape(json.dumps(secret)[1:-1]),
    "JSON in a form": lambda secret: quote_plus(json.dumps(secret)[1:-1]),
    "bytes": lambda secret: repr(secret.encode())[2:-1],
    "percent, all": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    "JSON, all": lambda secret: (
        "".join(f"\\u{ord(each):04X}" for each in secret if ord(each) < 0x10000)
        if max(secret) < "\uffff"
        else json.dumps(secret)[1:-1]
    ),
    "HTML, all": lambda secret: "".join(f"&#{ord(each)};" for each in secret),
    "HTML, all in hex": lambda secret: "".join(f"&#x{ord(each):X};" for each in secret),
    "hex, upper case": lambda secret: secret.encode().hex().upper(),
    "zero width": "\u200b".join,
    "zero width in JSON": lambda secret: json.dumps("\ufeff\u2060".join(secret))[1:-1],
    "one line": lambda secret: " ".join(secret.split()),
    "indented": lambda secret: "\n\t\t".join(secret.split("\n")),
}


USUAL = list(ENCODINGS).index("ASCII")


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(secret=SECRETS, before=SURROUNDINGS, after=SURROUNDINGS)
def test_no_encoding_of_a_secret_survives(encoding: str, secret: str, before: str, after: str) -> None:
    # Where a sign before it makes something else of the secret's beginning, only usual encodings are found.
    assume(list(ENCODINGS).index(encoding) < USUAL or not before.endswith(("\\", "%", "&")))
    encoded = ENCODINGS[encoding](secret)
    hidden = Redactor([secret])(f"{before}{encoded}{after}")
    assert MASK in hidden
    # What stands around a secret may hold a copy of it only where it overlaps with the secret itself.
    if encoded not in before + after:
        assert encoded not in hidden


@given(secret=SECRETS, before=st.binary(max_size=12), after=st.binary(max_size=12), urlsafe=st.booleans())
def test_base64_hides_a_secret_at_any_offset(secret: str, before: bytes, after: bytes, urlsafe: bool) -> None:
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    text = encode(before + secret.encode() + after).decode()
    hidden = Redactor([secret])(f"token={text}")
    assert MASK in hidden
    # At most the bits that the secret shares with its neighbours may be left of it.
    assert len(hidden.replace(MASK, "")) <= len("token=") + 4 * (len(before) + len(after)) / 3 + 12


SPELLED: dict[str, Callable[[bytes], str]] = {
    "octal": lambda data: "".join(f"\\{byte:03o}" for byte in data),
    "quoted-printable": lambda data: quopri.encodestring(data).decode(),
    "quoted-printable, all": lambda data: "".join(f"={byte:02X}" for byte in data),
    "quoted-printable, cut into lines": lambda data: "=\r\n".join(f"={byte:02X}" for byte in data),
    "hex with colons": lambda data: data.hex(":"),
    "hex with hyphens": lambda data: data.hex("-").upper(),
    "hex with blanks": lambda data: data.hex(" "),
    "hex in lines": lambda data: data.hex("\n"),
    "hex of a program": lambda data: ", ".join(f"0x{byte:02X}" for byte in data),
    "UTF-8 taken for Latin-1": lambda data: data.decode("latin-1"),
    "HTML without semicolons": lambda data: "".join(f"&#{ord(each)}" for each in data.decode()),
    "percent and u": lambda data: "".join(f"%u{ord(each):04x}" for each in data.decode()),
    "decomposed": lambda data: unicodedata.normalize("NFD", data.decode()),
    "base64 of base64": lambda data: base64.b64encode(b"u:" + base64.b64encode(data)).decode(),
    "base64 of UTF-16": lambda data: base64.b64encode(("-p " + data.decode()).encode("utf-16-le")).decode(),
    "hex of UTF-16": lambda data: data.decode().encode("utf-16-le").hex(),
}


@pytest.mark.parametrize("spelling", SPELLED)
@pytest.mark.parametrize("secret", ["Tr0ub4dor&3/käse x", "correct-horse-battery"])
def test_no_spelling_of_bytes_survives(spelling: str, secret: str) -> None:
    written = SPELLED[spelling](secret.encode())
    hidden = Redactor([secret])(f"10:05:56 says <{written}> at 0x1F, 12 of 20")
    assert hidden == f"10:05:56 says <{MASK}> at 0x1F, 12 of 20" or (written.isalnum() and written not in hidden)


@given(secret=SECRETS, text=SURROUNDINGS)
def test_a_text_without_secrets_is_left_alone(secret: str, text: str) -> None:
    redact = Redactor([secret])
    once = redact(text)
    assert redact(once) == once
    if MASK not in once:
        assert once == text


def test_the_lines_of_a_secret_are_hidden_one_by_one() -> None:
    key = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6\nSEqVTm50DFtMDoQikTmiCqirVv9m\n-----END KEY-----\n"
    indented = "\n".join(f"E   {line}" for line in key.splitlines())
    hidden = Redactor([key])(indented)
    for line in key.splitlines():
        assert line not in hidden


def test_a_longer_secret_is_hidden_whole() -> None:
    redact = Redactor(["hunter2", "hunter2-and-more"])
    assert redact("is hunter2-and-more, not hunter2") == f"is {MASK}, not {MASK}"


def test_what_is_known_later_is_hidden_later() -> None:
    redact = Redactor()
    assert redact("hunter22") == "hunter22"
    redact.add("hunter22")
    assert redact("hunter22") == MASK


def test_short_secrets_are_not_searched_for() -> None:
    assert Redactor(["a", "abc", ""])("a cab") == "a cab"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://app:hunter2@db/shop", f"postgresql://app:{MASK}@db/shop"),
        ("redis://:hunter2@cache:6379/0", f"redis://:{MASK}@cache:6379/0"),
        (
            "https://b.s3.example.com/d.pdf?X-Amz-Expires=60&X-Amz-Signature=0123456789abcdef&x=1 (ops)",
            f"https://b.s3.example.com/d.pdf?X-Amz-Expires=60&X-Amz-Signature={MASK}&x=1 (ops)",
        ),
        ("https://a.blob.example.com/d?sp=r&sig=k3Jx9QvT7mZp%3D", f"https://a.blob.example.com/d?sp=r&sig={MASK}"),
        ("Authorization: Bearer abcdefgh12345678", f"Authorization: Bearer {MASK}"),
        ("authorization: Basic YTpiYWJhYmFiYQ==", f"authorization: Basic {MASK}"),
        ("sk_live_0123456789abcdef is set", f"{MASK} is set"),
        ("AKIAIOSFODNN7EXAMPLE", MASK),
        ("ghp_0123456789abcdefghij0123", MASK),
        ("github_pat_0123456789abcdefghij0123", MASK),
        ("key=GOCSPX-k3Jx9QvT7mZp2LwR8sYd;", f"key={MASK};"),
        ("sb_secret_k3Jx9QvT7mZp2LwR8sYd is refused", f"{MASK} is refused"),
        ("https://hooks.slack.com/services/T0AB12CD3/B0EF45GH6/k3Jx9QvT answered 404", f"https://{MASK} answered 404"),
        ("https://discord.com/api/webhooks/12345678/k3Jx9QvT7mZp2LwR8sYd_", f"https://{MASK}"),
        (
            "https://api.telegram.org/bot123456789:AAk3Jx9QvT7mZp2LwR8sYdk3Jx9QvT7mZp2L/x",
            f"https://api.telegram.org/{MASK}/x",
        ),
        ("sk.eyJ1Ijoic2hvcCIsImEiOiJh.k3Jx9QvT7mZp2LwR8sYd", MASK),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASC==\n-----END", f"{MASK}-----END"),
    ],
)
def test_texts_of_the_shape_of_a_secret_are_hidden(text: str, hidden: str) -> None:
    assert Redactor()(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.example.com:8443/login@home",
        "see runbook.md: step 3",
        "mail ops@example.com",
        "10:30",
        "https://hooks.slack.com/services",
        "https://shop.example.com/?sig=1&design=modern-furniture&key=departments",
    ],
)
def test_ordinary_texts_are_left_alone(text: str) -> None:
    assert Redactor()(text) == text


def test_plain_data_is_hidden_throughout() -> None:
    data = {"a": ["hunter22", 1, None, {"hunter22": ("x hunter22", True)}]}
    assert Redactor(["hunter22"]).deep(data) == {"a": [MASK, 1, None, {MASK: [f"x {MASK}", True]}]}


@given(st.text())
def test_printable_lets_no_control_through(text: str) -> None:
    made = printable(text)
    assert made.isprintable()
    assert not {unicodedata.category(character) for character in made} & {"Cc", "Cf", "Zl", "Zp"}
    assert printable(made) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("plain text, é, 日本", "plain text, é, 日本"),
        ("two\nlines\tand more", "two lines and more"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
        ("\udcff", r"\udcff"),
    ],
)
def test_printable(text: str, made: str) -> None:
    assert printable(text) == made


CUT = "Zk4vQ9rT2wXy7Lp3'Bn+/8sD"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "around", ["{}", "it said {}…", "it said {}...", "({})", "'{}'", '"{}"; or not', "{}\nnext", "{}&quot;", "{}]"]
)
def test_the_beginning_of_a_secret_is_hidden_where_a_text_was_cut(encoding: str, around: str) -> None:
    redact = Redactor([CUT])
    secret = ENCODINGS[encoding](CUT)
    for length in range(len(ENCODINGS[encoding](CUT[:8])), len(secret)):
        hidden = redact(around.format(secret[:length]))
        assert MASK in hidden, length
        assert secret[:6] not in hidden


@pytest.mark.parametrize("mark", ["…", "..."])
def test_the_end_of_a_secret_is_hidden_where_a_text_was_cut(mark: str) -> None:
    redact = Redactor([CUT])
    for length in range(8, len(CUT)):
        assert redact(f"abc{mark}{CUT[-length:]}' and so on") == f"abc{mark}{MASK}' and so on"
    long = "".join(f"{CUT[:number]}{number}" for number in range(1, 24))
    shown = f"{long[:100]}{mark}{long[-100:]}"
    assert Redactor([long])(f"'{shown}'") == f"'{MASK}{mark}{MASK}'"


@pytest.mark.parametrize(
    "text",
    [
        "Zk4vQ9rT2wXy7 goes on",
        "Zk4vQ9r…",
        "Zk4vQ9rT2wXy7Lp is not it",
        "postgresql://shop… and postgresql://shop)",
        "…8sD",
    ],
)
def test_what_only_begins_like_a_secret_stays(text: str) -> None:
    assert Redactor([CUT, "postgresql://shop@db.example.com/shop"])(text) == text


def test_beginnings_all_over_a_large_text_are_looked_at_in_time() -> None:
    redact = Redactor([CUT * 20])
    text = f"{CUT[:9]} " * 20_000
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "made"), [("a\tb\nc", "a\tb\nc"), ("a\r\nb\x1b[2J", "a \nb\\x1b[2J"), ("\u2028\n", "\\u2028\n")]
)
def test_printable_lines(text: str, made: str) -> None:
    assert printable_lines(text) == made
