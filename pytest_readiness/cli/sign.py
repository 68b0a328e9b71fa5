"""`readiness sign` and `readiness waive`: entries in the files of people's decisions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_readiness.cli import project
from pytest_readiness.cli.problems import CommandError, chosen
from pytest_readiness.cli.project import ConfigOption

if TYPE_CHECKING:
    from pytest_readiness.config.target import Configuration
    from pytest_readiness.core.problems import Problem
    from pytest_readiness.people.decisions import Entry
    from pytest_readiness.people.rules import SignoffRule
    from pytest_readiness.plan.plan import Plan

ItemArgument = Annotated[str, typer.Argument(metavar="ITEM", help="section/item, or checklist:section/item.")]
ByOption = Annotated[str, typer.Option(metavar="WHO", help="The person, as listed in readiness.yaml.")]


def sign(
    item: ItemArgument,
    by: ByOption,
    role: Annotated[str, typer.Option(metavar="ROLE", help="The role in which the person signs.")],
    evidence: Annotated[
        str, typer.Option(metavar="PATH|URL", help="A file, whose SHA-256 is recorded, or a link.")
    ] = "",
    release: Annotated[str, typer.Option(metavar="NAME", help="The release that this is for, such as 1.4.2.")] = "",
    expires: Annotated[str, typer.Option(metavar="DATE", help="Last day on which it counts.")] = "",
    note: Annotated[str, typer.Option(metavar="TEXT", help="A note for readers.")] = "",
    on: Annotated[str, typer.Option(metavar="DATE", help="Day of signing (default: today).")] = "",
    config: ConfigOption = None,
) -> None:
    """Sign an item: write an entry into the sign-offs file.

    What would not count is refused, with the reason. Dates are days in UTC, such as 2026-03-31.

    \b
    readiness sign release/acceptance-is-approved --by owner@example.com --role product-owner
    readiness sign backups/restore-is-rehearsed --by ops@example.com --role operations --evidence drill.md
    """
    from pytest_readiness.cli.output import Output
    from pytest_readiness.core import clock
    from pytest_readiness.people.decisions import Circumstances, Signed, Signoff, judge_signoffs
    from pytest_readiness.people.file import append

    configuration, path = _project(config, "signoffs")
    plan = project.plan(configuration)
    place = _leaf(plan, item)
    rule = _rule(place, configuration)
    chosen("role", role, configuration.roles)
    today = clock.now().date()
    day = _day("on", on) or today
    last = _day("expires", expires)
    if last is not None and last < max(day, today):
        when = f"today, {today}" if today >= day else f"the day of signing, {day}"
        raise CommandError(f"--expires {last} is before {when}: it would never count.")
    entry: dict[str, Any] = {"item": _written(plan, place, item), "by": by, "role": role, "on": day}
    entry |= _evidence(evidence, path.parent)
    entry |= {key: value for key, value in (("release", release), ("expires", last), ("note", note)) if value}
    entry["fingerprint"] = place.item.fingerprint
    signoff = _validated(Signoff, entry, path)
    now = Circumstances(configuration.roles, path.parent, release or None, today, plan.papers)
    waivers = plan.decisions.asked.get(place.full_id, ())
    new = Signed(signoff, 0)
    _, refusal = judge_signoffs(rule.model_copy(update={"count": 1}), [new], (), now)
    if by_waiver := next((each for each in waivers if now.is_one(each.by, by)), None):
        refusal = refusal or f"{by_waiver.by} asked to waive this item"
    if refusal:
        raise CommandError(f"Not signed: {refusal}.")
    append(path, "signoffs", entry)
    out = Output(configuration.secrets)
    earlier = plan.decisions.signoffs.get(place.full_id, ())
    found, missing = judge_signoffs(rule, [*earlier, new], waivers, now)
    out.line(f"{place.full_id}: {found.text if found else missing}.")
    out.line(f"Written to {path}.{_proof(configuration, by)}")


def waive(
    item: ItemArgument,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it is acceptable that the item fails.")],
    by: Annotated[str, typer.Option(metavar="WHO", help="Who accepts it.")],
    expires: Annotated[str, typer.Option(metavar="DATE", help="Last day on which it counts.")],
    role: Annotated[
        str, typer.Option(metavar="ROLE", help="The role in which the person accepts it (default: any that may).")
    ] = "",
    config: ConfigOption = None,
) -> None:
    """Accept that an item fails, until a day: write an entry into the waivers file.

    The checks of the item still run. What cannot be looked at stays an error, and what no one signed
    stays unverified.

    \b
    readiness waive web/hsts --reason "subdomains move this month" --by security@example.com --expires 2026-03-31
    """
    from pytest_readiness.cli.output import Output
    from pytest_readiness.core import clock
    from pytest_readiness.people.decisions import Waiver, waiver_refusal
    from pytest_readiness.people.file import append
    from pytest_readiness.people.rules import WaiverRule, one_person

    configuration, path = _project(config, "waivers")
    plan = project.plan(configuration)
    place = _leaf(plan, item)
    if place.binding is None or place.binding.checks is None or _not_applicable(place):
        raise CommandError(f"No check answers {place.full_id}, so it cannot fail and there is nothing to waive.")
    if not reason.strip():
        raise CommandError("A waiver needs a reason: say why it is acceptable that the item fails.")
    today = clock.now().date()
    last = _day("expires", expires)
    if last is None or last < today:
        raise CommandError(f"--expires {last} is before today, {today}: it would never count.")
    if (known := plan.decisions.waivers.get(place.full_id)) is not None:
        raise CommandError(
            f"{place.full_id} is already waived, by {known.by} until {known.expires}; change that entry of {path}."
        )
    if role:
        chosen("role", role, configuration.roles)
    entry: dict[str, Any] = {"item": _written(plan, place, item), "reason": reason, "by": by}
    entry |= {"role": role} if role else {}
    entry |= {"on": today, "expires": last, "fingerprint": place.item.fingerprint}
    rule = WaiverRule(configuration.roles, configuration.waiver_roles, configuration.waiver_days)
    if why := waiver_refusal(_validated(Waiver, entry, path), rule, today):
        raise CommandError(f"Not waived: {why}.")
    append(path, "waivers", entry)
    out = Output(configuration.secrets)
    out.line(f"{place.full_id}: waived by {by} until {last}. Written to {path}.{_proof(configuration, by)}")
    everybody = [each for listed in configuration.roles.values() for each in listed]
    if any(one_person(signed.signoff.by, by, everybody) for signed in plan.decisions.signoffs.get(place.full_id, ())):
        out.line(f"The sign-off by {by} no longer counts: someone else must sign what {by} asked to waive.")


def _project(config: Path | None, key: str) -> tuple[Configuration, Path]:
    """Return the configuration and the file of decisions that `key` names; files without entries yet are left out."""
    from pytest_readiness.people.file import is_blank

    configuration = project.configuration(config)
    path: Path | None = getattr(configuration, key)
    if path is None:
        if unset := [str(problem) for problem in configuration.unset]:
            raise CommandError("\n".join(unset))
        raise CommandError(f"{configuration.path} names no file of {key}; add the line '{key}: {key}.yaml' to it.")
    signoffs, waivers = (
        None if file is None or is_blank(file) else file for file in (configuration.signoffs, configuration.waivers)
    )
    return replace(configuration, signoffs=signoffs, waivers=waivers), path


def _written(plan: Plan, place: project.PlannedItem, name: str) -> str:
    """Return how an entry names the item: as it was asked for, unless an earlier version called it so."""
    known = project.items_by_id(plan)
    return name if name in known else place.item.id if len(known[place.item.id]) == 1 else place.full_id


def _leaf(plan: Plan, name: str) -> project.PlannedItem:
    place = project.find_item(plan, name)
    if place.item.is_group:
        children = ", ".join(child.id for child in place.item.children)
        raise CommandError(f"{place.full_id} is a group; its state follows from its items: {children}.")
    return place


def _not_applicable(place: project.PlannedItem) -> str:
    return place.item.not_applicable or (place.binding.not_applicable if place.binding else None) or ""


def _rule(place: project.PlannedItem, configuration: Configuration) -> SignoffRule:
    from pytest_readiness.plan.plan import confirm_by, review_command

    if reason := _not_applicable(place):
        raise CommandError(f"{place.full_id} does not apply ({reason}), so no one needs to sign it.")
    if place.binding is None:
        raise CommandError(f"{place.full_id} is bound to nothing; bind it to {{signoff: ROLE}} first.")
    if place.binding.proposed:
        what = ", ".join(place.binding.proposed.named)
        step = confirm_by([review_command(place.planned.checklist, configuration)])
        raise CommandError(f"What is proposed for {place.full_id} ({what}) counts for nothing yet: {step}.")
    if place.binding.missing:
        claims = " and ".join(place.binding.missing)
        raise CommandError(
            f"{place.full_id} waits for a check ({claims}): it is unverified until there is one, whoever signs."
        )
    if place.rule is None:
        raise CommandError(f"{place.full_id} needs no sign-off: checks answer it.")
    return place.rule


def _day(option: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--{option} {text} is not a date; write one such as 2026-03-31.") from None


def _evidence(given: str, folder: Path) -> dict[str, str]:
    """Return what is recorded of the evidence: a link as it is, a file by its path from `folder` and its hash."""
    import hashlib

    if not given:
        return {}
    if "://" in given:
        return {"evidence": given}
    for path in (Path(given), folder / given):
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            return {"evidence": os.path.relpath(path.absolute(), folder.absolute()), "sha256": digest}
    raise CommandError(f"There is no file {given}, neither here nor in {folder.absolute()}.")


def _validated(model: type[Entry], entry: Mapping[str, Any], path: Path) -> Entry:
    from pytest_readiness.core.problems import ProblemsError
    from pytest_readiness.core.validation import validate
    from pytest_readiness.core.yamlfile import YamlMap

    problems: list[Problem] = []
    made = validate(model, entry, YamlMap(path, 0), (), "this entry", problems)
    if made is None:
        raise ProblemsError(problems)
    return made


def _proof(configuration: Configuration, by: str) -> str:
    if configuration.signoff_proof == "none":
        return ""
    how = "a signed commit" if configuration.signoff_proof == "signature" else "a commit"
    return f" It counts only after {how} by {by}."
