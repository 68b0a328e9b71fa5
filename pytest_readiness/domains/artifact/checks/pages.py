"""Claims about what Lighthouse, axe and ZAP found on pages of a site."""

from __future__ import annotations

from statistics import median
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import figure
from pytest_readiness.domains.artifact.checks.load import Days, Host
from pytest_readiness.domains.artifact.facts.pages import AxeReport, LighthouseReport, ZapReport
from pytest_readiness.domains.artifact.files import BESIDE, told
from pytest_readiness.domains.artifact.origin import judge_origin
from pytest_readiness.domains.artifact.shapes import host_of


def _is_page(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not host_of(url):
        raise ValueError("an address of a page, with http:// or https://")
    return url


Page = Annotated[str, AfterValidator(_is_page), Field(examples=["https://shop.example.com/"])]
Category = Literal["performance", "accessibility", "best-practices", "seo"]
Impact = Literal["minor", "moderate", "serious", "critical"]
Risk = Literal["informational", "low", "medium", "high"]
_IMPACTS = ("minor", "moderate", "serious", "critical")
_RISKS = ("informational", "low", "medium", "high")


def _address(url: str) -> str:
    """An address as it is compared: without its fragment and a lone slash."""
    parts = urlsplit(url)
    return parts._replace(
        scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), path=parts.path or "/", fragment=""
    ).geturl()


@check(
    "artifact.lighthouse",
    severity="medium",
    remedy="Mend what the report names, and run Lighthouse as often as declared.",
    source="Lighthouse documentation, 'Score variability': the median of several runs; scores of 90 and more are good",
)
def lighthouse(
    lighthouse_report: LighthouseReport,
    *,
    url: Page,
    scores: Annotated[
        dict[Category, Annotated[int, Field(ge=2, le=100)]], Field(min_length=1, examples=[{"performance": 90}])
    ],
    form_factor: Literal["mobile", "desktop"] = "mobile",
    min_runs: Annotated[int, Field(gt=0, le=100)] = 3,
    max_age_days: Days = 30,
) -> Evidence:
    """A recent Lighthouse report on the declared page has scores at or above the limits.

    The median of all runs of that page and form factor counts; runs that ended in an error, or twice the same run, do
    not count as runs. What real users see is not looked at.

    Args:
        url: address of the page, as Lighthouse was asked for it.
        scores: lowest score by category, from 2 to 100 (not 0.9).
        form_factor: as what the page was loaded. "mobile": Lighthouse's own default, and the harder one.
        min_runs: fewest runs. 3: one run may be lucky.
        max_age_days: oldest run. 30: the pages of a month ago are others.
    """
    said, warning = judge_origin(lighthouse_report.origin, max_age_days=max_age_days, about=None)
    runs = lighthouse_report.runs
    if len(runs) != lighthouse_report.count:
        raise CouldNotVerify("not all runs of the report are known")
    of_url = [each for each in runs if _address(each.requested) == _address(url)]
    ours = [each for each in of_url if each.form_factor == form_factor]
    if not ours:
        known = ", ".join(sorted({told(f"{each.requested} ({each.form_factor})") for each in runs})[:5])
        raise CouldNotVerify(f"there is no run of {url} as {form_factor}; there are: {known}")
    good = {each.fetched: each for each in ours if not each.error and set(scores) <= set(each.scores)}
    if len(good) < min_runs:
        errors = ", ".join(sorted({told(each.error) for each in ours if each.error})[:3])
        raise CouldNotVerify(
            f"{len(good)} runs of {url} have a score in {', '.join(scores)}; {min_runs} are needed"
            + (f" (errors: {errors})" if errors else "")
        )
    elsewhere = [each.final for each in good.values() if _address(each.final) != _address(url)]
    claim(not elsewhere, expected=f"{url} to be what was loaded", seen=", ".join(map(told, elsewhere[:3])))
    found = {key: median(each.scores[key] for each in good.values()) for key in scores}
    low = [f"{key} {figure(found[key], least)}" for key, least in scores.items() if found[key] < least]
    wanted = ", ".join(f"{key} {least}" for key, least in scores.items())
    claim(not low, expected=f"at least {wanted} as the median of {len(good)} runs", seen=", ".join(low))
    left, warned = len(ours) - len(good), sum(each.warnings for each in good.values())
    notes = [warning, f"{left} runs without scores, or twice the same, were left out" if left else ""]
    notes.append(f"Lighthouse itself has {warned} warnings about the runs" if warned else "")
    shown = ", ".join(f"{key} {found[key]:g}" for key in scores)
    text = f"{shown} as the median of {len(good)} runs of {url} as {form_factor}; {said}"
    return Evidence(text, warning="; ".join(filter(None, notes)))


@check(
    "artifact.axe",
    severity="medium",
    remedy="Mend what axe names; have a person judge what it calls incomplete.",
    source="WCAG 2.1, levels A and AA; Deque: rules find about half of the faults",
)
def axe(
    axe_report: AxeReport,
    *,
    pages: Annotated[list[Page], Field(min_length=1)],
    impact: Impact = "minor",
    tags: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)] = ["wcag2a", "wcag2aa"],  # noqa: B006
    rules_off: Annotated[list[Annotated[str, Field(min_length=1)]], Field()] = [],  # noqa: B006
    max_age_days: Days = 30,
) -> Evidence:
    """A recent accessibility report on the declared pages has no violation.

    Each declared page must have been looked at by the rules of each tag; other pages of the report count, too. What axe
    calls incomplete needs a person, and is told as a warning; so does all that rules cannot find.

    Args:
        pages: addresses that must have been looked at.
        impact: least impact that counts; a violation without one counts always. "minor": every violation.
        tags: of the rules that must have run, and whose violations count. By default WCAG 2.0, levels A and AA; add
            wcag21a and wcag21aa for 2.1.
        rules_off: rules that may have been turned off. By default none.
        max_age_days: oldest report. 30: the pages of a month ago are others.
    """
    said, warning = judge_origin(axe_report.origin, max_age_days=max_age_days, about=None)
    seen = axe_report.pages
    if len(seen) != axe_report.count or not seen:
        raise CouldNotVerify("not all pages of the report are known")
    missing = [page for page in pages if _address(page) not in {_address(each.url) for each in seen}]
    if missing:
        known = ", ".join(told(each.url) for each in seen[:5])
        raise CouldNotVerify(f"axe has not looked at {', '.join(missing[:5])}; it has at {known}")
    for page in seen:
        if not page.passes:
            raise CouldNotVerify(f"on {told(page.url)} no rule of axe holds: the page is blank")
        if page.by_rules:
            raise CouldNotVerify(f"on {told(page.url)} single rules were chosen, not {', '.join(tags)}")
        if lacking := sorted(set(tags) - set(page.ran)):
            raise CouldNotVerify(f"on {told(page.url)} no rule ran of {', '.join(lacking)}")
        off = sorted(set(page.off) - set(rules_off))
        claim(not off, expected="no rule turned off", seen=f"{', '.join(map(told, off[:5]))} on {told(page.url)}")
        if len(page.violations) != page.violated:
            raise CouldNotVerify(f"not all violations on {told(page.url)} are known")
    counted = [
        f"{told(each.rule)} ({each.impact or 'unknown impact'}, {each.nodes} places) on {told(page.url)}"
        for page in seen
        for each in page.violations
        if set(tags) & set(each.tags)
        and (each.impact not in _IMPACTS or _IMPACTS.index(each.impact) >= _IMPACTS.index(impact))
    ]
    claim(
        not counted,
        expected=f"no violation of {', '.join(tags)}, {impact} or above",
        seen=f"{len(counted)}: {', '.join(counted[:5])}",
    )
    others, person = sum(page.violated for page in seen), sum(page.incomplete for page in seen)
    notes = [warning, f"{person} results are incomplete: a person must look at them" if person else ""]
    notes.append(f"{others} violations of other tags, or below {impact}, are not counted" if others else "")
    rules = sum(page.passes for page in seen)
    text = f"axe {told(axe_report.version)} found no violation of {', '.join(tags)} on {len(seen)} pages"
    return Evidence(
        f"{text} ({rules} rules held, {person} need a person); {said}", warning="; ".join(filter(None, notes))
    )


@check(
    "artifact.zap",
    severity="high",
    remedy="Mend what ZAP has found, or mark what is none as a false positive with its reason, and scan again.",
    source="ZAP documentation: risks of alerts; the baseline scan spiders for a minute, and attacks nothing",
)
def zap(
    zap_report: ZapReport,
    *,
    host: Host,
    kind: Annotated[str, Field(min_length=1)],
    risk: Risk = "low",
    min_endpoints: Annotated[int, Field(gt=0)] | None = None,
    max_age_days: Days = 30,
) -> Evidence:
    """A recent report of a ZAP scan of the declared site has no finding above the limit.

    Alerts marked as false positives are told and do not count; rules that were set to be ignored leave no trace in the
    report. The report does not say what kind of scan it is of: the job must write that beside it. A scan is no
    penetration test.

    Args:
        host: of the site that was scanned.
        kind: of the scan, as the file beside the report says: full, api, baseline …
        risk: least risk that counts; a risk that cannot be read counts. "low": all but what only informs.
        min_endpoints: fewest addresses of the site that ZAP must have known. By default any: only newer reports say it.
        max_age_days: oldest report. 30: the site of a month ago is another.
    """
    said, warning = judge_origin(zap_report.origin, max_age_days=max_age_days, about=None)
    if not zap_report.kinds or not all(zap_report.kinds):
        raise CouldNotVerify(
            f"{zap_report.origin.where} does not say what kind of scan it is of: let its job write `kind` into a file"
            f" of that name with {BESIDE} behind it"
        )
    claim(
        set(zap_report.kinds) == {kind},
        expected=f"a scan of the kind {kind}",
        seen=", ".join(map(told, zap_report.kinds[:5])),
    )
    ours = [site for site in zap_report.sites if site.host == host]
    if not ours:
        known = ", ".join(sorted({told(site.host) for site in zap_report.sites})[:5]) or "none"
        raise CouldNotVerify(f"ZAP has seen no site of {host}; sites of the report: {known}")
    if any(len(site.alerts) != site.count for site in ours):
        raise CouldNotVerify("not all alerts of the report are known")
    alerts = [alert for site in ours for alert in site.alerts]
    least = _RISKS.index(risk)
    counted = [each for each in alerts if not each.false_positive and (each.risk is None or each.risk >= least)]
    shown = ", ".join(
        f"{told(each.name)} ({'unknown' if each.risk is None else _RISKS[each.risk]}, {each.places} places)"
        for each in sorted(counted, key=lambda each: -1 * (9 if each.risk is None else each.risk))[:5]
    )
    claim(not counted, expected=f"no alert of risk {risk} or above", seen=f"{len(counted)}: {shown}")
    endpoints = sum(site.endpoints for site in ours if site.endpoints is not None)
    if min_endpoints is not None:
        if all(site.endpoints is None for site in ours):
            raise CouldNotVerify("the report does not say how many addresses ZAP knew")
        claim(endpoints >= min_endpoints, expected=f"{min_endpoints} addresses or more", seen=f"{endpoints}")
    false = sum(each.false_positive for each in alerts)
    poor = any(site.good_percent is not None and site.good_percent < 50 for site in ours)
    notes = [warning, f"{false} alerts are marked as false positives" if false else ""]
    notes.append("most answers were no success, so ZAP may have seen little of the site" if poor else "")
    text = f"{kind} scan of {host}: none of {len(alerts)} alerts is of risk {risk} or above, {false} false positives"
    known = f", {endpoints} addresses" if endpoints else ""
    return Evidence(f"{text}{known}; {said}", warning="; ".join(filter(None, notes)))
