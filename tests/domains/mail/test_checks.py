from __future__ import annotations

import mailbox
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr, ValidationError

from pytest_readiness.config.target import Target
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, Unreachable
from pytest_readiness.core.yamlfile import parse_yaml
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.inbox.reading import mailbox as opened
from pytest_readiness.domains.inbox.resource import Inbox
from pytest_readiness.domains.mail.checks import wrong_password
from pytest_readiness.domains.mail.facts import Delivery, MailLogin, MailServer, SmtpReply
from pytest_readiness.domains.mail.resource import Mail
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.mail import DOMAIN, OTHER_PASSWORD, OTHER_USER, PASSWORD, USER, MailHost
from tests.stack.patience import patient
from tests.stack.process import free_port
from tests.stack.programs import program, unavailable
from tests.stack.shop import Shop
from tests.stack.silent import Request, Response, SilentServer, WebApp, _Server

SERVER_CHECKS = ["mail.reachable", "mail.starttls", "mail.auth", "mail.wrong_password", "mail.not_open_relay"]

ANOTHER_REASON = {
    "unknown-domain": "check_recipient_access static:{550 5.1.2 Domain not found}",
    "blocked": "check_client_access static:{554 5.7.1 blocked using a list; not allowed}",
    "shut-out": "check_client_access static:REJECT",
    "greylisted": "check_recipient_access static:{450 4.2.0 Greylisted, try again later}",
}
VARIANTS = {
    "open": {
        "smtpd_tls_security_level": "none",
        "smtpd_tls_auth_only": "no",
        "mynetworks": "0.0.0.0/0",
        "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
    },
    "early": {"smtpd_tls_auth_only": "no", "broken_sasl_auth_clients": "yes"},
    "scram-early": {
        "smtpd_tls_auth_only": "no",
        "smtpd_sasl_mechanism_filter": "plain, scram-sha-256",
        "smtpd_sasl_security_options": "noanonymous, noplaintext",
        "smtpd_sasl_tls_security_options": "noanonymous",
    },
    "scram": {"smtpd_sasl_mechanism_filter": "scram-sha-256"},
    "nobody": {"smtpd_sasl_auth_enable": "no"},
    "login": {"smtpd_sasl_mechanism_filter": "login"},
    "reserved-only": {
        "mynetworks": "0.0.0.0/0",
        "smtpd_relay_restrictions": "check_recipient_access inline:{example.com=reject}, permit_mynetworks, reject",
    },
    "login-first": {
        "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
        "smtpd_sender_login_maps": f"inline:{{ {USER}={USER} }}",
        "smtpd_sender_restrictions": "reject_sender_login_mismatch",
    },
    **{name: {"smtpd_relay_restrictions": f"{each}, reject"} for name, each in ANOTHER_REASON.items()},
}


@pytest.fixture(scope="module")
def host(authority: Authority) -> Iterator[MailHost]:
    other = authority.issue(["mail.example.org"])
    pem = other.key.with_name("both.pem")
    pem.write_bytes(other.key.read_bytes() + other.chain.read_bytes())
    with MailHost(authority.issue(), {**VARIANTS, "other-name": {"smtpd_tls_chain_files": f"{pem}"}}) as host:
        yield host


def declared(host: MailHost, authority: Authority, variant: str = "", **changes: Any) -> Mail:
    fields: dict[str, Any] = {
        "name": "outgoing",
        "server": f"localhost:{host.variants[variant] if variant else host.submission}",
        "user": USER,
        "password": SecretStr(PASSWORD),
        "ca": authority.ca_file,
        "sender": USER,
    }
    return Mail(**{**fields, **changes})


@pytest.fixture
def mail(host: MailHost, authority: Authority) -> Mail:
    return declared(host, authority)


@pytest.fixture
def imap(host: MailHost, authority: Authority) -> Inbox:
    password = SecretStr(PASSWORD)
    address = f"imaps://localhost:{host.imaps}"
    return Inbox(name="imap", inbox=address, user=USER, password=password, ca=authority.ca_file)


def false(id: str, mail: Mail, **parameters: Any) -> str:
    with pytest.raises(ClaimFalse) as caught:
        judge(id, mail, **parameters)
    assert PASSWORD not in str(caught.value)
    return caught.value.seen


# The server


def test_server_is_as_it_should_be(host: MailHost, mail: Mail) -> None:
    place = f"localhost:{host.submission}"
    assert judge("mail.reachable", mail).text.startswith(f"{place}: 220 mail.shop.example.com ESMTP Postfix, EHLO")
    assert judge("mail.starttls", mail).text == f"{place}: TLSv1.3 after STARTTLS, certificate valid for localhost"
    assert judge("mail.auth", mail).text == f"{place} let {USER} in over TLSv1.3, AUTH is not offered before"
    assert "refused a wrong password" in judge("mail.wrong_password", mail).text
    relay = judge("mail.not_open_relay", mail).text
    assert relay.count("554 5.7.1") == 6
    assert relay.endswith(", and 4 other forms")
    assert f"from <{USER}>" in relay


def test_server_behind_tls(host: MailHost, authority: Authority) -> None:
    mail = declared(host, authority, server=f"localhost:{host.smtps}", security="tls")
    assert judge("mail.starttls", mail).text.endswith("TLSv1.3 from the first byte, certificate valid for localhost")
    for id in SERVER_CHECKS:
        assert judge(id, mail).text


def test_reachable_is_about_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_readiness.domains.mail.facts.SMTP_SECONDS", patient(0.5))
    with SilentServer() as server, pytest.raises(Unreachable, match="said nothing within"):
        judge("mail.reachable", Mail(name="m", server=f"127.0.0.1:{server.port}"))
    with pytest.raises(Unreachable, match="refused the connection"):
        judge("mail.reachable", Mail(name="m", server=f"localhost:{free_port()}"))


@pytest.mark.parametrize(
    ("said", "seen"), [(b"554 go away\r\n", "554 go away"), (b"SSH-2.0-OpenSSH_9\r\n", "2.0-OpenSSH")]
)
def test_reachable_wants_a_greeting(greeting: Callable[[bytes], int], said: bytes, seen: str) -> None:
    mail = Mail(name="m", server=f"127.0.0.1:{greeting(said)}", user="a", password=SecretStr("abcd"))
    assert false("mail.reachable", mail).startswith(seen)
    for id in SERVER_CHECKS[1:2] + SERVER_CHECKS[4:]:
        with pytest.raises(CouldNotVerify, match="greeted with"):
            judge(id, mail)


@pytest.fixture
def greeting() -> Iterator[Callable[[bytes], int]]:
    class Greeting(_Server):
        said = b""

        def _serve(self, connection: Any, number: int) -> None:
            connection.sendall(self.said)
            connection.recv(1000)

    with Greeting() as server:

        def greets(said: bytes) -> int:
            server.said = said
            return server.port

        yield greets


def test_starttls_fails(host: MailHost, authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path).ca_file
    for changes, seen in (
        ({"ca": other}, "certificate is not trusted (no path leads to the trust store: an intermediate"),
        ({"security": "none"}, "declares security: none for localhost:.*, which offers STARTTLS"),
        ({"server": f"localhost:{host.submission}", "security": "tls"}, "the TLS handshake was refused"),
        ({"server": f"localhost:{host.smtps}", "security": "tls", "ca": other}, "certificate is not trusted"),
    ):
        mail = declared(host, authority, **changes)
        assert re.search(seen.replace("(", r"\("), false("mail.starttls", mail))
        # No password goes out without TLS that is verified.
        assert "no password was sent" in false("mail.auth", mail)
        with pytest.raises(CouldNotVerify):
            judge("mail.wrong_password", mail)
    wrong_name = declared(host, authority, server=f"127.0.0.2:{host.submission}")
    with pytest.raises(Unreachable):
        judge("mail.starttls", wrong_name)


def test_certificate_of_another_name(host: MailHost, authority: Authority) -> None:
    mail = declared(host, authority, "other-name")
    assert "certificate is not trusted (the certificate is not for this name" in false("mail.starttls", mail)
    assert "no password was sent" in false("mail.auth", mail)
    with pytest.raises(CouldNotVerify, match="there is no TLS"):
        judge("mail.not_open_relay", mail)


def test_open_server(host: MailHost, authority: Authority) -> None:
    """No TLS is offered, passwords are asked for in the clear, and everybody's mail is passed on."""
    mail = declared(host, authority, "open")
    assert false("mail.starttls", mail).endswith("STARTTLS is not offered")
    offered = f"localhost:{host.variants['open']} offers AUTH PLAIN LOGIN before TLS, where PLAIN, LOGIN would show the"
    assert false("mail.auth", mail) == f"{offered} password"
    plain = declared(host, authority, "open", security="none")
    assert false("mail.starttls", plain).endswith("which offers no STARTTLS")
    assert false("mail.auth", plain) == f"{offered} password"
    seen = false("mail.not_open_relay", plain)
    assert seen == "mail from <readiness@example.com> to <readiness@example.com>: 250 2.1.5 Ok"
    assert "to=<readiness@example.com>, relay=" not in host.log()


def test_auth_fails(host: MailHost, authority: Authority, mail: Mail) -> None:
    wrong = declared(host, authority, password=SecretStr("not-the-password"))
    assert re.search(r"535 5\.7\.8 .*authentication failed", false("mail.auth", wrong))
    assert "535 5.7.8" in false("mail.auth", declared(host, authority, password=SecretStr("pässword")))
    with pytest.raises(CouldNotVerify, match="is no text in UTF-8"):
        judge("mail.auth", declared(host, authority, password=SecretStr("p\udc80ssword")))
    for id in ("mail.auth", "mail.wrong_password"):
        with pytest.raises(NotDeclared, match="outgoing declares no user"):
            judge(id, declared(host, authority, user=None, password=None))


def test_passwords_beyond_ascii(host: MailHost, authority: Authority, imap: Inbox) -> None:
    user, password = OTHER_USER, SecretStr(OTHER_PASSWORD)
    assert judge("mail.auth", declared(host, authority, user=user, password=password)).text
    assert judge("mail.auth", declared(host, authority, "login", user=user, password=password)).text
    with opened(imap.model_copy(update={"user": user, "password": password})) as box:
        assert list(box.mails(f"nobody@{DOMAIN}")) == []


@pytest.mark.parametrize(
    ("reply", "refused"),
    [
        ("535 5.7.8 Error: authentication failed: (reason unavailable)", True),
        ("535 Incorrect authentication data", True),
        ("550 5.7.8 Authentication credentials invalid", True),
        ("500 5.5.2 Error: command not recognized", False),
        ("501 5.5.4 Syntax: AUTH mechanism", False),
        ("503 5.5.1 Error: already authenticated", False),
        ("504 5.7.4 Unrecognized authentication type", False),
        ("530 5.7.0 Must issue a STARTTLS command first", False),
        ("534 5.7.9 Application-specific password required", False),
        ("538 5.7.11 Encryption required for requested authentication mechanism", False),
        ("550 5.7.1 Access denied, banned sending IP", False),
        ("554 5.7.1 Service unavailable", False),
        ("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant", False),
        ("535 5.7.8 Error: too many failed logins", False),
        ("454 4.7.0 Temporary authentication failure", False),
    ],
)
def test_what_is_a_refused_password(host: MailHost, mail: Mail, reply: str, refused: bool) -> None:
    code, _, text = reply.partition(" ")
    said = MailLogin("TLSv1.3", "", SmtpReply(int(code), text))
    right = MailLogin("TLSv1.3", "", SmtpReply(235, "2.7.0 ok"))
    if refused:
        assert text in wrong_password(mail, right, said).text
        return
    with pytest.raises(CouldNotVerify, match="but not as a wrong password is"):
        wrong_password(mail, right, said)


@pytest.mark.parametrize(
    "text",
    [
        "5.7.8 Error: authentication failed: no mechanism available",
        "5.7.8 Error: authentication failed: Connection refused",
        "5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy",
    ],
)
def test_a_server_that_lets_nobody_in_says_nothing_of_passwords(mail: Mail, text: str) -> None:
    said = MailLogin("TLSv1.3", "", SmtpReply(535, text))
    with pytest.raises(CouldNotVerify, match="with the declared password no more than with a wrong one") as caught:
        wrong_password(mail, said, said)
    assert f"535 {text}" in str(caught.value)


def test_a_wrong_password_is_compared_with_the_declared_one(host: MailHost, authority: Authority) -> None:
    with pytest.raises(CouldNotVerify, match=f"let {USER} in with the declared password no more than"):
        judge("mail.wrong_password", declared(host, authority, password=SecretStr("not-the-password")))


def test_auth_is_offered_too_early_or_not_at_all(host: MailHost, authority: Authority) -> None:
    told = false("mail.auth", declared(host, authority, "early"))
    assert told.endswith(" offers AUTH PLAIN LOGIN before TLS, where PLAIN, LOGIN would show the password")
    mail = declared(host, authority, "nobody")
    assert false("mail.auth", mail).endswith("it offers no AUTH")
    with pytest.raises(CouldNotVerify, match="it offers no AUTH"):
        judge("mail.wrong_password", mail)


def test_auth_that_shows_no_password(host: MailHost, authority: Authority) -> None:
    evidence = judge("mail.auth", declared(host, authority, "scram-early"))
    assert f"let {USER} in over TLSv1.3, AUTH SCRAM-SHA-256 is offered before TLS, too" in evidence.text
    assert evidence.warning.endswith(" is offered before TLS, too: that shows no password, but protects nothing else")


def test_auth_by_an_unknown_way_is_no_verdict(host: MailHost, authority: Authority, imap: Inbox) -> None:
    mail = declared(host, authority, "scram")
    for id in ("mail.auth", "mail.wrong_password"):
        with pytest.raises(CouldNotVerify, match="offers AUTH SCRAM-SHA-256 only; a login is tried by PLAIN, LOGIN"):
            judge(id, mail)
    with pytest.raises(CouldNotVerify, match="offers AUTH SCRAM-SHA-256 only"):
        judge(
            "mail.test_message", mail, target=Target("test", resources=(mail, imap)), inbox="imap", to=f"ops@{DOMAIN}"
        )


@pytest.mark.parametrize("reason", ANOTHER_REASON)
def test_a_refusal_for_another_reason_says_nothing_of_relaying(
    host: MailHost, authority: Authority, reason: str
) -> None:
    with pytest.raises(CouldNotVerify, match="but not as a stranger's mail"):
        judge("mail.not_open_relay", declared(host, authority, reason))


def test_a_server_that_refuses_only_reserved_domains_is_an_open_relay(host: MailHost, authority: Authority) -> None:
    seen = false("mail.not_open_relay", declared(host, authority, "reserved-only"))
    assert seen == "mail from <readiness@example.com> to <readiness@iana.org>: 250 2.1.5 Ok"
    assert "to=<readiness@iana.org>, relay=" not in host.log()


def test_a_server_that_wants_a_login_for_everything_is_no_relay(host: MailHost, authority: Authority) -> None:
    text = judge("mail.not_open_relay", declared(host, authority, "login-first")).text
    assert "Sender address rejected: not logged in" in text


class Talk(_Server):
    """A mail server without TLS that answers as it is told: the first rule whose expression a command matches."""

    rules: Mapping[str, str] = {}
    file: Path | None = None

    def _serve(self, connection: Any, number: int) -> None:
        connection.sendall(b"220 talk ESMTP\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                said = line.decode().strip()
                usual = "354 go on" if said.upper() == "DATA" else "250 Ok"
                reply = next(
                    (reply for rule, reply in self.rules.items() if re.match(rule, said, re.IGNORECASE)), usual
                )
                seconds, _, reply = reply.partition("s:") if re.match(r"[0-9.]+s:", reply) else ("0", "", reply)
                self._stopping.wait(float(seconds))
                connection.sendall(f"{reply}\r\n".encode())
                if said.upper() == "DATA":
                    content = b"".join(iter(lines.readline, b".\r\n"))
                    if self.file:
                        self.file.write_bytes(content)
                    connection.sendall(b"250 taken\r\n")


@pytest.fixture
def talk() -> Iterator[Callable[..., Mail]]:
    with Talk() as server:

        def mail(rules: Mapping[str, str] | None = None, file: Path | None = None) -> Mail:
            server.rules, server.file = rules or {}, file
            where = f"127.0.0.1:{server.port}"
            return Mail(name="m", server=where, security="none", sender="shop@shop.example.org")

        yield mail


DENIED = "554 5.7.1 Relay access denied"


@pytest.mark.parametrize(
    "form",
    [
        "readiness%iana.org@shop.example.org",
        "readiness%iana.org",
        "iana.org!readiness@shop.example.org",
        '"readiness@iana.org"@shop.example.org',
    ],
)
def test_a_server_that_relays_another_form_is_an_open_relay(talk: Callable[..., Mail], form: str) -> None:
    mail = talk({rf"RCPT TO:<{re.escape(form)}>": "250 Ok", "RCPT": DENIED})
    assert false("mail.not_open_relay", mail) == f"mail from <readiness@example.com> to <{form}>: 250 Ok"


def test_a_server_that_takes_any_name_of_its_own_does_not_tell(talk: Callable[..., Mail]) -> None:
    mail = talk({r"RCPT TO:<.*@shop\.example\.org>": "250 Ok", "RCPT": DENIED})
    with pytest.raises(CouldNotVerify, match="takes any name in its own domain"):
        judge("mail.not_open_relay", mail)


def test_a_server_that_defers_all_relaying_is_right(talk: Callable[..., Mail]) -> None:
    assert judge("mail.not_open_relay", talk({"RCPT": "454 4.7.1 Relay access denied"}))


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.7.1 Relaying denied",
        "550 relay not permitted",
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        "530 5.7.0 Authentication required",
        "550 Unauthenticated senders not allowed",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        "530 5.7.57 Client not authenticated to send mail",
        "554 5.7.1 <readiness@iana.org>: Recipient address rejected: Access denied",
        "454 4.7.1 Relay access denied",
        "550 5.1.2 Relay not allowed.",
        "550 5.7.1 Relaying nicht erlaubt",
        "550 5.7.1 Relaying denied. IP name lookup failed [192.0.2.1]",
        "513 Relaying denied.",
        "550 We do not relay",
        "554 5.7.1 Relaying denied: we are not an open relay",
        "550 must be authenticated",
        "503 5.5.4 Error: send AUTH command first.",
    ],
)
def test_how_servers_refuse_to_relay(talk: Callable[..., Mail], reply: str) -> None:
    mail = talk({"RCPT TO:<(shop@|readiness@(example|iana))": reply, "RCPT": "550 5.1.1 no such user"})
    assert judge("mail.not_open_relay", mail)


@pytest.mark.parametrize(
    ("rule", "reply"),
    [
        ("RCPT", "550 5.7.23 SPF validation failed: example.com is not allowed to relay through you"),
        ("RCPT", "550 5.7.1 Sender not allowed"),
        ("RCPT", "550 5.7.1 Unauthenticated email from example.com is not accepted due to its DMARC policy"),
        ("RCPT", "550 5.1.2 Domain not found"),
        ("RCPT", "530 5.7.0 Must issue a STARTTLS command first"),
        ("MAIL", "538 5.7.11 Encryption required before mail is relayed"),
        ("RCPT", "554 5.7.1 Service unavailable; client blocked, relay access denied"),
        ("MAIL FROM:<shop@", "550 5.7.1 Sender address rejected: unknown user"),
        ("MAIL FROM:<>", "550 5.7.1 bounces are not accepted from this sender"),
        ("RCPT", "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied"),
        ("RCPT", "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: not authorized"),
        ("RCPT", "550 5.7.1 Access denied"),
        ("MAIL", "550 5.7.606 Access denied, banned sending IP [192.0.2.1]"),
        ("MAIL", "554 5.7.1 Your access to this mail system has been rejected"),
        ("RCPT", "450 4.2.0 <readiness@example.com>: Recipient address rejected: Greylisted"),
        ("RCPT", "452 4.3.1 rate limit exceeded, relay later"),
        ("RCPT", "451 4.7.1 Try again later"),
        ("RCPT", "550 5.7.1 HELO pytest-readiness.invalid is not permitted"),
        ("RCPT", "550 5.1.1 <a@example.com>: Recipient address rejected: User unknown in relay recipient table"),
        ("RCPT", "450 4.1.1 <a@example.com>: unverified address: connect to relay.example.com: timed out"),
        ("RCPT", "550 5.7.1 relay.example.com: rejected"),
        ("RCPT", "421 4.7.0 relay too busy"),
        ("RCPT", "421 relay1.example.com closing the session"),
        ("RCPT", "550 5.4.6 relay loop detected"),
        ("RCPT", "550 5.7.1 Mail from 192.0.2.1 refused, open relay, see https://list.example.com"),
        ("RCPT", "550 5.7.1 Access denied, sending host is an open relay"),
        ("RCPT", "550 5.7.1 Mail must be authenticated by DKIM"),
        ("RCPT", "552 5.3.4 message too big for the relay"),
    ],
)
def test_a_refusal_of_the_sender_says_nothing_of_relaying(talk: Callable[..., Mail], rule: str, reply: str) -> None:
    with pytest.raises(CouldNotVerify, match="but not as a stranger's mail"):
        judge("mail.not_open_relay", talk({rule: reply, "RCPT TO": DENIED}))


def test_a_reply_without_an_end_is_cut(talk: Callable[..., Mail], greeting: Callable[[bytes], int]) -> None:
    said = b"220-hello\r\n" * 20_000
    endless = Mail(name="m", server=f"127.0.0.1:{greeting(said)}")
    with pytest.raises(CouldNotVerify, match="does not end its reply: it has sent more than 64 KiB"):
        judge("mail.reachable", endless)
    for rule in ("EHLO", "RCPT"):
        mail = talk({rule: "250-x\r\n" * 20_000 + "250 x", "MAIL": "250 Ok"})
        with pytest.raises(CouldNotVerify, match="does not end its reply"):
            judge("mail.not_open_relay", mail)


def test_an_answer_of_imap_without_an_end_is_cut(greeting: Callable[[bytes], int]) -> None:
    for said in (b"* OK hello\r\n" + b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" * 150_000, b"* X {999999999}\r\n"):
        address = f"imap://127.0.0.1:{greeting(said)}"
        inbox = Inbox(name="i", inbox=address, user="a", password=SecretStr("abcd"))
        with pytest.raises(CouldNotVerify, match="does not end its answer within 4 MiB or 30 s"), opened(inbox):
            pass


def test_a_reply_that_drips_is_not_waited_for(talk: Callable[..., Mail], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_readiness.domains.mail.facts.SMTP_SECONDS", 0.5)

    class Drip(_Server):
        def _serve(self, connection: Any, number: int) -> None:
            while not self._stopping.wait(0.1):
                connection.sendall(b"2")

    with Drip() as server, pytest.raises(Unreachable, match="said nothing within"):
        judge("mail.reachable", Mail(name="m", server=f"127.0.0.1:{server.port}"))


# A test message


def test_message_is_timed_from_when_it_is_handed_over(talk: Callable[..., Mail], tmp_path: Path) -> None:
    mailbox.Maildir(str(tmp_path / "slow")).close()
    slow = Inbox(name="slow", inbox=f"maildir:{tmp_path}/slow")
    sent = {"target": Target("test", resources=(slow,)), "inbox": "slow", "to": "ops@shop.example.org"}
    file = tmp_path / "slow" / "new" / "1.host"
    assert re.search(
        "was there after", false("mail.test_message", talk({"MAIL": "1.5s:250 Ok"}, file), **sent, within=1)
    )
    quick = judge("mail.test_message", talk({"QUIT": "30s:221 bye"}, file), **sent, within=int(patient(20)))
    assert "and was removed" in quick.text


def test_message_arrives_and_is_removed(host: MailHost, mail: Mail, imap: Inbox) -> None:
    folder = Inbox(name="folder", inbox=f"maildir:{host.maildir}")
    target = Target("test", resources=(mail, imap, folder))
    for name in ("imap", "folder"):
        evidence = judge("mail.test_message", mail, target=target, inbox=name, to=f"ops@{DOMAIN}")
        found = rf"'Test of mail delivery [0-9a-f]{{20}}' to ops@{DOMAIN} was in {name} after .* s, and was removed"
        assert re.fullmatch(found, evidence.text)
        assert not evidence.warning
    with opened(folder) as box:
        assert list(box.mails(f"ops@{DOMAIN}")) == []


def test_message_does_not_arrive(host: MailHost, authority: Authority, mail: Mail, imap: Inbox, tmp_path: Path) -> None:
    mailbox.Maildir(str(tmp_path / "empty")).close()
    empty = Inbox(name="empty", inbox=f"maildir:{tmp_path}/empty")
    target = Target("test", resources=(mail, imap, empty))
    sent = {"target": target, "inbox": "empty", "to": f"ops@{DOMAIN}", "within": 1}
    assert re.search("took 'Test of mail delivery .*', but it did not arrive", false("mail.test_message", mail, **sent))
    wrong = declared(host, authority, password=SecretStr("not-the-password"))
    assert "did not take it: the login: 535" in false("mail.test_message", wrong, **sent)
    stranger = declared(host, authority, user=None, password=None)
    away = {**sent, "to": "somebody@example.org"}
    assert "did not take it: RCPT TO: 554 5.7.1" in false("mail.test_message", stranger, **away)
    with pytest.raises(NotDeclared, match="declares no sender"):
        judge("mail.test_message", declared(host, authority, sender=None), **sent)
    with pytest.raises(NotDeclared, match="declares no inbox named nowhere"):
        judge("mail.test_message", mail, **{**sent, "inbox": "nowhere"})


# Inboxes


def filed(path: Path, to: str, subject: str, text: str = "x", html: str = "", **headers: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", to, subject
    for name, value in headers.items():
        message[name] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    box = mailbox.Maildir(str(path))
    box.add(message)
    box.close()


def test_maildir_and_what_a_mail_says(tmp_path: Path) -> None:
    path = tmp_path / "mail"
    filed(
        path,
        "A <a@example.com>",
        "Grüße",
        "See http://a.example/x?y=1.",
        "<p>Go <a href=https://a.example/z>on</a></p>",
    )
    filed(path, "b@example.com, a@example.com", "Second")
    filed(path, "xa@example.com", "Other")
    with opened(Inbox(name="m", inbox=f"maildir:{path}")) as box:
        first, second = sorted(box.mails("A@example.com"), key=lambda mail: mail.subject)
        assert (first.subject, second.subject) == ("Grüße", "Second")
        assert first.sender == "shop@example.com"
        assert "See http://a.example/x?y=1." in first.text
        assert first.text.endswith("Go on")
        assert [link.address for link in first.links] == ["http://a.example/x?y=1", "https://a.example/z"]
        assert box.wait("a@example.com", "Second", {second.id}, 0) is None
        assert box.wait("a@example.com", "Second", (), 0) == second
        assert box.other_subjects("a@example.com", {second.id}) == ["Grüße"]
        box.remove(first.id)
        assert [mail.subject for mail in box.mails("a@example.com")] == ["Second"]


def test_mails_that_are_made_to_be_hard_to_read_are_read_quickly(tmp_path: Path) -> None:
    path = tmp_path / "mail"
    mailbox.Maildir(str(path)).close()
    hostile = (
        b"To: " + b"(" * 100_000 + b"\r\n\r\nx",
        b"To: " + b"a@example.com, " * 50_000 + b"\r\n\r\nx",
        b"To: a@example.com\r\nSubject: " + b"=?utf-8?q?a?= " * 50_000 + b"\r\n\r\nx",
        b"X-A: b\r\n" * 100_000 + b"\r\nx",
        b"".join(f"Content-Type: multipart/mixed; boundary=x{n}\r\n\r\n--x{n}\r\n".encode() for n in range(3000)),
        b"Content-Type: text/plain; " + b"a=b; " * 100_000 + b"\r\n\r\nx",
        b"To: a@example.com\r\n\r\n" + b"http://a.example/ " * 50_000,
    )
    for number, raw in enumerate(hostile):
        (path / "new" / f"{number}.host").write_bytes(raw)
    (path / "new" / "last.host").write_bytes("To: b@example.com\nSubject: Grüße\n\nText\n".encode())
    begun = time.process_time()
    with opened(Inbox(name="m", inbox=f"maildir:{path}")) as box:
        assert [mail.subject for mail in box.mails("b@example.com")] == ["Grüße"]
        assert all(len(mail.links) <= 1000 for mail in box.mails("a@example.com"))
    assert time.process_time() - begun < 20


def test_inboxes_that_cannot_be_read(host: MailHost, authority: Authority, imap: Inbox, tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"inbox": f"maildir:{tmp_path}"}, "is not a Maildir"),
        ({"inbox": f"imaps://localhost:{free_port()}"}, "no connection to localhost:.* refused"),
        ({"inbox": f"imaps://localhost:{host.imap}"}, "no connection to"),
        ({"password": SecretStr("not-the-password")}, "no login at localhost:.*failed"),
        ({"password": SecretStr("pässword")}, "no login at localhost:.*failed"),
        ({"password": SecretStr("p\udc80ssword")}, "is no text in UTF-8"),
        ({"folder": "Nowhere"}, "refused EXAMINE .*Nowhere"),
        ({"ca": Authority(tmp_path / "other").ca_file}, "certificate of localhost:.* is not trusted"),
    ]
    for changes, reason in cases:
        inbox = imap.model_copy(update=changes)
        with pytest.raises(CouldNotVerify, match=reason), opened(inbox):
            pass


def test_imap_with_starttls_changes_nothing(host: MailHost, authority: Authority, imap: Inbox, mail: Mail) -> None:
    to = f"looked-at@{DOMAIN}"
    filed(host.maildir, to, "Hello")
    [file] = [each for each in (host.maildir / "new").iterdir() if to in each.read_text()]
    file.chmod(0o644)
    with opened(imap.model_copy(update={"inbox": f"imap://localhost:{host.imap}"})) as box:
        [found] = box.mails(to)
        assert found.subject == "Hello"
    [kept] = [each for each in host.maildir.glob("*/*") if each.is_file() and "looked" in each.read_text()]
    assert "S" not in kept.name.rpartition(",")[2]


RAW = b"To: a@example.com\r\nSubject: Hello\r\n\r\nIt is 4711.\r\n"


def mailpit(request: Request) -> Response:
    """The API as Mailpit 1.20 answers it."""
    known: dict[tuple[str, str], Mapping[str, Any]] = {
        ("GET", "/api/v1/info"): {"Version": "v1.20.0"},
        ("GET", "/api/v1/search"): {"messages": [{"ID": "k7", "Subject": "Hello"}]},
        ("DELETE", "/api/v1/messages"): {},
    }
    if request.path.endswith("/raw"):
        return Response(200, [("Content-Type", "text/plain")], RAW)
    return answered(known.get((request.method, request.path)))


def mailhog(request: Request) -> Response:
    """The APIs as MailHog 1.0 answers them."""
    mail = {"ID": "k7@mail", "Raw": {"From": "b@example.com", "To": ["a@example.com"], "Data": RAW.decode()}}
    known: dict[tuple[str, str], Mapping[str, Any]] = {
        ("GET", "/api/v2/messages"): {"total": 1, "items": [mail]},
        ("GET", "/api/v2/search"): {"total": 1, "items": [mail]},
        ("GET", "/api/v1/messages/k7%40mail"): mail,
        ("DELETE", "/api/v1/messages/k7%40mail"): {},
    }
    return answered(known.get((request.method, request.path)))


def answered(value: Mapping[str, Any] | None) -> Response:
    import json

    body = json.dumps(value).encode() if value is not None else b"not found"
    return Response(200 if value is not None else 404, [("Content-Type", "application/json")], body)


@pytest.mark.parametrize(("kind", "service"), [("mailpit", mailpit), ("mailhog", mailhog)])
def test_mail_catchers(kind: str, service: Callable[[Request], Response], authority: Authority) -> None:
    class Everything(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return service

    with WebApp(https=authority.issue()) as app:
        app.routes = Everything()
        inbox = Inbox(
            name="caught", inbox=f"{kind}+{app.url}", ca=authority.ca_file, user="a", password=SecretStr("bcde")
        )
        with opened(inbox) as box:
            [mail] = box.mails("a@example.com")
            assert (mail.subject, mail.text.strip()) == ("Hello", "It is 4711.")
            box.remove(mail.id)
        assert app.requests[-1].method == "DELETE"
        assert "a%40example.com" in next(request.query for request in app.requests if "search" in request.path)
        assert all(request.headers["Authorization"].startswith("Basic ") for request in app.requests)
    with (
        WebApp({"/": Response(body=b"hello")}) as app,
        pytest.raises(CouldNotVerify, match="was answered 404"),
        opened(Inbox(name="c", inbox=f"{kind}+{app.url}")),
    ):
        pass


@pytest.mark.parametrize("listed", [[{}], ["a"], "abc", {"ID": "1"}, 5])
@pytest.mark.parametrize(("kind", "key"), [("mailpit", "messages"), ("mailhog", "items")])
def test_mail_catchers_that_list_something_else(kind: str, key: str, listed: object) -> None:
    def service(request: Request) -> Response:
        return answered({key: listed} if "search" in request.path else {})

    with WebApp({"/api/v1/info": service, "/api/v2/messages": service}) as app:
        app.routes = {**app.routes, "/api/v1/search": service, "/api/v2/search": service}
        with (
            opened(Inbox(name="c", inbox=f"{kind}+{app.url}")) as box,
            pytest.raises(CouldNotVerify, match=f"'{key}' in the answer of .* is not a list of messages with their ID"),
        ):
            list(box.mails("a@example.com"))


# Mail that the application sends


@pytest.fixture(scope="module")
def running(host: MailHost, authority: Authority) -> Iterator[Shop]:
    with Shop(authority.issue(), host) as shop:
        yield shop


@pytest.fixture
def shop(running: Shop) -> Iterator[Shop]:
    yield running
    running.faults.clear()


@pytest.fixture
def flow(shop: Shop, imap: Inbox, authority: Authority) -> Callable[..., Evidence]:
    def flow(*steps: dict[str, Any]) -> Evidence:
        url = Url(name="shop", url=shop.url, ca=authority.ca_file)
        return judge("mail.received", url, target=Target("test", resources=(url, imap)), steps=list(steps))

    return flow


ADDRESS = "${unique}@" + DOMAIN
REGISTER: list[dict[str, Any]] = [
    {"name": "page", "get": "/register"},
    {
        "name": "register",
        "submit": {"form": "#main", "fields": {"email": ADDRESS, "password": "${password}"}},
        "expect": {"status": 303, "location": "/account"},
    },
    {
        "name": "mail",
        "mail": {"inbox": "imap", "to": ADDRESS, "subject": "Confirm your address", "within": 20},
        "expect": {"text": "Welcome!"},
        "capture": {"link": {"link": "/confirm"}},
    },
    {"name": "confirm", "get": "${link}", "expect": {"text": "Your address is confirmed."}},
]
SIGN_IN: list[dict[str, Any]] = [
    {"name": "login", "get": "/login"},
    {
        "name": "sign in",
        "submit": {"form": "#main", "fields": {"email": ADDRESS, "password": "${password}"}},
        "expect": {"url": "/account", "text": "Signed in as " + ADDRESS},
    },
]
FORGOT: list[dict[str, Any]] = [
    {"name": "forgot", "get": "/forgot"},
    {"name": "ask", "submit": {"fields": {"email": ADDRESS}, "form": "#main"}},
    {
        "name": "code",
        "mail": {"inbox": "imap", "to": ADDRESS, "subject": "Your code", "within": 20},
        "capture": {"code": {"regex": "code is (\\d{6})"}},
        "secret": True,
    },
    {"name": "reset page", "get": "/reset"},
    {
        "name": "reset",
        "submit": {"form": "#main", "fields": {"email": ADDRESS, "code": "${code}", "password": "${password}-2"}},
        "expect": {"status": 303, "location": "/login"},
    },
]


def test_received_registration_and_reset(flow: Callable[..., Evidence]) -> None:
    evidence = flow(*REGISTER, *SIGN_IN, *FORGOT)
    assert evidence.text.startswith("11 steps, 10 requests in ")
    [transcript] = evidence.attachments
    text = transcript.data.decode()
    assert "password=•••" in text
    assert "captured code: •••" in text
    assert "captured link: https://localhost" in text
    assert "Aa1-" not in text


@pytest.mark.parametrize(
    ("fault", "expected", "seen"),
    [
        ("no-mail", r"step 3 'mail' .*'Confirm your address' in its subject, within 1 s", "none in imap"),
        ("late-link", r"step 4 'confirm' .*an address on https://localhost", "https://staging.example.com/confirm"),
        ("forgets", r"step 6 'sign in' .*an end at", "/login"),
    ],
)
def test_received_finds_the_fault(
    flow: Callable[..., Evidence], shop: Shop, fault: str, expected: str, seen: str
) -> None:
    shop.faults = {fault}
    mail = REGISTER[2]
    quick = {**mail, "mail": {**mail["mail"], "within": 1 if fault == "no-mail" else 20}}
    with pytest.raises(ClaimFalse) as caught:
        flow(*REGISTER[:2], quick, *REGISTER[3:], *SIGN_IN)
    assert re.search(expected, caught.value.expected)
    assert seen in caught.value.seen


def test_received_the_example_of_the_documentation(shop: Shop, imap: Inbox, authority: Authority) -> None:
    text = Path(__file__).parents[3].joinpath("docs", "flows.md").read_text("utf-8")
    [example] = re.findall(r'```yaml title="release.checks.yaml"\n(.*?)```', text, re.DOTALL)
    [binding] = parse_yaml(example, Path("release.checks.yaml"), "bindings")["accounts"].values()
    url = Url(name="shop", url=shop.url, ca=authority.ca_file)
    target = Target("test", resources=(url, imap.model_copy(update={"name": "catcher"})))
    assert binding["check"] == "mail.received"
    evidence = judge("mail.received", url, target=target, steps=binding["steps"])
    beginning = "the form is there: 200; someone registers: 303; the mail arrives: a mail after"
    assert re.match(rf"6 steps, 6 requests in [\d.]+ s: {beginning}", evidence.text)
    assert all(word in " ".join(text.split()) for word in ("6 steps, 6 requests in", beginning))


def test_received_a_mail_counts_once(flow: Callable[..., Evidence]) -> None:
    again = {**REGISTER[2], "name": "again", "mail": {**REGISTER[2]["mail"], "within": 1}}
    with pytest.raises(ClaimFalse, match=r"step 4 'again' .*none in imap"):
        flow(*REGISTER[:3], again)


def test_received_names_other_mails_to_the_recipient(flow: Callable[..., Evidence]) -> None:
    other = {**REGISTER[2], "mail": {**REGISTER[2]["mail"], "subject": "Your invoice", "within": 3}}
    with pytest.raises(ClaimFalse, match=r"others to r[0-9a-f]{20}@.*: 'Confirm your address'"):
        flow(*REGISTER[:2], other)
    title = {**REGISTER[0], "capture": {"title": {"regex": "<title>(.+)</title><h1>"}, "html": {"regex": "(<.+>)"}}}
    wrong = {**REGISTER[2], "mail": {**REGISTER[2]["mail"], "to": "${unique}${html}@example.com"}}
    with pytest.raises(ClaimFalse, match="a mail address; seen: r"):
        flow(title, *REGISTER[1:2], wrong)
    nothing = {**REGISTER[2], "capture": {"code": {"regex": "code is (\\d+)"}}}
    with pytest.raises(ClaimFalse, match="no match in the mail 'Confirm your address'"):
        flow(*REGISTER[:2], nothing)


BOTH = (
    "Content-Type: multipart/alternative; boundary=B\n\n--B\nContent-Type: text/plain\n\nOpen {}\n"
    '--B\nContent-Type: text/html\n\n<a href="{}">Confirm</a>\n--B--\n'
)


@pytest.mark.parametrize(
    ("plain", "html", "seen"),
    [
        ("{url}/confirm?t=1", "{url}/confirm?t=1", ""),
        ("{url}/confirm?t=1", "https://clicks.example.net/c/MTIz", ""),
        ("{url}/confirm?t=1", "http://LOCALHOST:8000/confirm?t=1", "{url} and http://localhost:8000"),
        ("http://[x/confirm?t=1", "{url}/confirm?t=1", "http://[x and {url}"),
        ("your mail", "/confirm?t=1", "/confirm in the mail 'Confirm'"),
        ("your mail", "../confirm", "../confirm in the mail 'Confirm'"),
    ],
)
def test_received_a_link_that_not_every_reader_can_follow(tmp_path: Path, plain: str, html: str, seen: str) -> None:
    for folder in ("cur", "new", "tmp"):
        (tmp_path / folder).mkdir()
    with WebApp({"/confirm": Response(body=b"confirmed")}) as app:
        url = app.url.rstrip("/")

        def register(request: Request) -> Response:
            head = f"From: a@example.com\nTo: {parse_qs(request.body.decode())['email'][0]}\nSubject: Confirm\n"
            text = BOTH.format(*(each.format(url=url) for each in (plain, html)))
            (tmp_path / "new" / "1.a").write_text(head + text)
            return Response(body=b"registered")

        app.routes["/register"] = register
        steps = [
            {
                "name": "one",
                "post": "/register",
                "form": {"email": "${unique}@b.test"},
                "expect": {"text": "registered"},
            },
            {
                "name": "two",
                "mail": {"inbox": "box", "to": "${unique}@b.test", "subject": "Confirm", "within": 20},
                "capture": {"link": {"link": "confirm"}},
            },
            {"name": "three", "get": "${link}", "expect": {"text": "confirmed"}},
        ]
        box = Inbox(name="box", inbox=f"maildir:{tmp_path}")
        shop = Url(name="shop", url=app.url)
        with pytest.raises(ClaimFalse) if seen else nullcontext() as caught:
            judge("mail.received", shop, target=Target("test", resources=(shop, box)), steps=steps)
    if caught:
        assert caught.value.seen == seen.format(url=url)


def test_received_begins_nothing_where_the_inbox_cannot_be_read(shop: Shop, imap: Inbox, authority: Authority) -> None:
    url = Url(name="shop", url=shop.url, ca=authority.ca_file)
    wrong = imap.model_copy(update={"password": SecretStr("not-the-password")})
    before = len(shop.app.requests)
    with pytest.raises(CouldNotVerify, match="no login at"):
        judge("mail.received", url, target=Target("test", resources=(url, wrong)), steps=REGISTER)
    assert len(shop.app.requests) == before


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([REGISTER[0], {**REGISTER[3], "get": "/"}], "no step waits for a mail"),
        ([{**REGISTER[2], "capture": {}}], "no step before it makes the application send"),
        ([REGISTER[0], {**REGISTER[2], "mail": {**REGISTER[2]["mail"], "to": "ops@example.com"}}], "must contain"),
        ([REGISTER[0], {**REGISTER[2], "mail": {**REGISTER[2]["mail"], "subject": ""}}], "at least 1"),
        ([REGISTER[0], {**REGISTER[2], "expect": {"status": 200}}], "of a mail only 'text' and 'absent'"),
        ([REGISTER[0], {**REGISTER[2], "capture": {"a": {"cookie": "a"}}}], "from a mail only"),
        ([REGISTER[0], {**REGISTER[2], "credential": "clerk"}], "no request is sent"),
        ([REGISTER[0], {**REGISTER[2], "mail": {**REGISTER[2]["mail"], "within": 271}}], "less than or equal to 270"),
    ],
)
def test_received_refuses_what_proves_nothing(steps: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        load_catalogue()["mail.received"].parameters.model_validate({"steps": steps})


# What is declared


@pytest.mark.parametrize(
    ("model", "fields", "reason"),
    [
        (Mail, {"server": "smtp://a"}, "not a host name"),
        (Mail, {"server": "a", "user": "b"}, "belong together"),
        (Mail, {"server": "a", "sender": "b"}, "pattern"),
        (Inbox, {"inbox": "pop3://a"}, "must begin with maildir:"),
        (Inbox, {"inbox": "imaps://u:p@a"}, "are keys of their own"),
        (Inbox, {"inbox": "imaps://a/INBOX"}, "are keys of their own"),
        (Inbox, {"inbox": "imaps://a"}, "needs 'user'"),
        (Inbox, {"inbox": "maildir:"}, "must begin with maildir:"),
        (Inbox, {"inbox": "maildir:a", "user": "b"}, "belong together"),
        (Inbox, {"inbox": "imaps://a", "folder": 'a"b'}, "pattern"),
    ],
)
def test_declarations_are_refused(model: type[Mail] | type[Inbox], fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        model.model_validate({"name": "m", **fields})


def test_ports_follow_the_security() -> None:
    assert [Mail(name="m", server="a", security=each).port for each in ("starttls", "tls", "none")] == [587, 465, 25]
    assert Mail(name="m", server="[::1]:2525").where == "[::1]:2525"
    path = Inbox.model_validate({"name": "m", "inbox": "maildir:mail"}, context={"base": Path("/srv")}).inbox
    assert path == "maildir:/srv/mail"


def test_other_addresses_of_the_name_are_told(tmp_path: Path) -> None:
    """Which nothing was asked of; the names come from a hosts file of its own."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 mail.test\n192.0.2.7 mail.test\n127.0.0.2 mail.test\n")
    asked = (
        "from pytest_readiness.domains.mail.facts import _others\n"
        "from pytest_readiness.domains.mail.resource import Mail\n"
        "print(_others(Mail(name='m', server='mail.test:25'), '127.0.0.1'))"
    )
    inside = ("sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts), sys.executable, "-c", asked)
    command = [str(program("unshare")), "--user", "--map-root-user", "--mount", *inside]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=patient(30))
    if "unshare" in done.stderr or "mount:" in done.stderr:
        unavailable(f"No mount namespace can be made here: {done.stderr.strip()}")
    assert done.stdout.strip() == "('192.0.2.7',)", done.stderr
    server = MailServer(SmtpReply(220, "x"), None, (), "", "", (), 0.1, "127.0.0.1", ("192.0.2.7",))
    assert server.note == "at 127.0.0.1, one of 2 addresses; not asked: 192.0.2.7"
    assert replace(server, others=()).note == ""


def test_a_mail_that_is_a_little_late(mail: Mail) -> None:
    """60.04 s, which one decimal would tell as 60.0 s."""
    with pytest.raises(ClaimFalse) as caught:
        load_catalogue()["mail.test_message"].judge(
            mail, Delivery("Test", "", 60.04, ""), inbox="imap", to=f"ops@{DOMAIN}", within=60
        )
    assert caught.value.seen == "'Test' was there after 60.1 s"
