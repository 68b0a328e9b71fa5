"""What `readiness bind --json` prints, for editors and other programs: its model and its JSON Schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pytest_readiness.bind.file import BindingsFile
from pytest_readiness.bind.proposal import Candidate, Level, Proposal
from pytest_readiness.bind.writing import plain
from pytest_readiness.checklist.model import Checklist, groups_above

FORMAT: Literal["pytest-readiness-proposals/1"] = "pytest-readiness-proposals/1"


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ListedClaim(_Listed):
    """A claim that may answer an item, alone or with others.

    Attributes:
        check: id of the check, or of a claim for which there is no check yet.
        parameters: what the item's text gives of the check's parameters, as a binding writes them.
        coming: whether there is no check for it yet.
    """

    check: str
    parameters: dict[str, Any]
    coming: bool


class ListedCandidate(_Listed):
    """What may answer an item.

    Attributes:
        checks: the claims that together do.
        level: how much says for it.
        score: of 0 to 1.
        matched: words of the item that say for it.
        unexplained: words of the item that it leaves unexplained.
        not_read: what the item says of parameters and the checks are not given, each as a sentence.
        does_not_prove: what it does not show of what the item may mean; "" where nothing is known.
        also: claims that often belong to the same item.
        source: the item that was bound before and says the same; "" where there is none.
    """

    checks: list[ListedClaim]
    level: Level
    score: float = Field(ge=0, le=1)
    matched: list[str]
    unexplained: list[str]
    not_read: list[str]
    does_not_prove: str
    also: list[str]
    source: str


Bound = Literal["confirmed", "proposed", "refused", ""]


class ListedItem(_Listed):
    """An item of the document that is no group.

    Attributes:
        line: its line in the document.
        id: section and slug, as bindings have them.
        text: what it says.
        group: the headings and the items that it is in, outermost first.
        level: how much says for what is proposed first.
        candidates: what may answer it, best first.
        role: who signs where only people know, or beside checks; "" where the item says nothing of people.
        cadence: how long a signature counts, by name or in days ("90d"); "" where the item does not say.
        not_applicable: why it does not apply, where the document says so; "" where it does not.
        people_first: whether a signature is proposed, and the candidates only stand beside it.
        bound: what its bindings say now: "confirmed" by a person, "proposed" only, "refused" where a run finds mistakes
            in it, or "" where there is no entry.
    """

    line: int
    id: str
    text: str
    group: list[str]
    level: Level
    candidates: list[ListedCandidate]
    role: str
    cadence: str
    not_applicable: str
    people_first: bool
    bound: Bound


class ProposalsListing(_Listed):
    """What is proposed for the items of a document.

    Attributes:
        format: name and version of this format.
        checklist: the document.
        sha256: of the document.
        bindings: the file of its bindings, which may not be there yet.
        items: every item that is no group, in the order of the document.
    """

    format: Literal["pytest-readiness-proposals/1"] = FORMAT
    checklist: str
    sha256: str
    bindings: str
    items: list[ListedItem]


def proposals_schema() -> dict[str, Any]:
    """Return the JSON Schema of what `readiness bind --json` prints."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ProposalsListing.model_json_schema(mode="serialization"),
        "title": "pytest-readiness: readiness bind --json",
    }


def listing(
    checklist: Checklist, proposals: Sequence[Proposal], file: BindingsFile, refused: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return what is proposed for a document, and what its bindings say now, as plain data.

    Args:
        checklist: the document.
        proposals: what is proposed for its items.
        file: its bindings.
        refused: ids of the items whose bindings a run refuses.
    """
    above = groups_above(checklist)
    bound: dict[str, Bound] = {entry.id: entry.state for entry in file.entries().values()}
    bound |= dict.fromkeys(refused, "refused")
    items = [
        ListedItem(
            line=each.item.line,
            id=each.item.id,
            text=each.item.text,
            group=[
                *filter(None, (*each.section.path, each.section.title)),
                *(group.text for group in above[each.item.id]),
            ],
            level=each.level,
            candidates=list(map(_candidate, each.candidates)),
            role=each.role,
            cadence=each.cadence,
            not_applicable=each.item.not_applicable or each.not_applicable,
            people_first=each.people_first,
            bound=bound.get(each.item.id, ""),
        )
        for each in proposals
    ]
    made = ProposalsListing(
        checklist=str(checklist.path), sha256=checklist.sha256, bindings=str(file.path), items=items
    )
    return made.model_dump(mode="json")


def _candidate(candidate: Candidate) -> ListedCandidate:
    return ListedCandidate(
        checks=[
            ListedClaim(check=each.check, parameters=plain(each.parameters), coming=each.coming)
            for each in candidate.checks
        ],
        level=candidate.level,
        score=candidate.score,
        matched=list(candidate.matched),
        unexplained=list(candidate.unexplained),
        not_read=list(candidate.not_read),
        does_not_prove=candidate.does_not_prove,
        also=list(candidate.also),
        source=candidate.source,
    )
