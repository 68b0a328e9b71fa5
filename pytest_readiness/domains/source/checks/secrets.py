"""Claims about secrets in the repository."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted, cut, visible
from pytest_readiness.domains.source.code import TESTS, matches
from pytest_readiness.domains.source.facts.code import SecretsAsked, SecretScan
from pytest_readiness.domains.source.patterns import IgnorePattern
from pytest_readiness.domains.source.secrets import SecretFinding
from pytest_readiness.protocols.git import CUT_OFF

_SHOWN = 10


@check(
    "source.no_secrets",
    severity="critical",
    remedy="Revoke the secret first, then remove it; what was pushed is known to others, also from the history.",
    source="OWASP ASVS 5.0, 13.3.1; CWE-798; NIST SP 800-218, PS.1",
    asks=lambda _, history, baseline: {"secret_scan": SecretsAsked(history, baseline)},
)
def no_secrets(
    secret_scan: SecretScan,
    *,
    history: bool = True,
    baseline: Annotated[str, Field(max_length=300)] = "",
    allow: list[IgnorePattern] = [],  # noqa: B006
    tests: list[IgnorePattern] = [*TESTS],  # noqa: B006
) -> Evidence:
    """detect-secrets and a table of providers' keys find no secret in the text files of the commit and its history.

    Looked for are keys by their shape, private keys, passwords in addresses, values beside a name such as password (in
    XML, .netrc and commands such as mysql -p, too), and quoted texts of high entropy, but for digests, what is named an
    example, references, types and UUIDs; in lock files keys by their shape only. Comments that ask not to be looked at
    (pragma: allowlist secret) have no effect, and are counted. Binary and large files, archives, what is fetched by Git
    LFS, submodules, messages of commits and tags, and what no branch or tag of this clone leads to are not looked at;
    of lines with more than 5000 characters, only keys by their shape are. No secret is shown.

    Args:
        history: whether everything that was ever committed is looked at, too: who has the clone has it.
        baseline: path, in the repository, of a baseline of detect-secrets; only what was audited as no secret
            (is_secret: false) is right. None.
        allow: files in which whatever is found is right, as in .gitignore. None.
        tests: files in which made-up secrets are right: there, only providers' keys by their shape count, and no
            private keys. Default: tests, fixtures, examples and the folder docs.
    """
    if secret_scan.count != len(secret_scan.findings):
        raise CouldNotVerify(f"{len(secret_scan.findings)} of {secret_scan.count} findings are in the record")
    allowed, made_up = matches(allow), matches(tests)

    def is_right(found: SecretFinding) -> bool:
        made = not found.shape or "private key" in found.kind.lower()
        return allowed(found.path) or (made and made_up(found.path))

    here = [each for each in secret_scan.findings if not is_right(each)]
    shown = [f"{cut(each.kind, 60)} in {_path(each)}:{each.line}{_where(each)}" for each in here]
    looked = f"{counted(secret_scan.files, 'text file')} of {secret_scan.commit}"
    looked += f" and {counted(secret_scan.blobs, 'further content')} of the history" if history else ""
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    claim(not here, expected=f"no secret in {looked}", seen=f"{len(here)}: {', '.join(shown[:_SHOWN])}{more}")
    _verify_whole(secret_scan, history)
    accepted = len(secret_scan.findings)
    unseen = f"{counted(secret_scan.unseen, 'file')} and {counted(secret_scan.old_unseen, 'content')}"
    return Evidence(
        f"detect-secrets {secret_scan.version} and the table of keys find none in {looked}; {accepted} in allowed files"
        f" and tests, {secret_scan.audited} audited as none, {counted(secret_scan.pragmas, 'comment')} against looking;"
        f" not looked at: {unseen} that are binary, large or elsewhere"
    )


def _path(found: SecretFinding) -> str:
    # What only a tag leads to has no name.
    return visible(cut(found.path, 100)) or "a content without a name"


def _where(found: SecretFinding) -> str:
    return f" (in the history, blob {found.blob})" if found.blob else ""


def _verify_whole(scan: SecretScan, history: bool) -> None:
    if not scan.files or not scan.version:
        raise CouldNotVerify(f"the commit {scan.commit} has no text file that could be looked at")
    if scan.unreached:
        raise CouldNotVerify(f"time ran out with {scan.unreached} files of the commit still to be looked at")
    if history and scan.cut_off:
        raise CouldNotVerify(f"nothing is in {counted(scan.files, 'text file')} of {scan.commit}, but {CUT_OFF}")
    if history and scan.old_unreached:
        raise CouldNotVerify(
            f"nothing is in {scan.files} text files of {scan.commit} and {scan.blobs} further contents of the history,"
            f" but time ran out before {scan.old_unreached} others; `history: false` looks at the commit only"
        )
