"""Which release is running."""

from __future__ import annotations

import json
import re
from typing import Annotated

from pydantic import Field

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.spelling import spelled
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.checks.reachability import MISSING, at, json_of
from pytest_readiness.domains.http.facts.api import Asked
from pytest_readiness.domains.http.facts.pages import verify_now
from pytest_readiness.domains.http.resource import UrlPath
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response

Name = Annotated[str, Field(min_length=1)]

_HEX = r"[0-9a-f]{7,64}"


@check(
    "http.deployed_version",
    severity="high",
    remedy="Deploy the release that the verdict is about, everywhere, and have the build write its version.",
    source="RFC 9110 section 5.6.2 (names of headers); Git, abbreviated object names",
    asks=lambda _, path, credential: {"api_answer": Asked(path, credential or "")},
)
def deployed_version(
    api_answer: Response,
    target: Target,
    *,
    path: UrlPath,
    version: Name | None = None,
    field: Name | None = None,
    header: Annotated[str, spelled(r"^[A-Za-z0-9-]+$", "a header's name, such as X-Version")] | None = None,
    credential: Name | None = None,
) -> Evidence:
    """The release that answers is exactly the one that is being decided on.

    Read from a field of the JSON at the path, from a header of its answer, or as its whole text; it must answer 2xx. A
    leading "v" makes no difference, and of two names of one commit one may be the beginning of the other, seven digits
    at least. An answer that a cache kept for more than ten seconds proves nothing. One answer is looked at: behind a
    load balancer, that of one instance. That the build wrote its version truly is not seen.

    Args:
        path: path on the host that shows it (`/version`).
        version: the version (`1.4.2`) or commit that must be running. Default: what `--readiness-release` names.
        field: field of the JSON that holds it; a dot leads into an object, a number into a list. Default: the whole
            text, or the header.
        header: header that holds it, instead of the body. Default: the body.
        credential: name of a credential of the target to show. Default: none.
    """
    # A commit is another name of a release; two names of the same kind are two releases.
    if version and target.release and not _same(version, target.release) and not re.fullmatch(_HEX, version.lower()):
        raise CouldNotVerify(
            f"{cut(version, 80)} is given as the version that must be running, and the run is about {target.release}; "
            "leave the version out, so that --readiness-release counts"
        )
    version = version or target.release
    if not version:
        raise NotDeclared("neither the binding nor --readiness-release names the release that must be running")
    place = shown(api_answer.url)
    if api_answer.status in (401, 403, 429) or api_answer.status >= 500:
        raise CouldNotVerify(f"GET {place} was answered {api_answer.status}")
    where = f"{f'header {header}' if header else field or 'text'} of {place}"
    expected = f"{cut(version, 80)} in the {where}"
    goal = f" to {shown(api_answer.location)}" if api_answer.location else ""
    claim(200 <= api_answer.status <= 299, expected=expected, seen=f"{api_answer.status}{goal}")
    if header:
        running = api_answer.header(header)
    elif field:
        value = at(json_of(api_answer), field)
        claim(value is not MISSING, expected=expected, seen="no such field")
        running = value if isinstance(value, str) else json.dumps(value)
    else:
        claim(not api_answer.html, expected=expected, seen=f"{api_answer.status} with a page")
        running = api_answer.body.strip()
        # A framework may write the text as JSON.
        if running[:1] == '"':
            document = json_of(api_answer)
            running = document if isinstance(document, str) else running
    verify_now(api_answer)
    claim(_same(running, version), expected=expected, seen=cut(running, 80) or "nothing")
    return Evidence(f"{cut(running, 80)} in the {where}")


def _same(running: str, version: str) -> bool:
    running, version = (re.sub(r"^[vV](?=\d)", "", text.strip()) for text in (running, version))
    if running == version:
        return True
    short, long = sorted((running.lower(), version.lower()), key=len)
    return bool(re.fullmatch(_HEX, short) and re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", long)) and (
        long.startswith(short)
    )
