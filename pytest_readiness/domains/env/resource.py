"""Env files."""

from __future__ import annotations

from pytest_readiness.core.resources import Located


class EnvFile(Located):
    """A file of environment variables that the release will run with.

    Attributes:
        path: the file; relative to readiness.yaml.
    """

    kind = "env_file"
    section = "env_files"
