"""Inboxes: what arrives over IMAP, in a Maildir, or at a mail catcher.

Looking changes nothing: IMAP folders are opened by EXAMINE and read by BODY.PEEK, so that nothing becomes "seen".
"""

from __future__ import annotations

import imaplib
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.domains.inbox.resource import Inbox
from pytest_readiness.protocols.html_page import HtmlPage, Link
from pytest_readiness.protocols.http.credentials import basic
from pytest_readiness.protocols.http.refusals import refusal
from pytest_readiness.protocols.http.trust import Trust
from pytest_readiness.protocols.json_api import JsonApi

IMAP_SECONDS = 10.0
"""For connecting, and for each answer."""
POLL_SECONDS = 0.5
"""Between two looks into the inbox."""
MAX_MAIL = 1024 * 1024
"""Bytes of one mail that are read."""
MAX_HEADER = 4000
"""Characters of a header, of which `MAX_HEADERS` are read; lines have at most 998 (RFC 5322 2.1.1)."""
MAX_HEADERS = 200
MAX_PARTS = 100
MAX_LINKS = 1000
MAX_ANSWER = 4 * MAX_MAIL
"""Bytes of an answer to one command of IMAP."""
ANSWER_SECONDS = 30.0
MAX_MAILS = 50
"""Mails to one recipient, or the newest ones of a Maildir, that are looked at."""
_ADDRESS = re.compile(r"https?://[^\s<>\"')\]]+")


@dataclass(frozen=True, slots=True)
class Received:
    """A mail that arrived.

    Attributes:
        id: of this mail in its inbox.
        sender: From.
        subject: its subject.
        headers: all headers: names in lower case and values.
        text: what a reader reads: the plain text, and that of the HTML.
        links: addresses in the text, and links of the HTML.
        versions: the same by part of the mail, such as the plain text and the HTML that says the same.
    """

    id: str
    sender: str
    subject: str
    headers: tuple[tuple[str, str], ...]
    text: str
    links: tuple[Link, ...]
    versions: tuple[tuple[Link, ...], ...] = ()


class Mailbox(ABC):
    """An inbox that is open."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self._known: dict[str, Received] = {}

    @abstractmethod
    def ids(self, to: str) -> Iterator[str]:
        """Which mails may be for the recipient, at most `MAX_MAILS`, the newest of them."""

    @abstractmethod
    def raw(self, id: str) -> bytes:
        """A mail as it came; empty where it has gone in the meantime."""

    @abstractmethod
    def remove(self, id: str) -> None:
        """Remove a mail.

        Raises:
            CouldNotVerify: it could not be removed.
        """

    def mails(self, to: str) -> Iterator[Received]:
        """The mails to a recipient."""
        for id in self.ids(to):
            if id not in self._known:
                self._known[id] = _received(id, self.raw(id))
            if _is_to(self._known[id], to):
                yield self._known[id]

    def wait(self, to: str, subject: str, read: Collection[str], until: float) -> Received | None:
        """The first mail to a recipient with this in its subject, and none of those that were read; None if none came.

        Args:
            to: address of the recipient.
            subject: text that the subject contains.
            read: ids of mails that are not meant.
            until: reading of the monotonic clock.
        """
        while True:
            for mail in self.mails(to):
                if mail.id not in read and subject in mail.subject:
                    return mail
            left = until - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(POLL_SECONDS, left))

    def other_subjects(self, to: str, read: Collection[str]) -> list[str]:
        """Subjects of the mails to a recipient that were not read."""
        return [mail.subject for mail in self._known.values() if mail.id not in read and _is_to(mail, to)]


@contextmanager
def mailbox(inbox: Inbox) -> Iterator[Mailbox]:
    """Open an inbox, and look whether it can be read.

    Raises:
        CouldNotVerify: it cannot.
    """
    if inbox.inbox.startswith("maildir:"):
        yield _Maildir(inbox)
    elif inbox.inbox.startswith("imap"):
        box = _Imap(inbox)
        try:
            yield box
        finally:
            box.close()
    else:
        catcher = _Mailpit if inbox.inbox.startswith("mailpit") else _MailHog
        with _api(inbox) as api:
            yield catcher(inbox, api)


class _Maildir(Mailbox):
    def __init__(self, inbox: Inbox) -> None:
        super().__init__(inbox)
        self._path = Path(inbox.inbox.removeprefix("maildir:"))
        list(self.ids(""))

    def ids(self, to: str) -> Iterator[str]:  # noqa: ARG002 (a Maildir cannot be searched)
        found: list[tuple[float, str]] = []
        for folder in ("new", "cur"):
            try:
                files = [each for each in (self._path / folder).iterdir() if not each.name.startswith(".")]
            except (FileNotFoundError, NotADirectoryError):
                raise CouldNotVerify(f"{self._path} is not a Maildir: it has no folder '{folder}'") from None
            except OSError as error:
                raise CouldNotVerify(f"{self._path / folder} could not be read ({error.strerror})") from None
            for file in files:
                with suppress(FileNotFoundError):
                    found.append((file.stat().st_mtime, f"{folder}/{file.name}"))
        for _, name in sorted(found)[-MAX_MAILS:]:
            yield name

    def raw(self, id: str) -> bytes:
        try:
            with (self._path / id).open("rb") as file:
                return file.read(MAX_MAIL)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise CouldNotVerify(f"{self._path / id} could not be read ({error.strerror})") from None

    def remove(self, id: str) -> None:
        sent(f"remove {self._path / id}")
        try:
            (self._path / id).unlink()
        except OSError as error:
            raise CouldNotVerify(f"{self._path / id} could not be removed ({error.strerror})") from None


class _Bounded(imaplib.IMAP4):
    """A client for which the answer to a command has an end: `MAX_ANSWER` bytes, in `ANSWER_SECONDS`."""

    left = MAX_ANSWER
    until = float("inf")

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Connect; a greeting follows."""
        self.until = time.monotonic() + ANSWER_SECONDS
        super().open(*args, **kwargs)

    def _command(self, name: str, *args: Any) -> Any:
        self.left, self.until = MAX_ANSWER, time.monotonic() + ANSWER_SECONDS
        return super()._command(name, *args)  # type: ignore[misc]

    def readline(self) -> bytes:
        """One line."""
        return self._counted(super().readline())

    def read(self, size: int) -> bytes:
        """So many bytes, if no more than may still come."""
        if size > self.left:
            self._refuse()
        return self._counted(super().read(size))

    def _counted(self, data: bytes) -> bytes:
        self.left -= len(data)
        if self.left < 0 or time.monotonic() > self.until:
            self._refuse()
        return data

    def _refuse(self) -> NoReturn:
        most = f"{MAX_ANSWER // 2**20} MiB or {ANSWER_SECONDS:g} s"
        raise CouldNotVerify(f"{self.host}:{self.port} does not end its answer within {most}")


class _BoundedTls(_Bounded, imaplib.IMAP4_SSL):
    pass


class _Imap(Mailbox):
    def __init__(self, inbox: Inbox) -> None:
        super().__init__(inbox)
        parts = urlsplit(inbox.inbox)
        host, secure = parts.hostname or "", parts.scheme == "imaps"
        self._place = f"{host}:{parts.port or (993 if secure else 143)}"
        self._uidvalidity: bytes | None = None
        context = Trust(inbox.ca).context()
        sent(f"IMAP login as {inbox.user} at {self._place}")
        with self._said("no connection to"):
            if secure:
                self._client: imaplib.IMAP4 = _BoundedTls(
                    host, parts.port or 993, ssl_context=context, timeout=IMAP_SECONDS
                )
            else:
                self._client = _Bounded(host, parts.port or 143, timeout=IMAP_SECONDS)
        try:
            if not secure:
                with self._said("no TLS by STARTTLS at"):
                    self._client.starttls(context)
            with self._said("no login at"):
                assert inbox.password is not None
                self._login(inbox.user or "", inbox.password.get_secret_value())
            self._open("EXAMINE")
        except BaseException:
            self.close()
            raise

    def _login(self, user: str, password: str) -> None:
        if f"{user}{password}".isascii():
            self._client.login(user, password)
        elif "AUTH=PLAIN" in self._client.capabilities:
            # LOGIN has no say in how letters beyond ASCII are written; PLAIN has them in UTF-8 (RFC 4616).
            self._client.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
        else:
            raise CouldNotVerify(
                f"no login at {self._place}: user or password is not in ASCII, and it has no AUTH=PLAIN"
            )

    def ids(self, to: str) -> Iterator[str]:
        sent(f"IMAP search for mail to {to} at {self._place}")
        # Selecting again shows what has come since, on servers that tell nothing by themselves, too.
        self._open("EXAMINE")
        where = (f'HEADER {name} "{to}"' for name in ("To", "Cc", "Delivered-To", "X-Original-To"))
        first, second, third, fourth = where
        [found] = self._command("UID", "SEARCH", f"OR OR {first} {second} OR {third} {fourth}")
        for uid in (found or b"").split()[-MAX_MAILS:]:
            yield uid.decode("ascii")

    def raw(self, id: str) -> bytes:
        sent(f"IMAP fetch of message {id} at {self._place}")
        data = self._command("UID", "FETCH", id, f"(BODY.PEEK[]<0.{MAX_MAIL}>)")
        return next((each[1] for each in data if isinstance(each, tuple)), b"")

    def remove(self, id: str) -> None:
        sent(f"IMAP removal of message {id} at {self._place}")
        self._open("SELECT")
        self._command("UID", "STORE", id, "+FLAGS.SILENT", r"(\Deleted)")
        with self._said("no answer to CAPABILITY from"):
            _, [capabilities] = self._client.capability()
        if b"UIDPLUS" not in capabilities.upper().split():
            raise CouldNotVerify(f"{self._place} can remove single mails by marking them as deleted only")
        # Without UIDPLUS, EXPUNGE would remove what others have marked, too.
        self._command("UID", "EXPUNGE", id)

    def close(self) -> None:
        with suppress(imaplib.IMAP4.error, OSError):
            self._client.logout()
        with suppress(OSError):
            self._client.shutdown()

    def _open(self, how: str) -> None:
        self._command(how, f'"{self.inbox.folder or "INBOX"}"')

    def _command(self, name: str, *arguments: str) -> list[Any]:
        with self._said(f"no answer to {name} {' '.join(arguments[:1])} from"):
            if name == "UID":
                status, data = self._client.uid(*arguments)
            else:
                status, data = self._client.select(arguments[0], readonly=name == "EXAMINE")
        if status != "OK":
            said = b" ".join(each for each in data if isinstance(each, bytes)).decode("utf-8", "replace")
            raise CouldNotVerify(f"{self._place} refused {name} {' '.join(arguments[:1])} ({cut(said)})")
        return data

    @contextmanager
    def _said(self, what: str) -> Iterator[None]:
        import ssl

        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise CouldNotVerify(f"the certificate of {self._place} is not trusted ({refusal(error)})") from None
        except ssl.SSLError as error:
            raise CouldNotVerify(f"{what} {self._place} ({refusal(error)})") from None
        except TimeoutError:
            raise CouldNotVerify(f"{what} {self._place} within {IMAP_SECONDS:g} s") from None
        except UnicodeError:
            raise CouldNotVerify(f"{what} {self._place} (user or password is no text in UTF-8)") from None
        except (imaplib.IMAP4.error, OSError) as error:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise CouldNotVerify(f"{what} {self._place} ({cut(said.removeprefix('b').strip(chr(39)))})") from None


class _Catcher(Mailbox):
    """A mail catcher's web service."""

    listing = ""

    def __init__(self, inbox: Inbox, api: JsonApi) -> None:
        super().__init__(inbox)
        self.api = api
        api.get(self.listing, dict)

    def ids_in(self, found: dict[str, Any], key: str) -> Iterator[str]:
        """The ids of the messages that an answer lists, the oldest first."""
        listed = found.get(key) or []
        if not isinstance(listed, list) or not all(isinstance(each, dict) and "ID" in each for each in listed):
            raise CouldNotVerify(f"'{key}' in the answer of {self.inbox.where} is not a list of messages with their ID")
        return (str(each["ID"]) for each in reversed(listed))


def _api(inbox: Inbox) -> JsonApi:
    login = (basic(inbox.user, inbox.password.get_secret_value()),) if inbox.user and inbox.password else ()
    base = inbox.inbox.partition("+")[2]
    return JsonApi(base, trust=Trust(inbox.ca), headers=login, max_bytes=MAX_MAIL * 2)


class _Mailpit(_Catcher):
    """Mailpit, by its API v1."""

    listing = "api/v1/info"

    def ids(self, to: str) -> Iterator[str]:
        found = self.api.get("api/v1/search", dict, query={"query": f'to:"{to}"', "limit": MAX_MAILS})
        yield from self.ids_in(found, "messages")

    def raw(self, id: str) -> bytes:
        return self.api.send("GET", f"api/v1/message/{quote(id, safe='')}/raw").body.encode()

    def remove(self, id: str) -> None:
        self.api.send("DELETE", "api/v1/messages", body={"IDs": [id]})


class _MailHog(_Catcher):
    """MailHog, by its APIs v1 and v2."""

    listing = "api/v2/messages?limit=1"

    def ids(self, to: str) -> Iterator[str]:
        found = self.api.get("api/v2/search", dict, query={"kind": "to", "query": to, "limit": MAX_MAILS})
        yield from self.ids_in(found, "items")

    def raw(self, id: str) -> bytes:
        mail = self.api.get(f"api/v1/messages/{quote(id, safe='')}", dict)
        raw = mail.get("Raw")
        return str(raw.get("Data", "") if isinstance(raw, dict) else "").encode()

    def remove(self, id: str) -> None:
        self.api.send("DELETE", f"api/v1/messages/{quote(id, safe='')}")


def _received(id: str, raw: bytes) -> Received:
    """What a mail says. Anyone may have sent it: of what has no end only the beginning is read."""
    try:
        message = message_from_bytes(raw)
        parts = list(islice(message.walk(), MAX_PARTS))
    except RecursionError:
        return Received(id, "", "", (), "", ())
    texts: list[str] = []
    versions: list[tuple[Link, ...]] = []
    for part in parts:
        kind = _cut(part.get("Content-Type", "text/plain"))
        if not re.match(r"\s*text/(plain|html)\s*(;|\Z)", kind, re.IGNORECASE) or _names_a_file(part):
            continue
        data = part.get_payload(decode=True)
        charset = re.search(r"charset\s*=\s*\"?([\w.:+-]{1,40})", kind, re.IGNORECASE)
        try:
            content = data.decode(charset[1] if charset else "utf-8", "replace") if isinstance(data, bytes) else ""
        except (LookupError, ValueError):  # an unknown charset
            content = data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
        if "html" in kind[:20].lower():
            page = HtmlPage(content, "")
            texts.append(page.text)
            versions.append(tuple(page.links[:MAX_LINKS]))
        else:
            texts.append(content)
            found = islice(_ADDRESS.finditer(content), MAX_LINKS)
            versions.append(tuple(Link(each[0].rstrip(".,;:!?"), "") for each in found))
    headers = tuple((name.lower(), _decoded(value)) for name, value in islice(message.raw_items(), MAX_HEADERS))
    text = "\n".join(each.replace("\r\n", "\n") for each in texts)
    links = tuple(link for version in versions for link in version)[:MAX_LINKS]
    sender, subject = (_first(headers, name) for name in ("from", "subject"))
    return Received(id, sender, subject, headers, text, links, tuple(versions))


def _cut(value: object) -> str:
    return str(value)[:MAX_HEADER]


def _names_a_file(part: Message) -> bool:
    kind, disposition = (_cut(part.get(name, "")) for name in ("Content-Type", "Content-Disposition"))
    return "filename" in disposition.lower() or re.search(r"(?i);\s*name\*?\d*\*?\s*=", kind) is not None


def _decoded(value: object) -> str:
    # Headers may be in UTF-8 (RFC 6532).
    text = " ".join(_cut(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())
    try:
        return " ".join(str(make_header(decode_header(text))).split())
    except (HeaderParseError, LookupError, ValueError):
        return text


def _first(headers: Sequence[tuple[str, str]], name: str) -> str:
    return next((value for each, value in headers if each == name), "")


def _is_to(mail: Received, to: str) -> bool:
    named = [value for name, value in mail.headers if name in ("to", "cc", "delivered-to", "x-original-to")]
    try:
        return to.lower() in (address.lower() for _, address in getaddresses(named))
    except RecursionError:
        return False
