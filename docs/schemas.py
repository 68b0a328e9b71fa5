"""Write the JSON Schemas of the files that people write, and of the result, to docs/schemas/: `make schemas`."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_readiness.cli.schemas import SCHEMAS

FOLDER = Path(__file__).parent / "schemas"
OF_THE_SITE = "bindings"
"""This one is large and changes with every check: docs/hooks.py adds it to the site."""
KEPT = tuple(name for name in SCHEMAS if name != OF_THE_SITE)


def path(name: str) -> Path:
    """Where a schema stands; that of the configuration is named after its file, readiness.yaml."""
    return FOLDER / f"{'readiness' if name == 'configuration' else name}.schema.json"


def text(name: str) -> str:
    """The schema as its file holds it."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for each in KEPT:
        path(each).write_text(text(each), "utf-8")
