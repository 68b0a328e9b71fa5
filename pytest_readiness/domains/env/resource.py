"""Env files."""

from __future__ import annotations

from typing import Literal

from pytest_readiness.core.resources import AnchoredPath, Located


class EnvFile(Located):
    """A file of environment variables that the release will run with.

    Attributes:
        path: the file; relative to readiness.yaml.
        dialect: what reads it: `dotenv` (python-dotenv), `compose` (Docker Compose), `shell` (sourced by a POSIX
            shell), `systemd` (EnvironmentFile=). Unless given, what only some would fill in could not be verified.
        example: the file that says which variables there are, such as `.env.example`; relative to readiness.yaml.
    """

    kind = "env_file"
    section = "env_files"

    dialect: Literal["dotenv", "compose", "shell", "systemd"] | None = None
    example: AnchoredPath | None = None
