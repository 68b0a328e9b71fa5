"""Inboxes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from pytest_readiness.config.secrets import Secret
from pytest_readiness.core.resources import Resource, anchored, checked_port
from pytest_readiness.protocols.http.trust_files import AuthorityFile

MAIL_ADDRESS = r"^[!#-;=?A-Z\[\]-~]+@[A-Za-z0-9.${}_-]+$"
"""Of a recipient or sender: in ASCII, without quotes; `${…}` may be in it where it is still to be filled in."""
INBOX_SCHEMES = ("imaps", "imap", "mailpit+https", "mailpit+http", "mailhog+https", "mailhog+http")


class Inbox(Resource):
    """Where mail arrives that checks may read.

    Attributes:
        inbox: `imaps://host`, `imap://host` (TLS by STARTTLS), `maildir:PATH`, or the address of a mail catcher's web
            service, `mailpit+https://host` or `mailhog+https://host` (or `+http`).
        user, password: for IMAP, or for the web service.
        folder: of IMAP; default: INBOX.
        ca: file with the private authority to trust instead of the system's store.
    """

    kind = "inbox"
    section = "inboxes"
    main = "inbox"

    inbox: str
    user: str | None = None
    password: Secret | None = None
    folder: Annotated[str, Field(pattern=r"^[^\s\"\\\\][^\"\\\\\r\n]*$")] | None = None
    ca: AuthorityFile | None = None

    @field_validator("inbox")
    @classmethod
    def _way(cls, value: str, info: ValidationInfo) -> str:
        if value.startswith("maildir:") and value != "maildir:":
            return f"maildir:{anchored(Path(value.removeprefix('maildir:')), info)}"
        parts = urlsplit(value)
        if parts.scheme not in INBOX_SCHEMES or not parts.hostname:
            raise ValueError(
                f"'{value}' must begin with maildir: or {', '.join(f'{each}://' for each in INBOX_SCHEMES)}"
            )
        if (
            parts.username
            or parts.password
            or parts.query
            or parts.fragment
            or (parts.path and "+" not in parts.scheme)
        ):
            raise ValueError("it is scheme, host and port; 'user', 'password' and 'folder' are keys of their own")
        checked_port(parts)
        return value

    @model_validator(mode="after")
    def _whole_login(self) -> Inbox:
        if (self.user is None) != (self.password is None):
            raise ValueError("'user' and 'password' belong together")
        if self.user is None and self.inbox.startswith("imap"):
            raise ValueError("IMAP needs 'user' and 'password'")
        return self

    @property
    def where(self) -> str:
        """The address or path."""
        return self.inbox
