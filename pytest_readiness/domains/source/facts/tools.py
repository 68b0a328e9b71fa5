"""What programs say that are run on a copy of the released commit."""

from __future__ import annotations

from pytest_readiness.core.registry import fact
from pytest_readiness.domains.source.adapters import ToolAsked, ToolFindings, ask_tool
from pytest_readiness.domains.source.command import CommandAsked, CommandRun, figure_in
from pytest_readiness.domains.source.commit import ReleaseCommit
from pytest_readiness.domains.source.facts.tree import GitTree
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.domains.source.tool import RUN_SECONDS, copied

__all__ = ["CommandAsked", "CommandRun", "ToolAsked", "ToolFindings"]


@fact(deadline=RUN_SECONDS + 120, heavy=True, fact_class="active")
def command_run(
    repository: Repository,  # noqa: ARG001 (a fact names its resource)
    release_commit: ReleaseCommit,
    git_tree: GitTree,
    *,
    ask: CommandAsked,
) -> CommandRun:
    """How a command ends on a copy of the commit's files, and the figures that it prints; never what else it prints."""
    with copied(release_commit, git_tree, tool_path=ask.tool_path, linked=ask.linked, variables=ask.variables) as place:
        ended = place.run(ask.command, seconds=ask.seconds, together=True)
    return CommandRun(
        commit=release_commit.short,
        status=ended.status,
        last=ended.last if ended.status else "",
        lines=len(ended.output.splitlines()),
        figures=tuple(figure_in(ended.output, label) for label in ask.labels),
    )


@fact(deadline=4 * RUN_SECONDS, heavy=True, fact_class="active")
def tool_report(
    repository: Repository,  # noqa: ARG001 (a fact names its resource)
    release_commit: ReleaseCommit,
    git_tree: GitTree,
    *,
    ask: ToolAsked,
) -> ToolFindings:
    """What a linter, a formatter or a type checker finds in a copy of the commit's files, by its own configuration."""
    with copied(release_commit, git_tree, tool_path=ask.tool_path, linked=ask.linked) as place:
        return ask_tool(place, ask, release_commit.short, [each.path for each in git_tree.files])
