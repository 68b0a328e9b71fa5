"""Connections to a Docker engine."""

from __future__ import annotations

import socket
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.client import BadStatusLine, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify, Unreachable
from pytest_readiness.protocols.http.refusals import refusal

if TYPE_CHECKING:
    import docker
    from docker.errors import APIError


READ_SECONDS = 5
"""For the connection to the engine, and for each of its answers."""
MAX_BYTES = 8 * 2**20
"""Of one answer; that of a busy engine with a thousand containers has less than one."""
MOST_CAUSES = 20
"""That one error is followed to."""
TEXT = 200
"""Characters kept of a text that the engine or a probe wrote."""
_MISREAD = (LookupError, TypeError, AttributeError, ValueError, RecursionError)
"""What becomes of an answer that is not of the form that engines answer in."""
_NO_ENGINE = "what answers there does not answer as an engine does"
_FAILURES: tuple[tuple[type[OSError], str], ...] = (
    (FileNotFoundError, "there is no such socket"),
    (PermissionError, "this user may not open the socket; root and the group docker usually may"),
    (ConnectionRefusedError, "it refused the connection"),
    (socket.gaierror, "its name could not be resolved"),
    (TimeoutError, f"nothing came within {READ_SECONDS} s"),
)


class OnEngine(Protocol):
    """What is held by an engine."""

    @property
    def place(self) -> str:
        """The engine's address."""

    @property
    def certs(self) -> Path | None:
        """Folder of the certificates that the engine is spoken to with, or None."""


@contextmanager
def engine_of(resource: OnEngine) -> Iterator[docker.DockerClient]:
    """A client of the engine; what goes wrong with the engine as a whole becomes a sentence.

    Nothing is taken from the environment or from the user's folder: neither another engine's address and certificates,
    nor a context, a proxy, headers or a password (DOCKER_*, HTTP_PROXY, ~/.docker, ~/.netrc …).
    """
    from docker.constants import DEFAULT_DOCKER_API_VERSION
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    address = resource.place
    reached = False
    try:
        _knock(address)
        # A client that is told the version contacts nobody yet, so that the first request is bounded as well.
        with closing(_client(resource, DEFAULT_DOCKER_API_VERSION)) as client:
            version = client.api.version(api_version=False)["ApiVersion"]
        with closing(_client(resource, version)) as client:
            reached = True
            yield client
    except APIError as error:
        kind = CouldNotVerify if reached else Unreachable
        raise kind(f"the Docker engine {address} answered: {_words(error)}") from None
    except (DockerException, RequestException, OSError, *_MISREAD) as error:
        reason = f"no answer from the Docker engine {address}: {_why(error, resource.certs)}"
        if reached or _broken_off(error):
            # An engine that is quiet about one container, or breaks one connection off, may answer for the others.
            raise CouldNotVerify(reason, transient=not _timed_out(error)) from None
        raise Unreachable(reason) from None


def _client(resource: OnEngine, version: str) -> docker.DockerClient:
    import docker
    from docker.tls import TLSConfig

    tls: TLSConfig | bool = False
    if folder := resource.certs:
        for name in ("ca.pem", "cert.pem", "key.pem"):
            if not (folder / name).is_file():
                raise Unreachable(f"there is no {name} in {folder}, which holds the certificates for {resource.place}")
        pair = (str(folder / "cert.pem"), str(folder / "key.pem"))
        tls = TLSConfig(client_cert=pair, ca_cert=str(folder / "ca.pem"), verify=True)
    client = docker.DockerClient(base_url=resource.place, version=version, timeout=READ_SECONDS, tls=tls)
    api: Any = client.api
    # What requests and docker-py would take from the environment, and from ~/.netrc and ~/.docker/config.json.
    api.trust_env, api._general_configs = False, {}
    # An engine never sends elsewhere.
    api.max_redirects = 0
    api.headers["Accept-Encoding"] = "identity"
    api.send = partial(_bounded, api.send, resource.place)
    return client


def _bounded(send: Any, address: str, request: Any, **options: Any) -> Any:
    """Enter a request into the audit log, and read its answer as far as an answer may go."""
    sent(f"{request.method} {urlsplit(request.url).path} at the Docker engine {address}")
    until = time.monotonic() + READ_SECONDS
    response = send(request, **{**options, "stream": True})
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_content(2**16):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES or time.monotonic() > until:
            response.close()
            limit = f"{MAX_BYTES >> 20} MiB" if size > MAX_BYTES else f"{READ_SECONDS} s"
            raise CouldNotVerify(
                f"the Docker engine {address} answered {urlsplit(request.url).path} with more than is read, {limit}"
            )
    response._content = b"".join(chunks)
    return response


def socket_of(address: str) -> str:
    """Path of the unix socket that an engine's address names, or "" for another kind of address."""
    return "/" + address.removeprefix("unix:").lstrip("/") if address.startswith("unix:") else ""


def _knock(address: str) -> None:
    """Raise OSError where the engine's socket takes no connection; docker-py would then leave its own end open."""
    if path := socket_of(address):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(READ_SECONDS)
            connection.connect(path)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what caused it; urllib3 puts the cause of some that it never raises among their arguments."""
    for _ in range(MOST_CAUSES):
        if error is None:
            return
        yield error
        held = next((each for each in error.args if isinstance(each, BaseException)), None)
        error = error.__cause__ or error.__context__ or held


def _timed_out(error: BaseException) -> bool:
    return any(isinstance(cause, TimeoutError) for cause in _causes(error))


def _broken_off(error: BaseException) -> bool:
    """Whether something answered at the engine's address, though not to the end."""
    kinds = (ConnectionResetError, BrokenPipeError, HTTPException)
    return any(isinstance(cause, kinds) for cause in _causes(error))


def _why(error: BaseException, certs: Path | None) -> str:
    import ssl

    from requests.exceptions import TooManyRedirects

    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            if not certs:
                known = f"the authorities of this machine ({cause.verify_message})"
                return f"its certificate does not verify by {known}: certs names the folder of its own"
            return f"its certificate does not verify by ca.pem ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            ended = isinstance(cause, ssl.SSLEOFError)
            own = "it may not take cert.pem" if certs else "it may ask for certs"
            return f"it ended the TLS handshake: {own}" if ended else f"no TLS: {refusal(cause)}"
        if isinstance(cause, BadStatusLine) and not isinstance(cause, ConnectionResetError):
            return _NO_ENGINE
        for kind, reason in _FAILURES:
            if isinstance(cause, kind):
                return reason
    if isinstance(error, _MISREAD):
        return _NO_ENGINE
    if _broken_off(error):
        return "it broke the connection off; an engine that speaks TLS needs certs"
    if isinstance(error, TooManyRedirects):
        return "it redirects to another place, which an engine never does"
    if "paramiko" in str(error):
        return "an ssh:// address needs paramiko: pip install 'docker[ssh]'"
    return _short(str(error))


def _words(error: APIError) -> str:
    """What was answered; a page is no sentence, and comes from a web server or a proxy."""
    said = str(error.explanation or error)
    if said.lstrip().startswith("<"):
        return f"status {error.status_code} with a page, as a web server or a proxy does and an engine does not"
    return _short(said)


def _short(text: str) -> str:
    return textwrap.shorten(text, TEXT, placeholder=" …").rstrip(".")
