"""Claims about what a repository states of itself: its version and its licence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import cut, visible
from pytest_readiness.domains.source.checks.files import listed
from pytest_readiness.domains.source.facts.packages import Packages
from pytest_readiness.domains.source.facts.statements import VERSION, LicenceTexts, StatedVersions
from pytest_readiness.domains.source.patterns import TreePath

Place = Literal["tag", "package", "changelog"]
CLOSED = ("UNLICENSED", "proprietary", "LicenseRef-")


def _plain(version: str) -> str:
    """A version as others write it, too: 1.0.0-rc.1 is 1.0.0rc1."""
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(version))
    except InvalidVersion:
        return version.removeprefix("v")


@check(
    "source.version",
    severity="medium",
    remedy="Write the version of the release into the manifest and the changelog, and tag that commit.",
    source="Semantic Versioning 2.0.0 and Keep a Changelog 1.1.0",
)
def version(
    stated_versions: StatedVersions,
    packages: Packages,
    *,
    places: Annotated[list[Place], Field(min_length=2)] = ["tag", "package", "changelog"],  # noqa: B006
    manifests: list[TreePath] | None = None,
    changelog: TreePath | None = None,
    prefix: Annotated[str, Field(max_length=100)] = "",
) -> Evidence:
    """The tag of the released commit, the version of the package and the newest heading of the changelog agree.

    1.0.0-rc.1 and 1.0.0rc1 are the same. A version that the build works out from the tag agrees with it by
    construction, which is told. What is published under the version is not looked at.

    Args:
        places: which of the three are compared, at least two.
        manifests: paths of the manifests; unless given, those at the top of the repository.
        changelog: path of the changelog; unless given, the one at the top.
        prefix: what the release's tags begin with before the version and its "v", such as `api/` or `shop@`.
    """
    said, commit = stated_versions, stated_versions.commit
    found: dict[str, str] = {}
    if "tag" in places:
        for tag in commit.tags:
            whole = VERSION.fullmatch(tag.removeprefix(prefix)) if tag.startswith(prefix) else None
            found |= {f"tag {tag}": whole[1]} if whole else {}
        if not found and not said.any_tags:
            raise CouldNotVerify(f"the clone at {commit.path} has no tags: fetch them (git fetch --tags)")
        claim(bool(found), expected=f"a tag {prefix}VERSION at {commit.short}", seen=listed(commit.tags) or "no tag")
    computed = []
    if "package" in places:
        kept = [e for e in packages.manifests if (e.path in manifests if manifests is not None else "/" not in e.path)]
        missing = [path for path in manifests or [] if path not in {each.path for each in kept}]
        problems = [each.problem for each in kept if each.problem]
        if problems or missing:
            raise CouldNotVerify(
                listed([*problems, *(f"{path} is not in the commit, or not read" for path in missing)])
            )
        found |= {each.path: each.version for each in kept if each.version and not each.computed}
        computed = [each.path for each in kept if each.computed]
        if not computed and not any(each.path in found for each in kept):
            raise CouldNotVerify(f"no manifest of {commit.short} that is looked at states a version")
    if "changelog" in places:
        logs = {p: v for p, v in said.changelogs.items() if (p == changelog if changelog else "/" not in p)}
        if not logs and said.problems:
            raise CouldNotVerify(listed(said.problems))
        claim(bool(logs), expected="a changelog", seen=f"no {changelog or 'CHANGELOG at the top'}")
        empty = [path for path, newest in logs.items() if not newest]
        claim(not empty, expected="a heading with a version", seen=f"none in {listed(empty)}")
        found |= logs
    told = ", ".join(f"{cut(visible(where), 80)} {cut(visible(what), 60)}" for where, what in found.items())
    if len(found) < 2 and not (computed and found):
        raise CouldNotVerify(f"only one place states a version: {told or listed(computed)}")
    claim(len(set(map(_plain, found.values()))) == 1, expected=f"one version in {listed(found)}", seen=told)
    built = f"; {listed(computed)} takes it from the tag when it is built" if computed else ""
    return Evidence(f"{told} of {commit.short}{built}")


def _spdx(text: str) -> str:
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if text.startswith(CLOSED):
        return text
    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        raise ValueError("a licence is named by its SPDX id, such as MIT, or an expression of several") from None


@check(
    "source.license",
    severity="medium",
    remedy="Put the whole text of the licence into LICENSE, and name it by its SPDX id in each manifest.",
    source="SPDX License List; REUSE Specification 3.3",
)
def license(
    licence_texts: LicenceTexts, packages: Packages, *, spdx: Annotated[str, AfterValidator(_spdx)] | None = None
) -> Evidence:
    """The repository has the text of each licence that it is declared to be under, and no manifest declares another.

    The texts of common licences are told by sentences that only they have, not word by word. Licences of dependencies
    are not looked at.

    Args:
        spdx: the licence, as an SPDX expression, or `UNLICENSED` for one's own; unless given, what the manifests at the
            top of the repository declare.
    """
    declared = {each.path: each.license for each in packages.manifests if each.license and "/" not in each.path}
    wanted = spdx or next(iter(declared.values()), "")
    if not wanted:
        raise CouldNotVerify("no manifest at the top declares a licence, and the binding names none by `spdx`")
    named = {}
    for path, each in declared.items():
        try:
            named[path] = _spdx(each)
        except ValueError:
            raise CouldNotVerify(f"{path} declares {cut(visible(each), 60)}, which is no SPDX expression") from None
    wanted = _spdx(wanted)
    others = [f"{path} declares {cut(declared[path], 60)}" for path, each in named.items() if each != wanted]
    claim(not others, expected=f"the licence {wanted} in each manifest", seen=listed(others))
    unread = [
        each.problem
        for each in packages.manifests
        if each.problem and "/" not in each.path and not each.path.endswith((".txt", ".in"))
    ]
    if unread:
        raise CouldNotVerify(listed(unread))
    texts = licence_texts.texts
    claim(bool(texts), expected=f"a file LICENSE with {wanted}", seen="no LICENSE, LICENCE, COPYING or LICENSES/")
    problems = [f"{each.path} {each.problem}" for each in texts if each.problem]
    if problems:
        raise CouldNotVerify(listed(problems))
    hollow = [f"{each.path} leaves {listed(each.holes)} to be filled in" for each in texts if each.holes]
    hollow += [f"{each.path} has {each.words} words" for each in texts if each.words < 10]
    claim(not hollow, expected=f"the whole text of {wanted}", seen=listed(hollow))
    known = {each.known for each in texts if each.known}
    seen = ", ".join(f"{each.path} is {each.known or 'not recognised'}" for each in texts[:10])
    if wanted.startswith(CLOSED):
        claim(not known, expected="no open licence", seen=seen)
        return Evidence(f"{seen}; {wanted} declared")
    words = wanted.replace("(", " ").replace(")", " ").split()
    names = [
        each for at, each in enumerate(words) if each not in ("AND", "OR", "WITH") and words[at - 1 : at] != ["WITH"]
    ]
    lacking = [each for each in names if each.removesuffix("-only").removesuffix("-or-later").rstrip("+") not in known]
    if lacking and any(not each.known for each in texts):
        raise CouldNotVerify(f"{seen}: whether that is {listed(lacking)} is not known")
    claim(not lacking, expected=f"the text of {listed(names)}", seen=seen)
    return Evidence(f"{seen}, as {listed(declared) or 'the binding'} declares")
