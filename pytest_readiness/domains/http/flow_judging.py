"""Whether an answer or a mail is as a step of a flow expects, and what the step takes from it for later ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from pytest_readiness.core.redact import MASK
from pytest_readiness.core.text import cut, figure
from pytest_readiness.domains.http.cookies import Jar
from pytest_readiness.domains.http.flow_answer import (
    SENSITIVE,
    beginning,
    dumped,
    leads,
    need,
    parsed,
    place,
    same,
    value_at,
    whole,
)
from pytest_readiness.domains.http.flow_steps import Capture, Expect
from pytest_readiness.domains.http.flow_values import FlowValues
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.said import plain, readings
from pytest_readiness.protocols.html_page import HtmlPage, Link
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response

if TYPE_CHECKING:
    from pytest_readiness.domains.inbox.reading import Received


def judge(expect: Expect, answers: Sequence[Response], to: Url, values: FlowValues) -> None:
    """Check that the last of a step's answers is as expected, and that all came in time.

    Raises:
        Unexpected: it is not.
        CouldNotVerify: it was too large to be read completely.
    """
    answer = answers[-1]
    seen = place(answer)
    wanted = f"status {' or '.join(map(str, expect.status))}" if expect.status else "a status below 400"
    right = answer.status in expect.status if expect.status else 200 <= answer.status < 400
    need(right, wanted, f"{seen}: {beginning(answer)}")
    if expect.location:
        wanted = values.fill(expect.location)
        need(leads(wanted, answer, answer.location), f"a redirect to {shown(wanted)}", seen)
    if expect.url:
        wanted = values.fill(expect.url)
        need(leads(wanted, answer, answer.url), f"an end at {shown(wanted)}", seen)
    for name, text in expect.header.items():
        header = answer.header(name)
        wanted = values.fill(text)
        need(wanted in header, f"a header {name} with '{cut(wanted)}'", f"{cut(header) or 'none'} in {seen}")
    for path, given in expect.json_values.items():
        found, value = value_at(parsed(answer), path), values.json(given, to)
        told = MASK if SENSITIVE.search(path) else dumped(found)
        need(same(found, value), f"{path} to be {dumped(value)}", f"{told} in {seen}")
    if expect.text or expect.absent:
        judge_text(expect, readings(whole(answer)), seen, values)
    if expect.max_seconds is not None:
        took = sum(each.seconds for each in answers)
        need(
            took <= expect.max_seconds,
            f"an answer within {expect.max_seconds:g} s",
            f"{figure(took, expect.max_seconds, 3)} s, {seen}",
        )


def judge_text(expect: Expect, texts: Sequence[str], where: str, values: FlowValues) -> None:
    """Check that a text holds what is expected and nothing that must be absent; any blank counts as one.

    Args:
        expect: what is expected.
        texts: the ways to read the text, the first one as it came.
        where: it was found, for a message.
        values: of the flow.

    Raises:
        Unexpected: it does not.
    """
    found = [plain(text) for text in texts]
    for each in expect.text:
        wanted = plain(values.fill(each))
        told = f"it is not in {where}: {cut(found[0], 120) or 'no text'}"
        need(any(wanted in text for text in found), f"the text '{cut(wanted)}'", told)
    for each in expect.absent:
        foreign = plain(values.fill(each))
        need(not any(foreign in text for text in found), f"no text '{cut(foreign)}'", f"it is in {where}")


def html_of(answer: Response, what: str) -> HtmlPage:
    """The page that an answer is.

    Raises:
        Unexpected: it is not a page.
        CouldNotVerify: it was too large to be read completely.
    """
    need(answer.html, f"{what} in HTML", f"{answer.header('content-type') or 'no type'} in {place(answer)}")
    return HtmlPage(whole(answer).body, answer.url)


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/?#]{1,300}")


def captured(capture: Capture, answer: Response, jar: Jar) -> Any:
    """What a step takes from an answer, or from the cookies that are kept.

    Raises:
        Unexpected: there is nothing of that kind.
        CouldNotVerify: the answer was too large to be read completely.
    """
    where = place(answer)
    if capture.json_path:
        return value_at(parsed(answer), capture.json_path)
    if capture.header:
        headers = answer.values(capture.header)
        if capture.header.lower() == "location":
            headers = tuple(urljoin(answer.url, each) for each in headers)
        return _first(headers, f"a header {capture.header}", f"none in the {where}")
    if capture.cookie:
        cookies = [cookie.value for cookie in jar if cookie.name == capture.cookie and cookie.value]
        kept = ", ".join(cookie.name for cookie in jar) or "none"
        return _first(cookies, f"a cookie {capture.cookie}", f"cookies that are kept: {kept}")
    if capture.regex:
        found = re.findall(capture.regex, whole(answer).body)
        return _first(found, f"'{capture.regex}'", f"no match in the {where}")
    page = html_of(answer, "a page")
    if capture.form_field:
        value = page.field(capture.form_field)
        what = f"a value in the field '{capture.form_field}'"
        return _first([value] if value else [], what, f"none in the {where}")
    return _link(capture, page.links, where)


def captured_of_mail(capture: Capture, mail: Received) -> str:
    """What a step takes from a mail.

    Raises:
        Unexpected: there is nothing of that kind.
    """
    where = f"mail '{cut(mail.subject, 80)}'"
    if capture.header:
        headers = [value for name, value in mail.headers if name == capture.header.lower()]
        return _first(headers, f"a header {capture.header}", f"none in the {where}")
    if capture.regex:
        return _first(re.findall(capture.regex, mail.text), f"'{capture.regex}'", f"no match in the {where}")
    address = _link(capture, mail.links, where)
    # In a page, a path is one of the page's host; a mail has none.
    path = f"{cut(address.partition('?')[0], 80)} in the {where}"
    need(bool(_SCHEME.match(address)), "a link with a host, as a mail has no address of its own", path)
    _agree(capture, mail, where)
    return address


def _agree(capture: Capture, mail: Received, where: str) -> None:
    """See that the plain text and the HTML of a mail lead to the same host: a reader sees one of them only.

    Raises:
        Unexpected: they do not.
    """
    pattern = capture.link or ""
    # Not by its text: what counts clicks may stand in place of the address of one of them.
    firsts = [next((link.address for link in each if re.search(pattern, link.address)), "") for each in mail.versions]
    origins = list(dict.fromkeys(found[0].lower() for each in firsts if (found := _ORIGIN.match(each))))
    need(len(origins) < 2, f"all parts of the {where} to lead to one host by '{pattern}'", " and ".join(origins))


def _first(found: Sequence[str], expected: str, seen: str) -> str:
    need(bool(found), f"{expected} to be captured", seen)
    return found[0]


def _link(capture: Capture, links: Sequence[Link], where: str) -> str:
    pattern = capture.link or ""
    found = [each.address for each in links if re.search(pattern, each.address) or re.search(pattern, each.text)]
    seen = f"{len(links)} links, but none like that, in the {where}"
    return _first([each for each in found if each], f"a link '{pattern}'", seen)
