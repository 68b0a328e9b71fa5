"""What a web endpoint shows that it should not: its inner workings on an error, and files beside its pages."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.checks.reachability import MISSING, at, json_of
from pytest_readiness.domains.http.facts.pages import Page, ServedFile, on_host
from pytest_readiness.domains.http.resource import Url, UrlPath
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response

INTERNALS = {
    "a Python traceback": r"Traceback \(most recent call last\)",
    "the Werkzeug debugger": r"Werkzeug Debugger|werkzeug\.debug",
    "Django's debug page": r"DEBUG = True|Using the URLconf defined in|Django tried these URL patterns",
    "a Java stack trace": r"(?m)^[ \t]*at [\w$.]+\([\w$]+\.(java|kt|scala):\d+\)|\bjava\.lang\.\w+(Exception|Error)\b",
    "Spring's error page": r"Whitelabel Error Page",
    "a JavaScript stack trace": r"\bat .{1,200}\.(m?js|ts):\d+:\d+",
    "Express's error page": r"<pre>Cannot GET ",
    "a PHP error": r"(Fatal error|Parse error|Warning|Notice)(</b>)?: .{0,300} on line (<b>)?\d+|Stack trace:\s*#0",
    "Laravel's debug page": r"Whoops, looks like something|laravel/framework/src|Illuminate\\\\?\w+|LaravelIgnition",
    "Symfony's debug page": r"Symfony\\\\?Component\\\\?|Symfony Exception",
    "Rails' error page": r"Action(Controller|View|Dispatch)::\w+|Rails\.root:|No route matches \[GET\]",
    "Sinatra's error page": r"Sinatra doesn(’|&rsquo;|')t know this ditty",
    "an ASP.NET error page": r"Server Error in '.{0,100}' Application|\bSystem\.Web\.\w+|\.NET Framework Version",
    "a .NET stack trace": r"(?m)^[ \t]*at [\w.`<>]+\(.{0,300}?\) in .{1,300}?:line \d+",
    "a Go stack trace": r"goroutine \d+ \[",
    "a Ruby stack trace": r"\.rb:\d+:in [`']",
    "a server's name and version": r"\b(nginx|Apache|Tomcat|Jetty|openresty|gunicorn|Kestrel|IIS)/\d+(\.\d+)*",
}
"""What stack traces, debug pages and the built-in error pages of servers and frameworks look like."""


@check(
    "http.errors",
    severity="medium",
    remedy="Answer unknown paths with 404 and a page or document of your own, and turn debug modes off.",
    source="RFC 9110 sections 15.5.5 and 15.5.6; OWASP WSTG-ERRH-01, WSTG-ERRH-02",
    asks=lambda _, no_get: {"page": no_get},
)
def errors(
    missing_page: Response,
    page: Page | None,
    *,
    shape: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)] | None = None,
    no_get: UrlPath | None = None,
) -> Evidence:
    """An unknown path is answered 404, in the declared shape, without internals.

    Looked at: the answer to one path that cannot be guessed, and to a path that takes no GET where one is
    declared. A page for every path (a single-page application's fallback) is not a 404; nor is a redirect. Other errors
    are not provoked here: 500 would need a way to break the service.

    Args:
        shape: fields that the answer's JSON must have (a dot leads into an object). Default: no shape is asked for.
        no_get: path that takes other methods only, such as one for POST; GET must be answered 405 with Allow, in the
            same shape. Default: 405 is not looked at.
    """
    seen = _error(missing_page, 404, f"the unknown path {shown(missing_page.url)}", shape)
    if page is not None:
        answer = page.first
        place = shown(answer.url)
        seen += f"; {_error(answer, 405, place, shape)}"
        allow = answer.header("allow")
        told = f"Allow: {cut(allow, 80)}" if allow else "no Allow"
        claim(bool(allow) and "GET" not in allow, expected=f"405 with Allow from {place}, without GET", seen=told)
    return Evidence(seen)


def _error(answer: Response, status: int, place: str, shape: list[str] | None) -> str:
    """What was seen of an error that is as it should be."""
    seen = f"{answer.status} from {place}"
    if answer.location:
        seen += f", a redirect to {shown(answer.location)}"
    claim(answer.status == status, expected=f"{status} from {place}", seen=seen)
    if answer.truncated:
        raise CouldNotVerify(f"the answer of {place} is too long to be looked at as a whole")
    shown_internals = [name for name, pattern in INTERNALS.items() if re.search(pattern, answer.body)]
    claim(
        not shown_internals,
        expected=f"a {status} without stack trace, debug page or a framework's own error page",
        seen=f"{', '.join(shown_internals)} from {place}",
    )
    if shape:
        document = json_of(answer)
        lacking = [field for field in shape if at(document, field) is MISSING]
        claim(not lacking, expected=f"JSON with {', '.join(shape)} from {place}", seen=f"no {', '.join(lacking)}")
    return seen + (f", JSON with {', '.join(shape)}" if shape else f", {len(answer.body)} characters without internals")


FILES = (
    *("/.env", "/.env.production", "/.env.local", "/.git/config", "/.git/HEAD", "/.git/index", "/.svn/entries"),
    *("/.hg/requires", "/.htpasswd", "/.htaccess", "/.npmrc", "/.aws/credentials", "/.ssh/id_rsa", "/.DS_Store"),
    *("/.dockerenv", "/docker-compose.yml", "/Dockerfile", "/config.php.bak", "/wp-config.php.bak", "/web.config"),
    *("/backup.zip", "/backup.tar.gz", "/backup.sql", "/dump.sql", "/database.sql", "/db.sqlite3"),
    *("/phpinfo.php", "/server-status", "/nginx_status", "/id_rsa", "/server.key"),
)
"""Files that are found on web servers by accident, and never should be."""


@check(
    "http.exposed_files",
    severity="critical",
    remedy="Serve only a directory that holds nothing but public files, deny dot files, and change every secret that "
    "such a file held.",
    source="OWASP WSTG-CONF-04; CWE-530, CWE-538, CWE-540",
    asks=lambda _, paths: {"served_files": [*FILES, *(paths or ())]},
)
def exposed_files(
    url: Url,
    served_files: tuple[ServedFile, ...],
    *,
    paths: list[UrlPath] | None = None,
) -> Evidence:
    """None of the files that are often left behind is served.

    Asked for: environment files, version control, keys, backups, dumps, status pages, and the source map of each script
    of the root page (at most ten). A file counts as served when it answers 2xx with other content than any unknown path
    gets, or with content that is recognised; what the content is never leaves the check. Only these paths are looked
    at: a backup under another name is not found.

    Args:
        paths: further paths that must not be served. Default: none.
    """
    own = tuple(paths or ())
    asked = {*FILES, *own}
    files = [file for file in served_files if file.path in asked or file.path.endswith(".map")]
    served = [
        f"{file.path} ({file.content or f'{file.status}, {file.size} characters'})"
        for file in files
        if 200 <= file.status <= 299 and not file.like_missing and (file.content or not file.html or file.path in own)
    ]
    claim(not served, expected=f"none of {len(files)} paths served", seen=cut("; ".join(served), 400))
    if lost := asked - {file.path for file in files}:
        raise CouldNotVerify(f"{cut(', '.join(sorted(lost)), 200)} of {url.name} could not be asked for")
    for file in files:
        place = shown(on_host(url, file.path))
        if file.location and urlsplit(file.location).path.rstrip("/") == file.path:
            goal = shown(file.location)
            raise CouldNotVerify(f"GET {place} is redirected to {goal}, which was not looked at; declare that one")
        if file.status == 429 or file.status >= 500:
            raise CouldNotVerify(f"GET {place} was answered {file.status}")
    answers = Counter(
        f"{file.status} like any unknown path"
        if file.like_missing and file.status < 300
        else str(file.status or "closed")
        for file in files
    )
    maps = sum(file.path.endswith(".map") for file in files)
    told = ", ".join(f"{answer} x {count}" for answer, count in sorted(answers.items()))
    return Evidence(f"none of {len(files)} paths ({maps} source maps) served: {told}")
