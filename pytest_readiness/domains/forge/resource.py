"""Projects on forges."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator

from pytest_readiness.config.secrets import Secret
from pytest_readiness.core.resources import Resource, checked_host, checked_port
from pytest_readiness.core.spelling import spelled
from pytest_readiness.protocols.http.trust_files import AuthorityFile

_PUBLIC = {"github": "https://api.github.com", "gitlab": "https://gitlab.com/api/v4"}


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment or "@" in text:
        raise ValueError("must be the address of an API, such as https://git.example.com/api/v4")
    checked_port(parts)
    checked_host(parts.hostname)
    return text.rstrip("/")


def _project(text: str) -> str:
    if not all(part.strip(".") for part in text.split("/")):
        raise ValueError("must be the owner and name of a project, such as example/shop")
    return text


class Forge(Resource):
    """A project on a forge, which knows of runs, reviews, protections and issues.

    Attributes:
        project: owner and name (`example/shop`); with GitLab all groups (`example/web/shop`).
        service: whose API it speaks: `github` (also GitHub Enterprise, Gitea and Forgejo as far as they agree) or
            `gitlab`.
        api: the API's address; default: that of github.com or gitlab.com.
        token: shown with every request; it needs rights to read only.
        address: IP address or name to connect to instead of the API's host.
        ca: file with the private authority that signed the API's certificate.
    """

    kind = "forge"
    section = "forges"
    main = "project"

    project: Annotated[
        str,
        AfterValidator(_project),
        spelled(r"^[\w.-]+(/[\w.-]+)+$", "owner and name of a project, such as example/shop", max_length=500),
    ]
    service: Literal["github", "gitlab"] = "github"
    api: Annotated[str, AfterValidator(_address)] | None = None
    token: Secret | None = None
    address: str | None = None
    ca: AuthorityFile | None = None

    @property
    def base(self) -> str:
        """The API's address."""
        return self.api or _PUBLIC[self.service]

    @property
    def where(self) -> str:
        """The project, and the host that it is on."""
        return f"{self.project} on {urlsplit(self.base).hostname}"

    @property
    def place(self) -> str:
        """The API's host."""
        return urlsplit(self.base).netloc.lower()
