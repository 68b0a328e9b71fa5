"""Claims about what stands in pipeline files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted
from pytest_readiness.domains.ci.facts.files import PipelineFiles
from pytest_readiness.domains.ci.facts.updates import UpdateBots, within

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s*]+$")]
Right = Literal["none", "read", "write"]
_RANK = {"none": 0, "read": 1, "write": 2}


def _listed(told: Sequence[str]) -> str:
    more = f"; and {len(told) - 5} more" if len(told) > 5 else ""
    return "; ".join(told[:5]) + more


def _whole(files: PipelineFiles) -> str:
    """What was read, for evidence.

    Raises:
        CouldNotVerify: there is nothing, or something could not be read.
    """
    if files.unread:
        raise CouldNotVerify(_listed(files.unread))
    if not files.files:
        raise CouldNotVerify(f"the commit {files.commit} has no pipeline files")
    if files.count != files.entries:
        raise CouldNotVerify("the record of the pipeline files is not whole")
    return f"{counted(len(files.files), 'pipeline file')} at {files.commit}"


@check(
    "ci.pinned_actions",
    severity="medium",
    remedy="Write the 40 digits of a commit behind the @, with the version as a comment.",
    source="GitHub Docs, 'Secure use reference': pin actions to a full-length commit SHA",
)
def pinned_actions(
    pipeline_files: PipelineFiles, *, trusted: list[Name] | None = None, images: bool = False
) -> Evidence:
    """Every foreign action, workflow and include of the pipelines is a commit, and every image of an action a digest.

    Actions of the repository are read, too; what foreign actions use in their turn is not.

    Args:
        trusted: owners, or owner and name, whose actions need none ("actions", "example/deploy"). Default: nobody.
        images: images of jobs and services need a digest, too.
    """
    parts = [each for each in pipeline_files.parts if images or each.sort != "image"]
    excused = {each for each in parts if _is_trusted(each.text, trusted or [])}
    loose = [f"{each.text} in {each.place}" for each in parts if not each.pinned and each not in excused]
    trusting = sum(each in excused for each in parts)
    claim(
        not loose, expected="a commit or digest of each", seen=f"{len(loose)} of {len(parts)} are not: {_listed(loose)}"
    )
    return Evidence(f"{counted(len(parts), 'foreign part')} of {_whole(pipeline_files)}, {trusting} of them trusted")


def _is_trusted(text: str, trusted: list[str]) -> bool:
    name = text.partition("@")[0].lower()
    return any(name == each.lower() or name.startswith(f"{each.lower()}/") for each in trusted)


@check(
    "ci.least_privilege",
    severity="medium",
    remedy="State `permissions` at the top of the workflow (contents: read), and more in the job that needs it.",
    source="GitHub Docs, 'Workflow syntax': permissions",
)
def least_privilege(
    pipeline_files: PipelineFiles,
    *,
    allowed: dict[str, Right] | None = None,
    jobs: dict[str, dict[str, Right]] | None = None,
) -> Evidence:
    """Every job of GitHub Actions states the rights of its token, and has at most the allowed ones.

    What other tokens may do that jobs are given as secrets is not looked at.

    Args:
        allowed: rights that every job may have. Default: contents: read.
        jobs: rights that a job may have besides, by its name ("release": {"contents": "write"}).
    """
    found = pipeline_files.rights
    usual = {"contents": "read"} if allowed is None else dict(allowed)
    wrong: list[str] = []
    for each in found:
        may = {**usual, **(jobs or {}).get(each.job, {})}
        if each.rights is None:
            wrong.append(f"job {each.job} ({each.place}) states none")
            continue
        over = [
            f"{name}: {level}"
            for name, level in each.rights.items()
            if _RANK.get(level, 2) > _RANK[may.get(name, "none")]
        ]
        if over:
            wrong.append(f"job {each.job} ({each.place}) has {', '.join(over[:5])}".replace("*:", "all:"))
    claim(not wrong, expected="stated rights, at most the allowed ones", seen=_listed(wrong))
    read = _whole(pipeline_files)
    if not found:
        raise CouldNotVerify(f"{read} have no job of GitHub Actions, whose rights files could state")
    return Evidence(f"stated rights of {counted(len(found), 'job')} of {read}")


@check(
    "ci.no_secrets",
    severity="critical",
    remedy="Take secrets from the forge's store, do not print them, and hand foreign texts over as variables.",
    source="GitHub Docs, 'Secure use reference': script injections, secrets in logs",
)
def no_secrets(pipeline_files: PipelineFiles) -> Evidence:
    """No pipeline file holds a secret of a known form, prints one, or gives a stranger's text or code hold of a job.

    Scripts of the repository that steps name are searched for secrets, too. Passwords without a form of their own,
    logs of runs, artifacts and caches are not looked at.
    """
    wrong = [*pipeline_files.leaks, *pipeline_files.foreign]
    claim(
        not wrong,
        expected="no secret that stands in a file or is printed, and no foreign text in commands",
        seen=_listed(wrong),
    )
    return Evidence(f"none in {_whole(pipeline_files)} and {counted(len(pipeline_files.scripts), 'script')}")


@check(
    "ci.update_bot",
    severity="medium",
    remedy="Add the ecosystem and folder to .github/dependabot.yml, or configure Renovate.",
    source="GitHub Docs, 'Dependabot options reference'; Renovate documentation, 'Configuration options'",
)
def update_bot(update_bots: UpdateBots, *, apart: list[Name] | None = None) -> Evidence:
    """Dependabot or Renovate is configured for each ecosystem and folder that has a manifest.

    Whether a bot is installed, and whether it has proposed anything, is not looked at; nor rules of Renovate for single
    packages, and what its presets say.

    Args:
        apart: folders that need none ("docs"). Folders of examples, fixtures and vendored code never do.
    """
    read = update_bots
    if read.unread:
        raise CouldNotVerify(_listed(read.unread))
    apart = [each.strip("/") for each in apart or []]
    manifests = [
        each for each in read.manifests if not any(f"{each.partition(' /')[2]}/".startswith(f"{one}/") for one in apart)
    ]
    claim(bool(read.configured), expected="a configuration of Dependabot or Renovate", seen="none")
    if not manifests:
        raise CouldNotVerify("the commit has no manifest that bots know")
    off = [f"{each.ecosystem} {', '.join(each.folders)[:80]}: {each.off}" for each in read.entries if each.off]
    lacking = [each for each in manifests if not _covered(read, each)]
    claim(
        not lacking,
        expected=f"each of {counted(len(manifests), 'folder')} with a manifest in {', '.join(read.configured)}",
        seen=f"not {_listed(lacking)}" + f" ({_listed(off)})" * bool(off),
    )
    return Evidence(
        f"{counted(len(manifests), 'folder')} with a manifest in {', '.join(read.configured)}: {_listed(manifests)}"
    )


def _covered(bots: UpdateBots, manifest: str) -> bool:
    ecosystem, _, folder = manifest.partition(" ")
    for entry in bots.entries:
        if entry.off or entry.ecosystem not in ("*", ecosystem):
            continue
        if any(within(folder, each) for each in entry.folders) and not any(
            within(folder, each) for each in entry.apart
        ):
            return True
    return False
