"""What a step of a flow sends: a declared request, a form of a page, or what a browser sends after a redirect."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from pytest_readiness.core.redact import MASK
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.flow_answer import SENSITIVE, Unexpected, dumped, origin_of
from pytest_readiness.domains.http.flow_steps import FilePart, Part, Sign, Step, Submit
from pytest_readiness.domains.http.flow_values import FlowValues
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.protocols.html_page import HtmlPage
from pytest_readiness.protocols.http.addresses import shown

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Outgoing:
    """A request to be sent.

    Attributes:
        to: the declared url that it goes to.
        method: of HTTP, in capitals.
        address: absolute.
        headers: besides the usual ones.
        body: of the request.
        said: what may be shown of the body.
    """

    to: Url
    method: str
    address: str
    headers: Headers = ()
    body: bytes = b""
    said: str = ""


def requested(step: Step, to: Url, method: str, address: str, values: FlowValues) -> Outgoing:
    """The request that a step declares.

    Raises:
        Unexpected: the address, which may have been captured, is on another origin than the url.
    """
    if origin_of(address) != origin_of(to.url):
        where = f"{urlsplit(to.url).scheme}://{urlsplit(to.url).netloc}"
        raise Unexpected(f"an address on {where}", f"{cut(shown(address))}, which is not sent a request")
    headers, body, said = _body(step, to, values)
    return Outgoing(to, method, address, _with_own(headers, step, to, body, values), body, said)


def submitted(step: Step, submit: Submit, page: HtmlPage, to: Url, values: FlowValues) -> Outgoing:
    """The request that a form of a page makes.

    Raises:
        FormError: there is no such form or field, or it does not take the value.
        Unexpected: the form is sent to another origin.
    """
    fields = {name: values.text(value, to) for name, value in submit.fields.items()}
    form = values.fill(submit.form) if isinstance(submit.form, str) else submit.form
    filled = page.filled(form, fields, tuple(step.upload))
    address = filled.address
    if origin_of(address) != origin_of(page.address) and origin_of(address) != origin_of(to.url):
        raise Unexpected(f"a form that is sent to {to.host}", f"it is sent to {cut(shown(address))}")
    headers: Headers = ()
    body, said = b"", ", ".join(_told(filled.pairs, filled.hidden))
    if filled.method == "GET":
        address = f"{address.partition('?')[0]}?{urlencode(filled.pairs)}"
    else:
        headers, body, said = _encoded(filled.pairs, step.upload, values, filled.hidden, multipart=filled.multipart)
        parts = urlsplit(page.address)
        headers += (("Origin", f"{parts.scheme}://{parts.netloc}"),)
    headers += (("Referer", page.address),)
    return Outgoing(to, filled.method, address, _with_own(headers, step, to, body, values), body, said)


def redirected(outgoing: Outgoing, status: int, goal: str) -> Outgoing:
    """The request that a browser sends after a redirect (Fetch, HTTP-redirect fetch)."""
    alone = origin_of(goal) != origin_of(outgoing.address)
    headers = {name.lower(): (name, value) for name, value in outgoing.headers}
    kept = [headers[name] for name in headers if not alone or name in ("content-type", "referer")]
    if (status == 303 and outgoing.method != "GET") or (status in (301, 302) and outgoing.method == "POST"):
        kept = [each for each in kept if each[0].lower() not in ("content-type", "origin")]
        return Outgoing(outgoing.to, "GET", goal, tuple(kept))
    return replace(outgoing, address=goal, headers=tuple(kept), said="")


def _with_own(headers: Headers, step: Step, to: Url, body: bytes, values: FlowValues) -> Headers:
    """The headers that the step declares, and those of the others that it does not.

    Args:
        headers: what describes the body.
    """
    # Without the boundary that was made for it, a body of several parts cannot be read.
    fixed = {name.lower() for name, value in headers if value.startswith("multipart/")}
    own = tuple(each for each in _headers(step, to, body, values) if each[0].lower() not in fixed)
    declared = {name.lower() for name, _ in own}
    return (*(each for each in headers if each[0].lower() not in declared), *own)


def _headers(step: Step, to: Url, body: bytes, values: FlowValues) -> Iterator[tuple[str, str]]:
    if step.credential:
        yield from to.credential(step.credential).as_headers()
    for name, value in step.headers.items():
        text = values.text(value, to)
        if SENSITIVE.search(name):
            values.hide.add(text)
        yield name, re.sub(r"[\r\n]+", " ", text)
    if step.sign:
        yield step.sign.header, _signature(step.sign, to, body, values)


def _signature(sign: Sign, to: Url, body: bytes, values: FlowValues) -> str:
    key = Part(credential=sign.credential, field="token").value(to)
    before, _, after = sign.payload.partition("${body}")
    payload = values.fill(before).encode()
    if "${body}" in sign.payload:
        payload += body + values.fill(after).encode()
    signature = hmac.new(key.encode(), payload, hashlib.sha256).hexdigest()
    values.hide.add(signature)
    return values.fill(sign.value, signature=signature, body="")


def _body(step: Step, to: Url, values: FlowValues) -> tuple[Headers, bytes, str]:
    """The headers that describe a body, the body, and what may be shown of it."""
    if "json_body" in step.model_fields_set:
        value = values.json(step.json_body, to)
        return (("Content-Type", "application/json"),), json.dumps(value).encode(), dumped(value)
    if step.body is not None:
        text = values.fill(step.body)
        return (("Content-Type", "text/plain"),), text.encode(), cut(text)
    if step.form or step.upload:
        pairs = tuple((name, values.text(value, to)) for name, value in step.form.items())
        return _encoded(pairs, step.upload, values, multipart=bool(step.upload))
    return (), b"", ""


def _encoded(
    pairs: tuple[tuple[str, str], ...],
    uploads: Mapping[str, FilePart],
    values: FlowValues,
    hidden: tuple[str, ...] = (),
    *,
    multipart: bool,
) -> tuple[Headers, bytes, str]:
    said = _told(pairs, hidden)
    values.hide.add(*(value for name, value in pairs if SENSITIVE.search(name)))
    if not multipart:
        return (("Content-Type", "application/x-www-form-urlencoded"),), urlencode(pairs).encode(), ", ".join(said)
    from urllib3 import encode_multipart_formdata

    files = []
    for name, upload in uploads.items():
        data = _content(upload, values)
        filename = values.fill(upload.filename)
        files.append((name, (filename, data, upload.type)))
        said.append(f"{name}={filename} ({upload.type}, {len(data)} bytes)")
    body, kind = encode_multipart_formdata([*pairs, *files])
    return (("Content-Type", kind),), body, ", ".join(said)


def _content(upload: FilePart, values: FlowValues) -> bytes:
    if upload.size_kb is not None:
        return secrets.token_bytes(1024 * upload.size_kb)
    if upload.base64 is not None:
        return b64decode("".join(upload.base64.split()))
    return values.fill(upload.content or "").encode()


def _told(pairs: Sequence[tuple[str, str]], hidden: Sequence[str] = ()) -> list[str]:
    """Fields as they may be shown."""
    return [f"{name}={MASK if name in hidden or SENSITIVE.search(name) else cut(value, 80)}" for name, value in pairs]
