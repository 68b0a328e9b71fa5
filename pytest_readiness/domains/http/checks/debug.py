"""That a web endpoint does not run in a debug mode and shows no tools of developers."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.facts.debug import DebugAnswer
from pytest_readiness.domains.http.resource import Url, UrlPath

INTROSPECTION = "query=%7B__schema%7BqueryType%7Bname%7D%7D%7D"

PATHS = (
    *("/console", "/debug", "/debug/", "/debug/pprof/", "/debug/vars", "/__debug__/", "/silk/"),
    *("/_profiler", "/_profiler/phpinfo", "/app_dev.php", "/_ignition/health-check", "/telescope", "/_debugbar/open"),
    *("/__clockwork/app", "/rails/info/properties", "/rails/info/routes", "/actuator", "/actuator/env", "/h2-console"),
    *("/trace.axd", "/elmah.axd", "/graphiql", "/playground", "/__webpack_hmr", "/@vite/client"),
    *(f"/graphql?{INTROSPECTION}", f"/api/graphql?{INTROSPECTION}"),
)
"""Where frameworks put their debuggers, profilers and consoles."""


@check(
    "http.no_debug",
    severity="critical",
    remedy="Turn debug modes off, do not install profilers and consoles in production, and turn introspection off.",
    source="OWASP WSTG-CONF-02, WSTG-ERRH-02; CWE-489; OWASP GraphQL cheat sheet (introspection)",
    asks=lambda _, paths: {"debug_answers": [*PATHS, *(paths or ())]},
)
def no_debug(
    url: Url,
    debug_answers: tuple[DebugAnswer, ...],
    *,
    paths: Annotated[list[UrlPath], Field(min_length=1)] | None = None,
    allowed: Annotated[list[UrlPath], Field(min_length=1)] | None = None,
) -> Evidence:
    """No debug page, profiler, console or introspection is served.

    Asked for by GET without credentials: the root, a path that cannot be guessed, and the paths where
    frameworks put such tools: Werkzeug, Django, Express, Laravel, Symfony, Rails, Sinatra, ASP.NET, Go, Spring Boot,
    and the development servers of Vite, webpack and Next.js; GraphQL introspection on /graphql and /api/graphql. A page
    counts when its content is recognised, or when a path of a tool answers 2xx with other content than any unknown
    path. Tools under other paths, and debug pages that only an error shows, are not found.

    Args:
        paths: further paths that must not be served, such as GraphQL endpoints with a query. Default: none.
        allowed: paths that the product uses itself, such as /console; there only what is recognised
            counts. Default: none.
    """
    own = tuple(paths or ())
    asked = {"", "?", *PATHS, *own}
    answers = [answer for answer in debug_answers if answer.path in asked]
    shown_tools = []
    for answer in answers:
        place = {"": "the root", "?": "an unknown path"}.get(answer.path, _bare(answer.path))
        served = 200 <= answer.status <= 299 and not answer.like_missing
        meant = answer.path in ("", "?") or answer.path in (allowed or ()) or "graphql" in answer.path
        if answer.signs:
            shown_tools.append(f"{place}: {', '.join(answer.signs)}")
        elif served and (not meant or answer.path in own):
            shown_tools.append(f"{place}: {answer.status}")
    seen = cut(f"{len(shown_tools)}: {'; '.join(shown_tools)}", 400)
    claim(not shown_tools, expected=f"no debug page, profiler or console on {len(answers)} paths", seen=seen)
    if lost := asked - {answer.path for answer in answers}:
        raise CouldNotVerify(f"{cut(', '.join(map(_bare, sorted(lost))), 200)} of {url.name} could not be asked for")
    for answer in answers:
        if answer.status == 429 or (answer.status >= 500 and answer.path not in ("", "?")):
            raise CouldNotVerify(f"GET {_bare(answer.path)} of {url.name} was answered {answer.status}")
        if answer.truncated and answer.path in ("", "?"):
            raise CouldNotVerify(f"the answer of {_bare(answer.path) or 'the root'} is too long to be looked at")
    counted = Counter(
        f"{answer.status} like any unknown path" if answer.like_missing and answer.status < 300 else f"{answer.status}"
        for answer in answers
    )
    told = ", ".join(f"{status} x {count}" for status, count in sorted(counted.items()))
    return Evidence(f"nothing on the root and {len(answers) - 1} other paths: {told}")


def _bare(path: str) -> str:
    return cut(path.partition("?")[0], 100)
