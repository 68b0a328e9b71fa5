"""Env files: the names in them, never a value."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from dotenv.parser import parse_stream

from pytest_readiness.discover.found import LOCAL, AskedNames, Discovered, Hint, Record, environment_of, named
from pytest_readiness.discover.project import Project
from pytest_readiness.discover.variables import databases, is_name

_EXAMPLES = ("example", "sample", "template", "dist", "defaults", "tpl")
_SHOWN = 12


def find(project: Project, services: Collection[str], composed: Collection[str]) -> Iterator[Record]:
    """Env files, what their variables lead to, and the variables that an example asks for.

    Args:
        project: the folder.
        services: names that hosts have within the stack of this machine.
        composed: env files that Docker Compose reads.
    """
    paths = project.limited(project.named(".env", ".env.*", "*.env"), "env files")
    examples = [path for path in paths if _is_example(path) and project.text(path).strip()]
    used = {example for path in paths if not _is_example(path) and (example := _example_of(path, examples))}
    for path in paths:
        lines: dict[str, int] = {}
        values: dict[str, str] = {}
        for binding in parse_stream(io.StringIO(project.text(path))):
            if binding.key is not None and binding.value is not None and is_name(binding.key):
                lines[binding.key], values[binding.key] = binding.original.line, binding.value
        if not project.text(path).strip():
            continue
        file = PurePosixPath(path).name
        if _is_example(path):
            yield from _example(path, tuple(values), declared=path in used)
            continue
        target = environment_of(file, LOCAL)
        fields: dict[str, object] = {"path": path}
        if path in composed:
            fields["dialect"] = "compose"
        if example := _example_of(path, examples):
            fields["example"] = example
        yield Discovered(
            section="env_files",
            name=_name(path),
            fields=fields,
            source=path,
            target=target,
            fill_in="" if path in composed else "dialect: what reads it (dotenv, compose, shell or systemd)",
            same=frozenset((f"path:{path}",)),
        )
        yield from databases(values, path, target, services, lines)


def _is_example(path: str) -> bool:
    return not set(_EXAMPLES).isdisjoint(PurePosixPath(path).name.split("."))


def _example_of(path: str, examples: Collection[str]) -> str | None:
    """The example of an env file in the same folder: its own (.env.prod.example), or that of all (.env.example)."""
    beside = {_bare(each): each for each in examples if PurePosixPath(each).parent == PurePosixPath(path).parent}
    return None if _is_example(path) else beside.get(_bare(path), beside.get(frozenset(("", "env"))))


def _bare(path: str) -> frozenset[str]:
    return frozenset(PurePosixPath(path).name.split(".")).difference(_EXAMPLES)


def _example(path: str, names: tuple[str, ...], *, declared: bool) -> Iterator[Record]:
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        if not declared:
            yield Hint(f"asks for {', '.join(names[:_SHOWN])}{more}", path)
        yield AskedNames(names, path)
        # Which provider is used, the names alone tell as well; their values are none.
        yield from (each for each in databases(dict.fromkeys(names, ""), path, LOCAL) if isinstance(each, Hint))


def _name(path: str) -> str:
    parts = [part for part in PurePosixPath(path).name.split(".") if part not in ("", "env")]
    folder = str(PurePosixPath(path).parent)
    return named("-".join([*([] if folder == "." else [folder.replace("/", "-")]), *(parts or ["env"])]))
