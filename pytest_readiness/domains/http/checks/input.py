"""What is accepted: only well-formed documents, only wanted files, only messages from those who may send them."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.checks.access import Name, decided, declared, refused
from pytest_readiness.domains.http.facts.forms import TrialOutcome, need_shown
from pytest_readiness.domains.http.facts.probes import PAD, Probe, Reply
from pytest_readiness.domains.http.facts.signed import HookTrial, Scheme
from pytest_readiness.domains.http.facts.uploads import FileType, Upload, UploadTrial
from pytest_readiness.domains.http.internals import internals_of
from pytest_readiness.domains.http.resource import Url, UrlPath
from pytest_readiness.protocols.http.addresses import is_login
from pytest_readiness.protocols.http.answer import Response

QUOTES = "readiness'\"\\"
"""Ends a text in SQL too early, and does nothing where it is taken for one."""
MARKUP = "<b id=readiness-probe>"
"""Changes a page where it is taken for markup, and does no harm there."""


def _input_probes(
    url: Url, path: str, sample: dict[str, JsonValue], method: str, max_kb: int, credential: str | None
) -> Asks:
    declared(url, credential)
    texts = [name for name, value in sample.items() if isinstance(value, str)]
    if not texts:
        raise NotDeclared("the sample has no field that is a text, so no text can be tried")

    def probe(document: str, pad: int = 0) -> Probe:
        headers = (("Content-Type", "application/json"), ("Accept", "application/json"))
        return Probe(method, path, headers, document, credential or "", pad=pad)

    probes = [
        probe(json.dumps(sample)[:-1]),
        probe(json.dumps({name: {"readiness": [name]} for name in sample})),
        probe(json.dumps({**sample, texts[0]: PAD}), max_kb * 1024 + 1024),
    ]
    probes += [probe(json.dumps({**sample, name: text})) for name in texts for text in (QUOTES, MARKUP)]
    return {"probes": (*probes, probe(json.dumps(sample)))}


@check(
    "http.input_validation",
    severity="high",
    remedy="Validate every document before it is used, answer 4xx to what does not fit, bind values in SQL, and escape "
    "them in HTML.",
    source="OWASP ASVS 5.0 V1 and V2; OWASP WSTG-INPV-05, WSTG-INPV-01; OWASP API Security Top 10 API4:2023",
    check_class="active",
    asks=_input_probes,
)
def input_validation(
    probes: tuple[Reply, ...],
    *,
    path: UrlPath,
    sample: Annotated[dict[Name, JsonValue], Field(min_length=1, max_length=12)],
    method: Literal["POST", "PUT", "PATCH"] = "POST",
    max_kb: Annotated[int, Field(ge=1, le=16 * 1024)] = 1024,
    credential: Name | None = None,
) -> Evidence:
    """Malformed and oversized JSON is answered 4xx, and quotes and markup in texts cause no server error and no markup.

    Sends: the sample cut off before its end, with an object in place of every value, and with a text that is longer
    than the limit: these must be answered 4xx. Then, for each text of the sample, one with quotes that end a text in
    SQL and one with a harmless element of HTML: these must be answered without 5xx, database error or stack trace, and
    the element must not come back in a page. Last the sample itself, which must be answered 2xx, and takes effect:
    choose one that may be sent. Injection that shows only in other answers, in time or in stored pages is not seen.

    Args:
        path: path on the host.
        sample: a valid JSON object, with at least one text, of at most twelve fields.
        method: method of the request.
        max_kb: a document beyond this size must be refused, in KiB; 1 KiB more is sent. 1024: the usual limit of
            proxies (nginx client_max_body_size).
        credential: name of the credential that all requests show. Default: none.
    """
    *bad, control = [reply.got for reply in probes]
    texts = [name for name, value in sample.items() if isinstance(value, str)]
    names = ["malformed JSON", "objects for values", f"{max_kb + 1} KiB"]
    names += [f"{what} in '{name}'" for name in texts for what in ("quotes", "markup")]
    place = f"{method} {path}"
    if not 200 <= control.status <= 299:
        raise CouldNotVerify(
            f"{place} answered {control.status} to the valid sample, so refusing others proves nothing"
        )
    for number, (name, answer) in enumerate(zip(names, bad, strict=True)):
        _harmless(place, name, answer)
        if number < 3:
            claim(answer.status >= 300, expected=f"4xx from {place} to {name}", seen=f"{answer.status}")
    for number, (name, answer) in enumerate(zip(names, bad, strict=True)):
        if answer.truncated:
            raise CouldNotVerify(f"the answer of {place} to {name} is too long to be searched as a whole")
        if answer.status == 429 or 300 <= answer.status <= 399 or (answer.status in (401, 404, 405) and number < 3):
            raise CouldNotVerify(f"{place} answered {answer.status} to {name}, which is not a refusal of what was sent")
    told = ", ".join(f"{name} {answer.status}" for name, answer in zip(names, bad, strict=True))
    return Evidence(f"{place}: {cut(told, 600)}; the sample {control.status}")


def _harmless(place: str, name: str, answer: Response) -> None:
    expected = f"no server error from {place} to {name}"
    claim(answer.status < 500, expected=expected, seen=f"{answer.status}")
    told = internals_of(answer)
    claim(not told, expected=f"no internals from {place} to {name}", seen=f"{answer.status} with {', '.join(told)}")
    kind = answer.header("content-type").partition(";")[0].strip().lower()
    # Browsers show XML and SVG, too, and run the scripts of XHTML that is in them.
    page = answer.html or kind in ("text/xml", "application/xml") or kind.endswith("+xml")
    claim(
        not (page and MARKUP in answer.body.lower()),
        expected=f"markup escaped in the page that {place} answers to {name}",
        seen=f"{answer.status} with {MARKUP} as it was sent",
    )


def _upload_trial(
    url: Url,
    path: str,
    max_mb: float,
    accepted: FileType,
    field: str,
    fields: dict[str, str] | None,
    text: str | None,
    credential: str | None,
) -> Asks:
    declared(url, credential)
    limit = int(max_mb * 1024 * 1024)
    others = tuple((fields or {}).items())
    texts = tuple(filter(None, (text,)))
    return {"uploads": UploadTrial(path, field, others, accepted, limit, credential or "", texts)}


@check(
    "http.upload_limit",
    severity="high",
    remedy="Limit the size of uploads at the proxy and in the application, and take only the types that you need.",
    source="OWASP File Upload cheat sheet; OWASP WSTG-BUSL-08; CWE-434",
    check_class="active",
    asks=_upload_trial,
)
def upload_limit(
    uploads: tuple[Upload, ...],
    *,
    path: UrlPath,
    max_mb: Annotated[float, Field(gt=0, le=200)],
    accepted: FileType,
    field: Name = "file",
    fields: dict[Name, str] | None = None,
    text: Name | None = None,
    reset: bool = False,
    credential: Name | None = None,
) -> Evidence:
    """A file that is too large and a PHP script are refused, and a small file of the right type is accepted.

    Sends: three files as `multipart/form-data` by POST: a PHP script of one harmless line, one of the right type that
    is 64 KiB larger than the limit, and last a small one of the right type, which must be accepted and is left there.
    Refused means 400, 403, 413, 415 or 422, or the declared text. Whether the content is looked at behind its name and
    declared type, and whether it is scanned, is not seen.

    Args:
        path: path on the host.
        max_mb: largest file that may be taken, in MiB, at most 200.
        accepted: a type of file that is taken: png, pdf, csv or txt.
        field: name of the field of the file. file: the most common name.
        fields: names and values of other fields. Default: none.
        text: a part of the refusal's text, for a site that refuses with a 2xx page or a redirect. Default: the status
            alone tells.
        reset: whether a connection that is closed while the large file is sent counts as refused. Default: it does not,
            since that may be a fault of the network.
        credential: name of the credential that all requests show. Default: none.
    """
    *bad, control = uploads
    taken = control.outcome
    assert taken is not None
    # Where one must log in first, nothing was taken.
    if not taken.accepted or text in taken.told or is_login(taken.location):
        raise CouldNotVerify(f"POST {path} answered {taken} to {control.name}, so refusing others proves nothing")
    seen = []
    for upload in bad:
        outcome = upload.outcome
        if outcome is None:
            if not reset:
                raise CouldNotVerify(
                    f"POST {path} closed the connection while {upload.name} was sent (with 'reset' that is a refusal)"
                )
            seen.append(f"{upload.name} closed")
            continue
        if text not in outcome.told:
            need_shown(f"POST {path}", outcome, *filter(None, (text,)))
            claim(
                not outcome.accepted,
                expected=f"POST {path} refuses {upload.name}",
                seen=f"{outcome} to {upload.size} bytes",
            )
            refused(path, [outcome], (400, 403, 413, 415, 422))
        seen.append(f"{upload.name} ({upload.size} bytes) {outcome}")
    return Evidence(f"POST {path}: {', '.join(seen)}, {control.name} {taken}")


def _hook_trial(
    url: Url,
    path: str,
    scheme: Scheme,
    credential: str,
    payload: dict[str, JsonValue],
    headers: dict[str, str] | None,
    signature_header: str,
    prefix: str,
    encoding: Literal["hex", "base64"],
    tolerance: int,
) -> Asks:
    if url.credential(credential).token is None:
        raise NotDeclared(f"the credential '{credential}' of {url.name} is not a token")
    sent = tuple((headers or ({"X-GitHub-Event": "ping"} if scheme == "github" else {})).items())
    signature = signature_header, prefix, encoding
    return {"webhooks": HookTrial(path, scheme, credential, *signature, json.dumps(payload), sent, tolerance)}


@check(
    "http.webhook_signature",
    severity="critical",
    remedy="Verify the signature of every message over its unchanged body, compare in constant time, and refuse old "
    "timestamps.",
    source="Stripe: Verify webhook signatures manually; GitHub: Validating webhook deliveries; CWE-345",
    check_class="active",
    asks=_hook_trial,
)
def webhook_signature(
    webhooks: tuple[TrialOutcome, ...],
    *,
    path: UrlPath,
    scheme: Scheme,
    credential: Name,
    payload: Annotated[dict[Name, JsonValue], Field(min_length=1)] = {"type": "readiness.probe"},  # noqa: B006
    headers: dict[Name, str] | None = None,
    signature_header: Name = "X-Signature",
    prefix: str = "",
    encoding: Literal["hex", "base64"] = "hex",
    tolerance: Annotated[int, Field(ge=1, le=86400)] = 300,
) -> Evidence:
    """Messages without a valid signature are refused, and one with a valid signature is accepted.

    Sends: by POST the payload unsigned, signed with another key, altered by a space after signing, with scheme stripe
    also signed a minute more than `tolerance` ago, and last rightly signed. That one must be answered 2xx, and does
    what it does: choose a payload that the application ignores. Refused is 400, 401 or 403. The schemes github and hmac
    sign no time, so that a message that is sent again is not looked for there.

    Args:
        path: path on the host.
        scheme: stripe (`Stripe-Signature: t=…,v1=…`), github (`X-Hub-Signature-256: sha256=…`), or hmac: HMAC-SHA-256
            of the body in a header of its own.
        credential: name of a credential of the target whose token is the key.
        payload: the message, a JSON object. Default: an unknown type.
        headers: further headers of every message. Default: none; for github the event "ping".
        signature_header: header of the signature, for hmac. X-Signature: a common one.
        prefix: what comes before the signature in that header, such as `sha256=`. Default: nothing.
        encoding: hex or base64, for hmac.
        tolerance: age in seconds of a signed timestamp that is still accepted, for stripe. 300: Stripe's libraries.
    """
    *wrong, right = webhooks
    decided(path, right)
    for outcome in wrong:
        if 200 <= outcome.status <= 299:
            raise ClaimFalse(f"400, 401 or 403 from POST {path} to a message {outcome.name}", f"{outcome}")
    refused(path, wrong, (400, 401, 403))
    told = ", ".join(f"{outcome.name} {outcome.status}" for outcome in wrong)
    return Evidence(f"POST {path}: {told}; {right.name} {right.status}")
