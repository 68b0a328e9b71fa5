"""A forge that tests set: the endpoints that the product asks, as GitHub's and GitLab's documentation describe them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Literal, Self
from urllib.parse import parse_qs, quote, unquote

from tests.stack.silent import Request, Response, WebApp
from tests.stack.web import document

Data = dict[str, Any]
TOKEN = "forge-token-9f31c2"
PROJECT = "example/shop"


def at(moment: datetime) -> str:
    """A time as forges write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class ForgeServer:
    """``with ForgeServer("github") as forge:`` a forge with one project, of which nothing is known but its name.

    Attributes:
        service: whose API it speaks.
        answers: what it answers, by path below the project ("branches/main/protection") or, with a slash at its
            beginning, below the API ("/groups/example/protected_environments"): an object, a list, or a list under a
            key as GitHub wraps it. What is not here is a 404, as GitHub and GitLab answer it. May be changed while it
            serves.
        project: what it says of the project itself.
        denied: what the token has no right to: paths by regular expression, and how that is answered, 403 or 404.
        whole: the same as `answers`, but answered as it is, neither in pages nor picked from.
        busy: how often it answers 429 before it answers.
        retry_after: in how many seconds it then says that it may be asked again.
        page: how many objects of a list are in an answer.
        renamed: the project's name, where it is no longer the declared one.
    """

    def __init__(self, service: Literal["github", "gitlab"] = "github", **answers: Any) -> None:
        self.service = service
        self.answers: dict[str, Any] = answers
        self.denied: dict[str, int] = {}
        self.whole: dict[str, Any] = {}
        self.busy = 0
        self.retry_after = 0
        self.page = 1
        self.renamed = ""
        self.project: Data = deepcopy(_GITLAB if service == "gitlab" else _GITHUB)
        self.app = WebApp()
        self.app.other = self._answer

    def __enter__(self) -> Self:
        self.app.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.app.__exit__(*exception)

    @property
    def api(self) -> str:
        """The address of its API."""
        return f"{self.app.url}/api/v{4 if self.service == 'gitlab' else 3}"

    def declared(self, **fields: Any) -> Data:
        """What readiness.yaml says of it, besides its name."""
        return {"project": PROJECT, "service": self.service, "api": self.api, "token": TOKEN, **fields}

    def deny(self, paths: str, status: int = 404) -> None:
        """Take the token's right to the paths of a regular expression away; "" is the project itself."""
        self.denied[paths] = status

    def _answer(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _message(401)
        if self.busy:
            self.busy -= 1
            return document({"message": "Too many requests"}, 429, ("Retry-After", f"{self.retry_after}"))
        path = request.path.removeprefix(self.api.removeprefix(self.app.url)).lstrip("/")
        names = [self.renamed or PROJECT, *([PROJECT] if self.renamed else [])]
        for name in names:
            base = f"projects/{quote(name, safe='')}" if self.service == "gitlab" else f"repos/{name}"
            if path != base and not path.startswith(f"{base}/"):
                continue
            rest = path[len(base) :].lstrip("/")
            if name != names[0]:
                goal = f"{self.api}/projects/{quote(names[0], safe='')}" if self.service == "gitlab" else ""
                return _moved(f"{goal or f'{self.api}/repos/{names[0]}'}/{rest}".rstrip("/"))
            return self._found(rest, request)
        return self._found(f"/{path}", request)

    def _found(self, path: str, request: Request) -> Response:
        for pattern, status in self.denied.items():
            if re.fullmatch(pattern, path):
                return _message(status)
        if not path:
            name = self.renamed or PROJECT
            return document({**self.project, **_named(self.service, name)})
        if path in self.whole:
            return document(self.whole[path])
        asked = {key: values[0] for key, values in parse_qs(request.query).items()}
        value = self.answers.get(path, self.answers.get(unquote(path)))
        if callable(value):
            value = value(asked)
        if value is None:
            return _message(404)
        key = next((key for key in value if isinstance(value[key], list)), "") if "total_count" in value else ""
        if not key and not isinstance(value, list):
            return document(value)
        items = [each for each in (value[key] if key else value) if _matches(each, asked)]
        number, size = int(asked.get("page", 1)), min(self.page, int(asked.get("per_page", 30)))
        part = items[(number - 1) * size : number * size]
        query = "&".join(f"{name}={quote(text)}" for name, text in asked.items() if name != "page")
        link = f'<{self.app.url}{request.path}?{query}&page={number + 1}>; rel="next"'
        more = [("Link", link)] if number * size < len(items) else []
        return document({"total_count": len(items), key: part} if key else part, 200, *more)


def _matches(item: Any, asked: Mapping[str, str]) -> bool:
    """Whether an item is among those that the parameters of a list ask for."""
    if not isinstance(item, Mapping):
        return True
    environment = item.get("environment")
    name = environment.get("name") if isinstance(environment, dict) else environment
    of = {"head_sha": item.get("head_sha"), "sha": item.get("sha"), "environment": name}
    wanted = all(asked[name] == value for name, value in of.items() if name in asked and value is not None)
    return wanted and asked.get("state", "all") in ("all", item.get("state", asked.get("state", "all")))


def _message(status: int) -> Response:
    texts = {401: "Requires authentication", 403: "Resource not accessible by personal access token", 404: "Not Found"}
    return document({"message": texts[status], "documentation_url": "https://docs.example.com"}, status)


def _moved(goal: str) -> Response:
    body = json.dumps({"message": "Moved Permanently", "url": goal}).encode()
    return Response(301, [("Location", goal), ("Content-Type", "application/json")], body)


def _named(service: str, name: str) -> Data:
    return {"path_with_namespace": name} if service == "gitlab" else {"full_name": name}


_GITHUB: Data = {
    "id": 1296269,
    "name": "shop",
    "private": True,
    "default_branch": "main",
    "has_issues": True,
    "archived": False,
    "permissions": {"admin": True, "maintain": True, "push": True, "triage": True, "pull": True},
}
_GITLAB: Data = {
    "id": 5,
    "name": "shop",
    "visibility": "private",
    "default_branch": "main",
    "namespace": {"kind": "group", "full_path": "example"},
    "issues_access_level": "enabled",
    "only_allow_merge_if_pipeline_succeeds": True,
    "allow_merge_on_skipped_pipeline": False,
    "permissions": {"project_access": {"access_level": 40}, "group_access": None},
}
