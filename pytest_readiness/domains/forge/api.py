"""How forges are asked: the declared project, page by page, and with one rule of what may be taken for absent.

A forge answers 404 to who may not see a thing as well as where there is none. So a 404 is an absence only where the
caller knows that the token could have seen it; everything else that is not a success could not be verified.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut, visible
from pytest_readiness.domains.forge.resource import Forge
from pytest_readiness.protocols.http.trust import Trust
from pytest_readiness.protocols.json_api import JsonApi, Query, Refused

READ_SECONDS = 110
"""For all that one fact asks."""
FACT_SECONDS = READ_SECONDS + 10
MAX_REDIRECTS = 3
Data = Mapping[str, Any]
_T = TypeVar("_T")
_M = TypeVar("_M")


def said(text: str, length: int = 80) -> str:
    """A name from a forge, as a message shows it."""
    return visible(cut(text, length))


def quoted(text: str) -> str:
    """A name in a path, with its slashes as escapes."""
    return quote(text, safe="")


def take(data: Data, kind: type[_T], *keys: str) -> _T:
    """What stands in an answer under these keys, one in the other.

    Raises:
        CouldNotVerify: nothing of that type does.
    """
    value: Any = data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise CouldNotVerify(f"the forge's answer has no {'.'.join(keys)} that could be read")
    return value


def maybe(data: Data, kind: type[_T], *keys: str, default: _M) -> _T | _M:
    """What stands under these keys; the default where it is missing or null.

    Raises:
        CouldNotVerify: it is of another type.
    """
    value: Any = data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return default if value is None else take(data, kind, *keys)


def moment(data: Data, *keys: str) -> datetime:
    """A time that an answer gives, in UTC."""
    text = take(data, str, *keys)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise CouldNotVerify(f"{said(text, 40)}, the forge's {'.'.join(keys)}, is no time")
    return at.astimezone(UTC)


class ForgeProject:
    """A project on a forge, and the connection that it is asked over.

    Attributes:
        forge: as it is declared.
        data: what the forge says of the project itself.
        name: owner and name, as the forge has it.
    """

    def __init__(self, forge: Forge, api: JsonApi) -> None:
        self.forge, self._api = forge, api
        self._path = self._of(forge.project)
        try:
            self.data: Data = api.get(self._path, dict)
        except Refused as error:
            raise unsure(error, f"the project {forge.where}") from None
        self.name = take(self.data, str, "path_with_namespace" if self.gitlab else "full_name")
        self._path = self._of(self.name)

    @property
    def gitlab(self) -> bool:
        """Whether it speaks GitLab's API; else GitHub's."""
        return self.forge.service == "gitlab"

    @property
    def told(self) -> str:
        """What a reader must know of its name; "" where it is the declared one."""
        if self.name.lower() == self.forge.project.lower():
            return ""
        return f"{self.forge.project} has been renamed: the forge led to {said(self.name)}"

    @property
    def default_branch(self) -> str:
        """The branch that changes go into."""
        return take(self.data, str, "default_branch")

    def may(self, level: int, role: str) -> bool:
        """Whether whom the token belongs to has a role in the project.

        Args:
            level: GitLab's number of the least role.
            role: GitHub's word for it.
        """
        rights: Data = maybe(self.data, dict, "permissions", default={})
        if not self.gitlab:
            return rights.get(role) is True
        held = (maybe(rights, int, each, "access_level", default=0) for each in ("project_access", "group_access"))
        return max(held) >= level

    def get(self, path: str, *, query: Query | None = None) -> Data:
        """An object of the project's.

        Raises:
            CouldNotVerify: the forge does not give it.
        """
        try:
            return self._api.get(self._at(path), dict, query=query)
        except Refused as error:
            raise unsure(error, path or "the project") from None

    def find(self, path: str, *, sure: bool) -> Data | None:
        """An object of the project's, or None where the forge says that there is none and the token would see it.

        Args:
            path: what is asked.
            sure: whether the token would see it.

        Raises:
            CouldNotVerify: it may be there.
        """
        try:
            return self._api.get(self._at(path), dict)
        except Refused as error:
            if error.status == 404 and sure:
                return None
            raise unsure(error, path) from None

    def items(self, path: str, key: str = "", *, query: Query | None = None, first: bool = False) -> list[Data]:
        """All objects of a list, over all its pages.

        Args:
            path: what is asked; with a slash at its beginning, not of the project's but of the whole forge's.
            key: under which GitHub wraps the list, beside their total number; "" for a plain list.
            query: parameters.
            first: only those of its first page.

        Raises:
            CouldNotVerify: the forge does not give it, or fewer than it says that there are.
        """
        found: list[Data] = []
        total: int | None = None
        try:
            for page in self._pages(path, dict if key else list, {"per_page": 100, **(query or {})}):
                if key:
                    total = maybe(page, int, "total_count", default=total)
                    page = take(page, list, key)
                if not all(isinstance(each, dict) for each in page):
                    raise CouldNotVerify(f"the forge's answer to {said(path)} is no list of objects")
                found.extend(page)
                if first:
                    return found
        except Refused as error:
            raise unsure(error, path) from None
        if total is not None and len(found) < total:
            raise CouldNotVerify(f"the forge gave {len(found)} of {total} of {said(path)}")
        return found

    def _pages(self, path: str, kind: type[Any], query: Query) -> Iterator[Any]:
        return self._api.pages(path[1:] if path.startswith("/") else self._at(path), kind, query=query)

    def _of(self, name: str) -> str:
        return f"projects/{quoted(name)}" if self.gitlab else f"repos/{quote(name)}"

    def _at(self, path: str) -> str:
        return f"{self._path}/{path}" if path else self._path


def unsure(error: Refused, what: str) -> CouldNotVerify:
    """Why nothing is known of something that the forge refused, and what would help."""
    more = {
        401: "declare the forge's token, or a valid one",
        403: "the token needs the right to read it, or the forge limits how often it may ask",
        404: "there is none, or the token lacks the right to see it: a forge answers both alike",
    }.get(error.status)
    reason = f"{said(what)}: {error.reason}" + (f"; {more}" if more else "")
    return CouldNotVerify(reason, transient=error.transient)


@contextmanager
def opened(forge: Forge) -> Iterator[ForgeProject]:
    """The project of a forge, asked over one connection.

    Raises:
        CouldNotVerify: the forge does not give it.
    """
    with JsonApi(
        forge.base,
        name=f"the forge {forge.place}",
        address=forge.address or "",
        trust=Trust(forge.ca),
        token=forge.token.get_secret_value() if forge.token else "",
        accept="application/json" if forge.service == "gitlab" else "application/vnd.github+json",
        redirects=MAX_REDIRECTS,
        until=time.monotonic() + READ_SECONDS,
    ) as api:
        yield ForgeProject(forge, api)
