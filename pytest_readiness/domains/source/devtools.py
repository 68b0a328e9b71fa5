"""Development tools: the packages that bring them, and the files and keys that configure them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DevTool:
    """A tool of developers.

    Attributes:
        packages: names of packages that bring it, on the index of its language; none where its language's own tools do.
        files: names of its files of settings.
        keys: keys of its settings in manifests and shared files: `tool.ruff` of pyproject.toml, `jest` of package.json,
            `flake8` of setup.cfg or tox.ini.
        since: by a major version of it, files that this and later versions read alone.
    """

    packages: tuple[str, ...]
    files: tuple[str, ...]
    keys: tuple[str, ...] = ()
    since: tuple[int, tuple[str, ...]] | None = None


def _script(name: str) -> tuple[str, ...]:
    return tuple(f"{name}.config.{end}" for end in ("js", "mjs", "cjs", "ts", "mts", "cts"))


def _rc(name: str) -> tuple[str, ...]:
    return tuple(f".{name}rc{end}" for end in ("", ".json", ".yaml", ".yml", ".js", ".cjs", ".mjs", ".toml"))


DEVTOOLS: dict[str, DevTool] = {
    "bandit": DevTool(("bandit",), (".bandit", "bandit.yaml"), ("tool.bandit",)),
    "biome": DevTool(("@biomejs/biome",), ("biome.json", "biome.jsonc")),
    "black": DevTool(("black",), (), ("tool.black",)),
    "commitlint": DevTool(("@commitlint/cli",), (*_rc("commitlint"), *_script("commitlint")), ("commitlint",)),
    "coverage": DevTool(("coverage", "pytest-cov"), (".coveragerc",), ("tool.coverage", "coverage:run")),
    "cypress": DevTool(("cypress",), _script("cypress")),
    "eslint": DevTool(("eslint",), (*_rc("eslint"), *_script("eslint")), ("eslintConfig",), (9, _script("eslint"))),
    "flake8": DevTool(("flake8",), (".flake8",), ("flake8",)),
    "isort": DevTool(("isort",), (".isort.cfg",), ("tool.isort", "isort", "settings")),
    "jest": DevTool(("jest",), (*_script("jest"), "jest.config.json"), ("jest",)),
    "mocha": DevTool(("mocha",), _rc("mocha"), ("mocha",)),
    "mypy": DevTool(("mypy",), ("mypy.ini", ".mypy.ini"), ("tool.mypy", "mypy")),
    "nox": DevTool(("nox",), ("noxfile.py",)),
    "playwright": DevTool(("@playwright/test", "pytest-playwright"), _script("playwright")),
    "pre-commit": DevTool(("pre-commit",), (".pre-commit-config.yaml",)),
    "prettier": DevTool(("prettier",), (*_rc("prettier"), *_script("prettier")), ("prettier",)),
    "pylint": DevTool(("pylint",), (".pylintrc", "pylintrc", ".pylintrc.toml"), ("tool.pylint",)),
    "pyright": DevTool(("pyright",), ("pyrightconfig.json",), ("tool.pyright",)),
    "pytest": DevTool(
        ("pytest",), ("pytest.ini", ".pytest.ini", "pytest.toml"), ("tool.pytest", "tool:pytest", "pytest")
    ),
    "rubocop": DevTool(("rubocop",), (".rubocop.yml",)),
    "ruff": DevTool(("ruff",), ("ruff.toml", ".ruff.toml"), ("tool.ruff",)),
    "stylelint": DevTool(("stylelint",), (*_rc("stylelint"), *_script("stylelint")), ("stylelint",)),
    "tox": DevTool(("tox",), ("tox.ini", "tox.toml"), ("tool.tox", "tox:tox")),
    "typescript": DevTool(("typescript",), ("tsconfig.json", "tsconfig.base.json")),
    "vitest": DevTool(("vitest",), (*_script("vitest"), *_script("vite"))),
}
RUNNERS = ("tox.ini", "noxfile.py", "mise.toml", ".mise.toml", ".tool-versions", "Justfile", "justfile", "Taskfile.yml")
"""Files that may install a tool themselves, in ways that are not read."""
