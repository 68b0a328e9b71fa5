"""`readiness schema`: the JSON Schemas of the files that people write, of the result, and of what is proposed."""

from __future__ import annotations

from typing import Annotated

import typer

from pytest_readiness.cli.problems import chosen
from pytest_readiness.cli.project import ConfigOption, load_extensions


def command(
    file: Annotated[
        str,
        typer.Argument(
            help="configuration (readiness.yaml), bindings (*.checks.yaml), signoffs, waivers, result or proposals."
        ),
    ] = "configuration",
    config: ConfigOption = None,
) -> None:
    """Print the JSON Schema of a file, for an editor.

    It knows the checks and kinds of packs that are installed, and of the extensions of this project.
    Editors with the YAML language server take it from a comment at the top of the file.

    \b
    readiness schema > readiness.schema.json
    readiness schema bindings > bindings.schema.json
    # yaml-language-server: $schema=bindings.schema.json
    """
    from pytest_readiness.cli.output import Output
    from pytest_readiness.cli.schemas import SCHEMAS

    schema = SCHEMAS[chosen("schema", file, SCHEMAS)]
    load_extensions(config)
    Output().json(schema())
