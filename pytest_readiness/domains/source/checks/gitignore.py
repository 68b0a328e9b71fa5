"""What the repository's rules ignore."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted
from pytest_readiness.domains.source.facts.ignored import IgnoredSamples
from pytest_readiness.domains.source.ignoring import RepositoryPath, said_of


@check(
    "source.gitignore",
    severity="medium",
    remedy="Add a rule to .gitignore and commit it; take a file that is tracked out by 'git rm --cached'.",
    source="gitignore(5)",
    asks=lambda repository, samples: {"ignored_samples": samples},  # noqa: ARG005
)
def gitignore(
    ignored_samples: IgnoredSamples,
    *,
    samples: Annotated[list[RepositoryPath], Field(min_length=1, max_length=50)],
) -> Evidence:
    """A new file at each sample path would be ignored by the rules that the released commit has.

    Rules that are not committed, those of .git/info/exclude and of the runner's user do not count. A sample that the
    repository has nevertheless is a failure: rules do nothing for tracked files. Other paths are not looked at.

    Args:
        samples: paths from the top of the repository that files of each kind might have, such as
            node_modules/left/index.js, debug.log or src/__pycache__/app.pyc; not patterns, at least one.
    """
    if lacking := [each for each in samples if each not in ignored_samples.rules]:
        raise CouldNotVerify(f"{len(lacking)} of {len(samples)} sample paths were not looked at")
    rules = [ignored_samples.rules[each] for each in samples]
    of = f"{counted(len(rules), 'sample path')} ignored by the rules of {ignored_samples.commit.short}"
    wrong = [said_of(each) for each in rules if not each.ignored]
    wrong += [f"{each.path} is tracked" for each in rules if each.tracked]
    claim(not wrong, expected=of, seen="; ".join(each[:200] for each in wrong[:10]))
    unnamed = [each.path for each in rules if not each.rule]
    if unnamed:
        raise CouldNotVerify(f"which rule ignores {unnamed[0]} is not known")
    by = ", ".join(f"{each.path} by {each.rule}" for each in rules[:10])
    return Evidence(f"{of}: {by}"[:1000])
