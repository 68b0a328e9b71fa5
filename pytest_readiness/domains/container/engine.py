"""Connections to a Docker engine."""

from __future__ import annotations

import os
import socket
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_readiness.core.audit import sent
from pytest_readiness.core.environment import environment
from pytest_readiness.core.evidence import CouldNotVerify, Unreachable

if TYPE_CHECKING:
    import docker


READ_SECONDS = 5
"""For the connection to the engine, and for each of its answers."""
TEXT = 200
"""Characters kept of a text that the engine or a probe wrote."""
_FAILURES: tuple[tuple[type[OSError], str], ...] = (
    (FileNotFoundError, "there is no such socket"),
    (PermissionError, "this user may not open the socket; root and the group docker usually may"),
    (ConnectionRefusedError, "it refused the connection"),
    (socket.gaierror, "its name could not be resolved"),
    (TimeoutError, f"nothing came within {READ_SECONDS} s"),
)


def _address(engine: str | None) -> str:
    return engine or os.environ.get("DOCKER_HOST") or "of this machine"


@contextmanager
def _engine(address: str | None) -> Iterator[docker.DockerClient]:
    """A client of the engine; what goes wrong with the engine as a whole becomes a sentence."""
    import docker
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    # Not by base_url: DOCKER_TLS_VERIFY and DOCKER_CERT_PATH count for an engine that the target names, too.
    variables = {**environment(), **({"DOCKER_HOST": address} if address else {})}
    reached = False
    try:
        _knock(variables)
        # docker-py asks for the engine's version as soon as there is a client.
        sent(f"GET /version at the Docker engine {_address(address)}")
        with closing(docker.from_env(timeout=READ_SECONDS, environment=variables)) as client:
            _note_requests(client, address)
            reached = True
            yield client
    except APIError as error:
        raise CouldNotVerify(f"the Docker engine {_address(address)} answered: {_words(error)}") from None
    except (DockerException, RequestException, OSError) as error:
        reason = f"no answer from the Docker engine {_address(address)}: {_why(error)}"
        if reached or _broken_off(error):
            # An engine that is quiet about one container, or breaks one connection off, may answer for the others.
            raise CouldNotVerify(reason, transient=not _timed_out(error)) from None
        raise Unreachable(reason) from None


def _note_requests(client: docker.DockerClient, address: str | None) -> None:
    """Enter every request into the audit log."""
    send = client.api.send

    def noted(request: Any, **options: Any) -> Any:
        sent(f"{request.method} {urlsplit(request.url).path} at the Docker engine {_address(address)}")
        return send(request, **options)

    client.api.send = noted  # type: ignore[method-assign]


def _knock(environment: Mapping[str, str]) -> None:
    """Raise OSError where the engine's socket takes no connection; docker-py would then leave its own end open."""
    import docker
    from docker.constants import DEFAULT_DOCKER_API_VERSION

    if environment.get("DOCKER_HOST", "unix:").startswith("unix:"):
        # A client that is told the version contacts nobody yet, and knows the address of the default context.
        with closing(docker.from_env(version=DEFAULT_DOCKER_API_VERSION, environment=environment)) as client:
            path = getattr(client.api.get_adapter(client.api.base_url), "socket_path", None)
        if path:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(READ_SECONDS)
                connection.connect(path)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _timed_out(error: BaseException) -> bool:
    return any(isinstance(cause, TimeoutError) for cause in _causes(error))


def _broken_off(error: BaseException) -> bool:
    """Whether something answered at the engine's address, though not to the end, or without its version."""
    kinds = (ConnectionResetError, BrokenPipeError, HTTPException, KeyError)
    return any(isinstance(cause, kinds) for cause in _causes(error))


def _why(error: BaseException) -> str:
    for cause in _causes(error):
        for kind, reason in _FAILURES:
            if isinstance(cause, kind):
                return reason
    if "paramiko" in str(error):
        return "an ssh:// address needs paramiko: pip install 'docker[ssh]'"
    return _short(str(error))


def _words(error: Exception) -> str:
    return _short(str(getattr(error, "explanation", None) or error))


def _short(text: str) -> str:
    return textwrap.shorten(text, TEXT, placeholder=" …").rstrip(".")
