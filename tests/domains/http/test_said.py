from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pytest_readiness.domains.http.said import Said, plain
from pytest_readiness.protocols.http.answer import Response

WRONG = "Benutzername oder Passwort ungültig"


def answer(body: str, kind: str = "text/html") -> Response:
    return Response("https://example.com/", 200, (("content-type", kind),), body, False, 0.1, datetime.now(UTC))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<p>Benutzername oder Passwort ung&uuml;ltig", "text/html"),
        ("<p>Benutzername oder&nbsp;<b>Passwort</b>\n  ungültig", "text/html"),
        ("<p>Benutzername oder Pass&shy;wort ungu\u0308ltig", "text/html"),
        (r'{"error": "Benutzername oder Passwort ung\u00fcltig"}', "application/json"),
        ('{"error": "Benutzername oder Passwort ungültig"}', "application/json"),
        ("Benutzername oder\r\nPasswort ungültig", "text/plain"),
    ],
)
def test_a_text_is_found_however_it_is_spelt(body: str, kind: str) -> None:
    said = Said(answer(body, kind))
    assert said.has(WRONG)
    assert not said.hides(WRONG)
    assert not said.has(WRONG.upper())
    assert Said(answer(body, kind), fold=True).has(WRONG.upper())


@pytest.mark.parametrize(
    "body",
    [
        "<!-- not found --><p>Hello",
        "<script>var texts = {'e404': 'not found'}</script><p>Hello",
        "<p data-error='not found'>Hello",
        "<template>not found</template><p>Hello",
        r"<script>var texts = '\u006eot found'</script><p>Hello",
    ],
)
def test_a_text_that_no_reader_finds_is_hidden(body: str) -> None:
    assert not Said(answer(body)).has("not found")
    assert Said(answer(body)).hides("not found")
    assert not Said(answer("<p>Hello")).hides("not found")


def test_a_text_with_an_element_is_looked_for_in_the_source() -> None:
    assert Said(answer("<h1>Oops</h1>")).has("<h1>Oops")
    assert not Said(answer("<h2>Oops</h2>")).has("<h1>Oops")


def test_plain() -> None:
    assert plain("  Gru\u0308ße\xa0\n an co\xadop ") == "Grüße an coop"
    assert plain("STRASSE", fold=True) == plain("Straße", fold=True)
