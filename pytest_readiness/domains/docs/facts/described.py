"""What other sources name that a document must describe, and descriptions of APIs."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_readiness.config.target import Target
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.docs.resource import Document
from pytest_readiness.domains.env.facts import variables_of
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.http.describing import READING_SECONDS, Describer
from pytest_readiness.protocols.text_file import read_text_file


@dataclass(frozen=True, slots=True)
class ApiDescription:
    """What a description of an API describes.

    Attributes:
        fault: why it is not valid, as a clause; "" where it is.
        version: of OpenAPI.
        operations: all of them ("GET /orders").
        bare: those of them without an answer that has a description or a schema.
    """

    fault: str
    version: str
    operations: tuple[str, ...]
    bare: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariableNames:
    """The names of the variables that an env file sets, in its order."""

    names: tuple[str, ...]


@fact(deadline=READING_SECONDS + 10, heavy=True, extra="openapi")
def api_description(document: Document) -> ApiDescription:
    """The operations of a description of an API, and whether it is valid."""
    with Describer(str(document.path)) as describer:
        found = describer.read(read_text_file(document.path), "https://localhost/")
    return ApiDescription(found.fault, found.version, found.named, found.bare)


@fact
def variable_names(document: Document, target: Target, *, ask: str) -> VariableNames:  # noqa: ARG001
    """The names of the variables that an env file of the target sets."""
    env_file = target.named("env_file", ask)
    assert isinstance(env_file, EnvFile)
    return VariableNames(tuple(variables_of(env_file, target).variables))
