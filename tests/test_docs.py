"""The documentation says what there is, and its examples run."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer.main
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from pydantic import BaseModel

import pytest_readiness
from docs import catalogue, schemas, suites
from pytest_readiness import plugin
from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.cli import app, describe
from pytest_readiness.cli.schemas import SCHEMAS
from pytest_readiness.config.loading import load_configuration
from pytest_readiness.config.model import ConfigurationFile, Policy, TargetFile, Weights
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.registry import BINDING_WORDS, CHECKS, CLASSES, FACTS, SEVERITIES, Check
from pytest_readiness.core.resources import KINDS, SECTIONS
from pytest_readiness.core.yamlfile import parse_yaml
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.people.decisions import KnownItems, Signoff, Waiver, read_people
from pytest_readiness.people.rules import CADENCE_DAYS, EvidenceRule, SignoffRule
from pytest_readiness.plan.bindings import read_bindings
from pytest_readiness.record.recording import FORMAT as RECORDING_FORMAT
from pytest_readiness.verdict import judging
from pytest_readiness.verdict.drift import BaselineRecord
from pytest_readiness.verdict.outcome import Course, Shard
from pytest_readiness.verdict.result import STATES
from pytest_readiness.verdict.result_file import ResultFile
from suites.demo import shop
from tests.stack.patience import patient

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])
MADE = sorted(catalogue.FOLDER.glob("*.md"))
SUITES = sorted(suites.FOLDER.glob("*.md"))
CATALOGUE = sorted(load_catalogue().values(), key=lambda check: check.id)


COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def part(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one that is no lower."""
    match = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert match, f"there is no heading {heading!r}"
    rest = text[match.end() :]
    following = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def rows(text: str) -> dict[str, list[str]]:
    """The rows of all tables in a text: what stands as code in the first cell, and the other cells."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        for name in re.findall(r"`([^`]+)`", cells[0]) if line.startswith("|") else ():
            found[name] = cells[1:]
    return found


def fences(text: str) -> Iterator[tuple[str, str]]:
    """Language and title of every code block (the title is empty where it has none), and what is in it."""
    for token in MarkdownIt().parse(text):
        if token.type == "fence":
            included = re.fullmatch(r'--8<-- "([\w.-]+)"\n', token.content)
            yield token.info, (DOCS / "recipes" / included[1]).read_text("utf-8") if included else token.content


def titled(text: str) -> list[tuple[str, str]]:
    """File name and content of every code block that is a file of an example."""
    return [(match[1], code) for info, code in fences(text) if (match := re.search(r'title="([^"]+)"', info))]


def console(text: str) -> Iterator[str]:
    """The commands of all console blocks."""
    for info, code in fences(text):
        if info == "console":
            for line in code.splitlines():
                assert line.startswith("$ "), line
                yield line.removeprefix("$ ")


def options_of(command: str) -> set[str]:
    return {name for each in COMMANDS[command].params if each.param_type_name == "option" for name in each.opts}


def pytest_options(config: pytest.Config) -> set[str]:
    return {name for option in config._parser.getgroup("readiness").options for name in option.names()}


def assert_documented(table: Mapping[str, list[str]], model: type[BaseModel], leaving_out: Iterable[str] = ()) -> None:
    """A row for each field and no other, with "required" where the field is, or else its default."""
    assert set(table) == set(model.model_fields) - set(leaving_out)
    for name, cells in table.items():
        field = model.model_fields[name]
        assert ("required" in cells) == field.is_required(), name
        if isinstance(field.default, bool | float | str) and field.default != "":
            assert cells[1].strip("`") == str(field.default).lower(), name


# What there is is described.


def test_options(pytestconfig: pytest.Config) -> None:
    options = pytest_options(pytestconfig)
    assert "--readiness-target" in options
    assert {name.partition("=")[0] for name in rows(part(page("running.md"), "Options"))} == options


def test_options_are_shown_in_use(pytestconfig: pytest.Config) -> None:
    used = {
        name for path in PAGES for line in console(path.read_text("utf-8")) for name in re.findall(r"--[\w-]+", line)
    }
    left_out = {"--readiness-allow", "--readiness-fenced"}
    assert pytest_options(pytestconfig) - used == left_out
    assert all(f"`{name}`" in page("checklists.md") + page("configuration.md") for name in left_out)


def test_commands() -> None:
    text = page("cli.md")
    assert len(COMMANDS) > 1
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == list(COMMANDS)
    for name in COMMANDS:
        said = part(text, name)
        assert {option.split(" ")[0] for option in rows(said)} == options_of(name), name
        assert any(line.startswith(f"readiness {name}") for line in console(said)), f"an example of {name}"
        for option, [meaning] in rows(said).items():
            required = any(each.required for each in COMMANDS[name].params if option.split(" ")[0] in each.opts)
            assert required == meaning.endswith("required"), f"{name} {option}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_commands_of_examples_exist(path: Path, pytestconfig: pytest.Config) -> None:
    for line in console(path.read_text("utf-8")):
        words = shlex.split(re.sub(r"^(\w+=\S+ )+", "", line))
        given = {word.partition("=")[0] for word in words[: (*words, "--").index("--")] if word.startswith("--")}
        if words[0] == "readiness":
            assert given <= options_of(words[1]), line
        elif words[0] == "pytest":
            assert {name for name in given if "readiness" in name} <= pytest_options(pytestconfig), line


@pytest.mark.parametrize("section", SECTIONS)
def test_resources(section: str) -> None:
    text = part(page("configuration.md"), section)
    table = rows(text)
    base = SECTIONS[section]
    if base.variants is not None:
        assert f"`{base.kind}`" in text
        assert table.pop(base.variants.by)[0].startswith(", ".join(f"`{variant}`" for variant in base.models()))
    for model in base.models().values():
        assert f"`{model.kind}`" in text
        assert_documented(table, model, ("name", "labels"))
        assert f"| `{model.main}` (main) |" in text


def test_labels_are_described_for_all_resources() -> None:
    assert "labels" in rows(part(page("configuration.md"), "Resources").partition("###")[0])


def test_keys_of_the_configuration() -> None:
    text = page("configuration.md")
    assert_documented(rows(part(text, "The file")), ConfigurationFile)
    target = rows(part(text, "A target"))
    assert set(target) == {*TargetFile.model_fields, *SECTIONS}
    assert_documented(rows(part(text, "Policy")), Policy)
    weights = dict(re.findall(r"`(\w+)` \((\d+)\)", part(text, "Policy")))
    assert weights == {name: str(info.default) for name, info in Weights.model_fields.items()}


def test_keys_of_bindings() -> None:
    table = rows(part(page("bindings.md"), "Keys"))
    assert set(table) == set(BINDING_WORDS)
    said = dict(re.findall(r"`(\w+)` \((\d+)(?: days?)?\)", table["cadence"][0]))
    assert said == {name: str(days) for name, days in CADENCE_DAYS.items()}


def test_keys_of_who_signs() -> None:
    table = rows(part(page("bindings.md"), "Who signs"))
    evidence = {name: table.pop(name) for name in EvidenceRule.model_fields}
    assert_documented(table, SignoffRule, ["valid_days"])
    assert_documented(evidence, EvidenceRule)


def test_levels_of_proof() -> None:
    proofs = ConfigurationFile.model_json_schema()["properties"]["signoff_proof"]["enum"]
    assert list(rows(part(page("people.md"), "Proof of the author"))) == proofs


@pytest.mark.parametrize(("heading", "model"), [("Sign-offs", Signoff), ("Waivers", Waiver)])
def test_keys_of_peoples_decisions(heading: str, model: type[BaseModel]) -> None:
    assert_documented(rows(part(page("people.md"), heading)), model)


def test_fixtures() -> None:
    documented = set(rows(part(page("own-tests.md"), "Resources")))
    assert documented == set(KINDS)


def test_marker(pytestconfig: pytest.Config) -> None:
    ours = [line.partition(":")[0] for line in pytestconfig.getini("markers") if line.startswith("readiness")]
    assert ours == ["readiness(item, on=None)"]
    assert f"`{ours[0]}`" in page("own-tests.md")


@pytest.mark.parametrize("name", ["running.md", "concepts.md"])
def test_exit_codes(name: str) -> None:
    codes = [int(code) for code in re.findall(r"^\| (\d) \|", part(page(name), "Exit codes"), re.MULTILINE)]
    assert codes == sorted({*map(int, pytest.ExitCode), judging.NO_GO})


def test_hooks() -> None:
    hookspecs = [name for name in vars(plugin.Hooks) if name.startswith("pytest_")]
    assert hookspecs
    for name in hookspecs:
        assert f"`{name}`" in page("configuration.md")


def test_states_severities_and_classes() -> None:
    outcomes = part(page("concepts.md"), "Outcomes")
    for state in STATES:
        assert f"| **{state}**" in outcomes
    assert set(Weights.model_fields) == set(SEVERITIES)
    assert "critical, high, medium or low" in part(page("concepts.md"), "Severity")
    assert SEVERITIES == ("critical", "high", "medium", "low")
    for name in CLASSES:
        assert f"`{name}`" in part(page("writing-checks.md"), "Checks")


def test_format_of_recordings() -> None:
    assert f"`{RECORDING_FORMAT}`" in page("recording.md")


def test_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    text = part(page("architecture.md"), "Dependencies")
    cells = [line.split(" | ")[0].strip("| ") for line in text.splitlines() if line.startswith("| ")]
    named = {name.split(" ")[0] for cell in cells for name in cell.split(", ")}
    for requirement in project["dependencies"]:
        assert re.split(r"[^\w.-]", requirement)[0].rstrip(".") in named, requirement


def test_public_interface() -> None:
    text = page("writing-checks.md")
    assert all(f"`{word}`" in text for word in BINDING_WORDS)
    for name in pytest_readiness.__all__:
        assert re.search(rf"`@?{name}\b", text), name


# The catalogue


def test_catalogue_has_every_check_and_fact() -> None:
    pages = catalogue.pages()
    for check in CATALOGUE:
        assert f"## `{check.id}`" in pages[check.domain]
        assert f"[`{check.id}`]" in pages["index"]
    for name in FACTS:
        assert f"### `{name}`" in pages["facts"]


@pytest.mark.parametrize("check", CATALOGUE, ids=lambda check: check.id)
def test_check_is_described(check: Check) -> None:
    assert check.title.endswith(".")
    assert check.severity in SEVERITIES
    assert check.remedy.endswith((".", ";", ")")), "the remedy is a sentence, or a command"
    texts = {each.name: each.description for each in describe.parameters(check) if each.description}
    assert set(texts) == set(check.parameters.model_fields)
    for name, info in check.parameters.model_fields.items():
        assert len(texts[name]) > 10, name
        if isinstance(info.default, int | float) and not isinstance(info.default, bool) and not check.source:
            assert f"{info.default:g}:" in texts[name], f"a source, or why {name} is {info.default:g}"


@pytest.mark.parametrize("name", FACTS)
def test_fact_is_described(name: str) -> None:
    assert FACTS[name].summary.endswith(".")


def test_catalogue_is_up_to_date() -> None:
    written = {path.stem: path.read_text("utf-8") for path in MADE}
    assert written == catalogue.pages(), "run: make catalogue"
    assert all(text.startswith("<!-- Made by `make catalogue` ") for text in written.values())


def test_pages_of_suites_are_up_to_date() -> None:
    written = {path.stem: path.read_text("utf-8") for path in SUITES}
    assert written == suites.pages(), "run: make suites"
    assert all(text.startswith("<!-- Made by `make suites` ") for text in written.values())


def test_catalogue_escapes_what_is_no_markup() -> None:
    assert catalogue.inline("a <b> `<c>` *d* [e] f|g") == "a &lt;b&gt; `<c>` \\*d\\* \\[e\\] f\\|g"


# Examples


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The shop, as the value of a url in readiness.yaml."""
    with shop.running(()) as variables:
        yield f"{{url: 'https://localhost:{variables['DEMO_HTTPS_PORT']}', ca: '{variables['DEMO_CA']}'}}"


Run = Callable[..., pytest.RunResult]


@pytest.fixture
def readiness(pytester: pytest.Pytester, address: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Writes the files of an example and runs it; the example's site and day are replaced by ones that exist."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def readiness(files: Iterable[tuple[str, str]], *arguments: str) -> pytest.RunResult:
        for name, text in files:
            text = text.replace("https://shop.example.com", address)
            text = text.replace("2026-03-02", str(datetime.now(UTC).date()))
            (pytester.path / name).write_text(text, "utf-8")
        return pytester.runpytest_subprocess(
            "--readiness-target=prod", "--readiness-out=out", *arguments, timeout=patient(120)
        )

    return readiness


def result(pytester: pytest.Pytester) -> Any:
    return json.loads((pytester.path / "out" / "result.json").read_text("utf-8"))


def lines_of(text: str, first: str) -> list[str]:
    """The lines of the code block that begins so, as patterns."""
    [code] = [code for info, code in fences(text) if info == "text" and code.startswith(first)]
    return [f"*{line.strip()}*" for line in code.splitlines()]


def by_hand() -> str:
    # The example's checklist has headings of its own.
    return page("bindings.md").partition("\n## By hand\n")[2]


def test_bindings_by_hand(readiness: Run, pytester: pytest.Pytester) -> None:
    text = by_hand()
    files = titled(text)
    assert [name for name, _ in files] == [
        *("readiness.yaml", "release.md"),
        "release.checks.yaml",
        *("release.checks.yaml", "readiness.yaml", "signoffs.yaml"),
    ]
    first = readiness(files[:2], "--readiness-report=readiness.html")
    first.stdout.fnmatch_lines(lines_of(text, " NO-GO"))
    assert first.ret == judging.NO_GO
    assert "NO-GO" in (pytester.path / "readiness.html").read_text("utf-8")
    bound = readiness(files[2:3])
    bound.stdout.fnmatch_lines(lines_of(text, " GO"))
    assert bound.ret == 0
    unsigned = readiness(files[3:5])
    # Before the first sign-off there need be no file of them.
    unsigned.stdout.fnmatch_lines(["3 items: 2 passed, 1 unverified"])
    signed = readiness(files[5:])
    signed.stdout.fnmatch_lines(["* GO * score 100.0 *", "3 items: 3 passed"])
    assert signed.ret == 0


def test_first_target_of_the_readme(readiness: Run) -> None:
    codes = [code for info, code in fences((ROOT / "README.md").read_text("utf-8")) if info in ("yaml", "markdown")]
    names = ("readiness.yaml", "release.md", "release.checks.yaml")
    assert [codes[0].split("\n")[0], codes[2].split("\n")[0]] == [f"# {names[0]}", f"# {names[2]}"]
    outcome = readiness(zip(names, codes, strict=True))
    outcome.stdout.fnmatch_lines(["* GO * score 100.0 *", "2 items: 2 passed"])
    assert outcome.ret == 0


def test_own_tests(readiness: Run, pytester: pytest.Pytester) -> None:
    outcome = readiness(titled(page("own-tests.md")))
    outcome.assert_outcomes(passed=4)
    outcome.stdout.fnmatch_lines(["2 items: 2 passed"])
    assert outcome.ret == 0
    (pytester.path / "changelog.md").write_text("# Changelog\n\n## 1.4.1\n", "utf-8")
    outcome = readiness([])
    outcome.assert_outcomes(passed=3, failed=1)
    assert outcome.ret == 1
    pytester.runpytest_subprocess("test_release.py").assert_outcomes(skipped=3)


def test_writing_checks(readiness: Run, pytester: pytest.Pytester) -> None:
    text = page("writing-checks.md")
    outcome = readiness(titled(text.partition("\n## Facts\n")[0]))
    assert outcome.ret == 0
    [test] = result(pytester)["sections"][0]["items"][0]["tests"]
    assert test["evidence"] == "1 of 2 pinned"
    assert f'"{test["evidence"]}"' in text
    bindings = "source:\n  dependencies-are-pinned: source.pinned\n"
    outcome = readiness([("release.checks.yaml", bindings)])
    assert outcome.ret == 1
    [test] = result(pytester)["sections"][0]["items"][0]["tests"]
    assert f"`expected {test['expected']}; seen: {test['evidence']}`" in text
    (pytester.path / "requirements.txt").unlink()
    outcome = readiness([])
    assert outcome.ret == judging.NO_GO
    outcome.stdout.fnmatch_lines(["*could not verify: *requirements.txt could not be read*"])


def test_result_file(readiness: Run, pytester: pytest.Pytester) -> None:
    checklist = "# Release\n\n## Web\n\n- [ ] Group\n  - [ ] Home page answers\n"
    files = [("release.md", checklist), titled(by_hand())[0]]
    readiness(files)
    data = result(pytester)
    table = rows(part(page("running.md"), "Result file"))
    assert set(data) == set(table) == set(ResultFile.model_fields)
    assert table["format"] == [f"`{data['format']}`"]
    [section] = data["sections"]
    [group] = section["items"]
    [item] = group["items"]
    [test] = item["tests"]
    [report] = data["reports"]
    said = part(page("running.md"), "Result file")
    for keys, line in (
        (data["provenance"], "| `provenance` |"),
        (data["verdict"], "| `verdict` |"),
        (data["drift"], "| `drift` |"),
        (Course.__dataclass_fields__, "| `course` |"),
        (Shard.__dataclass_fields__, "| `shard` |"),
        (BaselineRecord.__dataclass_fields__, "| `drift` |"),
        (report, "| a report |"),
        (section, "| `sections` |"),
        ({**item, **group}, "| an item |"),
        (test, "| a test |"),
    ):
        [row] = [each for each in said.splitlines() if each.startswith(line)]
        assert [key for key in keys if f"`{key}`" not in row.removeprefix(line)] == []


def test_walk(tmp_path: Path) -> None:
    """Every command of the walk, in order: its output has the lines, and it ends with the code, that the page says."""
    walk = tmp_path / "walk"
    shutil.copytree(ROOT / "suites" / "demo" / "walk", walk)
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        environment.pop(name, None)
    modules = {"pytest": ["pytest", "-p", "no:cacheprovider"], "readiness": ["pytest_readiness"]}
    codes: list[int] = []
    said = ""
    for token in MarkdownIt().parse(page("walk.md")):
        if token.info == "console":
            said = ""
            for line in token.content.splitlines():
                words = shlex.split(line.removeprefix("$ ").replace("walk/", f"{walk}/"))
                if words[0] in ("cp", "export"):
                    environment |= dict(word.split("=") for word in words[1:] if words[0] == "export")
                    continue
                assigned = dict(word.split("=") for word in words if re.match("[A-Z_]+=", word))
                program, *arguments = words[len(assigned) :]
                done = subprocess.run(
                    [sys.executable, "-m", *modules[program], *arguments],
                    cwd=ROOT,
                    env=environment | assigned,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    timeout=patient(120),
                    check=False,
                )
                said += done.stdout
                codes.append(done.returncode)
        elif token.type == "fence":
            seen = " ".join(said.split())
            for line in token.content.splitlines():
                assert " ".join(line.split()) in seen, line
        elif claimed := re.search(r"[Ee]xit code (\d)", token.content):
            assert codes[-1] == int(claimed[1]), token.content
    assert codes == [1, 1, 0, 6, 0, 0, 0, 0, 1, 0, 4, 4, 4, 4]


def sample(name: str, beginning: str) -> str:
    """The first code block that begins so."""
    return next(code for _, code in fences(page(name)) if code.startswith(beginning))


def test_example_of_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / "readiness.yaml"
    path.write_text(sample("configuration.md", "checklists:"), "utf-8")
    (tmp_path / "checklists").mkdir()
    (tmp_path / "checklists" / "release.md").touch()
    (tmp_path / "tests" / "readiness").mkdir(parents=True)
    configuration = load_configuration(path, "prod", {"DATABASE_URL": "postgresql://app@db.example.com/shop"})
    [url, host, database] = configuration.target.resources
    assert isinstance(url, Url)
    assert (url.url, url.health) == ("https://shop.example.com", "/healthz")
    assert host.where == "ssh://deploy@web1.example.com"
    assert database.labels == ("orders",)
    assert (configuration.target.policy.min_score, configuration.target.policy.block) == (95, "high")


def test_example_of_bindings(tmp_path: Path) -> None:
    text = sample("bindings.md", "web:")
    path = tmp_path / "release.checks.yaml"
    path.write_text(text, "utf-8")
    entries = parse_yaml(text, path, "bindings")["web"]
    checklist = parse_checklist("## Web\n\n" + "".join(f"- [ ] {slug}\n" for slug in entries), tmp_path / "release.md")
    roles = dict.fromkeys(
        re.findall(r"(?:signoff|partial|role): ([\w-]+)", text), ("one@example.com", "two@example.com")
    )
    declared = {"document": frozenset({"runbook"}), "url": frozenset({"database-proxy"})}
    bindings = read_bindings(path, checklist, CHECKS, roles, declared, ["basic", "full"])
    assert len(bindings) == len(entries)
    assert [each.level for each in bindings.values() if each.level] == ["full"]
    assert [each.signoff.count for each in bindings.values() if each.signoff] == [1, 1, 1, 2]


def test_examples_of_peoples_decisions(tmp_path: Path) -> None:
    signoffs, waivers = tmp_path / "signoffs.yaml", tmp_path / "waivers.yaml"
    for path in (signoffs, waivers):
        path.write_text(sample("people.md", f"{path.stem}:"), "utf-8")
    items = {name: [f"release:{name}"] for name in ("web/acceptance-is-approved", "web/hsts-lasts-a-year")}
    read = read_people(signoffs, waivers, KnownItems(items))
    assert [len(read.signoffs), len(read.waivers)] == [1, 1]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_code_is_well_formed(path: Path) -> None:
    for info, code in fences(path.read_text("utf-8")):
        language = info.split(" ")[0]
        assert language in ("console", "groovy", "markdown", "python", "sh", "text", "toml", "yaml"), info
        if language == "python":
            compile(code, str(path), "exec")
        elif language == "yaml":
            parse_yaml(code, path, "example")
        elif language == "toml":
            tomllib.loads(code)
        elif language == "sh":
            subprocess.run(["sh", "-n"], input=code, text=True, check=True, timeout=patient(10))


# The site, and what the README promises


def test_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    commands = re.findall(r"\bmake (\w+)", (ROOT / "README.md").read_text("utf-8"))
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert commands[:2] == ["demo", "test"]
    assert [command for command in commands if command not in targets] == []


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", [*PAGES, *MADE, *SUITES], ids=lambda path: path.name)
def test_links(path: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")) if "://" not in link]
    for link in links:
        name, _, anchor = link.partition("#")
        goal = (path.parent / name).resolve() if name else path
        assert goal.is_file(), link
        if anchor:
            assert anchor in anchors(goal.read_text("utf-8")), link


@pytest.mark.parametrize("name", schemas.KEPT)
def test_schema_is_up_to_date(name: str) -> None:
    assert schemas.path(name).read_text("utf-8") == schemas.text(name), "run: make schemas"
    assert f"(schemas/{schemas.path(name).name})" in page("configuration.md")


def valid(schema: str) -> Draft202012Validator:
    return Draft202012Validator(SCHEMAS[schema]())


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        *(("bindings", code) for _, code in fences(page("bindings.md")) if code.startswith("web:")),
        ("bindings", (ROOT / "suites" / "demo" / "walk" / "release.checks.yaml").read_text("utf-8")),
        *(
            (key, code)
            for key in ("signoffs", "waivers")
            for _, code in fences(page("people.md"))
            if code.startswith(key)
        ),
    ],
)
def test_schemas_accept_the_examples(schema: str, text: str) -> None:
    value = parse_yaml(text, Path(schema), "example")
    # As JSON: dates are texts there.
    value = json.loads(json.dumps(value, default=str))
    assert [error.message for error in valid(schema).iter_errors(value)] == []


def configurations() -> Iterator[tuple[str, str]]:
    yield "readiness.yaml", (ROOT / "readiness.yaml").read_text("utf-8")
    for path in PAGES:
        for _, code in fences(path.read_text("utf-8")):
            if re.search(r"^targets:", code, re.MULTILINE):
                yield path.name, code


@pytest.mark.parametrize(("name", "text"), [pytest.param(*each, id=each[0]) for each in configurations()])
def test_schema_of_the_configuration_accepts_the_examples(name: str, text: str) -> None:
    value = parse_yaml(text, Path(name), "configuration")
    assert [error.message for error in valid("configuration").iter_errors(value)] == []


@pytest.mark.parametrize(
    "text",
    [
        "checklists: [release.md]",
        "targets: {prod: {url: {shop: https://shop.example.com}}}",
        "targets: {prod: {urls: {shop: {url: https://shop.example.com, helth: /healthz}}}}",
        "targets: {prod: {policy: {min_score: 101}}}",
    ],
)
def test_schema_refuses_mistakes(text: str) -> None:
    assert list(valid("configuration").iter_errors(parse_yaml(text, Path("readiness.yaml"), "configuration")))


def test_site_builds_and_needs_no_other_site(tmp_path: Path) -> None:
    if importlib.util.find_spec("material") is None and not os.environ.get("CI"):
        pytest.skip("mkdocs-material is not installed: pip install 'pytest-readiness[docs]'")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=patient(120), check=False)
    assert done.returncode == 0, done.stderr
    pages = {path: path.read_text("utf-8") for path in (tmp_path / "site").rglob("*.html")}
    for check in CATALOGUE:
        made = pages[tmp_path / "site" / "catalogue" / check.domain / "index.html"]
        assert f'id="{check.id.replace(".", "")}"' in made
    assert f'"{CATALOGUE[0].id}"' in (tmp_path / "site" / "schemas" / "bindings.schema.json").read_text("utf-8")
    loaded = r'<(?:script|img|iframe)[^>]+src="?https?:|<link[^>]+rel="?(?:stylesheet|preconnect)[^>]+href="?https?:'
    for path, text in pages.items():
        assert not re.search(loaded, text), path
