"""Key `extensions` of readiness.yaml: a project's own checks and kinds, for the run and for the command line alike."""

from __future__ import annotations

import json
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.cli.program import Program, Result
from tests.stack.patience import patient

BOUND = 60.0
"""Seconds after which a process is a hang."""

ONE = '''
from pytest_readiness import Evidence, check


@check("own.{name}", severity="low", remedy="Do it.")
def {name}(document) -> Evidence:
    """It is {name}."""
    return Evidence("{name}")
'''
ROOM = '''
from pytest_readiness.core.resources import Resource


class Room(Resource):
    """A room."""

    kind = "room"
    section = "rooms"
    main = "floor"

    floor: int
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    made = Program(tmp_path, monkeypatch, capsys)
    made.write("release.md", "# Release\n\n## Papers\n\n- [ ] Runbook is there\n")
    made.write("release.checks.yaml", "papers: {runbook-is-there: own.here}\n")
    made.write("own.py", ONE.format(name="here"))
    return made


def configure(project: Program, *extensions: str, target: str = "documents: {runbook: docs/runbook.md}") -> None:
    listed = "extensions:\n" + "".join(f"  - {each}\n" for each in extensions) if extensions else ""
    project.write(
        "readiness.yaml",
        f"checklists: [release.md]\nwaivers: waivers.yaml\n{listed}targets: {{prod: {{{target}}}}}\n"
        "roles: {owner: [a@example.com]}\n",
    )


def lines(result: Result, project: Program) -> list[str]:
    assert (result.code, result.out) == (4, "")
    return result.err.replace(f"{project.folder}/", "").splitlines()


def test_every_command_that_reads_the_project_knows_them(project: Program) -> None:
    configure(project, "own", "parts/more.py", target="documents: {runbook: docs/runbook.md}, rooms: {attic: 3}")
    project.write("parts/more.py", ROOM)
    assert "own.here" in project.process("plan", "--target", "prod").out
    assert "from      extension own" in project.process("explain", "own.here").out
    assert "It is here." in project.process("explain", "papers/runbook-is-there").out
    assert "own.here" in project.process("checks", "--domain", "own").out
    assert "own.here" in json.loads(project.process("schema", "bindings").out)["$defs"]["id"]["enum"]
    assert "rooms" in json.loads(project.process("schema").out)["$defs"]["Target"]["properties"]
    waived = project.process(
        *("waive", "papers/runbook-is-there", "--by", "a@example.com", "--reason", "soon", "--expires", "2026-04-01")
    )
    assert (waived.code, waived.err) == (0, "")


def test_commands_without_a_project_do_without(project: Program) -> None:
    (project.folder / "readiness.yaml").unlink()
    assert project.process("explain", "http.hsts").code == 0
    assert project.process("explain", "own.here").code == 4
    project.write("readiness.yaml", "")
    assert project.process("schema").code == 0
    assert lines(project.process("checks", "--config", "gone.yaml"), project) == [
        "gone.yaml: The configuration file does not exist."
    ]


def test_a_module_beside_the_file_comes_before_one_that_is_installed(project: Program) -> None:
    configure(project, "colorama")
    project.write("colorama.py", ONE.format(name="here"))
    assert project.process("plan", "--target", "prod").code == 0


def test_what_is_wrong_with_them_is_a_sentence_each(project: Program) -> None:
    project.write("broken.py", "def f(:\n")
    project.write("needs.py", "import gone_away\n")
    project.write("ends.py", "raise SystemExit(0)\n")
    project.write("taken.py", ONE.replace("own.{name}", "http.hsts").format(name="hsts"))
    project.write("again.py", ONE.format(name="here"))
    project.write("nothing.py", "import os\n\n\nx = os.environ['NOT_THERE']\n")
    configure(
        *(project, "own", "gone", "gone.py", "broken", "needs.py", "ends", "taken", "again", "nothing", "own.more")
    )
    folder = f"{project.folder}"
    assert lines(project.process("plan", "--target", "prod"), project) == [
        f"readiness.yaml:5: The extension 'gone' cannot be imported: there is no module 'gone', "
        f"neither in {folder} nor installed.",
        "readiness.yaml:6: The extension 'gone.py' cannot be imported: there is no file gone.py.",
        "readiness.yaml:7: The extension 'broken' cannot be imported: SyntaxError: invalid syntax (broken.py, line 1).",
        "readiness.yaml:8: The extension 'needs.py' cannot be imported: ModuleNotFoundError: "
        "No module named 'gone_away' (needs.py:1).",
        "readiness.yaml:9: The extension 'ends' cannot be imported: SystemExit: 0 (ends.py:1).",
        "readiness.yaml:10: The extension 'taken' cannot be imported: There is already a check http.hsts, "
        "in pytest_readiness.domains.http.checks.headers.",
        "readiness.yaml:11: The extension 'again' cannot be imported: There is already a check own.here, in own.",
        "readiness.yaml:12: The extension 'nothing' cannot be imported: KeyError: 'NOT_THERE' (nothing.py:4).",
        f"readiness.yaml:13: The extension 'own.more' cannot be imported: there is no module 'own.more', "
        f"neither in {folder} nor installed.",
    ]


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        (
            "def other(documen): pass",
            "Fact other reads 'documen', which is not a kind of resource. Did you mean 'document'?",
        ),
        ("def url(document): pass", "Fact url has the name of a kind of resource; a fixture has one meaning."),
    ],
)
def test_a_declaration_that_cannot_work_is_told_with_its_line(project: Program, declared: str, sentence: str) -> None:
    project.write("facts.py", f"from pytest_readiness import fact\n\n\n@fact\n{declared}\n")
    project.write("release_checks.py", "import facts\n")
    configure(project, "own", "release_checks")
    for command in (("plan", "--target", "prod"), ("checks",), ("schema",)):
        assert lines(project.process(*command), project) == [
            f"readiness.yaml:5: The extension 'release_checks' cannot be used: {sentence}"
        ]


BROKEN = [
    (
        "@fact\ndef number(document, documnt_text): pass",
        "Fact number builds on 'documnt_text', which is not a fact of the kind document. Did you mean 'document_text'?",
    ),
    (
        "@fact\ndef line(document, *, ask): pass\n\n@fact\ndef number(document, line): pass",
        "Fact number builds on line, which is many readings, not one.",
    ),
    (
        "class Book(Located):\n    kind = 'book'\n    section = 'books'\n    shelf: Annotated[str, Reference('shelv')]",
        "The field 'shelf' of the kind book refers to 'shelv', which is not a kind of resource. Known: *",
    ),
    (
        "class Book(Located):\n    kind = 'book'\n    section = 'policy'",
        "'policy' is a key of every target, not a section.",
    ),
    (
        "@fact\ndef line(document, *, ask): pass\n\n" + ONE.format(name="asks").replace("(document)", "(line)"),
        "Check own.asks takes 'line', which is read for questions, and asks none.",
    ),
    (
        ONE.format(name="asks").replace("(document)", "(document, *, number: 'lst')"),
        "Check own.asks: the type of a parameter is not known (name 'lst' is not defined).",
    ),
    (
        ONE.format(name="asks").replace('.")\n', '.", asks=lambda document, x: {})\n'),
        "Check own.asks: its function 'asks' takes 'x', which is not a parameter of the check. *",
    ),
]


@pytest.mark.parametrize(("declared", "sentence"), BROKEN)
@pytest.mark.parametrize("by", ["extension", "conftest"])
def test_what_is_declared_wrongly_is_told_with_its_origin(
    project: Program, by: str, declared: str, sentence: str
) -> None:
    text = (
        "from typing import Annotated\n\nfrom pytest_readiness import Evidence, check, fact\n"
        f"from pytest_readiness.core.resources import Located, Reference\n\n{declared}\n"
    )
    project.write(
        "release.checks.yaml", f"papers: {{runbook-is-there: own.{'asks' if 'own.asks' in text else 'here'}}}\n"
    )
    project.write("wrong.py", text)
    if by == "extension":
        configure(project, "own", "wrong")
        expected = f"readiness.yaml:5: The extension 'wrong' cannot be used: {sentence}"
        [told] = lines(project.process("plan", "--target", "prod"), project)
        assert fnmatch(told, expected)
    else:
        configure(project, "own")
        project.write("conftest.py", "import wrong\n")
        expected = f"wrong.py: {sentence}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--readiness-target=prod"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        timeout=patient(BOUND),
        check=False,
    )
    assert done.returncode == 4
    [told] = done.stderr.replace(f"{project.folder}/", "").strip().splitlines()
    assert fnmatch(told, f"ERROR: {expected}")


@pytest.mark.parametrize("written", ["", "own", "[own, 5]", "[own, '']", "{own: 1}"])
def test_it_is_a_list(project: Program, written: str) -> None:
    project.write("readiness.yaml", f"checklists: [release.md]\nextensions: {written}\ntargets: {{prod: }}\n")
    for command in (("plan", "--target", "prod"), ("checks",)):
        assert lines(project(*command), project) == [
            "readiness.yaml:2: 'extensions' is a list of modules, or of paths of files that end in .py."
        ]


def test_what_only_a_conftest_declares_is_explained(project: Program) -> None:
    project.write("conftest.py", ONE.format(name="here"))
    configure(project)
    sentence = (
        "It is not among those that ship, are installed or are named under 'extensions' in readiness.yaml; "
        "conftest.py is read by pytest only, so if the check is declared there, list its module under 'extensions'."
    )
    [told] = lines(project.process("plan", "--target", "prod"), project)
    assert told.startswith("release.checks.yaml:1: There is no check 'own.here'.")
    assert told.endswith(sentence)
    [told] = lines(project.process("explain", "own.here"), project)
    assert told.endswith(sentence)
    # A slip of the pen is one, whether or not there is a conftest.py.
    [told] = lines(project.process("explain", "http.hstss"), project)
    assert told.endswith("section/item. Did you mean 'http.hsts'?")
    configure(project, "conftest.py")
    assert project.process("plan", "--target", "prod").code == 0
    (project.folder / "conftest.py").unlink()
    configure(project)
    [told] = lines(project.process("explain", "own.here"), project)
    assert "conftest" not in told


def test_what_a_conftest_that_is_not_read_declares_is_explained(pytester: pytest.Pytester) -> None:
    sub = pytester.mkdir("sub")
    (sub / "release.md").write_text("# Release\n\n## Papers\n\n- [ ] Runbook is there\n", "utf-8")
    (sub / "release.checks.yaml").write_text("papers: {runbook-is-there: own.here}\n", "utf-8")
    (sub / "conftest.py").write_text(ONE.format(name="here"), "utf-8")
    pytester.makeconftest("")
    pytester.makefile(
        ".yaml", readiness="checklists: [sub/release.md]\ntargets: {prod: {documents: {runbook: readiness.yaml}}}\n"
    )
    outcome = pytester.runpytest_subprocess("--readiness-target=prod")
    assert outcome.ret == 4
    folder = pytester.path
    [told] = outcome.stderr.str().strip().splitlines()
    assert told.startswith(f"ERROR: {folder}/sub/release.checks.yaml:1: There is no check 'own.here'.")
    assert told.endswith(
        f" {folder}/sub/conftest.py has not been read: before the checklists pytest reads a conftest.py only in the "
        f"folders that the command line names, and above them (here: {folder}/conftest.py). If the check is declared "
        f"there, name {folder}/sub on the command line, or list the file under 'extensions' in readiness.yaml."
    )
    assert pytester.runpytest_subprocess("--readiness-target=prod", "sub").ret == 0
    # A slip of the pen is one, whether or not there is a conftest.py.
    (sub / "release.checks.yaml").write_text("papers: {runbook-is-there: http.hstss}\n", "utf-8")
    outcome = pytester.runpytest_subprocess("--readiness-target=prod")
    assert outcome.stderr.str().strip().endswith("There is no check 'http.hstss'. Did you mean 'http.hsts'?")


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_run_knows_them_and_a_conftest_may_be_one(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    pytester.makefile(".md", release="# Release\n\n## Papers\n\n- [ ] Runbook is there\n- [ ] It is read\n")
    pytester.makefile(
        ".yaml",
        readiness="checklists: [release.md]\nextensions: [checks/own.py, conftest.py, room]\n"
        "targets: {prod: {documents: {runbook: release.md}, rooms: {attic: 3}}}\n",
    )
    (pytester.path / "release.checks.yaml").write_text("papers: {runbook-is-there: [own.here, own.there]}\n")
    (pytester.path / "checks").mkdir()
    (pytester.path / "checks" / "own.py").write_text(ONE.format(name="here"), "utf-8")
    (pytester.path / "checks" / "conftest.py").write_text("import own\n", "utf-8")
    (pytester.path / "checks" / "test_room.py").write_text(
        "import pytest\n\n@pytest.mark.readiness('papers/it-is-read')\n"
        "def test_room(room):\n    assert room.floor == 3\n",
        "utf-8",
    )
    pytester.makeconftest(ONE.format(name="there"))
    (pytester.path / "room.py").write_text(ROOM, "utf-8")
    outcome = pytester.runpytest_subprocess(
        "--readiness-target=prod", "--strict-markers", "-m", "own or papers", "release.md", "checks", *options
    )
    outcome.assert_outcomes(passed=3)
    assert outcome.ret == 0
    without = pytester.runpytest_subprocess("checks", "-rs")
    without.stdout.fnmatch_lines(["*needs --readiness-target NAME*"])
    without.assert_outcomes(skipped=1)
