"""What a web endpoint answers on the paths of debuggers, profilers and consoles."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from pytest_readiness.core.registry import fact
from pytest_readiness.domains.http.facts.pages import VISIT_SECONDS, alike, on_host
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.session import open_session
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, REQUEST_SECONDS

SIGNS = {
    "Werkzeug's debugger": r"Werkzeug Debugger|werkzeug\.debug|__debugger__=yes",
    "Werkzeug's console": r"(?s)<title>Console // Werkzeug|Interactive Console.{0,500}__debugger__",
    "Django's debug page": r"DEBUG = True</code>|Using the URLconf defined in|Django tried these URL patterns",
    "Django's debug toolbar": r'id="djDebug"|djdt-|__debug__/render_panel',
    "Django Silk": r"(?i)<title>\s*Silky",
    "Laravel's debug page": r"Whoops, looks like something|laravel/framework/src|LaravelIgnition",
    "Laravel Ignition": r'"can_execute_commands"\s*:',
    "Laravel Telescope": r"(?i)<title>\s*Telescope\b|window\.Telescope\s*=",
    "Laravel Debugbar": r"phpdebugbar",
    "Symfony's profiler": r"Symfony Profiler|sf-toolbar|class=\"sf-profiler",
    "Symfony's debug page": r"Symfony Exception|sf-reset|Symfony\\Component\\\w+\\Exception",
    "Rails' debug page": r"Rails\.root:|web-console|Routes match in priority from top to bottom",
    "Rails' information page": r"(?s)Rails version.{0,400}Ruby version",
    "Sinatra's development page": r"Sinatra doesn(’|&rsquo;|')t know this ditty",
    "Express's stack trace": r"\bat [^\n<]{1,200}node_modules/[^\n<]{1,200}:\d+:\d+",
    "ASP.NET's debug page": r"Server Error in '[^']{0,100}' Application|\.NET Framework Version",
    "ASP.NET's trace": r"<b>Application Trace</b>|(?i:elmah)[^<]{0,40}Error Log",
    "ASP.NET's developer page": r"Microsoft\.AspNetCore\.Diagnostics|DeveloperExceptionPage",
    "Go's profiler": r"(?s)/debug/pprof/.{0,500}goroutine",
    "Go's variables": r'"memstats"\s*:\s*\{',
    "Spring Boot Actuator": r'"_links"\s*:\s*\{[^}]{0,200}actuator|"propertySources"\s*:',
    "the H2 console": r"<title>H2 Console",
    "a PHP information page": r"<title>phpinfo\(\)|<h1 class=\"p\">PHP Version",
    "GraphQL introspection": r'"__schema"\s*:\s*\{',
    "a GraphQL playground": r"(?i)<title>\s*(GraphQL Playground|GraphiQL|Apollo Sandbox|Apollo Server)",
    "a Python traceback": r"Traceback \(most recent call last\)",
    "Vite's development server": r"/@vite/client",
    "webpack's development server": r"webpack-dev-server|__webpack_hmr|sockjs-node/info",
    "Next.js's development server": r"/_next/static/development/|__nextjs_original-stack-frame|react-refresh\.js",
}
"""What pages of debuggers, profilers, consoles and development servers hold."""

HEADERS = {
    "x-debug-token": "Symfony's profiler",
    "x-debug-token-link": "Symfony's profiler",
    "x-clockwork-id": "Clockwork",
}
"""Headers that only a profiler sends."""


@dataclass(frozen=True, slots=True)
class DebugAnswer:
    """What is answered on a path; never what is in it.

    Attributes:
        path: what was asked for; "" for the page of the root and "?" for the one of an unknown path.
        status: status code.
        signs: what its content and headers show ("Werkzeug's debugger").
        like_missing: it is the answer that any unknown path gets.
        truncated: it is longer than what was read.
    """

    path: str
    status: int
    signs: tuple[str, ...]
    like_missing: bool
    truncated: bool


@fact(deadline=2 * VISIT_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS)
def debug_answers(
    url: Url, connection: Connection, response: Response, missing_page: Response, *, asks: tuple[str, ...]
) -> tuple[DebugAnswer, ...]:
    """What is answered on the root, on an unknown path, and on the paths of debuggers, profilers and consoles."""
    until = time.monotonic() + 2 * VISIT_SECONDS
    found = [_read("", response, missing_page), _read("?", missing_page, missing_page)]
    with open_session(url, connection) as session:
        found += [_read(path, session.get(on_host(url, path), until), missing_page) for path in asks]
    return tuple(found)


def _read(path: str, answer: Response, missing_page: Response) -> DebugAnswer:
    like_missing = alike(answer, missing_page)
    # The page of unknown paths may repeat the path, which is itself a sign of some tools.
    bare = path.partition("?")[0].strip("/")
    body = answer.body.replace(bare, "") if like_missing and path not in ("", "?") else answer.body
    signs = [sign for sign, pattern in SIGNS.items() if re.search(pattern, body)]
    signs += [tool for header, tool in HEADERS.items() if answer.header(header)]
    return DebugAnswer(path, answer.status, tuple(dict.fromkeys(signs)), like_missing, answer.truncated)
