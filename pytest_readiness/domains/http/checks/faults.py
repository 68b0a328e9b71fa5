"""What visitors see when something goes wrong, or is replaced: a page that reveals nothing, or nothing at all."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.checks.access import Name, declared
from pytest_readiness.domains.http.checks.reachability import MISSING, at, json_of
from pytest_readiness.domains.http.facts.probes import Probe, Reply
from pytest_readiness.domains.http.facts.series import MAX_WATCH, Rollout, Round, begun, settled
from pytest_readiness.domains.http.internals import internals_of
from pytest_readiness.domains.http.resource import Url, UrlPath
from pytest_readiness.domains.http.said import Said, readings


def _error_probe(url: Url, path: str, headers: dict[str, str] | None, credential: str | None) -> Asks:
    declared(url, credential)
    return {"probes": (Probe("GET", path, tuple((headers or {}).items()), credential=credential or ""),)}


@check(
    "http.error_500",
    severity="medium",
    remedy="Answer server errors with a page or document of your own, log the details, and turn debug modes off.",
    source="RFC 9110 section 15.6.1; OWASP WSTG-ERRH-01, WSTG-ERRH-02; CWE-209",
    check_class="active",
    asks=_error_probe,
)
def error_500(
    probes: tuple[Reply, ...],
    *,
    path: UrlPath,
    text: Name,
    status: Annotated[int, Field(ge=500, le=599)] = 500,
    shape: Annotated[list[Name], Field(min_length=1)] | None = None,
    headers: dict[Name, str] | None = None,
    credential: Name | None = None,
) -> Evidence:
    """The declared way to provoke a server error is answered by the declared page, without internals.

    Sends: one GET. What is answered below 500 has provoked nothing, and proves nothing. The error that is provoked on
    purpose is looked at, not others: a broken database, or a proxy whose application is gone, may look different.

    Args:
        path: path on the host that fails when it is asked for.
        text: a part of what the declared page or document says to its reader; one with an element in it (`<h1>`) is
            looked for in its source.
        status: status code of the error. 500: RFC 9110.
        shape: fields that the answer's JSON must have (a dot leads into an object). Default: no shape is asked for.
        headers: headers that make it fail. Default: none. No secrets: those are credentials.
        credential: name of the credential to show. Default: none.
    """
    answer = probes[0].got
    place = f"GET {path}"
    if answer.status < 500:
        raise CouldNotVerify(f"{place} was answered {answer.status}, so no server error was provoked")
    claim(answer.status == status, expected=f"{status} from {place}", seen=f"{answer.status}")
    if answer.truncated:
        raise CouldNotVerify(f"the answer of {place} is too long to be looked at as a whole")
    internals = internals_of(answer)
    claim(
        not internals,
        expected=f"a {status} from {place} without stack trace, debug page or a framework's own error page",
        seen=", ".join(internals),
    )
    said = Said(answer)
    if said.hides(text):
        raise CouldNotVerify(
            f"{place} was answered {status} with '{text}' only where no reader finds it, such as in a script or a "
            "comment, so nothing tells whether it is said"
        )
    begins = cut(readings(answer)[0], 60) or "no text"
    claim(said.has(text), expected=f"a {status} from {place} with '{text}'", seen=f"{answer.status} with {begins}")
    if shape:
        document = json_of(answer)
        lacking = [field for field in shape if at(document, field) is MISSING]
        claim(not lacking, expected=f"JSON with {', '.join(shape)} from {place}", seen=f"no {', '.join(lacking)}")
    return Evidence(f"{place}: {answer.status} with '{text}', {len(answer.body)} characters without internals")


def _rollout(
    _: Url, path: str, version_field: str | None, seconds: int, per_second: float, version_path: str | None
) -> Asks:
    return {"rollout": Rollout(path, seconds, per_second, version_path or path, version_field or "")}


@check(
    "http.available_during_deploy",
    severity="high",
    remedy="Start new instances before old ones end, send traffic only to those that are ready, and let requests in "
    "flight finish.",
    source="Kubernetes: Performing a rolling update; Google SRE workbook, chapter 16 (canarying releases)",
    asks=_rollout,
)
def available_during_deploy(
    rollout: tuple[Round, ...],
    *,
    path: UrlPath,
    version_field: Name | None,
    seconds: Annotated[int, Field(ge=1, le=MAX_WATCH)] = 300,
    per_second: Annotated[float, Field(gt=0, le=10)] = 2,
    version_path: UrlPath | None = None,
    max_failed: Annotated[int, Field(ge=0)] = 0,
) -> Evidence:
    """No GET of the path fails while a new version is rolled out.

    Sends: GETs of the path, each on a new connection, and of the path with the version, from the beginning of the run
    until the version was the same for ten rounds, has changed, and was the same for ten rounds again, at most for the
    declared time. The rollout is started by someone else meanwhile, such as another job of the pipeline: without a
    change of version nothing was proven. Any answer of the path other than 2xx, or none, is a failure. Requests that
    are slow are not counted, nor those of the version's own path, nor those that other visitors make.

    Args:
        path: path on the host that must answer 2xx all the time.
        version_field: field of the JSON that holds the version, a dot leads into an object; null where the whole body
            is the version.
        seconds: longest time to watch, 1 to 900. 300: five minutes for a rollout.
        per_second: rounds in a second, at most 10. 2: an outage of a second is seen at least once.
        version_path: path on the host that shows the version; asked for in each round, too. Default: `path`.
        max_failed: number of requests that may fail. 0: a rollout need not be noticed.
    """
    failed = [each for each in rollout if not 200 <= each.status <= 299]
    told = [each.version for each in rollout if each.version]
    versions = list(dict.fromkeys(told))
    figures = f"{len(rollout)} requests within {rollout[-1].at:.0f} s"
    if not rollout[0].version or not 200 <= rollout[0].status <= 299:
        first = rollout[0].problem or f"{rollout[0].status} and the version '{rollout[0].version}'"
        raise CouldNotVerify(f"GET {path} was answered {first} before anything was rolled out")
    if failed:
        worst = failed[0].problem or f"{failed[0].status}"
        claim(
            len(failed) <= max_failed,
            expected=f"at most {max_failed} failed GETs of {path}",
            seen=f"{len(failed)} of {figures}, first after {failed[0].at:.1f} s: {worst}; "
            f"versions: {cut(', '.join(versions), 100)}",
        )
    if len(versions) == 1:
        raise CouldNotVerify(f"the version stayed {cut(versions[0], 40)} for {figures}; nothing was rolled out")
    if len(begun(rollout)) > 1:
        raise CouldNotVerify(f"{cut(', '.join(versions), 100)} were all seen from the beginning of {figures}")
    if not settled(rollout):
        raise CouldNotVerify(f"the rollout had not ended after {figures}; versions: {cut(', '.join(versions), 100)}")
    changed = next(each.at for each in rollout if each.version not in ("", versions[0]))
    return Evidence(
        f"GET {path}: {len(failed)} of {figures} failed; {cut(versions[0], 40)} became {cut(told[-1], 40)} "
        f"after {changed:.0f} s"
    )
