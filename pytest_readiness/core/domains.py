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
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, entry_points
from pathlib import Path
from types import ModuleType

from pytest_readiness.core.problems import Problem, RegistrationError
from pytest_readiness.core.registry import CHECKS, FACTS, Check, verify_facts

GROUP = "pytest_readiness.domains"
FILE_SUFFIX = ".py"
"""Suffix of an extension that is a file, not a module."""
_OURS = f"{__name__.partition('.')[0]}."


class ExtensionError(RegistrationError):
    """A module from outside this package cannot be used; the message is a sentence that says which and why."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A module that an entry point names.

    Attributes:
        domain: the entry point's name.
        module: name of the module.
        installed: what the entry point is part of; None where that is not known.
    """

    domain: str
    module: str
    installed: Distribution | None = field(compare=False)

    @property
    def distribution(self) -> str:
        """What is installed, with its version ("acme-readiness 1.2"); reading it takes as long as finding all packs."""
        return f"{self.installed.name} {self.installed.version}" if self.installed else "an unknown package"

    @property
    def shipped(self) -> bool:
        """Whether it is one of this package's own."""
        return self.module.startswith(_OURS)

    def __str__(self) -> str:
        return f"The pack '{self.domain}' ({self.module}, of {self.distribution})"


@dataclass(frozen=True, slots=True)
class Extension:
    """A module of a project's own.

    Attributes:
        name: as readiness.yaml names it: of the module, looked for beside that file first; or the path of a file that
            ends in ".py".
        path: of readiness.yaml.
        line: where it is named there.
    """

    name: str
    path: Path
    line: int

    def __str__(self) -> str:
        return f"The extension '{self.name}'"


_EXTENSIONS: dict[str, Extension] = {}
"""By each module that came with it."""


@cache
def packs() -> tuple[Pack, ...]:
    """Every installed pack, in alphabetical order, those that ship first; nothing is imported."""
    found = {Pack(each.name, each.module, each.dist) for each in entry_points(group=GROUP)}
    # In this order they are imported: an id or kind that both have is taken by what ships.
    return tuple(sorted(found, key=lambda pack: (not pack.shipped, pack.domain, pack.module)))


def load_kinds() -> None:
    """Import what declares the kinds of resources.

    Raises:
        ExtensionError: a pack cannot be imported.
    """
    for pack in packs():
        _import(pack, f"{pack.module}.resource" if "resource" in _parts(pack) else pack.module)


def load_catalogue() -> dict[str, Check]:
    """Import every pack and return all registered checks by id.

    Raises:
        RegistrationError: a pack cannot be used, or a fact or check builds on something that it cannot build on.
    """
    load_kinds()
    for pack in packs():
        _import_all(pack)
    _verify()
    return CHECKS


def catalogue() -> Mapping[str, Check]:
    """Return all checks by id; what ships is imported when one of its checks is first asked for.

    Raises:
        RegistrationError: a pack cannot be used, or a fact or check builds on something that it cannot build on.
    """
    registered = [*(check.judge for check in CHECKS.values()), *(fact.read for fact in FACTS.values())]
    if all(map(ships, registered)):
        return _Catalogue()
    # What others wrote may build on any of the facts.
    return load_catalogue()


def domains() -> tuple[str, ...]:
    """The domains that packs have checks of, in alphabetical order; none of the checks is imported."""
    return tuple(sorted({pack.domain for pack in packs() if "checks" in _parts(pack)}))


def load_extension(extension: Extension) -> None:
    """Import a module of a project's own, which declares checks, facts or kinds.

    Raises:
        ExtensionError: it cannot be imported, or what it declares cannot be registered.
    """
    before = set(sys.modules)
    name, folder = extension.name, extension.path.parent.absolute()
    with _told(extension):
        module = _from_file(folder / name) if name.endswith(FILE_SUFFIX) else _from_folder(name, folder)
    for each in (module.__name__, *(sys.modules.keys() - before)):
        _EXTENSIONS[each] = extension


def sentence(error: RegistrationError) -> str:
    """What is wrong, with the pack, the extension and its line, or the file whose declaration it is."""
    module = error.module
    if isinstance(error, ExtensionError) or not module or module.startswith(_OURS):
        return str(error)
    if (pack := _pack_of(module)) is not None:
        return f"{pack} cannot be used: {error}"
    if (extension := _EXTENSIONS.get(module)) is not None:
        return str(Problem(extension.path, extension.line, f"{extension} cannot be used: {error}"))
    file = getattr(sys.modules.get(module), "__file__", None)
    return str(Problem(Path(file), 0, str(error))) if file is not None else str(error)


def ships(function: Callable[..., object]) -> bool:
    """Whether the function of a check or fact belongs to this package."""
    return function.__module__.startswith(_OURS)


def origin(check: Check) -> str:
    """Where a check is from: "" where it ships, else the distribution or the extension; or the module of its own."""
    module = check.judge.__module__
    if ships(check.judge):
        return ""
    if (pack := _pack_of(module)) is not None:
        return pack.distribution
    extension = _EXTENSIONS.get(module)
    return f"extension {extension.name}" if extension is not None else module


class _Catalogue(Mapping[str, Check]):
    def __getitem__(self, id: str) -> Check:
        if id not in CHECKS:
            self._find(id)
        return CHECKS[id]

    def _find(self, id: str) -> None:
        shipped = [pack for pack in packs() if pack.shipped and pack.domain == id.partition(".")[0]]
        for pack in shipped:
            for name in _declaring(id, pack):
                _import(pack, name)
        if id not in CHECKS:
            for pack in shipped:
                _import_all(pack)
        if id in CHECKS:
            # A kind may refer to one of another domain.
            load_kinds()
            _verify()
        else:
            # What others wrote may build on any of the facts.
            load_catalogue()

    def __iter__(self) -> Iterator[str]:
        return iter(load_catalogue())

    def __len__(self) -> int:
        return len(load_catalogue())


def _verify() -> None:
    verify_facts()
    for check in CHECKS.values():
        module = check.judge.__module__
        found = () if ships(check.judge) else tuple(pack for pack in packs() if _within(module, pack.module))
        if found and check.domain not in {pack.domain for pack in found}:
            raise RegistrationError(
                f"The id of its check {check.id} must begin with '{found[0].domain}.', the name of its entry point.",
                module,
            )


def _pack_of(module: str) -> Pack | None:
    """The first pack of which a module is."""
    return next(iter(_packs_of(module)), None)


def _packs_of(module: str) -> tuple[Pack, ...]:
    """The packs of which a module is, or else those of the same package."""
    exact = tuple(pack for pack in packs() if _within(module, pack.module))
    return exact or tuple(pack for pack in packs() if _within(module, pack.module.partition(".")[0]))


def _within(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def _import_all(pack: Pack) -> None:
    for part in ("facts", "checks"):
        for name in _modules(pack, part):
            _import(pack, name)


def _declaring(id: str, pack: Pack) -> Iterator[str]:
    """Modules of checks that may declare this one: its id is a constant of theirs; they are not run for that."""
    for name in _modules(pack, "checks"):
        # Not the loader that pytest puts before all others for plugins: it rewrites assertions, and tells no code.
        spec = PathFinder.find_spec(name, sys.modules[name.rpartition(".")[0]].__path__)
        code = getattr(spec and spec.loader, "get_code", lambda _: None)(name)
        if code is not None and id in code.co_consts:
            yield name


@cache
def _parts(pack: Pack) -> frozenset[str]:
    """Names of what lies directly in a package; nothing for a module."""
    path = getattr(_import(pack, pack.module), "__path__", ())
    return frozenset(each.name for each in pkgutil.iter_modules(path))


@cache
def _modules(pack: Pack, part: str) -> tuple[str, ...]:
    """The module of that name in a package, or the modules of the package of that name in it."""
    if part not in _parts(pack):
        return ()
    name = f"{pack.module}.{part}"
    path = getattr(_import(pack, name), "__path__", None) if _is_package(name) else None
    return (name, *(each.name for each in pkgutil.iter_modules(path, f"{name}."))) if path is not None else (name,)


def _is_package(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.submodule_search_locations is not None


def _import(pack: Pack, name: str) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    try:
        with _told(pack):
            return importlib.import_module(name)
    except ExtensionError as error:
        if pack.shipped and isinstance(error.__cause__, RegistrationError):
            # What ships is right: a conftest.py was first.
            raise error.__cause__ from None
        raise


def _from_folder(name: str, folder: Path) -> ModuleType:
    here = PathFinder.find_spec(name.partition(".")[0], [str(folder)])
    loaded = sys.modules.get(name.partition(".")[0])
    if here is not None and here.origin and loaded and getattr(loaded, "__file__", None) not in (None, here.origin):
        raise ExtensionError(f"another module of that name is already loaded, from {loaded.__file__}; rename this one")
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise ExtensionError(f"there is no module '{error.name}', neither in {folder} nor installed") from None
        raise
    finally:
        sys.path.remove(str(folder))
        # Last, so that it hides nothing: functions of the module may import its neighbours when they are called.
        if str(folder) not in sys.path:
            sys.path.append(str(folder))


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ExtensionError(f"there is no file {path}")
    for each in list(sys.modules.values()):
        # It may be there: a conftest.py that pytest has imported.
        file = Path(getattr(each, "__file__", None) or "")
        if file.name == path.name and file.is_file() and path.samefile(file):
            return each
    name = f"readiness_extension_{path.stem}"
    while name in sys.modules:
        name += "_"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


@contextmanager
def _told(what: object) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # whatever a foreign module does, its user must be told which one it was
        raise ExtensionError(f"{what} cannot be imported: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """One clause or sentence: what went wrong at import, and in which line, unless the message says so."""
    text = " ".join(str(error).split())
    if isinstance(error, (ExtensionError, RegistrationError)):
        return text if text.endswith((".", "?")) else f"{text}."
    frames = [each for each in traceback.extract_tb(error.__traceback__) if not each.filename.startswith("<frozen")]
    place = "" if isinstance(error, SyntaxError) or len(frames) < 2 else f" ({frames[-1].filename}:{frames[-1].lineno})"
    return f"{type(error).__name__}{f': {text}' if text else ''}{place}."
