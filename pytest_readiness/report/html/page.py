"""What the page says about a run: the outcome, arranged for readers and written as HTML."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources
from itertools import takewhile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from pytest_readiness.core.evidence import Attachment
from pytest_readiness.core.redact import printable
from pytest_readiness.core.registry import SEVERITIES
from pytest_readiness.core.unverified import UNVERIFIED_KINDS
from pytest_readiness.plan.plan import UNBOUND
from pytest_readiness.report.opened import by_severity, open_groups
from pytest_readiness.report.phrases import checklist_of, decision, is_go, name_of, part_of, section_of, seen
from pytest_readiness.verdict.items import LeafRecord, SectionRecord
from pytest_readiness.verdict.judging import replay_notice, shown
from pytest_readiness.verdict.provenance import Provenance, again
from pytest_readiness.verdict.result import STATES, State, TestResult

if TYPE_CHECKING:
    from pytest_readiness.verdict.outcome import Outcome, Score

SOON_DAYS = 30
"""What ends within this many days is named on the first screen."""
LISTED = 5
"""Items that a panel of the first screen names; the list below holds all."""
IMAGES = ("image/png", "image/jpeg", "image/webp")
"""Media types that are shown. Anything else could bring markup or script, and is offered as a file to keep."""

_LINE_END = re.compile(r"\r\n|\r|\n")
FOLDER = resources.files(__package__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What several tests of an item found in common.

    Attributes:
        first: one of them.
        tests: check and resource of each, as words.
        attachments: their files, each once.
    """

    first: TestResult
    tests: tuple[tuple[str, str], ...]
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that ends soon: the item, its last day, how many days that is from the run, and what it is."""

    item: LeafRecord
    day: date
    left: int
    what: str


@dataclass(frozen=True, slots=True)
class Unsigned:
    """Items that wait for a signature of a role."""

    role: str
    items: tuple[LeafRecord, ...]


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """Scores of the last runs as a line to draw, and in words."""

    points: str
    last: tuple[str, str]
    words: str


def render(outcome: Outcome, redact: Callable[[str], str]) -> str:
    """Return the block of the page about the run.

    Every text in it is redacted, made printable and escaped.

    Args:
        outcome: what the run found.
        redact: hides secrets.
    """
    from jinja2 import Environment

    def finalized(value: object) -> object:
        return redact(printable(value)) if type(value) is str else value

    environment = Environment(autoescape=True, finalize=finalized, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((FOLDER / "verdict.html.jinja").read_text("utf-8"))
    verdict, provenance, course = outcome.verdict, outcome.provenance, outcome.course
    today = datetime.fromisoformat(provenance.finished or provenance.started).date()
    items = verdict.items
    results = [result for item in items for result in item.tests]
    command = Command(provenance)
    lines = {each.checklist: _LINE_END.split(each.text) for each in outcome.originals}
    blocking = SEVERITIES[: SEVERITIES.index(verdict.policy.block) + 1]
    return template.render(
        verdict=verdict,
        provenance=provenance,
        headline=decision(outcome),
        tone=_tone(outcome),
        notice=replay_notice(provenance.replayed_from),
        part=part_of(outcome),
        needed=verdict.policy.min_score,
        course=_score_line(course.scores) if course else None,
        problem=course.problem if course else "",
        flaky=course.flaky if course else (),
        since={each.item: each for each in course.open} if course else {},
        blocking=[item for item in verdict.open_items if item.severity in blocking],
        groups=open_groups(verdict),
        by_severity=by_severity,
        kinds=[(kind, count) for kind in UNVERIFIED_KINDS if kind and (count := sum(i.kind == kind for i in items))],
        unsigned=unsigned(items),
        endings=endings(items, today),
        signatures=[(item, signature) for item in items for each in item.tests for signature in each.signatures],
        waivers=[item for item in items if item.waiver is not None],
        today=today,
        by_id={item.id: item for section in verdict.sections for item in section.walk()},
        checklists=(checklists := _by_checklist(verdict.sections)),
        common={name: _common(sections) for name, sections in checklists},
        resources=sorted({result.resource for result in results if result.resource}),
        states=[(state, verdict.counts[state]) for state in STATES if verdict.counts.get(state)],
        severities=[(each, count) for each in SEVERITIES if (count := sum(item.severity == each for item in items))],
        listed=LISTED,
        soon=SOON_DAYS,
        several=len(provenance.checklists) > 1,
        paths=dict(provenance.documents),
        checklist_of=checklist_of,
        written=lambda item: _written(lines, item),
        score=shown,
        anchor=anchor,
        class_of=lambda state: state.replace(" ", "-"),
        counted=counted,
        findings=findings,
        why=why,
        command=command.of,
        link=link,
        is_image=lambda attachment: attachment.media_type in IMAGES,
        source=source,
        size=size,
        own=lambda item: list(dict.fromkeys(result.resource for result in item.tests if result.resource)),
    )


def findings(item: LeafRecord) -> list[Finding]:
    """Return what the tests of an item found, each finding once, the worst first."""
    alike: dict[tuple[Any, ...], list[TestResult]] = {}
    for result in item.tests:
        key = (result.state, result.expected, result.evidence, result.warning, result.remedy, result.signatures)
        alike.setdefault(key, []).append(result)
    made = [
        Finding(
            first=same[0],
            tests=tuple((result.check, result.resource) for result in same if result.check or result.resource),
            attachments=tuple(dict.fromkeys(attachment for result in same for attachment in result.attachments)),
        )
        for same in alike.values()
    ]
    return sorted(made, key=lambda finding: STATES.index(finding.first.state))


def why(item: LeafRecord) -> str:
    """Return why an item is not simply passed, in one sentence, or "" where it is."""
    found = findings(item)
    if item.state == "passed":
        return "; ".join(dict.fromkeys(each.first.warning for each in found if each.first.warning))
    if item.state == "waived" and item.waiver is not None:
        return f"until {item.waiver.expires} by {item.waiver.by}: {item.waiver.reason}"
    worst = [each for each in found if each.first.state == item.state]
    if worst[0].first.evidence == UNBOUND:
        return "bound to nothing"
    more = f" (and {len(worst) - 1} more)" if len(worst) > 1 else ""
    return f"{seen(worst[0].first)}{more}"


def unsigned(items: Iterable[LeafRecord]) -> list[Unsigned]:
    """Return the items that lack a sign-off, by the role that must sign."""
    by_role: dict[str, list[LeafRecord]] = {}
    for item in items:
        for result in item.tests:
            if result.role and result.state not in ("passed", "not applicable"):
                by_role.setdefault(result.role, []).append(item)
    return [Unsigned(role, tuple(found)) for role, found in sorted(by_role.items())]


def endings(items: Iterable[LeafRecord], today: date) -> list[Ending]:
    """Return the sign-offs and waivers that hold, and end within `SOON_DAYS`, the first to end first."""

    def all_of(item: LeafRecord) -> Iterator[tuple[date, str]]:
        for result in item.tests:
            for signature in result.signatures:
                if signature.until:
                    yield date.fromisoformat(signature.until), f"signed by {signature.role}"
        if item.waiver is not None and item.state == "waived":
            yield item.waiver.expires, "waiver"

    found = [
        Ending(item, day, left, what)
        for item in items
        for day, what in all_of(item)
        if 0 <= (left := (day - today).days) <= SOON_DAYS
    ]
    return sorted(found, key=lambda ending: ending.day)


class Command:
    """Tells how to run an item again, as a line for a shell.

    Args:
        provenance: of the run whose items are meant.
    """

    def __init__(self, provenance: Provenance) -> None:
        self._paths = dict(provenance.documents)
        self._provenance = provenance

    def of(self, item: LeafRecord) -> str:
        """Return the line, or "" where the documents' places are not known."""
        path = self._paths.get(checklist_of(item))
        if path is None:
            return ""
        nodes = [
            result.check if "::" in result.check else f"{path}::{section_of(item)}::{name_of(result, item)}"
            for result in item.tests
        ]
        return again(self._provenance.target, self._provenance.command, dict.fromkeys(nodes))


def counted(items: Iterable[LeafRecord]) -> list[tuple[State, int]]:
    """Return how many items are in each state, the good ones first."""
    states = [item.state for item in items]
    order = ("passed", "waived", "unverified", "error", "failed", "not applicable")
    return [(state, states.count(state)) for state in order if state in states]


def anchor(kind: str, id: str) -> str:
    """Return a name for a place in the page, which can follow "#" as it is."""
    return f"{kind}-{quote(id, safe='/:')}"


def link(text: str) -> str:
    """Return an address that may be followed, or "" where the text is none: only the web's own schemes are."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    # Blanks and control characters, which some programs pass over, have no place in an address.
    fine = parts.scheme in ("http", "https") and parts.hostname and text.isprintable() and " " not in text
    return text if fine else ""


def source(attachment: Attachment) -> Any:
    """Return the content of an attachment as an address: images that are shown as such, all else as mere bytes."""
    from markupsafe import Markup

    kind = attachment.media_type if attachment.media_type in IMAGES else "application/octet-stream"
    # Neither the kind nor base64 holds anything to escape, and to look for it in megabytes takes its time.
    return Markup(f"data:{kind};base64,{base64.b64encode(attachment.data).decode()}")  # noqa: S704


def size(attachment: Attachment) -> str:
    """Return how large an attachment is."""
    length = len(attachment.data)
    return f"{length} bytes" if length < 1024 else f"{length / 1024:,.0f} KiB"


def _tone(outcome: Outcome) -> str:
    if outcome.provenance.replayed_from:
        return "replay"
    if is_go(outcome):
        return "go"
    return "part" if outcome.verdict.sound else "no-go"


def _written(lines: Mapping[str, Sequence[str]], item: LeafRecord) -> str:
    """The line of the document that an item begins with, or "" where the document is not at hand."""
    document = lines.get(checklist_of(item), ())
    return document[item.line - 1].strip() if 0 < item.line <= len(document) else ""


def _by_checklist(sections: Iterable[SectionRecord]) -> list[tuple[str, list[SectionRecord]]]:
    found: dict[str, list[SectionRecord]] = {}
    for section in sections:
        found.setdefault(section.checklist, []).append(section)
    return list(found.items())


def _common(sections: Sequence[SectionRecord]) -> int:
    """How many headings all sections are under: those distinguish none of them."""
    levels = zip(*(section.path for section in sections), strict=False)
    return len(list(takewhile(lambda titles: len(set(titles)) == 1, levels))) if len(sections) > 1 else 0


def _score_line(scores: Sequence[Score]) -> ScoreLine | None:
    """The scores as a line 100 wide and 30 high, with room for its ends."""
    if len(scores) < 2:
        return None
    step = 96 / (len(scores) - 1)
    points = [(f"{2 + number * step:.1f}", f"{28 - each.score * 0.26:.1f}") for number, each in enumerate(scores)]
    first, last = scores[0], scores[-1]
    return ScoreLine(
        points=" ".join(f"{x},{y}" for x, y in points),
        last=points[-1],
        words=f"{shown(first.score)} → {shown(last.score)} over the last {len(scores)} whole runs, "
        f"since {first.when[:10]}",
    )
