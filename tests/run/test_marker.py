"""The marker `readiness`: which item a test answers."""

from __future__ import annotations

import pytest

from tests.run.test_run import Project


@pytest.fixture
def project(pytester: pytest.Pytester, registry: None) -> Project:
    made = Project(pytester)
    made.items(one="", two="")
    return made


def marked(project: Project, *marks: str) -> pytest.RunResult:
    lines = "".join(f"@pytest.mark.readiness({mark})\n" for mark in marks)
    project.write("test_own.py", f"import pytest\n\n{lines}def test_it(url):\n    pass\n")
    return project.run("CHECK.md", "test_own.py")


@pytest.mark.parametrize(
    ("mark", "resources"),
    [
        ("'release/one'", ["api", "shop"]),
        ("item='release/one'", ["api", "shop"]),
        ("item='release/one', on='public'", ["api"]),
        ("'release/one', 'shop'", ["shop"]),
        ("'release/one', on=('public', 'shop')", ["api", "shop"]),
    ],
)
def test_it_is_read_by_position_and_by_name(project: Project, mark: str, resources: list[str]) -> None:
    marked(project, mark)
    found = sorted(test["check"] for test in project.found()["one"]["tests"])
    assert found == [f"test_own.py::test_it[{name}]" for name in resources]


@pytest.mark.parametrize(
    ("marks", "sentence"),
    [
        ([""], "the marker is written readiness(item, on=None); this one is not: missing a required argument: 'item'."),
        (["'release/one', onn='api'"], "*; this one is not: got an unexpected keyword argument 'onn'."),
        (["'release/one', 'api', 'shop'"], "*; this one is not: too many positional arguments."),
        (["5"], "the marker's item must be a text such as 'section/item', not 5."),
        (["'release/one', on=5"], "the marker's 'on' must be a name or label, or a list of them, not 5."),
        (
            ["'release/one', on=['api', None]"],
            "the marker's 'on' must be a name or label, or a list of them, not None.",
        ),
        (
            ["'release/one'", "'release/none'"],
            "2 markers 'readiness' count for this test, and a test answers one item.*",
        ),
    ],
)
def test_what_is_wrong_with_it_is_told(project: Project, marks: list[str], sentence: str) -> None:
    result = marked(project, *marks)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: test_own.py::test_it[[]*[]]: {sentence}"])


def test_those_of_the_class_count(project: Project) -> None:
    project.write(
        "test_own.py",
        "import pytest\n\n@pytest.mark.readiness('release/one')\nclass TestIt:\n"
        "    def test_one(self): pass\n\n    @pytest.mark.readiness('release/two')\n    def test_two(self): pass\n",
    )
    result = project.run("CHECK.md", "test_own.py")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: test_own.py::TestIt::test_two: 2 markers 'readiness' count for this test*"])
