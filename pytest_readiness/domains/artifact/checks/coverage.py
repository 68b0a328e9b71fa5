"""Claims about coverage by tests."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.artifact.facts.coverage import CoverageTable, FileCoverage
from pytest_readiness.domains.artifact.files import told
from pytest_readiness.domains.artifact.origin import Age, Proof, judge_origin

_TEST = re.compile(
    r"(?:.*/)?(?:(?:tests?|__tests__|specs?|e2e|testdata|__mocks__)/.*"
    r"|conftest\.py|test_[^/]*\.py|[^/]*_test\.(?:py|go)|[^/]*\.(?:test|spec)\.[jt]sx?|[^/]*Tests?\.(?:java|kt|php|cs))"
)
"""Files of tests, by where they are and what they are called."""


def _pattern(text: str) -> str:
    from pathspec import GitIgnoreSpec

    if not GitIgnoreSpec.from_lines([text]).patterns[0].regex:
        raise ValueError("it must be a pattern as in .gitignore, and no comment")
    return text


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_pattern)]


@check(
    "artifact.coverage",
    severity="medium",
    remedy="Test what is not covered; combine the coverage of all shards before the report is written.",
    source="counts of lines as coverage.py, JaCoCo, istanbul, lcov and Go write them; the limit is the project's own",
)
def coverage(
    coverage_table: CoverageTable,
    *,
    paths: Annotated[list[Pattern], Field(min_length=1)],
    over: Annotated[float, Field(ge=0, lt=100)] | None = None,
    min: Annotated[float, Field(gt=0, le=100)] | None = None,
    of: Literal["lines", "branches"] = "lines",
    max_age_days: Age | None = None,
    about: Proof = "commit",
) -> Evidence:
    """The report on the release's commit shows that tests run more of the lines of the source than the limit.

    Every file of the release that `paths` name must be in the report: one that no test loads is often left out of it.
    Empty files and files of tests are not counted. Go counts statements, not lines. Whether tests assert anything,
    and what comments exclude (`pragma: no cover`) in formats that do not show it, is not looked at.

    Args:
        paths: patterns as in .gitignore of the files that count (`src/**/*.py`, `!src/shop/migrations/`).
        over: percent that coverage must be above. Default: what `min` says.
        min: percent that coverage must reach. Default: what `over` says.
        of: "lines" or "branches".
        max_age_days: oldest age of the report, in days. None: the commit says enough.
        about: "commit": the report names the release's commit; "unproven": it is only younger.
    """
    if (over is None) == (min is None):
        raise NotDeclared("the limit is given by 'over' or by 'min', one of them")
    made, warning = judge_origin(coverage_table.origin, max_age_days=max_age_days, about=about)
    tree = coverage_table.tree
    if tree is None or len(coverage_table.rows) != coverage_table.count or len(tree.files) != coverage_table.tracked:
        raise CouldNotVerify("what was read of the report and of the release's files is not all of it")
    wanted = [each.path for each in tree.matching(paths) if each.regular and each.size]
    tests = [path for path in wanted if _TEST.fullmatch(path)]
    counted = sorted(set(wanted) - set(tests))
    under = f"under {', '.join(map(told, paths[:5]))}"
    if not counted:
        raise CouldNotVerify(f"no file of the release is {under}, besides {len(tests)} of tests")
    found, unclear = _by_file(coverage_table.rows, [each.path for each in tree.files])
    if not found.keys() & set(counted):
        raise CouldNotVerify(
            f"none of the {coverage_table.count} files of {coverage_table.origin.where} is one of the release {under}"
        )
    missing = [path for path in counted if path not in found]
    seen = f"{len(missing)} of {len(counted)} are not in the report: {_names(missing)}"
    seen += f"; it also names {_names(unclear)}, which may be several" if unclear else ""
    claim(not missing, expected=f"a report on all files of the release {under}", seen=seen)
    rows = [found[path] for path in counted]
    valid = sum(row.lines if of == "lines" else row.branches for row in rows)
    covered = sum(row.covered if of == "lines" else row.taken for row in rows)
    if not valid:
        raise CouldNotVerify(f"{coverage_table.origin.where} counts no {of} in {len(rows)} files {under}")
    share, limit = Fraction(100 * covered, valid), Fraction(str(over if min is None else min))
    unit = coverage_table.unit if of == "lines" else of
    text = f"{covered} of {valid} {unit} ({_percent(share, limit)} %) in {len(rows)} files {under}"
    claim(
        share > limit if min is None else share >= limit,
        expected=f"{'more than' if min is None else 'at least'} {float(limit):g} % of {unit}",
        seen=text,
    )
    text += f", without {len(tests)} files of tests" if tests else ""
    if bare := [path for path in counted if not found[path].lines]:
        no_lines = f"{len(bare)} of the files have no lines to run: {_names(bare)}"
        warning = f"{warning}; {no_lines}" if warning else no_lines
    out = coverage_table.excluded
    text += (
        "; exclusions do not show in this format" if out is None else f"; {out} lines excluded by comments" * (out > 0)
    )
    return Evidence(f"{text}; {made}", warning=warning)


def _percent(share: Fraction, limit: Fraction) -> str:
    """With as many places as tell it from the limit."""
    places = next(
        (
            n
            for n in range(2, 9)
            if (round(share, n) > limit, round(share, n) < limit) == (share > limit, share < limit)
        ),
        9,
    )
    return f"{float(share):.{places}f}"


def _names(paths: Sequence[str]) -> str:
    return ", ".join(map(told, paths[:5])) + f" and {len(paths) - 5} more" * (len(paths) > 5)


def _by_file(rows: Iterable[FileCoverage], tracked: Iterable[str]) -> tuple[dict[str, FileCoverage], list[str]]:
    """The rows by the tracked file that they are about, and paths that may be of several.

    A report may name a file from another folder (`/app/src/shop.py`), or from within one (`shop/Price.java`): it is the
    one of which most of the path agrees, from its end and up to the beginning of one of the two.

    Raises:
        CouldNotVerify: two rows are about one file.
    """
    named = defaultdict(list)
    for path in tracked:
        named[path.rpartition("/")[2]].append(path)
    found: dict[str, FileCoverage] = {}
    unclear = []
    for row in rows:
        best = _agreeing(row.path, named[row.path.rpartition("/")[2]])
        if len(best) > 1:
            unclear.append(row.path)
        elif best and best[0] in found:
            both = f"{told(found[best[0]].path)} and {told(row.path)}"
            raise CouldNotVerify(
                f"the report has {best[0]} twice, as {both}; combine the coverage with paths of one kind"
            )
        elif best:
            found[best[0]] = row
    return found, unclear


def _agreeing(path: str, candidates: list[str]) -> list[str]:
    if path in candidates:
        return [path]
    path = path.lstrip("/")
    both = [each for each in candidates if f"/{path}".endswith(f"/{each}") or f"/{each}".endswith(f"/{path}")]
    agreed = [len(each) if len(each) < len(path) else len(path) for each in both]
    return [each for each, length in zip(both, agreed, strict=True) if length == max(agreed)]
