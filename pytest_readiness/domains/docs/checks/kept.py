"""Claims about documents that are kept: recent, with links that lead somewhere, valid where they describe an API."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from pytest_readiness.core import clock
from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.spelling import spelled
from pytest_readiness.core.text import cut
from pytest_readiness.domains.docs.facts.described import ApiDescription
from pytest_readiness.domains.docs.facts.history import DocumentHistory
from pytest_readiness.domains.docs.facts.links import DocumentLinks

_SHOWN = 10
RepositoryPath = Annotated[
    str, spelled(r"^[^/\x00-\x1f*?\[\]][^\x00-\x1f*?\[\]]*$", "a path from the top of the repository, such as src/api")
]
Operation = Annotated[str, spelled(r"^[A-Z]+ /\S*$", "a method and a path, such as GET /orders/{id}")]


@check(
    "docs.fresh",
    severity="medium",
    remedy="Read the document again, mend what is no longer so, and commit it.",
    source="Google SRE Book, chapter 32: documents are reviewed regularly; ISO 27001:2022 clause 7.5.2",
    asks=lambda _, newer_than: {"document_history": newer_than or []},
)
def fresh(
    document_history: DocumentHistory,
    *,
    max_age_days: Annotated[int, Field(gt=0)] | None = None,
    newer_than: Annotated[list[RepositoryPath], Field(min_length=1)] | None = None,
) -> Evidence:
    """The document's words were last changed, or it was reviewed, recently enough.

    By Git's history up to the release's commit, where the document's repository is declared, and what is checked out
    otherwise; never by the dates of files. A new layout, another name, comments and a line that only says when the
    document was updated change nothing. A review counts that its front matter dates (`reviewed: 2026-03-01`). Whether
    what is written is right is not looked at.

    `max_age_days` or `newer_than` must be given.

    Args:
        max_age_days: most days since the last change or review. Default: any number.
        newer_than: files or folders of the same repository, none of which may have been changed after the document
            was changed or reviewed.
    """
    if max_age_days is None and newer_than is None:
        raise NotDeclared("neither max_age_days nor newer_than says how recent the document must be")
    now, reviewed = clock.now(), document_history.reviewed
    claim(
        (reviewed is None or reviewed <= now.date()) and document_history.changed <= now + timedelta(hours=1),
        expected="days of the past",
        seen=f"a {'review' if reviewed and reviewed > now.date() else 'change'} of the future",
    )
    last = max(document_history.changed.date(), reviewed or document_history.changed.date())
    how = "reviewed" if reviewed and reviewed > document_history.changed.date() else "changed"
    said = f"{document_history.path} was last {how} on {last}"
    if max_age_days is not None:
        age = (now.date() - last).days
        seen = f"{said}, {age} days ago"
        claim(age <= max_age_days, expected=f"a change or review within {max_age_days} days", seen=seen)
    absent = [path for path in newer_than or () if document_history.others.get(path) is None]
    if absent:
        raise CouldNotVerify(f"the commit {document_history.commit.short} has no {', '.join(absent[:_SHOWN])}")
    newer = [
        f"{path} on {moment.date()}"
        for path in newer_than or ()
        if (moment := document_history.others[path]) and moment > document_history.changed and moment.date() > last
    ]
    claim(
        not newer,
        expected=f"no later change of what {document_history.path} describes",
        seen=f"{said}, and {', '.join(newer[:_SHOWN])}",
    )
    return Evidence(f"{said} ({document_history.by[:12]})" if how == "changed" else said)


@check(
    "docs.links",
    severity="low",
    remedy="Correct the addresses, or add what they lead to.",
    source="CommonMark 0.31, links; GitHub Docs: section links and relative links",
)
def links(document_links: DocumentLinks) -> Evidence:
    """Every link of the document within its repository leads to a tracked file, and to a heading that is there.

    Read from the release's commit, where the document's repository is declared, and from what is checked out otherwise;
    capitals count. Names of headings are those of GitHub, GitLab and MkDocs. A link that is still to be filled in
    (to "TODO") and one by a name that nothing defines (`[plan][x]`) fail. Addresses outside of the repository are
    counted and not asked; a document without any link within its repository could not be verified.
    """
    inside = [each for each in document_links.links if not each.outside]
    broken = [f"line {each.line}: {each.fault}" for each in inside if each.fault]
    more = f" and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
    claim(not broken, expected="links that lead somewhere", seen="; ".join(broken[:_SHOWN]) + more)
    if not inside:
        raise CouldNotVerify(f"{document_links.path} has no link within its repository")
    outside = len(document_links.links) - len(inside)
    return Evidence(f"{len(inside)} links lead somewhere; {outside} lead outside, and were not asked")


@check(
    "docs.openapi",
    severity="medium",
    remedy="Correct the description, and describe the operations that are missing.",
    source="OpenAPI Specification 3.1",
)
def openapi(
    api_description: ApiDescription,
    *,
    operations: Annotated[list[Operation], Field(min_length=1)] | None = None,
    min_operations: Annotated[int, Field(gt=0)] = 1,
) -> Evidence:
    """The file is a valid description of an API by OpenAPI 3, and every operation in it has a described answer.

    One that refers to other files could not be verified. Whether the API answers so is not looked at; http.openapi
    does that.

    Args:
        operations: operations that must be in it (`GET /orders/{id}`), with the names of parameters as there.
        min_operations: fewest operations. 1: a description of nothing is none.
    """
    claim(not api_description.fault, expected="a valid description", seen=cut(api_description.fault))
    named = api_description.operations
    claim(len(named) >= min_operations, expected=f"{min_operations} operations or more", seen=f"{len(named)}")
    missing = [each for each in operations or () if each not in named]
    claim(not missing, expected="each named operation", seen=f"no {', '.join(missing[:_SHOWN])}")
    bare = [cut(each, 80) for each in api_description.bare]
    claim(not bare, expected="a described answer of each operation", seen=f"none of {', '.join(bare[:_SHOWN])}")
    return Evidence(
        f"OpenAPI {cut(api_description.version, 20)} with {len(named)} operations, each with a described answer"
    )
