"""A review of a small document, on a real file of bindings and the real catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_readiness.bind.file import BindingsFile
from pytest_readiness.bind.proposal import Candidate, Proposal, Suggestion
from pytest_readiness.bind.review import Blank, Claim, Desk, Pasted, Review
from pytest_readiness.bind.reviewed import ReviewedFile
from pytest_readiness.checklist.model import Checklist
from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.core.yamlfile import read_yaml

DOCUMENT = """\
# Release

## Web

- [ ] HSTS is sent
- [ ] TLS is modern
- [ ] Runbook covers rollback

## Data

- [ ] Redis needs a password
- [ ] ~~Fax works~~

## People

- [ ] Release is approved
- [ ] CDN is used
"""
HSTS, TLS, RUNBOOK = "web/hsts-is-sent", "web/tls-is-modern", "web/runbook-covers-rollback"
REDIS, APPROVED, CDN = "data/redis-needs-a-password", "people/release-is-approved", "people/cdn-is-used"
CLAIMS = {
    "http.hsts": Claim("HSTS is sent", where="looks at shop"),
    "http.csp": Claim("A policy is sent"),
    "tls.versions": Claim("Old versions are refused"),
    "tls.trusted": Claim("The certificate is trusted"),
    "docs.sections": Claim(
        "The sections are there", needs=(Blank("sections", "Headings that must be there.", several=True),)
    ),
    "redis.auth": Claim("Redis wants a password", coming=True),
    "http.basics": Claim("The basics are right", coming=True),
    "tls.expiry": Claim(
        "The certificate is valid for a while",
        usual=(
            Blank("min_days", "Days that are left.", usual="14"),
            Blank("path", "Where to look.", usual="the root"),
        ),
    ),
}


def parsed(text: str) -> Any:
    """A value that is typed, as far as this review needs it."""
    if text.startswith("{"):
        raise ValueError("a brace")
    return [each.strip() for each in text[1:-1].split(",")] if text.startswith("[") else text


def candidate(*ids: str, also: Sequence[str] = (), **parameters: Any) -> Candidate:
    """A candidate of these claims; the parameters are the first one's."""
    checks = tuple(
        Suggestion(id, parameters if number == 0 else {}, CLAIMS[id].coming) for number, id in enumerate(ids)
    )
    return Candidate(checks, "likely", 0.5, matched=("is",), also=tuple(also))


def proposals(checklist: Checklist) -> tuple[Proposal, ...]:
    """What is proposed: of each level something."""
    known = {item.id: (item, checklist.section_of(item)) for item in checklist.leaves()}
    return (
        Proposal(*known[HSTS], "likely", (candidate("http.hsts", also=["http.csp", "redis.auth", "http.basics"]),)),
        Proposal(*known[TLS], "sure", (candidate("tls.versions", "tls.trusted"), candidate("http.hsts"))),
        Proposal(*known[RUNBOOK], "unsure", (candidate("docs.sections"),), role="operations", cadence="quarterly"),
        Proposal(
            *known[REDIS],
            "likely",
            tuple(candidate(id) for id in ("redis.auth", "http.hsts", "http.csp", "tls.trusted")),
        ),
        Proposal(*known["data/fax-works"], "unsure"),
        Proposal(*known[APPROVED], "likely", (candidate("http.hsts"),), role="owner", people_first=True),
        Proposal(*known[CDN], "unsure", not_applicable="there is no CDN"),
    )


class Reviewed:
    """A review, and the file that it writes."""

    def __init__(
        self, folder: Path, bindings: str | None = None, roles: Sequence[str] = ("operations", "owner")
    ) -> None:
        self.roles = roles
        self.path = folder / "release.checks.yaml"
        if bindings is not None:
            self.path.write_text(bindings, "utf-8")
        self.checklist = parse_checklist(DOCUMENT, folder / "release.md")
        self.mistakes: list[str] = []
        self.again()

    def again(self) -> None:
        """Begin anew, as a second run does."""
        self.file = ReviewedFile(BindingsFile.read(self.checklist))
        desk = Desk(
            file=self.file,
            claim=CLAIMS.__getitem__,
            search=lambda words, item: [candidate(id) for id in CLAIMS if words in id],
            mistakes=lambda item, value: self.mistakes,
            parse=parsed,
            roles=self.roles,
        )
        self.review = Review(proposals(self.checklist), desk)

    def press(self, *keys: str | Pasted) -> Review:
        """Press keys: each character of a text is one, unless it is the name of a key or a blank."""
        for key in keys:
            for each in [key] if isinstance(key, Pasted) or key in NAMES else list(key):
                self.review.press(each)
        return self.review

    @property
    def written(self) -> dict[str, Any]:
        """What the file says, by item."""
        if not self.path.exists():
            return {}
        root = read_yaml(self.path, "bindings")
        return {
            f"{section}/{slug}": value
            for section, held in root.items()
            if section[0] != "."
            for slug, value in held.items()
        }


NAMES = ("enter", "escape", "backspace", "clear", "leave")
