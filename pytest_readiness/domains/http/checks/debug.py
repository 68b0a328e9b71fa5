"""That a web endpoint does not run in a debug mode and shows no tools of developers."""

from __future__ import annotations

from collections import Counter
from typing import Annotated
from urllib.parse import quote

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.facts.unwanted import INTROSPECTION, Found, Sought, is_graphql
from pytest_readiness.domains.http.resource import Url, UrlPath
from pytest_readiness.protocols.http.addresses import shown

PATHS = (
    *("/console", "/debug", "/debug/", "/debug/pprof/", "/debug/vars", "/__debug__/", "/silk/"),
    *("/_profiler", "/_profiler/phpinfo", "/app_dev.php", "/_ignition/health-check", "/telescope", "/_debugbar/open"),
    *("/__clockwork/app", "/rails/info/properties", "/rails/info/routes", "/actuator/env", "/h2-console"),
    *("/h2-console/", "/hangfire", "/jolokia", "/sidekiq", "/api/actuator/env", "/manage/env", "/management/env"),
    "/actuator/jolokia",
    *("/q/dev/", "/q/dev-ui/", "/dev/dashboard/home", "/phoenix/live_reload/frame"),
    *("/trace.axd", "/elmah.axd", "/graphiql", "/playground", "/altair", "/__webpack_hmr", "/@vite/client"),
    *(
        f"{path}?query={quote(INTROSPECTION)}"
        for path in ("/graphql", "/graphql/", "/api/graphql", "/v1/graphql", "/query", "/gql")
    ),
)
"""Where frameworks put their debuggers, profilers and consoles; none that makes the server work (a heap dump does)."""
WORDS = ("/actuator", "/env", "/flower/", "/horizon")
"""Where products may have pages of their own, and Spring an index of its health alone: what is recognised counts."""


@check(
    "http.no_debug",
    severity="critical",
    remedy="Turn debug modes off, do not install profilers and consoles in production, and turn introspection off.",
    source="OWASP WSTG-CONF-02, WSTG-ERRH-02; CWE-489; OWASP GraphQL cheat sheet (introspection)",
    asks=lambda _, paths: {
        "debug_answers": [*(Sought(path, below=True) for path in (*PATHS, *WORDS)), *map(Sought, paths or ())]
    },
)
def no_debug(
    url: Url,
    debug_answers: tuple[Found, ...],
    *,
    paths: Annotated[list[UrlPath], Field(min_length=1)] | None = None,
    allowed: Annotated[list[UrlPath], Field(min_length=1)] | None = None,
) -> Evidence:
    """No debug page, profiler, console or introspection is served at its usual paths.

    Asked for by GET without credentials: the root, a path that cannot be guessed, and the paths where frameworks put
    such tools, on the host's root and below the folders of the endpoint and of the page that a visitor of it ends on:
    Werkzeug, Django, Express, Laravel, Symfony, Rails, Sinatra, ASP.NET, Go, Spring Boot, Quarkus, Phoenix, Sidekiq,
    Celery, Hangfire, and the development servers of Vite, webpack and Next.js. Redirects within the host are followed.
    GraphQL is asked for a page as a browser does, and for its schema by GET, and by POST as JSON and as a form, on
    /graphql (also with a slash), /api/graphql, /v1/graphql, /query and /gql. A page counts when its content is
    recognised, or when a path of a tool answers 2xx with other content than unknown paths beside it. Tools under other
    paths, and debug pages that only an error shows, are not found. Last an unknown path is asked for again; where it is
    answered otherwise than before, the runner is shut out, and the claim cannot be verified.

    Args:
        paths: further paths that must not be served; those with graphql in their name may be, but not show their
            schema. Default: none.
        allowed: paths that the product uses itself, such as /console; there only what is recognised
            counts. Default: none.
    """
    own = tuple(paths or ())
    asked = {"", "?", *PATHS, *WORDS, *own}
    answers = [answer for answer in debug_answers if answer.sought in asked]
    harmless = {*(allowed or ()), *WORDS} - set(own)
    shown_tools = []
    for answer in answers:
        place = {"": "the root", "?": "an unknown path"}.get(answer.path, _bare(answer.path))
        meant = answer.sought in ("", "?", *harmless) or is_graphql(answer.sought)
        if answer.signs:
            shown_tools.append(f"{place}: {', '.join(answer.signs)}")
        elif answer.served and not meant:
            shown_tools.append(f"{place}: {answer.status}")
    shown_tools = list(dict.fromkeys(shown_tools))
    seen = cut(f"{len(shown_tools)}: {'; '.join(shown_tools)}", 400)
    claim(not shown_tools, expected=f"no debug page, profiler or console on {len(answers)} paths", seen=seen)
    if lost := asked - {answer.sought for answer in answers}:
        raise CouldNotVerify(f"{cut(', '.join(map(_bare, sorted(lost))), 200)} of {url.name} could not be asked for")
    for answer in answers:
        place = _bare(answer.path) or "the root"
        if answer.turned_away:
            raise CouldNotVerify(
                f"GET {place} of {url.name} was answered {answer.status} by {answer.turned_away}, not by the site"
            )
        # 501 is the refusal of a method, as of POST by a server that only serves files.
        if answer.status == 429 or (answer.status >= 500 and answer.status != 501 and answer.path not in ("", "?")):
            raise CouldNotVerify(f"GET {place} of {url.name} was answered {answer.status}")
        if answer.truncated and (answer.path in ("", "?") or not answer.like_missing):
            raise CouldNotVerify(f"the answer of {place} is too long to be looked at")
        if answer.elsewhere and answer.sought not in harmless:
            raise CouldNotVerify(
                f"GET {place} of {url.name} is redirected to {shown(answer.elsewhere)}, which is neither its root nor "
                "recognised as a login; declare that path, or allow this one if the product uses it"
            )
    counted = Counter(
        f"{answer.status} like any unknown path"
        if answer.like_missing and answer.status < 300
        else str(answer.status or "closed")
        for answer in answers
    )
    told = ", ".join(f"{status} x {count}" for status, count in sorted(counted.items()))
    return Evidence(f"nothing on the root and {len(answers) - 1} other paths: {told}")


def _bare(path: str) -> str:
    return cut(path.partition("?")[0], 100)
