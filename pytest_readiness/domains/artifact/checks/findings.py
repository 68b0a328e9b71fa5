"""Claims about what static analysis, audits of dependencies and scans of images have found."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Annotated, Literal

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.resources import Named
from pytest_readiness.domains.artifact.facts.findings import SCALE, Findings, FindingSeverity, ScanKind, ToolFinding
from pytest_readiness.domains.artifact.facts.released import ReleaseImage, ReleaseLock
from pytest_readiness.domains.artifact.files import told
from pytest_readiness.domains.artifact.origin import Age, Proof, judge_origin

Limit = Literal["info", "low", "medium", "high", "critical"]
Unknown = Literal["counts", "allow"]
_KINDS: dict[ScanKind, str] = {
    "analysis": "SARIF of static analysis",
    "audit": "of an audit of dependencies",
    "image": "of a scan of an image",
}


@check(
    "artifact.sarif",
    severity="high",
    remedy="Mend what was found, or have it suppressed with a reason where the tool is wrong.",
    source="SARIF 2.1.0: 3.20.14 executionSuccessful, 3.27.9 kind, 3.27.10 level, 3.35.3 status of suppressions",
)
def sarif(
    tool_findings: Findings,
    *,
    tools: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)],
    limit: Limit = "medium",
    by: Literal["level", "security-severity"] = "level",
    unknown: Unknown = "counts",
    max_age_days: Age | None = None,
    about: Proof = "commit",
) -> Evidence:
    """The reports of the named tools on the release's commit show finished runs without an open finding at the limit.

    A finding that is suppressed, which the report must say is accepted, is told and does not count. Which files and
    rules were looked at is only known where the tool tells it.

    Args:
        tools: names of the tools that must have run, as the report has them (Bandit).
        limit: lowest severity that may not be found: info, low (note), medium (warning), high (error) or critical.
            medium: what SARIF calls a warning is a result that has no level of its own.
        by: "level", or "security-severity", the score of its rule, where it has one (9: critical, 7: high, 4: medium).
        unknown: "counts": a severity that is not known counts as at the limit; "allow": it does not.
        max_age_days: oldest age of the report, in days. None: the commit says enough.
        about: "commit": the report names the release's commit; "unproven": it is only younger.
    """
    made, warning = _origin(tool_findings, "analysis", max_age_days, about)
    ran = [each.casefold() for each in tool_findings.tools]
    missing = [each for each in tools if not any(f"{name} ".startswith(f"{each.casefold()} ") for name in ran)]
    if missing:
        raise CouldNotVerify(
            f"{tool_findings.origin.where} has no run of {', '.join(map(told, missing))}; it has"
            f" {', '.join(tool_findings.tools) or 'none'}"
        )
    text = _judged(tool_findings, limit, unknown, scored=by == "security-severity")
    return Evidence(f"{text}, {made}", warning=warning)


@check(
    "artifact.dependency_audit",
    severity="high",
    remedy="Update what is vulnerable; audit the lock file of the release, with development packages, on each release.",
    source="npm-audit, pip-audit, cargo-audit; severities of the GitHub Advisory Database; ages: the project's own",
    asks=lambda _, lock: {"release_lock": lock},
)
def dependency_audit(
    tool_findings: Findings,
    release_lock: ReleaseLock,
    *,
    lock: Annotated[str, Field(min_length=1)],
    limit: Limit = "high",
    unknown: Unknown = "counts",
    max_missing: Annotated[int, Field(ge=0)] = 0,
    max_age_days: Age = 7,
    about: Proof = "commit",
) -> Evidence:
    """The audit of the release's dependencies covered the lock file and found no vulnerability at the limit.

    The packages of the lock file are compared by name and version where the report names all it looked at (pip-audit,
    Trivy with --list-all-pkgs, osv-scanner with --all-packages), else by number. pip-audit and cargo audit know no
    severities: with them each finding counts. What was left out by settings is told where the report shows it. Beside
    pnpm-lock.yaml and go.sum, which do not tell what is installed, nothing can be verified.

    Args:
        lock: the lock file, by its path in the repository (`requirements.txt`, `web/package-lock.json`).
        limit: lowest severity that may not be found: info, low, medium (moderate), high or critical.
            high: what can be exploited from outside, by the common scales.
        unknown: "counts": a severity that is not known counts as at the limit; "allow": it does not.
        max_missing: most packages of the lock file that the audit has not looked at, such as those of another
            platform. 0: all are looked at.
        max_age_days: oldest age of the report, in days. 7: advisories are published daily.
        about: "commit": the report names the release's commit; "unproven": it is only younger.
    """
    made, warning = _origin(tool_findings, "audit", max_age_days, about)
    text = _judged(tool_findings, limit, unknown)
    if not release_lock.read:
        raise CouldNotVerify(f"{told(lock)} cannot be compared with the report: such lock files are not read")
    if not release_lock.count or len(release_lock.packages) != release_lock.count:
        raise CouldNotVerify(f"{told(lock)} of the release names no package with its version")
    expected = f"an audit of the {release_lock.count} packages of {told(lock)}"
    if tool_findings.packages and len(tool_findings.packages) == tool_findings.looked_at:
        audited = set(map(_package, tool_findings.packages))
        left = [each for each in release_lock.packages if _package(each) not in audited]
        names = f"{', '.join(map(told, left[:5]))}" + " and others" * (len(left) > 5)
        claim(len(left) <= max_missing, expected=expected, seen=f"{len(left)} were not looked at: {names}")
    elif tool_findings.looked_at is not None:
        enough = tool_findings.looked_at >= release_lock.count - max_missing
        claim(enough, expected=expected, seen=f"one of {tool_findings.looked_at} packages")
    else:
        raise CouldNotVerify(f"{tool_findings.origin.where} does not tell which packages it looked at")
    return Evidence(f"{text}, {told(lock)} with {release_lock.count} packages, {made}", warning=warning)


@check(
    "artifact.image_scan",
    severity="high",
    remedy="Build the image again on an updated base, and scan what is released, by its digest.",
    source="Trivy and Grype documentation; NIST SP 800-190, 4.1.1. The ages: the project's own",
    asks=lambda _, image: {"release_image": image},
)
def image_scan(
    tool_findings: Findings,
    release_image: ReleaseImage | None,
    *,
    image: Annotated[str, Named("image")] | None = None,
    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None,
    limit: Limit = "high",
    unknown: Unknown = "counts",
    max_age_days: Age = 7,
    max_database_days: Age = 7,
) -> Evidence:
    """The scan of the very image that is released found nothing at the limit.

    It is the same image by its digest or id, never by its tag; a digest in a registry may stand for several platforms.
    Whether Trivy left out findings (--severity, --ignore-unfixed) and how old its database is, its reports do not
    show, so that a warning says it.

    Args:
        image: name of the declared image that is released; either this or `digest` is given.
        digest: digest of the image that is released (sha256:…).
        limit: lowest severity that may not be found: info, low, medium, high or critical.
            high: what can be exploited from outside, by the common scales.
        unknown: "counts": a severity that is not known counts as at the limit; "allow": it does not.
        max_age_days: oldest age of the report, in days. 7: advisories are published daily.
        max_database_days: oldest age of the tool's database when it scanned, in days. 7: as above.
    """
    released = digest or (release_image.digest if release_image else "")
    if (image is None) == (digest is None) or not released:
        raise NotDeclared("the image is given by 'image' or by 'digest', one of them")
    made, warning = _origin(tool_findings, "image", max_age_days, None)
    known = [each for each in (*tool_findings.images, *tool_findings.digests) if each]
    if not known:
        raise CouldNotVerify(f"{tool_findings.origin.where} names no digest of the image that was scanned")
    claim(
        released in known,
        expected=f"a scan of {released[:19]}",
        seen=f"one of {', '.join(each[:19] for each in known[:5])}",
    )
    warnings = [warning] if warning else []
    if released not in tool_findings.images:
        warnings.append("that it is this image says only its digest in a registry, or the file beside the report")
    text = _judged(tool_findings, limit, unknown)
    below = SCALE[1 : SCALE.index(limit)]
    lower = any(each.severity in below for each in tool_findings.found)
    if "Trivy" in tool_findings.tools and not (tool_findings.unfixed and lower):
        warnings.append("whether findings were left out (--severity, --ignore-unfixed) does not show")
    if tool_findings.database is None:
        warnings.append("how old the tool's database was does not show")
    elif tool_findings.origin.made:
        built = tool_findings.database.replace(tzinfo=tool_findings.database.tzinfo or UTC)
        age = tool_findings.origin.made - built
        expected = f"a database of the last {max_database_days:g} days"
        claim(age <= timedelta(days=max_database_days), expected=expected, seen=f"one that was {age.days} days old")
        text += f", database of {built:%Y-%m-%d}"
    return Evidence(f"{text}, of {released[:19]}, {made}", warning="; ".join(warnings))


def _origin(found: Findings, kind: ScanKind, max_age_days: float | None, about: Proof | None) -> tuple[str, str]:
    if found.kind != kind:
        raise CouldNotVerify(f"{found.origin.where} is a report {_KINDS[found.kind]}, not {_KINDS[kind]}")
    if len(found.found) != found.count or len(found.gaps) != found.incomplete:
        raise CouldNotVerify("what was read of the report is not all of it")
    return judge_origin(found.origin, max_age_days=max_age_days, about=about)


def _package(package: str) -> str:
    """A name with its version, in one spelling; npm's lock file has a path behind it."""
    name, _, version = package.partition(" ")[0].lower().partition("==")
    return f"{name.replace('_', '-').replace('.', '-')}=={version}"


def _severity(finding: ToolFinding, *, scored: bool) -> FindingSeverity:
    return finding.scored if scored and finding.has_score else finding.severity


def _judged(found: Findings, limit: Limit, unknown: Unknown, *, scored: bool = False) -> str:
    """What was found, in words.

    Raises:
        ClaimFalse: something open is at the limit or above.
        CouldNotVerify: not all was looked at, or nothing.
    """
    opened = [each for each in found.found if not each.suppressed]
    ranks = [(each, _severity(each, scored=scored)) for each in opened]
    nobody_knows = [each for each, severity in ranks if severity == "unknown"]
    at_limit = SCALE[SCALE.index(limit) :] + (("unknown",) if unknown == "counts" else ())
    bad = [each for each, severity in ranks if severity in at_limit]
    suppressed = found.count - len(opened)
    looked = (
        ""
        if found.looked_at is None
        else f" in {found.looked_at} {'files' if found.kind == 'analysis' else 'packages'}"
    )
    text = f"{', '.join(found.tools)}: {len(bad)} open findings at {limit} or above of {len(opened)}{looked}"
    text += f", {len(nobody_knows)} of unknown severity" * bool(nobody_knows)
    text += f", {suppressed} suppressed" * bool(suppressed)
    if found.silenced is None:
        text += ", what was left out does not show"
    elif found.silenced:
        text += f", {found.silenced} silenced by comments or settings"
    names = ", ".join(f"{each.id} in {each.where}" if each.where else each.id for each in bad[:5])
    more = f" and {len(bad) - 5} more" * (len(bad) > 5)
    claim(not bad, expected=f"no open finding at {limit} or above", seen=f"{text}: {names}{more}")
    if found.gaps:
        raise CouldNotVerify(
            f"{'; '.join(found.gaps[:5])}" + f" and {len(found.gaps) - 5} more" * (len(found.gaps) > 5)
        )
    if found.looked_at == 0 or not found.tools:
        raise CouldNotVerify(f"{found.origin.where} is of nothing: no package or file was looked at")
    return text
