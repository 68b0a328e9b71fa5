"""Secrets planted in every place that has one are in nothing that a run writes, in whatever encoding."""

from __future__ import annotations

import base64
import html
import json
import os
import random
import re
import socket
import string
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from textwrap import dedent
from urllib.parse import quote, quote_plus, unquote_plus

import pytest

from tests.stack.certs import Authority
from tests.stack.patience import patient
from tests.stack.silent import Request, Response, WebApp, _Server

PIECE = 8
"""Characters of a secret in a row that are found nowhere."""
ODD = "\"'%+/&<é\\>#"

PLACES = (
    *("TOKEN", "BASIC", "HEADER", "DSN", "MAIL", "INBOX", "VARIABLE", "COOKIE", "CAPTURED"),
    *("LINES", "LONG", "PARAMETER", "EVIDENCE"),
)


def planted(place: str) -> str:
    """A secret of that place alone, with every character that encodings change."""
    letters = random.Random(f"{place}").choices
    alphabet = string.ascii_letters + string.digits
    size, odd = {"LONG": (200, ""), "DSN": (24, "%/@:"), "COOKIE": (24, ""), "CAPTURED": (24, "")}.get(place, (16, ODD))
    parts = ["".join(letters(alphabet, k=size)), odd, "".join(letters(alphabet, k=size // 2))]
    if place == "LINES":
        return "\n".join(f"{''.join(letters(alphabet, k=40))}/{number}" for number in range(3))
    return "".join(parts)


SECRETS = {place: planted(place) for place in PLACES}


def encoded(secret: str) -> Iterator[str]:
    data = secret.encode()
    yield from (secret, quote(secret, safe=""), quote(secret), quote_plus(secret), html.escape(secret), data.hex())
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1])
    for start in range(3):
        # Without the characters that it shares with what stands around it.
        text = base64.b64encode(b"\0" * start + data).decode().rstrip("=")[4:-4]
        yield from (text, text.replace("+", "-").replace("/", "_"))


def pieces(secret: str) -> Iterator[str]:
    """Every piece of it that would give it away; base64 and hexadecimal digits say less, each."""
    for number, form in enumerate(encoded(secret)):
        for line in form.splitlines():
            yield from filter(_telling, _rows(line, PIECE if number < 5 else 2 * PIECE))


def _rows(text: str, size: int) -> set[str]:
    return {text[at : at + size] for at in range(len(text) - size + 1)}


def _telling(piece: str) -> bool:
    """Whether it is more than the signs that an encoding makes."""
    return sum(map(str.isalnum, piece)) > 5


def leaks(data: bytes) -> Iterator[str]:
    """What of the secrets is in a file."""
    for text in readings(data):
        for found in sorted(WANTED.keys() & (_rows(text, PIECE) | _rows(text, 2 * PIECE)))[:3]:
            at = text.index(found)
            yield f"{WANTED[found]}: …{text[max(0, at - 80) : at + 40]}…"


WANTED = {piece: place for place, secret in SECRETS.items() for piece in pieces(secret)}


def readings(data: bytes) -> Iterator[str]:
    """A file as it is, and what is written in it in other ways."""
    text = data.decode("utf-8", "replace")
    plain = html.unescape(html.unescape(text))
    yield from dict.fromkeys((text, plain, unquote_plus(text)))
    yield re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), plain)
    coded = re.findall(r"[A-Za-z0-9+/_-]{16,}", text)
    shifted = (each[start:] for each in dict.fromkeys(coded) for start in range(4))
    parts = (each[: len(each) // 4 * 4].replace("-", "+").replace("_", "/") for each in shifted)
    yield " ".join(base64.b64decode(part).decode("utf-8", "replace") for part in parts)


class EchoingPostgres(_Server):
    """Asks for a password in clear, and complains of it, with the password."""

    def _serve(self, connection: socket.socket, number: int) -> None:
        while int.from_bytes(connection.recv(4)) == 8:
            connection.recv(4)
            connection.sendall(b"N")
        connection.recv(4096)
        connection.sendall(b"R" + (8).to_bytes(4) + (3).to_bytes(4))
        password = connection.recv(4096)[5:].rstrip(b"\0")
        # A text of 200 characters ends within the password.
        said = b"no entry for " + b"x" * 160 + b"'" + password + b"' and " + password
        fields = b"SFATAL\0VFATAL\0C28P01\0M" + said + b"\0\0"
        connection.sendall(b"E" + (len(fields) + 4).to_bytes(4) + fields)


def echo(request: Request) -> Response:
    """Everything that came, in several encodings, in the body and in a header."""
    came = [value for name, value in request.headers.items() if name.lower() in ("authorization", "x-api-key")]
    came += [base64.b64decode(value.removeprefix("Basic ")).decode() for value in came if value.startswith("Basic ")]
    told = [f"<p>{text}</p><p>{html.escape(text)}</p><p>{quote(text)}</p>{json.dumps(text)}" for text in came]
    told += [base64.b64encode(text.encode()).decode() for text in came]
    body = "<html lang=en><title>Error</title>Traceback (most recent call last): " + " ".join([*came, *told])
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Set-Cookie", f"session={SECRETS['COOKIE']}; Path=/"),
        ("X-Echo", " ".join(quote(text) for text in came)),
        ("Server", f"Apache/2.4 ({' '.join(quote(text) for text in came)})"),
    ]
    return Response(500 if request.path == "/fails" else 200, headers, body.encode())


CONFTEST = """\
    import logging
    import os

    import pytest

    from pytest_readiness import ClaimFalse, CouldNotVerify, Evidence, check, fact
    from pytest_readiness.core.evidence import Attachment

    SECRETS = {name.removeprefix("PLANTED_"): os.environ[name] for name in os.environ if name.startswith("PLANTED_")}
    KNOWN = [name for name in SECRETS if name not in ("COOKIE", "CAPTURED")]


    @fact
    def careless(document) -> str:
        "Breaks, with a secret in what it says."
        raise RuntimeError(" ".join(SECRETS[name] for name in KNOWN))


    @check("own.fact", severity="low", remedy="r")
    def fact_check(careless) -> Evidence:
        "The fact is read."
        return Evidence("never")


    @check("own.broken", severity="low", remedy="r")
    def broken(document, *, place: str) -> Evidence:
        "The check works."
        mine = SECRETS[place]
        log = logging.getLogger("own")
        log.error("with %s", mine)
        try:
            raise KeyError(mine)
        except KeyError as error:
            log.exception("caught")
            raise ValueError(f"no {mine!r} in {mine.encode()!r}") from error


    @check("own.false", severity="low", remedy="r")
    def false(document, *, place: str) -> Evidence:
        "What is seen is not a secret."
        mine = SECRETS[place]
        print(mine)
        raise ClaimFalse(f"nothing like {mine}", mine, remedy=f"Do not use {mine}.")


    @check("own.cut", severity="low", remedy="r")
    def cut(document, *, place: str) -> Evidence:
        "What is seen is cut."
        mine = SECRETS[place].splitlines()[0]
        lengths = range(8, len(mine), max(1, len(mine) // 30))
        said = [f"it said '{mine[:length]}…'; or ({mine[:length]}) or '{mine[:length]}" for length in lengths]
        said += [f"...{mine[-length:]}" for length in lengths]
        files = [Attachment(f"{length}.txt", "text/plain", mine[:length].encode()) for length in lengths[:30]]
        report = ("\\n".join(said)).encode()
        raise ClaimFalse("all of it", said[0], attachments=(*files, Attachment("all.txt", "text/plain", report)))


    @check("own.unseen", severity="low", remedy="r")
    def unseen(document, *, place: str) -> Evidence:
        "It can be looked at."
        raise CouldNotVerify(f"the server refused {SECRETS[place]}")


    @check("own.evidence", severity="low", remedy="r")
    def evidence(document, *, place: str) -> Evidence:
        "There are files."
        mine = SECRETS[place]
        import json
        from base64 import b64encode

        files = (
            Attachment(f"{mine}.txt", "text/plain", mine.encode()),
            Attachment("answer.json", "application/json", json.dumps({"token": mine}).encode()),
            Attachment("answer.bin", "application/octet-stream", b64encode(b"x" + mine.encode())),
        )
        return Evidence(f"it said {mine}", f"and {mine}", attachments=files)


    @pytest.fixture
    def failing():
        mine = SECRETS["VARIABLE"]
        raise RuntimeError("setup with " + mine)


    @pytest.fixture
    def failing_later():
        yield
        mine = SECRETS["VARIABLE"]
        raise RuntimeError("teardown with " + mine)
"""

TESTS = """\
    import logging
    import sys
    import warnings

    import pytest

    from conftest import SECRETS

    every = pytest.mark.parametrize("place", ["TOKEN", "DSN", "LINES", "LONG"])


    @every
    def test_raises(place):
        mine = SECRETS[place]
        raise RuntimeError(mine)


    @every
    def test_compares(place):
        mine = SECRETS[place]
        assert mine == "else"


    @every
    def test_compares_what_is_nearly_equal(place):
        # pytest leaves out what is equal, and shows the rest.
        mine = SECRETS[place]
        assert {"token": "x" * 90 + mine, "a": [mine]} == {"token": "x" * 90 + mine[:-1], "a": [mine[:-1]]}


    @every
    def test_compares_texts_that_are_nearly_equal(place):
        mine = SECRETS[place]
        assert "x" * 90 + mine == "x" * 90 + mine + "!"


    @every
    def test_contains(place):
        mine = SECRETS[place]
        assert mine not in f"text with {mine} in it"


    @every
    def test_calls(place):
        class Holder:
            def __init__(self, token):
                self.token = token

            def __repr__(self):
                return f"Holder({self.token})"

        holder = Holder(SECRETS[place])
        assert not holder.token.strip(), f"not {holder}"


    @every
    def test_prints(place):
        mine = SECRETS[place]
        print(mine, repr(mine))
        print(mine, file=sys.stderr)
        logging.getLogger(mine).warning("printed %s", mine, stack_info=True)
        warnings.warn(f"with {mine}", UserWarning, stacklevel=1)
        pytest.fail(mine, pytrace=False)


    @pytest.mark.parametrize("named", [1, 2, 3], ids=[SECRETS["PARAMETER"], SECRETS["PARAMETER"] + "2", "plain"])
    def test_named(named):
        assert named != 2


    @pytest.mark.parametrize("given", [SECRETS["PARAMETER"], [SECRETS["PARAMETER"]]])
    def test_parameter(given, record_property, record_xml_attribute, record_testsuite_property, extras):
        import pytest_html

        mine = SECRETS["VARIABLE"]
        record_property("token", mine)
        record_xml_attribute("token", mine)
        record_testsuite_property("token", mine)
        extras.append(pytest_html.extras.text(mine))
        extras.append(pytest_html.extras.json({"token": mine}))
        extras.append(pytest_html.extras.html(f"<b>{mine}</b>"))


    def test_skips():
        pytest.skip("without " + SECRETS["VARIABLE"])


    @pytest.mark.xfail(reason="because of " + SECRETS["VARIABLE"])
    def test_fails_as_expected():
        raise RuntimeError(SECRETS["VARIABLE"])


    def test_setup(failing):
        pass


    def test_teardown(failing_later):
        pass


    @pytest.mark.readiness("own/answered")
    def test_answers(url):
        for credential in url.credentials.values():
            if credential.token:
                raise RuntimeError(f"{url!r} {credential.as_headers()}")
"""


@dataclass
class Planted:
    """A project with secrets in every place."""

    folder: Path
    sources: frozenset[Path]

    def run(self, *options: str) -> str:
        """Run it, and return what it wrote to its standard output and error."""
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "--readiness-target=prod", "--readiness-report=out/report.html"),
                *("--readiness-out=out", "--readiness-audit=out/audit.jsonl", "--readiness-history=out/history.db"),
                *("--readiness-record=out/recording.json", "--junitxml=out/pytest.xml", "-W", "default", "-rA"),
                *options,
            ],
            cwd=self.folder,
            env={
                **os.environ,
                **{f"PLANTED_{name}": value for name, value in SECRETS.items()},
                "GITHUB_ACTIONS": "true",
                "GITHUB_STEP_SUMMARY": str(self.folder / "out" / "summary.md"),
                "GITHUB_OUTPUT": str(self.folder / "out" / "output"),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            timeout=patient(300),
            check=False,
            stdin=subprocess.DEVNULL,
        )
        (self.folder / "out" / "stdout").write_bytes(done.stdout)
        (self.folder / "out" / "stderr").write_bytes(done.stderr)
        return (done.stdout + done.stderr).decode("utf-8", "replace")

    def written(self) -> Iterator[Path]:
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path not in self.sources:
                yield path


def items(*lines: str) -> tuple[str, str]:
    """A checklist and its bindings, an item for each line."""
    numbers = count(1)
    numbered = [(f"item-{next(numbers)}", line) for line in lines]
    checklist = "# Own\n\n- [ ] Answered\n" + "".join(f"- [ ] {name.replace('-', ' ')}\n" for name, _ in numbered)
    return checklist, "own:\n" + "".join(f"  {name}: {line}\n" for name, line in numbered)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("planted")
    client = authority.issue(["client"])
    with WebApp(dict.fromkeys(("/", "/fails", "/works"), echo), authority.issue()) as app, EchoingPostgres() as db:
        app.routes["/captures"] = Response(
            200, [("Content-Type", "application/json")], json.dumps({"token": SECRETS["CAPTURED"]}).encode()
        )
        app.routes["/shows"] = lambda request: Response(
            500, [("Content-Type", "text/html")], f"<p>{request.headers} {request.query}</p>".encode()
        )
        own = [name for name in PLACES if name not in ("COOKIE", "CAPTURED")]
        flow = "steps: [{name: a, get: %s, credential: %s, expect: {text: Welcome}}]"
        checklist, bindings = items(
            "own.fact",
            *(
                f"{{check: own.{check}, place: {place}}}"
                for check in ("broken", "false", "unseen", "evidence")
                for place in own
            ),
            *(f"{{check: own.cut, place: {place}}}" for place in ("TOKEN", "DSN", "LINES", "LONG")),
            *(
                f"{{check: http.flow, on: shop, {flow % (path, credential)}}}"
                for path in ("/fails", "/works")
                for credential in ("token", "basic", "header")
            ),
            "{check: http.flow, on: shop, steps: ["
            "{name: a, get: /captures, capture: {token: {json: /token}}},"
            "{name: b, get: '/shows?t=${token}', headers: {Authorization: 'Bearer ${token}'}, expect: {text: no}}]}",
            "postgres.connects",
            *("http.cookies", "http.banner", "http.errors", "http.csp", "http.reachable", "mail.reachable"),
            "{signoff: owner}",
        )
        dsn = f"postgresql://shop:{quote(SECRETS['DSN'], safe='')}@127.0.0.1:{db.port}/shop?sslmode=disable"
        files = {
            "release.md": checklist,
            "release.checks.yaml": bindings,
            "readiness.yaml": f"""\
                checklists: [release.md]
                tests: [test_own.py]
                roles: {{owner: [owner@example.com]}}
                targets:
                  prod:
                    description: "described with ${{PLANTED_PASSWORD}}"
                    urls:
                      shop:
                        url: {app.url}
                        ca: {authority.ca_file}
                        client_cert: {client.chain}
                        client_key: {client.key}
                        credentials:
                          token: {{token: "${{PLANTED_TOKEN}}"}}
                          basic: {{user: clerk, password: "file:basic.txt"}}
                          header: {{headers: {{X-Api-Key: {{command: "cat header.txt"}}}}}}
                          lines: {{user: clerk, password: "file:lines.txt"}}
                          long: {{token: "${{PLANTED_LONG}}"}}
                          parameter: {{token: "${{PLANTED_PARAMETER}}"}}
                          evidence: {{token: "${{PLANTED_EVIDENCE}}"}}
                    databases: {{main: "{dsn}"}}
                    mail: {{post: {{server: "127.0.0.1:1", user: shop, password: "${{PLANTED_MAIL}}"}}}}
                    inboxes: {{box: {{inbox: "imaps://127.0.0.1:1", user: shop, password: "${{PLANTED_INBOX}}"}}}}
                    documents: {{plan: release.md}}
                    policy: {{min_score: 0, allow: [active]}}
                """,
            "conftest.py": CONFTEST,
            "test_own.py": TESTS,
            "basic.txt": SECRETS["BASIC"],
            "header.txt": SECRETS["HEADER"],
            "lines.txt": SECRETS["LINES"],
        }
        for name, text in files.items():
            kept = text if name.endswith((".txt", ".md", "checks.yaml")) else dedent(text)
            (folder / name).write_text(kept, "utf-8")
        (folder / "out").mkdir()
        yield Planted(folder, frozenset(folder / name for name in files))


RUNS = {
    "talkative": (
        *("-vv", "-l", "--tb=long", "-o", "log_cli=true", "-o", "log_cli_level=INFO"),
        "--log-file=out/log.txt",
        "--debug=out/debug.txt",
    ),
    "usual": ("--color=yes", "-l"),
    "parallel": ("-n2", "-l", "--tb=short"),
}


@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)
def test_secrets_are_nowhere(project: Planted, options: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED_PASSWORD", SECRETS["VARIABLE"])
    shown = project.run(*options)
    assert "INTERNALERROR" not in shown
    # Every place was passed: what came of it is there, without the secret.
    for words in ("test_compares", "setup with •••", "teardown with •••", "no entry for", "•••"):
        assert words in shown, shown[-3000:]
    result = json.loads((project.folder / "out" / "result.json").read_text())
    tests = [test for section in result["sections"] for item in section["items"] for test in item["tests"]]
    flows = [test["evidence"] for test in tests if test["check"] == "http.flow"]
    assert len(flows) == 7
    assert all("•••" in seen or "500" in seen for seen in flows), flows
    found = [f"{path.name}: {leak}" for path in project.written() for leak in leaks(path.read_bytes())]
    assert not found, "\n".join(found)


def test_the_search_finds_secrets() -> None:
    """The test above can fail: a secret in each encoding is found."""
    for place, secret in SECRETS.items():
        for form in (*encoded(secret), base64.b64encode(b"ab" + secret.encode()).decode(), secret.splitlines()[0][:12]):
            assert any(leak.startswith(place) for leak in leaks(f"before {form} after".encode())), form
