"""What a web endpoint shows that it should not: its inner workings on an error, and files beside its pages."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.checks.reachability import MISSING, at, json_of
from pytest_readiness.domains.http.facts.pages import Page
from pytest_readiness.domains.http.facts.unwanted import Found, Sought, SourceMap, SourceMaps
from pytest_readiness.domains.http.internals import internals_of
from pytest_readiness.domains.http.resource import UrlPath
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response


@check(
    "http.errors",
    severity="medium",
    remedy="Answer unknown paths with 404 and a page or document of your own, and turn debug modes off.",
    source="RFC 9110 sections 15.5.5 and 15.5.6; OWASP WSTG-ERRH-01, WSTG-ERRH-02",
    asks=lambda _, no_get: {"page": no_get},
)
def errors(
    missing_page: Response,
    missing_forms: tuple[tuple[str, Response], ...],
    page: Page | None,
    *,
    shape: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)] | None = None,
    no_get: UrlPath | None = None,
) -> Evidence:
    """An unknown path is answered 404, in the declared shape, without internals.

    Looked at: the answer to one path that cannot be guessed, to the same where a page or JSON is asked for, of which
    only internals count, and to a path that takes no GET where one is declared. A page for every path (a single-page
    application's fallback) is not a 404; nor is a redirect. Other errors are not provoked here: 500 would need a way to
    break the service.

    Args:
        shape: fields that the answer's JSON must have (a dot leads into an object). Default: no shape is asked for.
        no_get: path that takes other methods only, such as one for POST; GET must be answered 405 with Allow, in the
            same shape. Default: 405 is not looked at.
    """
    seen = _error(missing_page, 404, f"the unknown path {shown(missing_page.url)}", shape)
    for name, answer in missing_forms:
        _bare(answer, f"the unknown path {shown(answer.url)} where {name} is asked for")
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
    _bare(answer, place)
    if shape:
        document = json_of(answer)
        lacking = [field for field in shape if at(document, field) is MISSING]
        claim(not lacking, expected=f"JSON with {', '.join(shape)} from {place}", seen=f"no {', '.join(lacking)}")
    return seen + (f", JSON with {', '.join(shape)}" if shape else f", {len(answer.body)} characters without internals")


def _bare(answer: Response, place: str) -> None:
    """Make sure that an error holds no internals."""
    if answer.truncated:
        raise CouldNotVerify(f"the answer of {place} is too long to be looked at as a whole")
    internals = internals_of(answer)
    claim(
        not internals,
        expected=f"a {answer.status} without stack trace, debug page or a framework's own error page",
        seen=f"{', '.join(internals)} from {place}",
    )


FILES = (
    *("/.env", "/.env.production", "/.env.local", "/.env.bak", "/.env.old", "/.env.backup", "/.env.save", "/.env~"),
    *("/.env.prod", "/.env.staging", "/.env.dev", "/.env.development", "/.env.swp", "/config/master.key"),
    *("/.git/config", "/.git/HEAD", "/.git/index", "/.svn/entries", "/.svn/wc.db", "/.hg/requires"),
    *(
        "/.envrc",
        "/api/.env",
        "/backend/.env",
        "/app/.env",
        "/.git/logs/HEAD",
        "/.ssh/id_ed25519",
        "/.pypirc",
        "/.s3cfg",
    ),
    *("/serviceAccountKey.json", "/service-account.json", "/credentials.json", "/secrets.json", "/terraform.tfvars"),
    *("/access.log", "/logs/error.log", "/.gitlab-ci.yml", "/sftp-config.json", "/kubeconfig"),
    *("/.git-credentials", "/terraform.tfstate", "/.kube/config", "/.pgpass", "/.bash_history"),
    *("/.htpasswd", "/.htaccess", "/.npmrc", "/.netrc", "/.aws/credentials", "/.ssh/id_rsa", "/.DS_Store"),
    *("/.dockerenv", "/.docker/config.json", "/docker-compose.yml", "/docker-compose.yaml", "/Dockerfile"),
    *("/config.php.bak", "/wp-config.php.bak", "/wp-config.php~", "/wp-config.php.old", "/web.config"),
    *("/wp-config.php.save", "/wp-config.php.swp", "/.wp-config.php.swp", "/wp-config.txt", "/index.php.bak"),
    *("/laravel.log", "/storage/logs/laravel.log", "/debug.log", "/wp-content/debug.log", "/error_log", "/error.log"),
    *("/adminer.php", "/phpmyadmin/"),
    *("/config/database.yml", "/appsettings.json", "/application.properties", "/.vscode/sftp.json"),
    *("/backup.zip", "/backup.tar.gz", "/backup.tgz", "/backup.sql", "/backup.sql.gz", "/dump.sql", "/dump.sql.gz"),
    *("/database.sql", "/db.sql", "/db.sqlite3", "/database.sqlite", "/site.zip", "/www.zip"),
    *("/phpinfo.php", "/info.php", "/server-status", "/nginx_status", "/id_rsa", "/server.key", "/privkey.pem"),
    *("/id_ed25519", "/stub_status", "/.my.cnf"),
)
"""Files that are found on web servers by accident, and never should be."""


@check(
    "http.exposed_files",
    severity="critical",
    remedy="Serve only a directory that holds nothing but public files, deny dot files, and change every secret that "
    "such a file held.",
    source="OWASP WSTG-CONF-04; CWE-530, CWE-538, CWE-540",
    asks=lambda _, paths: {"served_files": [*(Sought(path, below=True) for path in FILES), *map(Sought, paths or ())]},
)
def exposed_files(
    served_files: tuple[Found, ...],
    source_maps: SourceMaps,
    *,
    paths: list[UrlPath] | None = None,
) -> Evidence:
    """None of the files that are often left behind is served at its usual path.

    Asked for: environment files, version control, keys, backups, dumps, status pages, on the host's root and below the
    folders of the endpoint and of the page that a visitor of it ends on; and the source map of each script and style of
    that page on its own host (of at most 50; a warning says how many are left): where the script or its SourceMap
    header says, in the script itself, and beside it. Redirects within the host are followed. A file counts as served
    when it answers 2xx with other content than unknown paths beside it get, or with content that is recognised; what
    the content is never leaves the check. An empty one gives a warning. Only these paths are looked at: a backup under
    another name is not found. A page of HTML in its place that is not recognised is no such file. Last an unknown path
    is asked for again; where it is answered otherwise than before, the runner is shut out, and the claim cannot be
    verified.

    Args:
        paths: further paths that must not be served. Default: none.
    """
    own = tuple(paths or ())
    asked = {*FILES, *own}
    files = [file for file in served_files if file.sought in asked]
    served = [
        f"{file.path} ({', '.join(file.signs) or f'{file.status}, {file.size} characters'})"
        for file in files
        if _is_served(file, own)
    ]
    maps = source_maps.maps
    served += [f"{shown(each.url)} (source map of {shown(each.of)})" for each in maps if each.served]
    claim(
        not served, expected=f"no such file at any of {len(files) + len(maps)} paths", seen=cut("; ".join(served), 400)
    )
    if lost := asked - {file.sought for file in files}:
        raise CouldNotVerify(f"{cut(', '.join(sorted(lost)), 200)} could not be asked for")
    for file in files:
        if file.elsewhere and (not file.markup or file.sought in own):
            raise CouldNotVerify(
                f"GET {file.path} is redirected to {shown(file.elsewhere)}, which was not looked at; declare that one"
            )
        if file.turned_away:
            raise CouldNotVerify(f"GET {file.path} was answered {file.status} by {file.turned_away}, not by the site")
        if file.status == 429 or file.status >= 500:
            raise CouldNotVerify(f"GET {file.path} was answered {file.status}")
    for each in maps:
        if each.status == 429 or each.status >= 500:
            raise CouldNotVerify(f"GET {shown(each.url)} was answered {each.status}")
    every: list[Found | SourceMap] = [*files, *maps]
    answers = Counter(
        f"{each.status} like any unknown path"
        if each.like_missing and each.status < 300
        else str(each.status or "closed")
        for each in every
    )
    told = ", ".join(f"{answer} x {count}" for answer, count in sorted(answers.items()))
    warnings = []
    if empty := [file.path for file in files if _is_there(file, own) and not file.size]:
        warnings.append(cut(f"There, but empty: {', '.join(empty)}", 300) + ".")
    if source_maps.left_out:
        warnings.append(f"The source maps of {source_maps.left_out} further scripts and styles were not looked for.")
    return Evidence(
        f"no such file at any of {len(every)} paths ({len(maps)} for source maps): {told}", warning=" ".join(warnings)
    )


def _is_served(file: Found, own: tuple[str, ...]) -> bool:
    """Whether a path shows something of a file."""
    return bool(file.size) and _is_there(file, own)


def _is_there(file: Found, own: tuple[str, ...]) -> bool:
    """Whether a path, or where it is redirected to, holds a file and not a page about something else."""
    if not 200 <= file.status <= 299 or file.like_missing:
        return False
    if file.signs or (file.sought in own and not file.moved):
        return True
    return not file.markup and (not file.moved or bool(file.elsewhere))
