from __future__ import annotations

import pytest

from pytest_readiness.protocols.html_page import FormError, HtmlPage

PAGE = "https://shop.example.com/a/b"


def form(inner: str, attributes: str = "method=post action=/to id=f", rest: str = "") -> HtmlPage:
    return HtmlPage(f"<!doctype html><body><form {attributes}>{inner}</form>{rest}", PAGE)


def sent(page: HtmlPage, **fields: str) -> list[tuple[str, str]]:
    return list(page.filled(None, fields, ()).pairs)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<h1>Thank you</h1><p>Order <b>4</b>2 &amp; more", "Thank you Order 42 & more"),
        ("Wel<!-- x -->come<br>back", "Welcome back"),
        ("<ul><li>one<li>two</ul>three", "one two three"),
        (
            "a<script>var x = 'paid'</script><style>p{}</style><noscript>paid</noscript><template>paid</template>b",
            "a b",
        ),
        ("<p style='DISPLAY: none'>paid</p><dialog>paid</dialog><datalist><option>paid</datalist>due", "due"),
        ("<dialog open>due</dialog><p style='display:block'>now</p>", "due now"),
        ("<p hidden>paid</p><div hidden=until-found><p>paid</p></div>due", "due"),
        ("<input value=paid><img alt=paid>due", "due"),
        ("<table><tr><td>1<td>2</table>", "1 2"),
        ("", ""),
        ("<!-- paid -->", ""),
        ('<?xml version="1.0" encoding="latin-1"?><p>Grüße', "Grüße"),
        ("a\0b", "ab"),
    ],
)
def test_text_is_what_a_reader_finds(markup: str, text: str) -> None:
    assert HtmlPage(markup, PAGE).text == text


def test_links_are_absolute() -> None:
    page = HtmlPage('<base href="/x/"><a href="y?z=1#top">A <b>b</b></a><a name=n>no</a><a href="http://[">?</a>', PAGE)
    assert [(link.address, link.text) for link in page.links] == [
        ("https://shop.example.com/x/y?z=1", "A b"),
        ("", "?"),
    ]


def test_a_form_sends_what_a_browser_would() -> None:
    page = form(
        "<input type=hidden name=csrf value=abc><input name=plain value=p><input value=nameless>"
        "<input name=off value=x disabled><fieldset disabled><input name=off2 value=x></fieldset>"
        "<input type=checkbox name=yes checked><input type=checkbox name=no value=1>"
        "<input type=radio name=r value=1><input type=radio name=r value=2 checked>"
        "<select name=s><option>a b</option><option value=c selected>d</select>"
        "<select name=first><option value=1>x<option value=2>y</select>"
        "<select name=m multiple><option selected>1<option selected>2<option>3</select>"
        "<textarea name=t>\n<b>bold</b> &lt;</textarea><input type=file name=f><input type=reset name=x value=y>"
        "<button name=do value=go>Go</button><button name=do value=stop>Stop</button>",
        rest="<input name=outside form=f value=o><input name=stranger value=s>",
    )
    filled = page.filled("#f", {}, ())
    assert (filled.method, filled.address, filled.multipart) == ("POST", "https://shop.example.com/to", False)
    assert filled.hidden == ("csrf",)
    assert dict(filled.pairs) == {
        "csrf": "abc",
        "plain": "p",
        "yes": "on",
        "r": "2",
        "s": "c",
        "first": "1",
        "m": "2",
        "t": "<b>bold</b> <",
        "outside": "o",
        "do": "go",
    }
    assert [value for name, value in filled.pairs if name == "m"] == ["1", "2"]


def test_fields_are_filled_in() -> None:
    page = form("<input name=a value=old><input type=checkbox name=c value=1><input type=radio name=r value=1>")
    assert sent(page, a="new", c="true", r="1") == [("a", "new"), ("c", "1"), ("r", "1")]
    assert sent(page, c="false") == [("a", "old")]


@pytest.mark.parametrize(
    ("inner", "fields", "expected", "seen"),
    [
        ("<input name=a>", {"b": "1"}, "a form with a field 'b'", "its fields are: a"),
        ("<input name=a disabled>", {"a": "1"}, "a field 'a' that can be filled in", "it is disabled"),
        ("<input name=a type=file>", {"a": "1"}, "a field 'a' that can be filled in", "it takes a file, by 'upload'"),
        (
            "<select name=a><option>1<option disabled>2</select>",
            {"a": "2"},
            "a choice '2' of 'a'",
            "the choices are: 1",
        ),
        ("<input type=radio name=a value=1>", {"a": "2"}, "a choice '2' of 'a'", "the choices are: 1"),
    ],
)
def test_what_a_form_does_not_take(inner: str, fields: dict[str, str], expected: str, seen: str) -> None:
    with pytest.raises(FormError) as caught:
        sent(form(inner), **fields)
    assert (caught.value.expected, caught.value.seen) == (expected, seen)


def test_forms_are_told_apart() -> None:
    page = HtmlPage("<form id=a action=/x><input name=q></form><form name=b action=?p=1><input name=q></form>", PAGE)
    assert page.filled("#a", {}, ()).address == "https://shop.example.com/x"
    assert page.filled("/x", {}, ()).address == "https://shop.example.com/x"
    assert page.filled("b", {}, ()).address == "https://shop.example.com/a/b?p=1"
    assert page.filled(2, {}, ()).address == "https://shop.example.com/a/b?p=1"
    for wanted in ("#b", "c", 3, None):
        with pytest.raises(FormError):
            page.filled(wanted, {"q": "1"}, ())
    with pytest.raises(FormError, match="a form on the page"):
        HtmlPage("<p>nothing", PAGE).filled(None, {}, ())


def test_hidden_fields() -> None:
    page = HtmlPage(
        "<base href=/shop/><form><input type=hidden name=own value=1></form>"
        "<form action=to id=f><input type=Hidden name=csrf value=abc><input type=hidden name=csrf value=old disabled>"
        "<input type=hidden value=nameless><input name=shown value=s><input type=hidden name=empty></form>"
        "<input type=hidden name=outside form=f value=o><input type=hidden name=stranger><form action=to></form>",
        PAGE,
    )
    assert page.hidden("/shop/to") == {"csrf": "abc", "empty": "", "outside": "o"}
    assert page.hidden("/a/b") == page.hidden("/another") == {"own": "1"}
    assert page.filled(1, {}, ()).address == PAGE
    assert HtmlPage("<input type=hidden name=a>", PAGE).hidden("/to") == {}


def test_metas() -> None:
    page = HtmlPage("<meta charset=utf-8><meta name=csrf-token content=abc><meta name=empty>", PAGE)
    assert page.metas == {"csrf-token": "abc", "empty": ""}


def test_buttons_and_files() -> None:
    page = form("<input type=file name=f><button formaction=/other formmethod=get formenctype=text/plain>Go</button>")
    filled = page.filled(None, {}, ())
    assert (filled.method, filled.address) == ("GET", "https://shop.example.com/other")
    with pytest.raises(FormError, match="multipart/form-data"):
        page.filled(None, {}, ("f",))
    page = form("<input type=file name=f><input name=g>", "method=post enctype=multipart/form-data")
    assert page.filled(None, {}, ("f",)).multipart
    with pytest.raises(FormError, match="a file field 'g'"):
        page.filled(None, {}, ("g",))


def test_what_is_in_a_template_is_neither_linked_nor_sent() -> None:
    page = HtmlPage(
        "<template><a href=/1>one</a><form><input name=a value=1></form></template><a href=/2>two</a>"
        "<form action=/to><input name=b value=2></form><template shadowrootmode=open><a href=/3>three</a></template>",
        PAGE,
    )
    assert [link.text for link in page.links] == ["two", "three"]
    assert page.field("a") is None
    assert sent(page) == [("b", "2")]


def test_a_checkbox_is_sent_with_the_hidden_field_of_its_name() -> None:
    page = form("<input type=hidden name=c value=0><input type=checkbox name=c value=1><input name=a>")
    assert sent(page, a="x") == [("c", "0"), ("a", "x")]
    assert sent(page, c="true") == [("c", "0"), ("a", ""), ("c", "1")]
    assert sent(page, c="false") == [("c", "0"), ("a", "")]


def test_nothing_is_sent_of_a_select_that_asks_to_choose() -> None:
    page = form("<select name=c><option value='' disabled selected>choose<option value=2>two</select>")
    assert sent(page) == []
    assert sent(page, c="2") == [("c", "2")]
    off = form("<select name=c><optgroup disabled><option>1</optgroup><option>2</select>")
    assert sent(off) == [("c", "2")]
    with pytest.raises(FormError, match="the choices are: 2"):
        sent(off, c="1")


@pytest.mark.parametrize(
    ("inner", "attributes", "why"),
    [
        ("<input name=a required><input name=b>", "", "expected a value for 'a'; seen: it is required"),
        ("<textarea name=a required></textarea><input name=b>", "", "a value for 'a'"),
        ("<input type=checkbox name=a required><input name=b>", "", "a value for 'a'"),
        ("<input type=radio name=a value=1 required><input type=radio name=a value=2><input name=b>", "", "for 'a'"),
        ("<select name=a required><option value=''>choose<option>1</select><input name=b>", "", "a value for 'a'"),
        ("<input type=file name=a required><input name=b>", "enctype=multipart/form-data", "a value for 'a'"),
        ("<input name=b maxlength=2>", "", "expected at most 2 characters for 'b'; seen: 3"),
        ("<input name=b minlength=4>", "", "expected at least 4 characters for 'b'; seen: 3"),
        ("<input name=b pattern='[0-9]{5}'>", "", r"for 'b' what the pattern \[0-9\]\{5\} fits; seen: another value"),
        ("<input name=b type=email>", "", "for 'b' an address of mail"),
        ("<input name=b type=number>", "", "for 'b' a number"),
        ("<input name=b>", "method=dialog", "its method is dialog, which sends nothing"),
    ],
)
def test_a_form_is_not_sent_that_browsers_would_not_send(inner: str, attributes: str, why: str) -> None:
    page = form(inner, f"action=/to {attributes or 'method=post'}")
    with pytest.raises(FormError, match=why):
        sent(page, b="abc")


@pytest.mark.parametrize(
    ("inner", "attributes"),
    [
        ("<input name=a required><input name=b>", "novalidate"),
        ("<input name=a required><input name=b><button formnovalidate>later</button>", ""),
        ("<input name=a required disabled><input name=b>", ""),
        ("<input name=a required readonly><input name=b>", ""),
        ("<input type=hidden name=a required><input name=b>", ""),
        ("<input name=a required value=1><input name=b maxlength=3 minlength=3>", ""),
    ],
)
def test_a_form_is_sent_that_browsers_would_send(inner: str, attributes: str) -> None:
    assert ("b", "abc") in sent(form(inner, f"action=/to method=post {attributes}"), b="abc")


def test_a_length_is_counted_as_browsers_count_it() -> None:
    smile = "\N{GRINNING FACE}"
    assert sent(form("<input name=a maxlength=4>"), a=smile * 2) == [("a", smile * 2)]
    with pytest.raises(FormError, match="at most 3 characters for 'a'; seen: 4"):
        sent(form("<input name=a maxlength=3>"), a=smile * 2)


def test_a_form_says_where_its_picture_was_clicked_and_what_its_characters_are() -> None:
    assert sent(form("<input type=image name=go>")) == [("go.x", "0"), ("go.y", "0")]
    assert sent(form("<input type=image>")) == [("x", "0"), ("y", "0")]
    assert sent(form("<input type=hidden name=_charset_ value=x>")) == [("_charset_", "UTF-8")]
