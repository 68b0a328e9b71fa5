"""A readiness.yaml by which a suite runs against a world."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_readiness.core.yamlfile import read_yaml
from tests.suites.documents import SUITES
from tests.suites.world import World


def write_configuration(world: World, name: str, path: Path) -> None:
    """Write the example of a target that ships beside the suite, with the world's resources instead of its own."""
    whole = dict(read_yaml(SUITES / f"{name}.target.yaml", "configuration"))
    target = dict(whole["targets"]["prod"])
    own = world.target(name)
    # What the example does not declare would be asked what the suite asks of the others of its kind.
    named = {
        name: {name, *(each.get("labels", ()) if isinstance(each, dict) else ())}
        for name, each in target["env_files"].items()
    }
    asked = set().union(*named.values())
    own["env_files"] = {name: each for name, each in own["env_files"].items() if asked.intersection(each["labels"])}
    target.update(own)
    # What is JSON is YAML, too. The parameters are taken as they stand; in the rest no dollar sign is a variable's.
    whole["targets"] = {"prod": target}
    path.write_text(json.dumps(whole), "utf-8")
