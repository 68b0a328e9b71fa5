"""Key `extensions` of readiness.yaml: modules of a project's own, which declare checks, facts and kinds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pytest_readiness.core.domains import Extension, ExtensionError, load_catalogue, load_extension
from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.core.registry import verify_facts
from pytest_readiness.core.yamlfile import YamlList, YamlMap, read_yaml

KEY = "extensions"


def load_extensions(root: YamlMap) -> None:
    """Import what the file names; what ships and what is installed is imported first, so that it keeps its ids.

    Args:
        root: readiness.yaml.

    Raises:
        ProblemsError: what cannot be imported; a sentence each.
        RegistrationError: what an extension or an installed pack declares does not work.
    """
    if KEY not in root:
        return
    entries, line = root[KEY], root.lines[KEY]
    if not isinstance(entries, YamlList) or not all(isinstance(entry, str) and entry for entry in entries):
        message = f"'{KEY}' is a list of modules, or of paths of files that end in .py."
        raise ProblemsError([Problem(root.path, line, message)])
    if not entries:
        return
    load_catalogue()
    problems = []
    for name, at in dict(zip(entries, entries.lines, strict=True)).items():
        try:
            load_extension(Extension(name, root.path, at))
        except ExtensionError as error:
            problems.append(Problem(root.path, at, str(error)))
    if problems:
        raise ProblemsError(problems)
    verify_facts()


def load_extensions_of(path: Path) -> None:
    """Import what this readiness.yaml names; nothing else in it is looked at.

    Raises:
        ProblemsError: the file cannot be read, or an extension not be imported.
        RegistrationError: what an extension or an installed pack declares does not work.
    """
    if path.is_file() and not path.stat().st_size:
        # It is about to be written.
        return
    load_extensions(read_yaml(path, "configuration"))


def may_declare(id: str, sentence: str, conftests: Iterable[Path]) -> Path | None:
    """Return the conftest.py that may declare a check that is not known, or None where that is not likely.

    Args:
        id: the check's id.
        sentence: what is said about it so far; a similar name is the likelier reason.
        conftests: those that were not read.
    """
    found = list(conftests)
    naming = (each for each in found if _names(id, each))
    return next(naming, None) or (None if "Did you mean" in sentence else next(iter(found), None))


def _names(id: str, conftest: Path) -> bool:
    """Whether a conftest.py or a module beside it names the check."""
    texts = (path.read_text("utf-8", "replace") for path in sorted(conftest.parent.glob("*.py")))
    return any(f'"{id}"' in text or f"'{id}'" in text for text in texts)
