from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from pytest_readiness.domains.source.resource import Repository
from tests.judging import judge
from tests.stack.repositories import Repo

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
FILES = {"README.rst": "Shop", "docs/setup.md": "How", "deploy/run.sh": "#!/bin/sh", ".github/CODEOWNERS": "* @shop"}


@pytest.mark.parametrize(
    "paths",
    [
        ["README.rst"],
        ["README.md|README.rst"],
        ["README*"],
        ["docs/", "deploy/*.sh"],
        ["**/CODEOWNERS"],
        ["CODEOWNERS|docs/CODEOWNERS|.github/CODEOWNERS"],
        ["linked.md", "d*/"],
    ],
)
def test_files_are_there(repo: Repo, judged: Any, paths: list[str]) -> None:
    (repo.path / "linked.md").symlink_to("docs/setup.md")
    commit = repo.commit(FILES)
    said = judged("source.files", paths=paths, absent=["*.pem", "docs/draft.md"]).text
    assert f"of 5 in {commit[:12]} (what is checked out)" in said


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("README.md", "no README.md"),
        ("readme.rst", r"no readme.rst \(README.rst is there, which is another name for Git\)"),
        ("docs", r"no docs \(docs is a folder\)"),
        ("RUN*", r"no RUN\*"),
        ("untracked.md", "no untracked.md"),
        ("empty.md", "empty.md is empty"),
        ("gone.md", "gone.md leads to no file of the repository"),
        ("outside.md", "outside.md leads to no file"),
        ("large.bin", "large.bin is a pointer of Git LFS"),
        ("sub", "sub is a submodule"),
        ("blank/", "blank/.gitkeep is empty"),
        # A folder of that name is no file of that name.
        ("LICENSE*", r"no LICENSE\*"),
    ],
)
def test_files_that_say_nothing(repo: Repo, judged: Any, tmp_path: Path, path: str, seen: str) -> None:
    (repo.path / "gone.md").symlink_to("no/such.md")
    (repo.path / "outside.md").symlink_to("../../../etc/passwd")
    library = Repo(tmp_path / "library")
    library.commit({"a": "1"})
    repo.git("submodule", "--quiet", "add", str(library.path), "sub")
    repo.commit({**FILES, "empty.md": "\n", "large.bin": POINTER, "blank/.gitkeep": "", "LICENSES/MIT.txt": "MIT"})
    repo.write({"untracked.md": "here"})
    with pytest.raises(ClaimFalse, match=f"seen: {seen}"):
        judged("source.files", paths=[path])


@pytest.mark.parametrize("absent", ["**/*.pem", "*.pem", "*.key|*.pem", "config/*.pem"])
def test_files_that_must_be_absent(repo: Repo, judged: Any, absent: str) -> None:
    repo.commit(FILES | {"config/key.pem": "x"})
    with pytest.raises(ClaimFalse, match=r"seen: config/key\.pem is there"):
        judged("source.files", paths=["docs/"], absent=[absent])
    with pytest.raises(ClaimFalse, match=r"seen: deploy/run\.sh is there"):
        judged("source.files", paths=["docs/"], absent=["deploy/"])


@pytest.mark.parametrize("paths", [[], [""], ["/etc/passwd"], ["../x"], ["./x"], ["!x"], ["a\\b"], ["a||b"], ["/"]])
def test_paths_that_say_nothing_are_refused(judged: Any, paths: list[str]) -> None:
    with pytest.raises(ValidationError):
        judged("source.files", paths=paths)


def test_no_stray_files(repo: Repo, judged: Any) -> None:
    fine = {"a.py": "x", "logs/.gitkeep": "", "db/001.sql": "create table", ".env.example": "A=", "changelog": "x"}
    commit = repo.commit(fine)
    assert judged("source.no_stray_files").text == f"none of 5 files of {commit[:12]}; 0 allowed"


@pytest.mark.parametrize(
    "path",
    [
        *("npm-debug.log", "Logs/Server.LOG", "a/.DS_Store", "main.py.orig", "x/node_modules/a/index.js", "notes.txt~"),
        *("a/__pycache__/b.cpython-311.pyc", "deploy/id_rsa", "dump.sql.gz", ".venv/bin/activate", "ü/ü.bak"),
    ],
)
def test_stray_files(repo: Repo, judged: Any, path: str) -> None:
    repo.commit({"a.py": "x", path: "x"})
    with pytest.raises(ClaimFalse, match=r"none of 2 files stray.*seen: 1: "):
        judged("source.no_stray_files")
    assert "1 allowed" in judged("source.no_stray_files", allowed=[path.split("/")[0]]).text


def test_files_that_are_large_or_in_conflict(repo: Repo, judged: Any) -> None:
    conflict = "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> other\n"
    repo.commit({"a.rst": "Title\n=======\n", "quoted.md": "    " + conflict.replace("\n", "\n    ")})
    assert judged("source.no_stray_files")
    repo.commit({"big.bin": "x" * 2_000_000, "settings.py": "A = 1\n" + conflict})
    with pytest.raises(ClaimFalse, match=r"seen: 2: settings\.py has conflict markers, big\.bin has 1\.9 MiB"):
        judged("source.no_stray_files", max_mib=1)
    assert judged("source.no_stray_files", allowed=["settings.py", "*.bin"], max_mib=1)


def test_clean(repo: Repo, judged: Any) -> None:
    commit = repo.commit({"a.py": "x", ".gitignore": "build/\n"})
    repo.git("tag", "-a", "v1", "-m", "First")
    repo.write({"build/out.js": "y"})
    said = judged("source.clean", branch="main", tagged=True, fields={"commit": "v1"}).text
    assert said == (
        f"2 tracked files are those of {commit[:12]} (tag v1, declared as `commit`), on main, tagged v1; "
        "1 ignored files and folders not looked at"
    )
    repo.git("checkout", "-q", "--detach")
    assert "on no branch" in judged("source.clean", tagged=True).text
    with pytest.raises(CouldNotVerify, match="no branch is checked out"):
        judged("source.clean", branch="main")


def _chmod(repo: Repo) -> None:
    (repo.path / "a.py").chmod(0o755)


@pytest.mark.parametrize(
    ("done", "seen"),
    [
        (lambda repo: repo.write({"a.py": "changed"}), r"1 changed \(a\.py\)"),
        (lambda repo: (repo.path / "a.py").unlink(), r"1 changed \(a\.py\)"),
        (lambda repo: repo.git("mv", "a.py", "b ü.py"), r"2 changed"),
        (_chmod, r"1 changed \(a\.py\)"),
        (lambda repo: repo.write({"new ü\n.py": "x"}), r"1 not tracked \(new ü"),
        (lambda repo: repo.write({".git/info/exclude": "*.txt", "new.txt": "x"}), r"1 not tracked \(new\.txt\)"),
        (lambda repo: repo.git("config", "status.showUntrackedFiles", "no") or repo.write({"n": ""}), "1 not tracked"),
        (lambda repo: repo.git("update-index", "--assume-unchanged", "a.py"), "1 that Git is told not to compare"),
        (lambda repo: repo.git("update-index", "--skip-worktree", "a.py"), "1 that Git is told not to compare"),
        (lambda repo: repo.commit({"c": "1"}), "[0-9a-f]{12} is checked out"),
        (lambda repo: repo.git("checkout", "-q", "-b", "other"), "the branch other"),
    ],
)
def test_not_clean(repo: Repo, judged: Any, done: Any, seen: str) -> None:
    repo.commit({"a.py": "x"})
    repo.git("tag", "v1")
    done(repo)
    with pytest.raises(ClaimFalse, match=f"seen: (?:.*; )?{seen}"):
        judged("source.clean", branch="main", fields={"commit": "v1"})


def test_changed_within_a_submodule(repo: Repo, judged: Any, tmp_path: Path) -> None:
    library = Repo(tmp_path / "library")
    library.commit({"a": "1"})
    repo.git("submodule", "--quiet", "add", str(library.path), "sub")
    repo.git("config", "-f", ".gitmodules", "submodule.sub.ignore", "all")
    repo.commit()
    assert judged("source.clean")
    (repo.path / "sub" / "new").write_text("x")
    with pytest.raises(ClaimFalse, match=r"1 changed \(sub\)"):
        judged("source.clean")


def test_tags(repo: Repo, judged: Any) -> None:
    repo.commit({"a": "1"})
    with pytest.raises(CouldNotVerify, match="has no tags: fetch them"):
        judged("source.clean", tagged=True)
    repo.git("tag", "v1")
    repo.commit({"a": "2"})
    with pytest.raises(ClaimFalse, match="seen: no tag"):
        judged("source.clean", tagged=True)


@pytest.fixture
def remote(repo: Repo, tmp_path: Path) -> Path:
    repo.commit({"a": "1"})
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "remote.git"))
    repo.git("remote", "add", "origin", f"file://{tmp_path}/remote.git")
    repo.git("fetch", "-q", "origin")
    return tmp_path / "remote.git"


def test_pushed(repo: Repo, remote: Path, judged: Any) -> None:
    sha = repo.git("rev-parse", "HEAD")
    said = judged("source.pushed", branch="main")
    assert said.text.startswith(f"{sha[:12]} (what is checked out) is in main at file://")
    assert said.warning == "the remote is a folder of this machine"
    repo.git("tag", "-a", "v1", "-m", "First")
    repo.commit({"a": "2"})
    repo.git("push", "-q", "origin", "main")
    assert judged("source.pushed", fields={"branch": "main", "commit": "v1"})
    with pytest.raises(ClaimFalse, match="seen: it is there without v1"):
        judged("source.pushed", with_tag=True, fields={"branch": "main", "commit": "v1"})
    repo.git("push", "-q", "origin", "v1")
    said = judged("source.pushed", with_tag=True, fields={"branch": "main", "commit": "v1"})
    assert "tagged v1" in said.text
    assert judged("source.pushed", branch="main", fields={"remote": str(remote)})


def test_not_pushed(repo: Repo, remote: Path, judged: Any, tmp_path: Path) -> None:
    with pytest.raises(NotDeclared):
        judged("source.pushed")
    with pytest.raises(ClaimFalse, match="seen: no branch release"):
        judged("source.pushed", branch="release")
    repo.commit({"a": "2"})
    # What this clone believes of its remote is not asked.
    repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
    with pytest.raises(ClaimFalse, match=r"seen: main is at [0-9a-f]{12}, without it"):
        judged("source.pushed", branch="main")
    with pytest.raises(ClaimFalse, match="seen: it is there without any tag of it"):
        judged(
            "source.pushed",
            branch="main",
            with_tag=True,
            fields={"commit": repo.git("rev-parse", "HEAD~1")},
        )


def test_what_a_remote_does_not_tell(repo: Repo, remote: Path, judged: Any, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.git("pull", "-q", f"file://{remote}", "main")
    other.commit({"b": "1"})
    other.git("push", "-q", f"file://{remote}", "HEAD:main")
    with pytest.raises(CouldNotVerify, match="is not known here: fetch it whole"):
        judged("source.pushed", branch="main")
    repo.git("fetch", "-q", "origin")
    assert judged("source.pushed", branch="main")
    repo.git("remote", "set-url", "origin", f"file://user:secret@{remote}x")
    with pytest.raises(CouldNotVerify, match=r"remote origin of .* cannot be asked") as raised:
        judged("source.pushed", branch="main")
    assert "secret" not in str(raised.value)
    assert os.environ.get("GIT_TERMINAL_PROMPT") is None


def test_pushed_in_a_shallow_clone(repo: Repo, remote: Path, judged: Any, tmp_path: Path) -> None:
    first = repo.git("rev-parse", "HEAD")
    for number in range(3):
        repo.commit({"a": f"{number}x"})
    repo.git("push", "-q", "origin", "main")
    repo.git("clone", "-q", "--depth=1", f"file://{remote}", str(tmp_path / "shallow"))
    shallow = {"path": tmp_path / "shallow"}
    assert judge("source.pushed", Repository(name="shop", branch="main", **shallow))
    with pytest.raises(CouldNotVerify, match="no tag or commit"):
        judge("source.pushed", Repository(name="shop", branch="main", commit=first, **shallow))


def test_names_that_look_like_patterns_and_files_without_a_letter(repo: Repo, judged: Any) -> None:
    blank: dict[str, str | bytes] = {
        "bom.md": b"\xef\xbb\xbf\n",
        "nul.md": b"\0" * 99,
        "wide.md": "\ufeff\n".encode("utf-16"),
        "VERSION": "7",
    }
    repo.commit({"app/[id]/page.tsx": "x", **blank})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    repo.git("commit", "-q", "-m", "Submodule")
    assert judged("source.files", paths=["app/[id]/page.tsx", "app/[id]/", "VERSION"])
    for path in ("app/[id]/page.tsx", "sub/", "su*/"):
        with pytest.raises(ClaimFalse, match="is there"):
            judged("source.files", paths=["VERSION"], absent=[path])
    for path in ("bom.md", "nul.md", "wide.md"):
        with pytest.raises(ClaimFalse, match=f"{path} is empty"):
            judged("source.files", paths=[path])
    with pytest.raises(ValidationError, match="at most 3 stars"):
        judged("source.files", paths=["*a*a*a*a*b"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_conflicts_in_utf_16(repo: Repo, judged: Any, encoding: str) -> None:
    mark = "\ufeff" * (encoding == "utf-16-be")
    conflict = f"{mark}a\r\n<<<<<<< HEAD\r\na\r\n=======\r\nb\r\n>>>>>>> other\r\n"
    repo.commit({"a.txt": conflict.replace("<<<", " <<<").encode(encoding), "b.txt": "a<b<c<d<e<f<g<h>1>2>3>4>5>6>7"})
    assert judged("source.no_stray_files")
    repo.commit({"a.txt": conflict.encode(encoding)})
    with pytest.raises(ClaimFalse, match=r"seen: 1: a\.txt has conflict markers"):
        judged("source.no_stray_files")


def test_a_gitignore_that_is_not_committed_hides_nothing(repo: Repo, judged: Any) -> None:
    repo.commit({"src/app.py": "x"})
    repo.write({".cache/.gitignore": "*\n", ".cache/x": "x"})
    assert judged("source.clean")
    repo.write({"src/.gitignore": "*\n", "src/more.py": "x"})
    with pytest.raises(ClaimFalse, match=r"seen: 1 not tracked \(src/\.gitignore\)"):
        judged("source.clean")


def test_another_working_tree_and_submodules_that_are_empty(repo: Repo, judged: Any, tmp_path: Path) -> None:
    part = Repo(tmp_path / "part")
    part.commit({"a": "x"})
    repo.git("submodule", "--quiet", "add", str(part.path), "part")
    repo.commit()
    assert "not checked out" not in judged("source.clean").text
    repo.git("submodule", "--quiet", "deinit", "part")
    assert judged("source.clean").text.endswith("; 1 submodule not checked out")
    repo.git("config", "core.worktree", str(part.path))
    with pytest.raises(CouldNotVerify, match=r"name .*part as its working tree \(core.worktree\)"):
        judged("source.clean")


def test_conflicts_without_names_and_logs_that_were_rotated(repo: Repo, judged: Any) -> None:
    repo.commit({"a.md": "<<<<<<<<\n>>>>>>>>\n", "b.md": " <<<<<<<\n >>>>>>>\n"})
    assert judged("source.no_stray_files")
    repo.commit({"a.md": "<<<<<<<\r\n>>>>>>>\r\n", "app.log.1": "x"})
    with pytest.raises(ClaimFalse, match=r"seen: 2: a\.md has conflict markers, app\.log\.1"):
        judged("source.no_stray_files")


def test_hidden_within_a_submodule(repo: Repo, judged: Any, tmp_path: Path) -> None:
    Repo(tmp_path / "library").commit({"a": "1"})
    repo.git("submodule", "--quiet", "add", str(tmp_path / "library"), "sub")
    repo.commit()
    inner = Repo(repo.path / "sub")
    inner.git("config", "status.showUntrackedFiles", "no")
    (inner.path / "new").write_text("x")
    with pytest.raises(ClaimFalse, match=r"1 changed \(sub\)"):
        judged("source.clean")
    (inner.path / "new").unlink()
    inner.git("update-index", "--assume-unchanged", "a")
    with pytest.raises(ClaimFalse, match=r"told not to compare \(sub/a\)"):
        judged("source.clean")


def test_another_program_in_place_of_the_remotes(repo: Repo, judged: Any, remote: Path) -> None:
    repo.commit({"b": "1"})
    repo.git("config", "remote.origin.uploadpack", "sh -c 'git-upload-pack .git' #")
    with pytest.raises(ClaimFalse, match="without it"):
        judged("source.pushed", branch="main")
