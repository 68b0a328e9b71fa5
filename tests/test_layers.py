"""The tree is the architecture: rooms import downwards only, and nothing imports in a circle."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest_readiness

PACKAGE = Path(pytest_readiness.__file__).parent
LAYERS = (
    *("plugin", "cli", "run", "report", "record", "verdict", "discover", "bind", "plan", "gather"),
    *("people", "domains", "protocols", "config", "checklist", "core"),
)
"""Rooms, each of which may import what stands behind it."""
SEE_PYTEST = LAYERS[: LAYERS.index("run") + 1]
PYTEST = {"pytest", "_pytest"}
MODULES = {
    ".".join((PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


def imported(module: str) -> Iterator[str]:
    """Every module that this one imports, anywhere in it and for types only, too."""
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by a relative name"
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in MODULES else str(node.module) for name in names)


IMPORTS = {module: {name for name in imported(module) if name != module} for module in MODULES}
OURS = {module: {name for name in names if name in MODULES} for module, names in IMPORTS.items()}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_every_room_is_in_the_order() -> None:
    assert {room(module) for module in MODULES} - {"", "__main__"} == set(LAYERS)


def test_imports_point_down() -> None:
    up = {
        f"{module} -> {name}"
        for module, names in OURS.items()
        for name in names
        if room(module) in LAYERS and room(name) in LAYERS and LAYERS.index(room(module)) > LAYERS.index(room(name))
    }
    assert not up


def test_nothing_imports_in_a_circle() -> None:
    TopologicalSorter(OURS).prepare()


def test_domains_import_each_other_in_one_direction() -> None:
    def domain(module: str) -> str:
        return module.split(".")[2] if room(module) == "domains" and module.count(".") > 1 else ""

    graph: dict[str, set[str]] = {}
    for module, names in OURS.items():
        graph.setdefault(domain(module), set()).update({domain(name) for name in names} - {"", domain(module)})
    del graph[""]
    TopologicalSorter(graph).prepare()


def test_only_what_runs_sees_pytest() -> None:
    seeing = {room(module) for module, names in IMPORTS.items() if {name.partition(".")[0] for name in names} & PYTEST}
    assert seeing <= set(SEE_PYTEST)


def test_a_class_name_means_one_thing() -> None:
    trees = {module: ast.parse(path.read_text("utf-8")) for module, path in MODULES.items()}
    classes = [
        (node.name, module)
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    counted = Counter(name for name, _ in classes)
    assert not sorted((name, module) for name, module in classes if counted[name] > 1)
