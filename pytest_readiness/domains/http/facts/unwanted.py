"""What is answered on paths that should serve nothing: files left behind, and the tools of developers.

Every path is asked below the host's root and below the folders of the site, redirects within the host are followed, and
what unknown paths beside it get is its counter-proof.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from pytest_readiness.core.registry import fact
from pytest_readiness.domains.http.facts.assets import loaded, urljoin_or_nothing
from pytest_readiness.domains.http.facts.pages import (
    MAX_REDIRECTS,
    PASSWORD_FIELD,
    VISIT_SECONDS,
    Page,
    next_on_host,
    on_host,
    visit,
)
from pytest_readiness.domains.http.internals import DEBUG_PAGES, TRACES, internals_in
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.session import open_session
from pytest_readiness.domains.http.unknown import SAMPLES, Unknown, beside
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.addresses import is_login, origin, request_target
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.errors import Broken
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, REQUEST_SECONDS
from pytest_readiness.protocols.markup import parse

UNWANTED_SECONDS = 4 * VISIT_SECONDS
"""For all paths together."""
MAX_SCRIPTS = 50
"""Scripts and styles whose source maps are looked for."""
MAX_SCRIPT = 8 * 1024 * 1024
"""Bytes that are read of a script: it names its map at its end."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A question to `served_files` and `debug_answers`.

    Attributes:
        path: on the host.
        below: it is looked for below the folders of the site, too, not only on the host as it is named.
    """

    path: str
    below: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What is answered on a path that should serve nothing; never what is in it.

    Attributes:
        sought: what was asked for; "" for the page of the root and "?" for the one of an unknown path.
        path: where it was looked for.
        status: status code of the answer in which redirects on the host end; 0 where the connection was closed instead.
        size: characters in its body, as far as it was read.
        markup: it is a page.
        signs: what its content and headers show ("git configuration", "Werkzeug's debugger").
        like_missing: it is the answer that any unknown path gets.
        elsewhere: address of that answer where redirects lead to another path, or of the other host that they lead to;
            "" where they do not, or lead to the page of the root or to a login.
        truncated: it is longer than what was read.
        moved: redirects lead to another path.
        turned_away: what turned the request away that is no part of the site ("Cloudflare"), or "".
    """

    sought: str
    path: str
    status: int
    size: int
    markup: bool
    signs: tuple[str, ...]
    like_missing: bool
    elsewhere: str
    truncated: bool
    moved: bool
    turned_away: str

    @property
    def served(self) -> bool:
        """Whether there is something that unknown paths do not get, at this path itself."""
        return 200 <= self.status <= 299 and not self.like_missing and not self.moved


@dataclass(frozen=True, slots=True)
class SourceMap:
    """A source map that a script or style of the root page may have.

    Attributes:
        of: the script's address.
        url: the map's address; the script's own where the map is in it.
        status: of the answer in which redirects end.
        like_missing: it is the answer that any unknown path gets.
        served: there is one.
    """

    of: str
    url: str
    status: int
    like_missing: bool
    served: bool


@dataclass(frozen=True, slots=True)
class SourceMaps:
    """The source maps of a page's scripts and styles.

    Attributes:
        maps: every place where one may be.
        left_out: scripts and styles whose maps were not looked for.
    """

    maps: tuple[SourceMap, ...]
    left_out: int


_MAP = re.compile(r"[#@][ \t]{0,9}sourceMappingURL[ \t]{0,9}=[ \t]{0,9}([^\s'\"*]{1,2000})")
_PAGES = {
    "PHP information page": r"<title>phpinfo\(\)|<h1 class=\"p\">PHP Version",
    "PHP source": r"<\?php\s",
    "server status page": r"Apache (Server )?Status",
    "a tool for databases": r"(?i)<title>[^<]{0,80}\b(?:Adminer|phpMyAdmin)\b",
    "list of a folder": r"(?i)<title>(Index of|Directory listing for) /",
}
_FILES = {
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "git configuration": r"(?m)^\[core\]",
    "git reference": r"\A(ref: refs/|[0-9a-f]{40}\s*\Z)",
    "git index": r"\ADIRC",
    "database dump": r"(?m)^(-- (MySQL|MariaDB|PostgreSQL|SQLite)|CREATE TABLE |INSERT INTO )|\ASQLite format 3",
    "archive": r"\APK\x03\x04|\A\x1f[\ufffd\u2039]\x08|\ABZh|\A7z[\ufffd\u00bc]|\A[^\0]{1,100}\0{20,}.{0,200}ustar",
    "source map": r"(?s)\A[^{]{0,20}\{.*\"(?:mappings|sourcesContent)\"\s*:",
    "server status page": r"\AActive connections: \d+",
    "password file": r"(?m)^[^\s:<>]+:(\$|\{SHA\})",
    "directory metadata": r"\A\0\0\0\x01Bud1",
    "environment file": r"(?m)^[ \t]*(export[ \t]+)?[A-Z][A-Z0-9_]*=",
}


def _content(answer: Response) -> list[str]:
    # A page may show lines of a file (a manual does); what begins with markup is judged as a page.
    known = _PAGES if answer.body.lstrip()[:1] == "<" else _FILES
    return [content for content, pattern in known.items() if re.search(pattern, answer.body)][:1]


TOOLS = {
    "Werkzeug's console": r"(?s)<title>Console // Werkzeug|Interactive Console.{0,500}__debugger__",
    "Django's debug toolbar": r'id="djDebug"|djdt-|__debug__/render_panel',
    "Django Silk": r"(?i)<title>\s*Silky",
    "Laravel Ignition": r'"can_execute_commands"\s*:',
    "Laravel Telescope": r"(?i)<title>\s*Telescope\b|window\.Telescope\s*=",
    "Yii's debug toolbar": r"id=[\"']?yii-debug-toolbar\b",
    "CodeIgniter's debug toolbar": r"id=[\"']?debugbar_loader\b",
    "CakePHP's DebugKit": r"/debug_kit/",
    "Nette's Tracy": r"id=[\"']?tracy-debug\b|\?_tracy_bar=",
    "Query Monitor of WordPress": r"id=[\"']?query-monitor-(?:main|container)\b",
    "Flask's debug toolbar": r"id=[\"']?flDebug\b",
    "Quarkus' development mode": r"(?s)404 - Resource Not Found.{0,3000}Resources overview",
    "Laravel Debugbar": r"phpdebugbar|/_debugbar/assets/",
    "Rails' web console": r"__web_console\b",
    "rack-mini-profiler": r"/mini-profiler-resources/",
    "Symfony's profiler": r"Symfony Profiler|sf-toolbar|class=\"sf-profiler",
    "Rails' information page": r"(?s)Rails version.{0,400}Ruby version",
    "ASP.NET's trace": r"<b>Application Trace</b>|(?i:elmah)[^<]{0,40}Error Log",
    "Go's profiler": r"(?s)/debug/pprof/.{0,500}goroutine",
    "Go's variables": r'"memstats"\s*:\s*\{',
    # An index that names itself and its health alone gives nothing away.
    "Spring Boot Actuator": r'(?s)"_links"\s*:\s*\{.{0,5000}?"(?:'
    r'(?!(?:self|health(?:-path)?|info)")[\w.-]{1,60}"\s*:\s*\{\s*"href"\s*:\s*"[^"]{0,300}/actuator/'
    r'|(?:env|beans|heapdump|threaddump|configprops|mappings|loggers)"\s*:\s*\{\s*"href")'
    r'|"propertySources"\s*:|"(?:systemProperties|systemEnvironment)"\s*:\s*\{',
    "Jolokia": r'"agent"\s*:\s*"\d[^"]{0,40}"',
    "Laravel Horizon": r"(?is)<title>[^<]{0,60}\bHorizon\b.{0,20000}id=[\"']?horizon\b|\bwindow\.Horizon\s*=",
    "Sidekiq": r"(?i)<title>[^<]{0,60}\bSidekiq\b",
    "Celery Flower": r"(?i)<title>\s*Flower\s*</title>",
    "Hangfire": r"(?i)<title>[^<]{0,60}\bHangfire\b",
    "the H2 console": r"<title>H2 Console|\bH2 Console\b.{0,200}login\.(jsp|do)",
    "a PHP information page": r"<title>phpinfo\(\)|<h1 class=\"p\">PHP Version",
    "GraphQL introspection": r'"__schema"\s*:\s*\{',
    "a GraphQL playground": r"(?i)<title>[^<]{0,60}\b(GraphQL Playground|GraphiQL|Apollo Sandbox|Apollo Server|Altair)",
    "Vite's development server": r"/@vite/client|/@react-refresh|/node_modules/\.vite/deps/",
    "a server that reloads pages": r"browser-sync-client(?:\.min)?\.js|/livereload\.js\?|:35729/livereload"
    r"|aspnetcore-browser-refresh\.js|/phoenix/live_reload/",
    "webpack's development server": r"webpack-dev-server(?:\.js|/client)|__webpack_hmr|sockjs-node/info",
    "Next.js's development server": r"/_next/static/development/|__nextjs_original-stack-frame|react-refresh\.js"
    r"|turbopack[^\"'\s]{0,60}hmr-client",
    "Remix' development server": r"\bremixLiveReloadConnect\b",
}
"""What pages of profilers, consoles and development servers hold."""
SIGNS = {**DEBUG_PAGES, **TOOLS, **TRACES}
HEADERS = {
    "x-debug-token": "Symfony's profiler",
    "x-debug-token-link": "Symfony's profiler",
    "x-clockwork-id": "Clockwork",
}
"""Headers that only a profiler sends."""
INTROSPECTION = "{__schema{queryType{name}}}"
_INTROSPECTIONS = (
    ("application/json", f'{{"query":"{INTROSPECTION}"}}'),
    ("application/x-www-form-urlencoded", f"query={quote(INTROSPECTION)}"),
)


def is_graphql(path: str) -> bool:
    """Whether a path is one of GraphQL, by its name or by the question that it is asked."""
    return "graphql" in path.lower() or quote(INTROSPECTION) in path


def _signs(answer: Response) -> list[str]:
    signs = internals_in(answer.body, SIGNS)
    signs += [tool for header, tool in HEADERS.items() if answer.header(header)]
    return list(dict.fromkeys(signs))


@fact(deadline=UNWANTED_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS)
def served_files(
    url: Url, connection: Connection, root_page: Page, unknown_pages: Unknown, *, asks: tuple[Sought, ...]
) -> tuple[Found, ...]:
    """What is answered on paths of files that should not be served."""
    seeker = _Seeker(url, connection, root_page, unknown_pages)
    return seeker.not_shut_out([seeker.found(sought, path, _content) for sought, path in seeker.places(asks)])


@fact(deadline=UNWANTED_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS)
def debug_answers(
    url: Url,
    connection: Connection,
    root_page: Page,
    response: Response,
    unknown_pages: Unknown,
    *,
    asks: tuple[Sought, ...],
) -> tuple[Found, ...]:
    """What is answered on the root, on an unknown path, and on the paths of debuggers, profilers and consoles.

    A path of GraphQL is also asked as a browser does, and sent a question for its schema by POST, as JSON and as a
    form, which changes nothing.
    """
    seeker = _Seeker(url, connection, root_page, unknown_pages)
    found = [seeker.seen("", "", response, _signs), seeker.seen("?", "?", unknown_pages.answers[0], _signs)]
    for sought, path in seeker.places(asks):
        found.append(seeker.found(sought, path, _signs))
        if is_graphql(path):
            found += seeker.explored(sought, path)
    return seeker.not_shut_out(found)


class _Seeker:
    """Looks for what should not be there, within one time for all of it."""

    def __init__(self, url: Url, connection: Connection, root_page: Page, unknown_pages: Unknown) -> None:
        self._url, self._connection = url, connection
        self._root, self._unknown = root_page.last, unknown_pages
        self._until = time.monotonic() + UNWANTED_SECONDS
        self._known: dict[str, Unknown] = {}

    def places(self, asks: tuple[Sought, ...]) -> Iterator[tuple[str, str]]:
        """What is sought, and every path where it may be."""
        declared = urlsplit(self._url.url).path
        # The root may be declared without its slash, or as a file.
        own = declared.rstrip("/") if "." not in declared.rpartition("/")[2] else ""
        landed = [urlsplit(address).path.rpartition("/")[0] for address in (self._url.url, self._root.url)]
        folders = dict.fromkeys(("", own, *landed))
        for sought in asks:
            for folder in folders if sought.below else ("",):
                yield sought.path, f"{folder}{sought.path}"

    def found(self, sought: str, path: str, read: Callable[[Response], list[str]]) -> Found:
        """What is answered on a path, by GET."""
        try:
            page = visit(self._url, self._connection, on_host(self._url, path), self._until)
        except Broken:
            return _closed(sought, path)
        bare = path.partition("?")[0].rstrip("/")
        goal = urlsplit(next_on_host(page.first)).path.rstrip("/")
        unknown = self._unknown
        if unknown.like(page.first):
            if not (goal and goal.endswith(bare)):
                return self.seen(sought, path, page.first, read)
            # A site may lead every path to the same one below a folder, such as that of a language.
            unknown = self._beside(path)
        last = page.last
        signs = dict.fromkeys(sign for answer in page.answers for sign in read(answer))
        found = self.seen(sought, path, last, read, tuple(signs), unknown)
        if last.location:
            return replace(found, moved=True, elsewhere="" if is_login(last.location) else last.location)
        if not page.own and not urlsplit(last.url).path.rstrip("/").endswith(bare):
            harmless = found.like_missing or Unknown((self._root,)).like(last) or _asks_to_log_in(last)
            return replace(found, moved=True, elsewhere="" if harmless else last.url)
        if found.served and not signs:
            found = replace(found, like_missing=self._beside(path).like(last))
        return found

    def not_shut_out(self, found: list[Found]) -> tuple[Found, ...]:
        """What was found, where an unknown path is still answered as before; else it is told what refused it.

        Firewalls refuse everything, or show a page of their own, to who asks for many such paths.
        """
        status = 0
        for number in range(1, SAMPLES + 1):
            # What varies from one answer to the next is like the others sooner or later.
            try:
                with open_session(self._url, self._connection) as session:
                    again = session.get(on_host(self._url, beside("/", number)), self._until)
            except Broken:
                status, as_before = 0, len(self._unknown.answers) < SAMPLES
            else:
                status, as_before = again.status, self._unknown.like(again)
            if as_before:
                return tuple(found)
        guard = "what shuts out who asks for many such paths"
        return tuple(replace(each, turned_away=guard) if each.status == status else each for each in found)

    def _beside(self, path: str) -> Unknown:
        """Where unknown paths in the same folder, with the same ending, lead to."""
        first = beside(path)
        if first not in self._known:
            addresses = (on_host(self._url, beside(path, number)) for number in range(SAMPLES))
            answers = (visit(self._url, self._connection, each, self._until).last for each in addresses)
            self._known[first] = Unknown(tuple(answers))
        return self._known[first]

    def seen(
        self,
        sought: str,
        path: str,
        answer: Response,
        read: Callable[[Response], list[str]],
        signs: tuple[str, ...] | None = None,
        unknown: Unknown | None = None,
    ) -> Found:
        """What an answer shows."""
        like_missing = (unknown or self._unknown).like(answer)
        if signs is None or like_missing:
            # The page of unknown paths may repeat the path, which is itself a sign of some tools.
            bare = path.partition("?")[0].strip("/") if like_missing else ""
            signs = tuple(read(replace(answer, body=answer.body.replace(bare, "")) if bare else answer))
        return Found(
            sought=sought,
            path=path,
            status=answer.status,
            size=len(answer.body),
            markup=_is_markup(answer),
            signs=signs,
            like_missing=like_missing,
            elsewhere="",
            truncated=answer.truncated,
            moved=False,
            turned_away=answer.challenge,
        )

    def maps_of(self, script: str) -> Iterator[SourceMap]:
        """Every place where a script's source map may be."""
        with open_session(self._url, self._connection, script) as session:
            answer = session.send("GET", script, until=self._until, max_body=MAX_SCRIPT)
        beside_it = urlsplit(script)._replace(query="", fragment="")
        places = [*_MAP.findall(answer.body), answer.header("sourcemap"), answer.header("x-sourcemap")]
        yield from self._maps_at(script, answer, [*places, f"{beside_it.geturl()}.map"])

    def maps_within(self, page: Response) -> Iterator[SourceMap]:
        """Every place where a script in the page itself says that its source map is."""
        places = [place for code in parse(page.body).inline for place in _MAP.findall(code)]
        yield from self._maps_at(page.url, page, places[:MAX_SCRIPTS])

    def _maps_at(self, script: str, answer: Response, places: list[str]) -> Iterator[SourceMap]:
        if any(place.startswith("data:") for place in places):
            yield SourceMap(script, script, answer.status, like_missing=False, served=True)
        named = (urljoin_or_nothing(answer.url, place) for place in places if place)
        for address in dict.fromkeys(named):
            if not address or origin(address) != origin(script):
                continue
            found = self.found(address, request_target(address), _content)
            served = found.served and (bool(found.signs) or not found.markup)
            served = served or "source map" in found.signs
            yield SourceMap(script, address, found.status, found.like_missing, served)

    def explored(self, sought: str, path: str) -> Iterator[Found]:
        """What a path of GraphQL answers to a browser, and by POST to each form of a question for its schema."""
        bare = path.partition("?")[0]
        for name, method, headers, body in (
            # Servers show their playground to who accepts a page and asks nothing.
            ("as a page", "GET", (("Accept", "text/html"),), ""),
            *(
                ("by POST", "POST", (("Content-Type", kind), ("Accept", "application/json")), question)
                for kind, question in _INTROSPECTIONS
            ),
        ):
            try:
                answer = self._sent(method, on_host(self._url, bare), headers, body)
            except Broken:
                yield _closed(sought, f"{bare} {name}")
            else:
                found = self.seen(sought, f"{bare} {name}", answer, _signs)
                yield found
                if found.signs:
                    return

    def _sent(self, method: str, address: str, headers: tuple[tuple[str, str], ...], body: str) -> Response:
        for _ in range(MAX_REDIRECTS):
            with open_session(self._url, self._connection, address) as session:
                answer = session.send(method, address, headers=headers, body=body.encode(), until=self._until)
            address = next_on_host(answer)
            if not address:
                break
        return answer


def _closed(sought: str, path: str) -> Found:
    """How servers say that they do not serve something (nginx's 444); what unknown paths get was answered before."""
    return Found(sought, path, 0, 0, False, (), False, "", False, False, "")


def _is_markup(answer: Response) -> bool:
    """Whether an answer is a page by what it holds; its Content-Type may be a guess from the path's ending."""
    begin = answer.body.lstrip("\ufeff \t\r\n")[:200].lower()
    if re.match(r"<(\?|configuration\b|svg\b)", begin):
        return False
    return re.match(r"<(!doctype html|html|head|body|!--)", begin) is not None or (
        answer.html and begin[:1] in ("<", "")
    )


def _asks_to_log_in(answer: Response) -> bool:
    return is_login(answer.url) or bool(PASSWORD_FIELD.search(answer.body))


@fact(deadline=UNWANTED_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS)
def source_maps(url: Url, connection: Connection, root_page: Page, unknown_pages: Unknown) -> SourceMaps:
    """The source maps of the scripts and styles that the root page names on its own host, of at most 50.

    Looked for where the script says that its map is, by a comment or a header, in the script itself, and beside it; and
    where a script in the page says so.
    """
    last = root_page.last
    if not last.html:
        return SourceMaps((), 0)
    seeker = _Seeker(url, connection, root_page, unknown_pages)
    own = dict.fromkeys(
        address
        for kind, address, _ in loaded(last.url, parse(last.body))
        if kind in ("script", "style") and origin(address) == origin(last.url)
    )
    maps = (each for address in list(own)[:MAX_SCRIPTS] for each in seeker.maps_of(address))
    return SourceMaps((*seeker.maps_within(last), *maps), max(0, len(own) - MAX_SCRIPTS))


@fact(deadline=VISIT_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS)
def missing_forms(url: Url, connection: Connection, missing_page: Response) -> tuple[tuple[str, Response], ...]:
    """The answers to an unknown path where a page, or a document in JSON, is asked for: frameworks have one of each."""
    until = time.monotonic() + VISIT_SECONDS
    with open_session(url, connection) as session:
        return tuple(
            (name, session.send("GET", missing_page.url, headers=(("Accept", kind),), until=until))
            for name, kind in (("a page", "text/html"), ("JSON", "application/json"))
        )
