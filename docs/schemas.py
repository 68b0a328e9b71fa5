"""Write docs/schemas/readiness.schema.json, the JSON Schema of readiness.yaml, from the models that read it."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_readiness.target.config import configuration_schema

PATH = Path(__file__).parent / "schemas" / "readiness.schema.json"


def text() -> str:
    """The schema as the file holds it."""
    return json.dumps(configuration_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
