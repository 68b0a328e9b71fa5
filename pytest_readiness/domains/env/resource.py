"""Env files, and what else programs have their variables from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import model_validator

from pytest_readiness.core.evidence import NotDeclared
from pytest_readiness.core.resources import AnchoredPath, Reference, Resource
from pytest_readiness.core.spelling import spelled
from pytest_readiness.domains.host.resource import Unit

ObjectName = Annotated[
    str,
    spelled(r"^[A-Z][A-Za-z]*/[a-z0-9][a-z0-9.-]*(/[a-z0-9][a-z0-9-]*)?$", "kind and name, such as Deployment/api"),
]
Program = Annotated[str, spelled(r"^[^\s/]+$", "a program's name without its path, such as gunicorn", max_length=15)]


class EnvFile(Resource):
    """The environment variables that the release runs with: of a file, or as a running program or a manifest has them.

    One of `path`, `container`, `unit`, `process` and `manifest` says where they are read.

    Attributes:
        path: the file; relative to readiness.yaml.
        dialect: what reads the file: `dotenv` (python-dotenv), `compose` (Docker Compose), `shell` (sourced by a POSIX
            shell), `systemd` (EnvironmentFile=). Unless given, what only some would fill in could not be verified.
        example: the file that says which variables there are, such as `.env.example`; relative to readiness.yaml.
        container: name of the target's container: what it was started with. Variables that its entrypoint sets besides
            are not seen.
        host: name of the target's host, on which unit or process run.
        unit: systemd unit: what its main process was started with.
        process: program as /proc/PID/comm has it, whose first 15 characters count: what it was started with.
        manifest: file with objects of Kubernetes, such as what `kustomize build` or `helm template` writes.
        object: that one of the manifest's: a workload (`Deployment/api`, `CronJob/mail/container`), `ConfigMap/api` or
            `Secret/api`.
    """

    kind = "env_file"
    section = "env_files"
    main = "path"

    path: AnchoredPath | None = None
    dialect: Literal["dotenv", "compose", "shell", "systemd"] | None = None
    example: AnchoredPath | None = None
    container: Annotated[str | None, Reference("container", through=True)] = None
    host: Annotated[str | None, Reference("readiness_host", through=True)] = None
    unit: Unit | None = None
    process: Program | None = None
    manifest: AnchoredPath | None = None
    object: ObjectName | None = None

    _SOURCES: ClassVar = ("path", "container", "unit", "process", "manifest")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        named = [each for each in self._SOURCES if getattr(self, each) is not None]
        if len(named) != 1:
            raise ValueError(f"exactly one of {', '.join(self._SOURCES)} says where the variables are read")
        for one, other in (({"unit", "process"}, "host"), ({"manifest"}, "object")):
            if (named[0] in one) != (getattr(self, other) is not None):
                raise ValueError(f"'{other}' and {' or '.join(sorted(one))} belong together")
        if self.dialect and self.path is None:
            raise ValueError("a dialect is a file's")
        return self

    @property
    def where(self) -> str:
        """The file, or what has the variables."""
        if self.container:
            return f"the container {self.container}"
        if self.host:
            return f"{self.unit or self.process} on {self.host}"
        return f"{self.object} in {self.manifest}" if self.manifest else str(self.path)

    @property
    def file(self) -> Path:
        """The file.

        Raises:
            NotDeclared: the variables are read elsewhere.
        """
        if self.path is None:
            raise NotDeclared(f"{self.name} declares no file, but {self.where}")
        return self.path
