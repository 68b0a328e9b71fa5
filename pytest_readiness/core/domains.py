"""Domains: packs of kinds, facts and checks. Those that ship, those that others install, and a project's own.

A pack is a module that the entry-point group `pytest_readiness.domains` names; the entry point's name is the prefix of
its checks' ids. In a package, `resource` declares kinds of resources, `facts` and `checks` (modules or packages) what
is read and what should be; the latter two are imported only when something may ask for them.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from pytest_readiness.core.registry import CHECKS, FACTS, Check, RegistrationError, verify_facts

GROUP = "pytest_readiness.domains"
_OURS = f"{__name__.partition('.')[0]}."


class ExtensionError(Exception):
    """A module of somebody else's cannot be loaded; the message is a clause that says why."""


@cache
def packs() -> Mapping[str, tuple[str, ...]]:
    """The modules of every installed pack by domain, in alphabetical order; nothing is imported."""
    found: dict[str, dict[str, None]] = {}
    for each in sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)):
        found.setdefault(each.name, {})[each.value] = None
    return {name: tuple(modules) for name, modules in found.items()}


def load_kinds() -> None:
    """Import what declares the kinds of resources.

    Raises:
        ExtensionError: a pack cannot be imported.
    """
    for modules in packs().values():
        for module in modules:
            _import(f"{module}.resource" if "resource" in _parts(module) else module)


def load_catalogue() -> dict[str, Check]:
    """Import every pack and return all registered checks by id.

    Raises:
        ExtensionError: a pack cannot be imported.
        RegistrationError: a fact builds on what it cannot build on.
    """
    load_kinds()
    for modules in packs().values():
        _import_all(modules)
    verify_facts()
    return CHECKS


def catalogue() -> Mapping[str, Check]:
    """Return all checks by id; what ships is imported when one of its checks is first asked for.

    Raises:
        ExtensionError: a pack cannot be imported.
        RegistrationError: a fact builds on what it cannot build on.
    """
    registered = [*(check.judge for check in CHECKS.values()), *(fact.read for fact in FACTS.values())]
    if all(function.__module__.startswith(_OURS) for function in registered):
        return _Catalogue()
    # What somebody else wrote may build on any of the facts.
    return load_catalogue()


def domains() -> tuple[str, ...]:
    """The domains that packs have checks of, in alphabetical order; none of the checks is imported."""
    return tuple(name for name, modules in packs().items() if any("checks" in _parts(each) for each in modules))


def load_extension(name: str, folder: Path) -> None:
    """Import a module of a project's own, which declares checks, facts or kinds.

    Args:
        name: of the module, looked for in `folder` first; or the path of a file that ends in ".py".
        folder: where readiness.yaml is.

    Raises:
        ExtensionError: it cannot be imported.
        RegistrationError: what it declares cannot work.
    """
    if not name.endswith(".py"):
        sys.path.insert(0, str(folder))
        try:
            _import(name)
        finally:
            sys.path.remove(str(folder))
        return
    path = folder / name
    if not path.is_file():
        raise ExtensionError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(f"readiness_extension_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    with _told(name):
        spec.loader.exec_module(module)


class _Catalogue(Mapping[str, Check]):
    def __getitem__(self, id: str) -> Check:
        modules = packs().get(id.partition(".")[0], ()) if id not in CHECKS else ()
        if modules:
            for name in _declaring(id, modules):
                _import(name)
            if id not in CHECKS:
                _import_all(modules)
            verify_facts()
        return CHECKS[id]

    def __iter__(self) -> Iterator[str]:
        return iter(load_catalogue())

    def __len__(self) -> int:
        return len(load_catalogue())


def _import_all(modules: Iterable[str]) -> None:
    for module in modules:
        for part in ("facts", "checks"):
            for name in _modules(module, part):
                _import(name)


def _declaring(id: str, modules: Iterable[str]) -> Iterator[str]:
    """Modules of checks that may declare this one: its id is a constant of theirs; they are not run for that."""
    for module in modules:
        for name in _modules(module, "checks"):
            spec = importlib.util.find_spec(name)
            code = getattr(spec and spec.loader, "get_code", lambda _: None)(name)
            if code is not None and id in code.co_consts:
                yield name


@cache
def _parts(module: str) -> frozenset[str]:
    """Names of what lies directly in a package; nothing for a module."""
    path = getattr(_import(module), "__path__", ())
    return frozenset(each.name for each in pkgutil.iter_modules(path))


@cache
def _modules(module: str, part: str) -> tuple[str, ...]:
    """The module of that name in a package, or the modules of the package of that name in it."""
    if part not in _parts(module):
        return ()
    name = f"{module}.{part}"
    path = getattr(_import(name), "__path__", None) if _is_package(name) else None
    return (name, *(each.name for each in pkgutil.iter_modules(path, f"{name}."))) if path is not None else (name,)


def _is_package(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.submodule_search_locations is not None


def _import(name: str) -> ModuleType:
    with _told(name):
        return importlib.import_module(name)


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except RegistrationError:
        raise
    except Exception as error:  # whatever somebody else's module does, its user must be told which one it was
        raise ExtensionError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
