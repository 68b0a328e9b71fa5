"""Env files as files: real repositories, and modes, lists and links of this machine's own files."""

from __future__ import annotations

import os
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.config.target import Target
from pytest_readiness.core.domains import catalogue, load_kinds
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.domains.env.facts.files import ACCESS
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.domains.source.resource import Repository
from tests.judging import judge
from tests.stack.repositories import Repo

load_kinds()
LOCAL = Host(name="web", connection="local://")


def ignored(path: Path, repo: Path | None = None, **parameters: Any) -> Evidence:
    repositories = (Repository(name="shop", path=repo),) if repo else ()
    parameters |= {"repository": "shop"} if repo else {}
    target = Target("prod", resources=repositories)
    return judge("env.ignored_by_git", EnvFile(name="shop", path=path), target=target, **parameters)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "shop")
    made.commit({".gitignore": "# secrets\n.env*\n!.env.example\n", ".env.example": "A=\n", "app.py": "x = 1\n"})
    made.write({".env": "A=1\n"})
    return made


def test_ignored_by_a_committed_rule(repo: Repo) -> None:
    assert ignored(repo.path / ".env").text == "in no commit, and ignored: .env by .gitignore, line 2"
    evidence = ignored(Path("/etc/shop.env"), repo.path, paths=[".env.production", "deploy/.env"])
    assert evidence.text.endswith(".env.production by .gitignore, line 2, deploy/.env by .gitignore, line 2")


def test_ignored_in_a_folder_by_its_own_rules(repo: Repo) -> None:
    repo.commit({"deploy/.gitignore": "prod.conf\n"})
    repo.write({"deploy/prod.conf": "A=1\n"})
    assert "by deploy/.gitignore, line 1" in ignored(repo.path / "deploy/prod.conf").text
    (repo.path / "link").symlink_to(repo.path / "deploy")
    assert "deploy/prod.conf by" in ignored(repo.path / "link/prod.conf").text


@pytest.mark.parametrize(
    ("files", "uncommitted", "path", "seen"),
    [
        ({".gitignore": "*.log\n"}, {}, ".env", ".env is ignored by no rule"),
        ({".gitignore": ".env\n!.env\n"}, {}, ".env", r".env is taken in again by .gitignore, line 2"),
        ({".gitignore": ".env\n"}, {}, ".env.production", ".env.production is ignored by no rule"),
        ({}, {".gitignore": ".env\n"}, ".env", "here only, by .gitignore, line 1, which the commit does not have"),
        ({".gitignore": "a\n"}, {".gitignore": ".env\n"}, ".env", "here only, by .gitignore"),
        ({}, {".git/info/exclude": ".env\n"}, ".env", "here only, by .git/info/exclude"),
    ],
)
def test_not_ignored(tmp_path: Path, files: dict[str, str], uncommitted: dict[str, str], path: str, seen: str) -> None:
    repo = Repo(tmp_path)
    repo.commit({"app.py": "", **files})
    repo.write({**uncommitted, path: "A=1\n"})
    with pytest.raises(ClaimFalse, match=seen):
        ignored(repo.path / path)


def test_rules_of_the_user_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.gitconfig").write_text(f"[core]\nexcludesFile = {tmp_path}/excludes\n")
    (tmp_path / "excludes").write_text(".env\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    repo = Repo(tmp_path / "shop")
    repo.commit({"app.py": ""})
    with pytest.raises(ClaimFalse, match=r"here only, by /.*/excludes, line 1"):
        ignored(repo.path / ".env")


def test_tracked_in_spite_of_a_rule(repo: Repo) -> None:
    repo.git("add", "-f", ".env")
    with pytest.raises(ClaimFalse, match=r"seen: \.env is tracked$"):
        ignored(repo.path / ".env")
    repo.commit()
    with pytest.raises(ClaimFalse, match=r"seen: \.env is tracked$"):
        ignored(repo.path / ".env")
    repo.git("rm", "-q", "--cached", ".env")
    with pytest.raises(ClaimFalse, match=r"\.env is tracked"):
        ignored(repo.path / ".env")
    sha = repo.commit()
    with pytest.raises(ClaimFalse, match=rf"\.env was in 2 commits \({sha[:7]}, \w+\), so what was in it is known"):
        ignored(repo.path / ".env")


def test_tracked_on_another_branch_only_and_in_a_merge(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "old")
    repo.git("add", "-f", ".env")
    repo.commit()
    repo.git("checkout", "-q", "main")
    with pytest.raises(ClaimFalse, match="was in 1 commit "):
        ignored(repo.path / ".env")
    repo.git("branch", "-q", "-D", "old")
    repo.write({".env": "A=1\n"})
    assert ignored(repo.path / ".env")
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"side.py": ""})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "--no-commit", "side")
    repo.git("add", "-f", ".env")
    repo.git("commit", "-q", "-m", "Merge")
    repo.git("rm", "-q", "--cached", ".env")
    repo.commit()
    with pytest.raises(ClaimFalse, match="was in 2 commits"):
        ignored(repo.path / ".env")


def test_a_shallow_clone_can_show_a_file_and_not_its_absence(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"b.py": ""})
    shallow = Repo(tmp_path / "clone")
    shallow.git("pull", "-q", "--depth=1", f"file://{repo.path}", "main")
    with pytest.raises(CouldNotVerify, match="whether a commit had it is not known: the history is cut off here"):
        ignored(shallow.path / ".env")
    with pytest.raises(ClaimFalse, match=r"\.env\.example is tracked"):
        ignored(shallow.path / ".env.example")


def test_no_repository(tmp_path: Path, repo: Repo) -> None:
    with pytest.raises(CouldNotVerify, match="not a git repository"):
        ignored(tmp_path / ".env")
    with pytest.raises(CouldNotVerify, match=r"is not in the repository .*; name the paths that are, as `paths`"):
        ignored(tmp_path / ".env", repo.path)
    with pytest.raises(CouldNotVerify, match="has no commit"):
        ignored(Repo(tmp_path / "new").path / ".env")
    for path in ("/etc/passwd", "../.env", "*.env", ""):
        with pytest.raises(ValidationError):
            catalogue()["env.ignored_by_git"].parameters.model_validate({"paths": [path]})


def permitted(file: Path, host: Host = LOCAL, **parameters: Any) -> Evidence:
    target = Target("prod", resources=(host,))
    return judge("env.permissions", EnvFile(name="shop", path=file), target=target, host=host.name, **parameters)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    for folder in (tmp_path, *list(tmp_path.parents)[:-2]):
        folder.chmod(folder.stat().st_mode & ~0o022)
    path = tmp_path / "shop.env"
    path.write_text("A=1\n")
    path.chmod(0o600)
    return path


def test_readable_by_its_owner_alone(secret: Path) -> None:
    owner = secret.owner()
    evidence = permitted(secret, owner=owner)
    assert f"{secret} on local://: mode 0600, owner {owner}, group {secret.group()}, " in evidence.text
    secret.chmod(0o400)
    assert permitted(secret, path=str(secret)).text.startswith(f"{secret} on local://: mode 0400")
    secret.chmod(0o640)
    assert permitted(secret, group=secret.group())


@pytest.mark.parametrize(
    ("mode", "parameters", "seen"),
    [
        (0o644, {}, "its mode 0644 lets everybody in, the group {group} is let in"),
        (0o604, {}, "its mode 0604 lets everybody in"),
        (0o602, {}, "its mode 0602 lets everybody in"),
        (0o640, {}, "the group {group} is let in"),
        (0o640, {"group": "www-data"}, "the group {group} is let in"),
        (0o660, {"group": "root"}, "the group {group} may do more than read it"),
        (0o600, {"owner": "www-data"}, "it belongs to {owner}"),
    ],
)
def test_readable_by_others(secret: Path, mode: int, parameters: dict[str, Any], seen: str) -> None:
    secret.chmod(mode)
    with pytest.raises(ClaimFalse) as failure:
        permitted(secret, **parameters)
    assert failure.value.seen == seen.format(group=secret.group(), owner=secret.owner())


def test_folders_above_that_everybody_may_write_to(secret: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(ClaimFalse, match=f"everybody may write to {tmp_path}"):
        permitted(secret)
    tmp_path.chmod(0o1777)
    assert permitted(secret)
    tmp_path.chmod(0o755)
    (open_folder := tmp_path / "open").mkdir()
    open_folder.chmod(0o777)
    (open_folder / "link.env").symlink_to(secret)
    with pytest.raises(ClaimFalse, match=f"everybody may write to {open_folder}"):
        permitted(open_folder / "link.env")


def _acl(*entries: tuple[int, int, int]) -> bytes:
    """As the kernel keeps a list: tag, rights and id of each entry, in the order of their tags."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries)


NOBODY_MAY_READ = _acl((1, 6, 0xFFFFFFFF), (2, 4, 65534), (4, 0, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF))


def test_access_control_list(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        os.setxattr(secret, "system.posix_acl_access", NOBODY_MAY_READ)
    except OSError as error:
        pytest.skip(f"no access control lists here ({error.strerror})")
    if shutil.which("getfacl"):
        with pytest.raises(ClaimFalse, match="its access control list lets the user nobody in"):
            permitted(secret)
    else:
        with pytest.raises(CouldNotVerify, match="access control list, and getfacl is not there"):
            permitted(secret)


ASKED = """\
real /srv/shop.env
file 640 app app regular file
system ext2/ext3
shown -rw-r-----+ 1 app app 4 Nov 30 12:00 /srv/shop.env
{acl}
folder 755 root /srv
folder 755 root /
"""


def _judged(monkeypatch: pytest.MonkeyPatch, printed: str, **parameters: Any) -> Evidence:
    """What is judged of what a host printed."""
    import pytest_readiness.domains.env.facts.files as facts

    class Printed:
        def answer(self, question: str) -> Any:
            assert question == ACCESS("/srv/shop.env")
            return ACCESS.parse(printed)

    monkeypatch.setattr(facts, "host_facts", lambda *_, **__: Printed())
    return permitted(Path("/srv/shop.env"), path="/srv/shop.env", **parameters)


def _printed(*entries: str) -> str:
    return ASKED.format(acl="\n".join(f"acl {each}" for each in entries))


def test_access_control_lists_that_getfacl_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = ("user::rw-", "group::---", "group:ops:r--", "mask::r--", "other::---")
    assert _judged(monkeypatch, _printed(*harmless), group="ops")
    assert _judged(monkeypatch, _printed("user::rw-", "user:eve:rw-", "group::---", "mask::---", "other::---"))
    for entries, seen in (
        (("user::rw-", "user:eve:r--", "group::---", "mask::r--", "other::---"), "lets the user eve in"),
        (("user::rw-", "group::r--", "group:ops:r--", "mask::r--", "other::---"), "the group app is let in"),
        (("user::rw-", "group::---", "group:ops:rw-", "mask::rw-", "other::---"), "the group ops may do more"),
    ):
        with pytest.raises(ClaimFalse, match=seen):
            _judged(monkeypatch, _printed(*entries), group="ops")
    with pytest.raises(CouldNotVerify, match="getfacl is not there"):
        _judged(monkeypatch, _printed().replace("\n\n", "\n"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("system ext2/ext3", "system v9fs", r"modes are those of its mount \(v9fs\)"),
        ("/srv/shop.env\nfile", "/etc/secrets/..2026_11_30_12.1/shop.env\nfile", "in a volume of Kubernetes"),
        ("regular file", "directory", r"is no regular file \(directory\)"),
        ("folder 755 root /srv\nfolder 755 root /\n", "", "what stat and ls print could not be read"),
    ],
)
def test_what_modes_do_not_tell(monkeypatch: pytest.MonkeyPatch, old: str, new: str, reason: str) -> None:
    printed = ASKED.replace("{acl}\n", "").replace("-+", "-").replace("640", "600")
    assert _judged(monkeypatch, printed)
    assert old in printed
    with pytest.raises(Exception, match=reason) as raised:
        _judged(monkeypatch, printed.replace(old, new))
    assert raised.type.__name__ in ("CouldNotVerify", "Unread")


def test_no_host_or_no_file(secret: Path) -> None:
    with pytest.raises(NotDeclared, match="which host runs with shop is not said"):
        judge("env.permissions", EnvFile(name="shop", path=secret))
    with pytest.raises(NotDeclared, match="where the env file is on web is not said; name it as `path`"):
        permitted(secret, Host(name="web", connection="ssh://web.example.com"))
    with pytest.raises(NotDeclared, match="declares no connection"):
        permitted(secret, Host(name="web", address="192.0.2.1"), path="/srv/.env")
    with pytest.raises(CouldNotVerify, match="No such file"):
        permitted(secret.with_name("absent.env"))


def test_a_link_is_judged_with_what_it_leads_to(repo: Repo) -> None:
    repo.commit({"config/app.conf": "A=1\n"})
    (repo.path / ".env.link").symlink_to("config/app.conf")
    with pytest.raises(ClaimFalse, match=r"seen: config/app\.conf is tracked"):
        ignored(repo.path / ".env.link")
    (repo.path / ".env.outside").symlink_to("/etc/hostname")
    assert ignored(repo.path / ".env.outside")


def test_rules_do_not_count_in_another_repository(repo: Repo) -> None:
    repo.write({"inner/.git": "gitdir: ../elsewhere\n"})
    with pytest.raises(CouldNotVerify, match="inner is no folder of this repository"):
        ignored(Path("/etc/shop.env"), repo.path, paths=["inner/.env"])
    with pytest.raises(CouldNotVerify, match=r"app\.py is no folder"):
        ignored(Path("/etc/shop.env"), repo.path, paths=["app.py/.env"])
