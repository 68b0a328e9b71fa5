"""Key `extensions` of readiness.yaml: modules of a project's own, which declare checks, facts and kinds."""

from __future__ import annotations

from pathlib import Path

from pytest_readiness.core.domains import ExtensionError, extension_of, load_catalogue, load_extension
from pytest_readiness.core.problems import Problem, ProblemsError, RegistrationError
from pytest_readiness.core.registry import verify_facts
from pytest_readiness.core.yamlfile import YamlList, YamlMap, read_yaml

KEY = "extensions"


def load_extensions(root: YamlMap) -> None:
    """Import what the file names; what ships and what is installed is imported first, so that it keeps its ids.

    Args:
        root: readiness.yaml.

    Raises:
        ProblemsError: what cannot be imported, or does not work; a sentence each.
        RegistrationError: a pack that is installed cannot be used.
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
    lines = dict(zip(entries, entries.lines, strict=True))
    problems = []
    for name, at in lines.items():
        try:
            load_extension(name, root.path.parent.absolute())
        except ExtensionError as error:
            problems.append(Problem(root.path, at, str(error)))
    if not problems:
        try:
            verify_facts()
        except RegistrationError as error:
            name = extension_of(error.module) or entries[0]
            problems.append(
                Problem(root.path, lines.get(name, line), f"The extension '{name}' cannot be used: {error}")
            )
    if problems:
        raise ProblemsError(problems)


def load_extensions_of(path: Path) -> None:
    """Import what this readiness.yaml names; nothing else in it is looked at.

    Raises:
        ProblemsError: the file cannot be read, or an extension not be used.
        RegistrationError: a pack that is installed cannot be used.
    """
    if path.is_file() and not path.stat().st_size:
        # It is about to be written.
        return
    load_extensions(read_yaml(path, "configuration"))
