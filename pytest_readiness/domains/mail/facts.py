"""What a mail server says to a client that submits mail: before TLS, behind it, and to those it does not know."""

from __future__ import annotations

import re
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast

from pytest_readiness.config.target import Target
from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared, Unreachable
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut
from pytest_readiness.domains.inbox.resource import Inbox
from pytest_readiness.domains.mail.resource import Mail
from pytest_readiness.protocols.http.refusals import refusal
from pytest_readiness.protocols.http.trust import Trust

if TYPE_CHECKING:
    import smtplib
    import ssl

SMTP_SECONDS = 10.0
"""For connecting, and for each reply; servers may delay their greeting on purpose."""
SESSION_SECONDS = 60.0
MAX_REPLY = 64 * 1024
"""Bytes of one reply, over all of its lines; RFC 5321 has replies of a few lines of 512."""
QUIT_SECONDS = 2.0
"""For the reply to QUIT, on which nothing depends."""
MAX_WITHIN = 240
"""Seconds that a test mail may take."""
SUBJECT = "Test of mail delivery"


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """What a mail server answered.

    Attributes:
        code: three digits (RFC 5321 4.2); 0 where there was no answer of that form.
        text: what follows, in one line.
    """

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}" if self.code else self.text


@dataclass(frozen=True, slots=True)
class MailServer:
    """A session up to where mail could be submitted, without a login.

    Attributes:
        greeting: what the server said first.
        hello: its reply to EHLO; None where it was not asked, because of the greeting.
        before: extensions that it offered before TLS, in capitals; empty where TLS is spoken from the first byte.
        tls: protocol version of the verified TLS connection; "" where there is none.
        tls_error: why there is none, where it was wanted.
        extensions: those that it offered in the end, in capitals with their parameters.
        seconds: from connecting to the last of these answers.
        address: IP address that answered; "" where none is known.
        others: further addresses of the name, which nothing was asked of.
    """

    greeting: SmtpReply
    hello: SmtpReply | None
    before: tuple[str, ...]
    tls: str
    tls_error: str
    extensions: tuple[str, ...]
    seconds: float
    address: str = ""
    others: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What the evidence of whatever is asked of the server has to say of it."""
        several = f"at {self.address}, one of {len(self.others) + 1} addresses"
        return f"{several}; not asked: {', '.join(self.others)}" if self.others else ""


@dataclass(frozen=True, slots=True)
class MailLogin:
    """The outcome of a login.

    Attributes:
        tls: protocol version that it was made over; "" where no password was sent, because there was no verified TLS.
        refused: why no password was sent.
        reply: what the server answered.
    """

    tls: str
    refused: str
    reply: SmtpReply | None


@dataclass(frozen=True, slots=True)
class RelayTry:
    """The answers to a stranger who wants mail relayed; no mail is sent.

    Attributes:
        sender: MAIL FROM.
        recipient: RCPT TO.
        mail: reply to MAIL FROM.
        rcpt: reply to RCPT TO; None where the sender was refused already.
        form: whether the recipient is a foreign address within one of the server's own, such as user%foreign@own.
        nobody: reply to RCPT TO for a made-up recipient in the server's own domain, where a form was taken; it tells
            a server that takes any name from one that understood the form.
    """

    sender: str
    recipient: str
    mail: SmtpReply
    rcpt: SmtpReply | None
    form: bool
    nobody: SmtpReply | None


@dataclass(frozen=True, slots=True)
class Posting:
    """A question to `mail_delivery`.

    Attributes:
        inbox: name of the inbox in which it must arrive.
        to: recipient.
        within: seconds.
    """

    inbox: str
    to: str
    within: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a test mail.

    Attributes:
        subject: its subject, which no other mail has.
        refused: what the server said, where it did not take the mail; "" where it did.
        seconds: from when it was handed over until it was seen in the inbox; None where it was not seen.
        removed: why it is still in the inbox; "" where it was removed.
    """

    subject: str
    refused: str
    seconds: float | None
    removed: str


ORDINARY = "readiness@iana.org"
"""Asked for beside an address in a reserved domain, which a server may refuse for that alone. No mail is sent to it."""
_RESERVED = re.compile(r"(?i)[@.](example(\.(com|net|org))?|test|invalid|localhost|local|internal)\.?$")
"""Domains that nobody can have (RFC 2606, RFC 6761)."""


@fact(deadline=SESSION_SECONDS)
def mail_server(mail: Mail) -> MailServer:
    """What a mail server offers, before and behind TLS."""
    begun = time.monotonic()
    context = Trust(mail.ca).context()
    address, others = "", tuple[str, ...]()
    tls_error, before = "", tuple[str, ...]()
    try:
        with _connected(mail, context) as client:
            greeting, address = client.greeting, client.address
            others = _others(mail, address)
            if greeting.code != 220:
                return MailServer(greeting, None, (), "", "", (), time.monotonic() - begun, address, others)
            hello = client.hello()
            if mail.security != "tls":
                before = client.extensions
            if mail.security == "starttls":
                tls_error = client.starttls(context)
            version = client.tls
            seconds = time.monotonic() - begun
            return MailServer(greeting, hello, before, version, tls_error, client.extensions, seconds, address, others)
    except _UntrustedError as error:
        return MailServer(SmtpReply(0, ""), None, (), "", str(error), (), time.monotonic() - begun)


@fact(deadline=SESSION_SECONDS)
def mail_login(mail: Mail, mail_server: MailServer) -> MailLogin:
    """A login with the declared user and password, over verified TLS only."""
    if mail.user is None or mail.password is None:
        raise NotDeclared(f"{mail.name} declares no user")
    return _login(mail, mail_server, mail.password.get_secret_value())


@fact(deadline=SESSION_SECONDS, fact_class="active")
def mail_wrong_login(mail: Mail, mail_server: MailServer) -> MailLogin:
    """One login with the declared user and a wrong password."""
    if mail.user is None:
        raise NotDeclared(f"{mail.name} declares no user")
    return _login(mail, mail_server, f"wrong-{secrets.token_urlsafe(12)}")


@fact(deadline=SESSION_SECONDS, fact_class="active")
def mail_relay(
    mail: Mail,
    mail_server: MailServer,  # noqa: ARG001 (a server that does not answer is asked once)
    *,
    ask: str,
) -> tuple[RelayTry, ...]:
    """The answers to a stranger who wants mail relayed to a foreign domain, without sending any."""
    senders = [ask, "", *([mail.sender] if mail.sender else [])]
    foreign = [ask, *([ORDINARY] if _RESERVED.search(ask) else [])]
    own = mail.sender.rpartition("@")[2] if mail.sender else mail.host
    user, _, domain = foreign[-1].rpartition("@")
    forms = (f"{user}%{domain}@{own}", f"{user}%{domain}", f"{domain}!{user}@{own}", f'"{user}@{domain}"@{own}')
    with _submitting(mail) as client:

        def tried(sender: str, recipient: str, *, form: bool = False) -> RelayTry:
            first = client.command(f"MAIL FROM:<{sender}>")
            second = client.command(f"RCPT TO:<{recipient}>") if first.code == 250 else None
            taken = form and second is not None and 200 <= second.code < 300
            nobody = client.command(f"RCPT TO:<readiness-{secrets.token_hex(8)}@{own}>") if taken else None
            client.command("RSET")
            return RelayTry(sender, recipient, first, second, form, nobody)

        tries = [tried(sender, recipient) for recipient in foreign for sender in senders]
        # Where a plain address was taken, no more needs to be known.
        if not any(each.rcpt and 200 <= each.rcpt.code < 300 for each in tries):
            tries += [tried(ask, form, form=True) for form in forms]
    return tuple(tries)


@fact(deadline=MAX_WITHIN + SESSION_SECONDS, fact_class="disruptive")
def mail_delivery(
    mail: Mail,
    mail_server: MailServer,  # noqa: ARG001 (a server that does not answer is asked once)
    target: Target,
    *,
    ask: Posting,
) -> Delivery:
    """A mail to a declared inbox, sent as the application sends its own, and removed again."""
    from pytest_readiness.domains.inbox.reading import mailbox

    if mail.sender is None:
        raise NotDeclared(f"{mail.name} declares no sender")
    subject = f"{SUBJECT} {secrets.token_hex(10)}"
    with mailbox(cast("Inbox", target.named("inbox", ask.inbox))) as box:
        refused, begun = _send(mail, ask.to, subject)
        if refused:
            return Delivery(subject, refused, None, "")
        received = box.wait(ask.to, subject, (), begun + ask.within)
        if received is None:
            return Delivery(subject, "", None, "")
        seconds = time.monotonic() - begun
        try:
            box.remove(received.id)
        except CouldNotVerify as error:
            return Delivery(subject, "", seconds, error.reason)
        return Delivery(subject, "", seconds, "")


def _others(mail: Mail, address: str) -> tuple[str, ...]:
    """The addresses of the name but one; on the runner's own machine, those of the same machine do not count."""
    try:
        found = socket.getaddrinfo(mail.host, mail.port, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    names = dict.fromkeys(str(each[4][0]) for each in found)
    return tuple(each for each in names if each != address and not ip_address(each.partition("%")[0]).is_loopback)


def _login(mail: Mail, server: MailServer, password: str) -> MailLogin:
    if not server.tls:
        return MailLogin("", server.tls_error or f"{mail.name} declares security: {mail.security}", None)
    with _submitting(mail) as client:
        sent(f"AUTH as {mail.user} at {mail.where}")
        return MailLogin(client.tls, "", client.login(mail.user or "", password))


def _send(mail: Mail, to: str, subject: str) -> tuple[str, float]:
    """Hand a mail over: what was said instead of taking it, or "", and when that began."""
    from email.message import EmailMessage
    from email.utils import formatdate, make_msgid

    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail.sender or "", to, subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=(mail.sender or "").rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("This mail proves that mail is delivered. Nothing needs to be done about it.\n")
    with _submitting(mail) as client:
        if mail.user is not None and mail.password is not None:
            sent(f"AUTH as {mail.user} at {mail.where}")
            reply = client.login(mail.user, mail.password.get_secret_value())
            if reply.code != 235:
                return f"the login: {reply}", time.monotonic()
        sent(f"mail from {mail.sender} to {to} by {mail.where}")
        begun = time.monotonic()
        return client.submit(mail.sender or "", to, message.as_bytes()), begun


class _UntrustedError(Exception):
    pass


class _Utf8(str):
    """Text that goes out in UTF-8, as RFC 4616 has it, where smtplib asks for ASCII."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002
        return super().encode("utf-8", errors)


class _Client:
    """A session with a mail server, whose replies are all looked at and none is raised."""

    def __init__(self, mail: Mail, client: smtplib.SMTP, greeting: SmtpReply) -> None:
        self._mail, self._client = mail, client
        self.greeting = greeting

    @property
    def extensions(self) -> tuple[str, ...]:
        offered = self._client.esmtp_features.items()
        return tuple(sorted(" ".join([name, *value.split()]).upper() for name, value in offered))

    @property
    def tls(self) -> str:
        import ssl

        sock = self._client.sock
        return (sock.version() or "") if isinstance(sock, ssl.SSLSocket) else ""

    @property
    def address(self) -> str:
        """IP address of the server."""
        assert self._client.sock is not None
        return str(self._client.sock.getpeername()[0])

    def hello(self) -> SmtpReply:
        sent(f"EHLO at {self._mail.where}")
        with self._said("EHLO"):
            return _reply(*self._client.ehlo())

    def command(self, text: str) -> SmtpReply:
        sent(f"{text} at {self._mail.where}")
        with self._said(text.partition(" ")[0]):
            return _reply(*self._client.docmd(text))

    def starttls(self, context: ssl.SSLContext) -> str:
        """Begin TLS and say hello again; why that failed, or ""."""
        import smtplib
        import ssl

        if not self._client.has_extn("starttls"):
            return "STARTTLS is not offered"
        sent(f"STARTTLS at {self._mail.where}")
        try:
            with self._said("STARTTLS"):
                code, text = self._client.starttls(context=context)
        except smtplib.SMTPResponseException as error:
            return f"STARTTLS was answered {_reply(error.smtp_code, error.smtp_error)}"
        except ssl.SSLCertVerificationError as error:
            return f"the certificate is not trusted ({refusal(error)})"
        except ssl.SSLError as error:
            return f"the TLS handshake was refused ({refusal(error)})"
        if code != 220:
            return f"STARTTLS was answered {_reply(code, text)}"
        self.hello()
        return ""

    def login(self, user: str, password: str) -> SmtpReply:
        """One login; code 0 where the server offers none.

        Raises:
            CouldNotVerify: it offers only ways that are not known here.
        """
        import smtplib

        ways: dict[str, Any] = {
            "PLAIN": self._client.auth_plain,
            "LOGIN": self._client.auth_login,
            "CRAM-MD5": self._client.auth_cram_md5,
        }
        offered = self._client.esmtp_features.get("auth", "").upper().split()
        way = next((each for each in ways if each in offered), None)
        if not offered:
            return SmtpReply(0, "it offers no AUTH")
        if way is None:
            only = f"{self._mail.where} offers AUTH {' '.join(offered)} only"
            raise CouldNotVerify(f"{only}; a login is tried by {', '.join(ways)}")
        self._client.user, self._client.password = user, _Utf8(password)

        def answer(challenge: bytes | None = None) -> str | None:
            said = ways[way](challenge)
            return None if said is None else _Utf8(said)

        try:
            with self._said("AUTH"):
                return _reply(*self._client.auth(way, cast("Any", answer)))
        except smtplib.SMTPAuthenticationError as error:
            return _reply(error.smtp_code, error.smtp_error)
        except UnicodeError:
            raise CouldNotVerify(f"the user or password for {self._mail.where} is no text in UTF-8") from None

    def submit(self, sender: str, to: str, message: bytes) -> str:
        """Hand a mail over; what the server said instead of taking it, or ""."""
        import smtplib

        try:
            with self._said("the mail"):
                self._client.sendmail(sender, [to], message)
        except smtplib.SMTPRecipientsRefused as error:
            return f"RCPT TO: {_reply(*next(iter(error.recipients.values())))}"
        except smtplib.SMTPSenderRefused as error:
            return f"MAIL FROM: {_reply(error.smtp_code, error.smtp_error)}"
        except smtplib.SMTPResponseException as error:
            return f"DATA: {_reply(error.smtp_code, error.smtp_error)}"
        return ""

    @contextmanager
    def _said(self, what: str) -> Iterator[None]:
        import smtplib
        import ssl

        try:
            yield
        except ssl.SSLError:
            raise
        except (smtplib.SMTPServerDisconnected, TimeoutError, ConnectionError) as error:
            if _late(error):
                reason = f"{what} was not answered by {self._mail.where} within {SMTP_SECONDS:g} s"
                raise CouldNotVerify(reason) from None
            raise CouldNotVerify(f"{what} was answered by {self._mail.where} with a closed connection") from None


@contextmanager
def _connected(mail: Mail, context: ssl.SSLContext) -> Iterator[_Client]:
    import smtplib
    import ssl

    sent(f"connect to {mail.where}")
    client = _bounded(mail)(local_hostname="pytest-readiness.invalid", timeout=SMTP_SECONDS)
    client._host = mail.host  # type: ignore[attr-defined]
    try:
        try:
            if mail.security == "tls":
                raw = socket.create_connection((mail.host, mail.port), SMTP_SECONDS)
                try:
                    client.sock = context.wrap_socket(raw, server_hostname=mail.host)
                except BaseException:
                    raw.close()
                    raise
            else:
                client.sock = socket.create_connection((mail.host, mail.port), SMTP_SECONDS)
        except ssl.SSLCertVerificationError as error:
            raise _UntrustedError(f"the certificate is not trusted ({refusal(error)})") from None
        except ssl.SSLError as error:
            raise _UntrustedError(f"the TLS handshake was refused ({refusal(error)})") from None
        except TimeoutError:
            raise Unreachable(f"{mail.where} did not accept a connection within {SMTP_SECONDS:g} s") from None
        except ConnectionRefusedError:
            raise Unreachable(f"{mail.where} refused the connection") from None
        except OSError as error:
            raise Unreachable(f"no connection to {mail.where} ({error.strerror or error})") from None
        try:
            greeting = _reply(*client.getreply())
        except (smtplib.SMTPException, OSError) as error:
            if _late(error):
                reason = f"{mail.where} accepted a connection but said nothing within {SMTP_SECONDS:g} s"
                raise Unreachable(reason) from None
            raise CouldNotVerify(f"{mail.where} closed the connection without a greeting", transient=True) from None
        yield _Client(mail, client, greeting)
        with suppress(smtplib.SMTPException, OSError):
            if client.sock is not None:
                client.sock.settimeout(QUIT_SECONDS)
            client.docmd("QUIT")
    except smtplib.SMTPException as error:
        raise CouldNotVerify(f"the session with {mail.where} broke ({cut(str(error))})") from None
    finally:
        client.close()


@contextmanager
def _submitting(mail: Mail) -> Iterator[_Client]:
    """A session as the application would have it, up to before the login."""
    context = Trust(mail.ca).context()
    try:
        with _connected(mail, context) as client:
            if client.greeting.code != 220:
                raise CouldNotVerify(f"{mail.where} greeted with {client.greeting}")
            client.hello()
            if mail.security == "starttls" and (problem := client.starttls(context)):
                raise CouldNotVerify(f"there is no TLS with {mail.where}: {problem}")
            yield client
    except _UntrustedError as error:
        raise CouldNotVerify(f"there is no TLS with {mail.where}: {error}") from None


def _bounded(mail: Mail) -> type[smtplib.SMTP]:
    """A client for which a reply has an end: `MAX_REPLY` bytes, and `SMTP_SECONDS` from its first line to its last."""
    import smtplib

    class Bounded(smtplib.SMTP):
        def getreply(self) -> tuple[int, bytes]:
            if self.file is None:
                assert self.sock is not None
                self.file = _Lines(self.sock, mail)
            self.file.begin()
            return super().getreply()

    return Bounded


class _Lines:
    """The lines that a server sends, read from its socket, which nothing else reads."""

    def __init__(self, sock: socket.socket, mail: Mail) -> None:
        self._sock, self._mail = sock, mail
        self._read = b""
        self._left, self._until = 0, 0.0

    def begin(self) -> None:
        """A reply begins."""
        self._left = MAX_REPLY
        self._until = time.monotonic() + (self._sock.gettimeout() or SMTP_SECONDS)

    def readline(self, limit: int) -> bytes:
        """One line, at most `limit` bytes of it; what there is where the server has closed the connection.

        Raises:
            TimeoutError: the reply takes too long.
            CouldNotVerify: the reply is too long.
        """
        usual = self._sock.gettimeout()
        try:
            while b"\n" not in self._read and len(self._read) < limit:
                seconds = self._until - time.monotonic()
                if seconds <= 0:
                    raise TimeoutError("timed out")
                self._sock.settimeout(seconds)
                data = self._sock.recv(4096)
                if not data:
                    break
                self._read += data
        finally:
            self._sock.settimeout(usual)
        end = min(self._read.find(b"\n") + 1 or limit, limit)
        line, self._read = self._read[:end], self._read[end:]
        self._left -= len(line)
        if self._left < 0:
            raise CouldNotVerify(
                f"{self._mail.where} does not end its reply: it has sent more than {MAX_REPLY // 1024} KiB"
            )
        return line

    def close(self) -> None:
        """Forget what was read; the socket is its owner's to close."""
        self._read = b""


def _late(error: BaseException) -> bool:
    """Whether time ran out; smtplib calls that a closed connection."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _reply(code: int, text: bytes | str) -> SmtpReply:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return SmtpReply(code if code > 0 else 0, cut(said))
