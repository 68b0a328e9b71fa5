"""Records that people keep of drills and of penetration tests, and how a file holds them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, create_model

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.text import cut, says_nothing
from pytest_readiness.core.yamlfile import YamlMap, parse_yaml
from pytest_readiness.domains.artifact.files import ReportFile, lines_of

MOST_RECORDS = 1000
_SPAN = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?")
_HOLE = re.compile(
    r"\[[^\[\]]{1,100}\]|<[^<>]{1,100}>|\{\{[^{}]{1,100}\}\}|.{0,100}[Xx]{3,}.{0,100}|\.\.\.|…|YYYY.{0,20}"
    r"|(?i:false|pending|unverified|not (?:yet|verified|done)\b.{0,100})"
)
_REPORT_BYTES = 64 * 2**20

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


def _said(value: str) -> str:
    value = " ".join(value.split())
    if says_nothing(value) or _HOLE.fullmatch(value):
        raise ValueError("it is still to be filled in")
    return value


def _span(value: str) -> str:
    if not value or not _SPAN.fullmatch(value):
        raise ValueError("a number with its unit, such as 45m, 2h, 1h30m or 90s")
    return value


_Said = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_said)]
_Span = Annotated[str, AfterValidator(_span)]
_Counts = Annotated[dict[Severity, Annotated[int, Field(ge=0, strict=True)]], Field(min_length=4)]


def minutes(span: str) -> float:
    """The minutes of a span such as "1h30m"."""
    match = _SPAN.fullmatch(span)
    assert match
    days, hours, some, seconds = (int(each or 0) for each in match.groups())
    return timedelta(days=days, hours=hours, minutes=some, seconds=seconds).total_seconds() / 60


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRecord:
    """What was done once: a drill, an incident, a penetration test.

    Attributes:
        kind: what it was: restore, rollback, migration-rollback, failover, incident, pentest or another word.
        system: what it was done to.
        environment: where: production, staging, a scratch server …
        on: the day, or the moment with its offset from UTC.
        by: who did it: a name, a role or a company.
        outcome: how it ended: success, failed, partial or planned; of a penetration test final or draft.
        evidence: where it can be looked at: a ticket, a log, a file.
        verified: how it was made sure that it succeeded ("counts of all tables compared").
        duration: how long it took until all was as it should be: 45m, 2h, 1h30m.
        data_loss: of what span data was lost; 0m for none.
        scope: what was tested by a penetration test, each host or application.
        version: of what was tested.
        found: findings by severity, all four: low, medium, high, critical.
        open: those of them that are still open, likewise.
        retest: day on which it was seen that findings are closed.
        report: the report's file, beside the record.
        sha256: hash of that file.
        notes: anything else.
    """

    kind: str
    system: str
    environment: str
    on: date | datetime
    by: str
    outcome: Literal["success", "failed", "partial", "planned", "final", "draft"]
    evidence: str
    verified: str | None = None
    duration: str | None = None
    data_loss: str | None = None
    scope: tuple[str, ...] = ()
    version: str | None = None
    found: dict[Severity, int] | None = None
    open: dict[Severity, int] | None = None
    retest: date | None = None
    report: str | None = None
    sha256: str | None = None
    notes: str | None = None

    @property
    def day(self) -> date:
        """The day, in UTC where the moment is known."""
        return self.on.astimezone(UTC).date() if isinstance(self.on, datetime) else self.on

    @property
    def moment(self) -> datetime:
        """The moment, or the beginning of the day."""
        return self.on if isinstance(self.on, datetime) else datetime.combine(self.on, time(), UTC)


_RULES: dict[str, Any] = {
    **dict.fromkeys(("kind", "system", "environment", "by", "evidence"), _Said),
    "on": date | AwareDatetime,
    **dict.fromkeys(("verified", "version"), _Said | None),
    **dict.fromkeys(("duration", "data_loss"), _Span | None),
    "scope": tuple[_Said, ...],
    **dict.fromkeys(("found", "open"), _Counts | None),
    "report": Annotated[str, Field(pattern=r"^[\w.][\w. -]{0,200}$")] | None,
    "sha256": Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None,
}
"""What is asked of a field where people write it, beyond its type."""


def _model() -> type[BaseModel]:
    asked = get_type_hints(KeptRecord) | _RULES
    defined: Any = {
        each.name: (asked[each.name], ... if each.default is MISSING else each.default) for each in fields(KeptRecord)
    }
    return create_model("Record", __config__=ConfigDict(extra="forbid"), **defined)


_MODEL = _model()


def records_of(file: ReportFile) -> list[KeptRecord]:
    """The records of a file: YAML or JSON with `records`, one alone, or the front matter of a Markdown file.

    Raises:
        CouldNotVerify: one of them is not as the schema has it: it could be the one that counts.
    """
    text = "\n".join(lines_of(file))
    if file.path.suffix.lower() in (".md", ".markdown"):
        parts = re.split(r"(?m)^---[ \t]{0,9}$", text, maxsplit=2)
        if len(parts) < 3 or parts[0].strip():
            raise CouldNotVerify(f"{file.path} has no front matter between two lines of ---")
        text = "\n" + parts[1].removeprefix("\n")
    try:
        whole = parse_yaml(text, file.path, "records")
    except ProblemsError as error:
        raise CouldNotVerify(cut(str(error))) from None
    found = whole["records"] if set(whole) == {"records"} else [whole]
    if not isinstance(found, list) or len(found) > MOST_RECORDS:
        raise CouldNotVerify(f"{file.path}: `records` must be a list of at most {MOST_RECORDS}")
    return [_record(file, each) for each in found]


def _record(file: ReportFile, given: Any) -> KeptRecord:
    if not isinstance(given, YamlMap):
        raise CouldNotVerify(f"{file.path}: each record must be a mapping (key: value)")
    try:
        made = _MODEL.model_validate(_plain(given))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = f"{file.path}:{given.line_of([str(each) for each in first['loc']])}"
        key = ".".join(str(each) for each in first["loc"][:2])
        raise CouldNotVerify(f"{where}: '{cut(key, 60)}' of the record cannot be read ({cut(first['msg'])})") from None
    return KeptRecord(**dict(made))


def _plain(given: Any) -> Any:
    if isinstance(given, Mapping):
        return {key: _plain(each) for key, each in given.items()}
    return tuple(map(_plain, given)) if isinstance(given, list) else given


def is_here(file: ReportFile, record: KeptRecord) -> bool | None:
    """Whether the report that a record names is beside it, with its hash; None where it names none."""
    if not record.report or not record.sha256:
        return None
    try:
        with (file.path.parent / record.report).open("rb") as opened:
            data = opened.read(_REPORT_BYTES + 1)
    except OSError:
        return False
    return bool(data) and hashlib.sha256(data).hexdigest() == record.sha256
