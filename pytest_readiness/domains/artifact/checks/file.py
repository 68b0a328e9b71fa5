"""A claim about files, whatever is in them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import size
from pytest_readiness.domains.artifact.checks.load import Days
from pytest_readiness.domains.artifact.facts.file import FilesSeen
from pytest_readiness.domains.artifact.files import told
from pytest_readiness.domains.artifact.origin import judge_origin


@check(
    "artifact.file",
    severity="low",
    remedy="Put the file where it is declared, and let what makes it write when that was.",
    source="NIST SP 800-53, CA-7 and AU-11: evidence is kept, and is current",
)
def file(
    files_seen: FilesSeen,
    *,
    type: Literal["pdf", "png", "jpeg", "zip", "json", "xml", "text"],
    max_age_days: Days,
    min_bytes: Annotated[int, Field(gt=0)] = 100,
) -> Evidence:
    """The named file is present, recent and of the declared type.

    Its age is that of the file beside it (`made_at`), of the PDF itself, or of the last commit that changed it. What it
    says is not looked at: the file proves no more than that it is here.

    Args:
        type: by its content, not by its name: zip for office documents, too, and text for any text that is neither JSON
            nor XML.
        max_age_days: oldest age, in days.
        min_bytes: smallest size, in bytes. 100: less is no document.
    """
    if not files_seen.files or not files_seen.dated:
        raise CouldNotVerify(
            f"{files_seen.origin.where or 'the file'} does not say when it was made, nor does Git: let what makes it"
            " write `made_at` into a file of that name with .about.yaml behind it, or name the `repository`"
        )
    said, warning = judge_origin(files_seen.origin, max_age_days=max_age_days, about=None)
    for each in files_seen.files:
        claim(each.type == type, expected=f"{told(each.name)} to be {type}", seen=each.type)
        seen = size(each.bytes)
        claim(each.bytes >= min_bytes, expected=f"{told(each.name)} of {size(min_bytes)} or more", seen=seen)
    shown = ", ".join(f"{told(each.name)} ({each.type}, {size(each.bytes)})" for each in files_seen.files[:5])
    return Evidence(f"{shown}, {said} by {files_seen.dated}", warning=warning)
