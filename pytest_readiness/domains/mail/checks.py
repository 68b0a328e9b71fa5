"""Mail that the application sends: the server that takes it, and whether it arrives."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.resources import Named
from pytest_readiness.domains.http.checks.flow import asked, told
from pytest_readiness.domains.http.facts.flow import FlowRun
from pytest_readiness.domains.http.flow_rules import MailSteps
from pytest_readiness.domains.inbox.resource import MAIL_ADDRESS
from pytest_readiness.domains.mail.facts import (
    MAX_WITHIN,
    Delivery,
    MailLogin,
    MailServer,
    Posting,
    RelayTry,
    SmtpReply,
)
from pytest_readiness.domains.mail.resource import Mail

MailAddress = Annotated[str, Field(pattern=MAIL_ADDRESS, examples=["somebody@example.com"])]

_FOR_STRANGERS = re.compile(
    r"(?i)\brelay(ing)? (access |is |was |mail )*(denied|refused|rejected|prohibited|forbidden|not (allowed|permitted))"
    r"|\b(not|unable|cannot|can't|refuse|allowed|permitted) (to )?relay|\bno relay|rcpthosts"
    r"|(client|session|user|you) (is |was |are )?not (been )?authenticated"
    r"|recipient address rejected: access denied"
    r"|not (local|hosted|handled) here|non-accepted domain|rejected: not (permitted|allowed|authori[sz]ed)"
)
"""Why a server refuses mail to another domain; it may refuse for reasons that have nothing to do with relaying."""
_RELAY = re.compile(r"(?i)\brelay")
"""In whatever words, and in other languages."""
_NAME = re.compile(r"\w[.@]\w")
"""What a name of a host or an address has, such as relay.example.com."""
_ANOTHER_SUBJECT = re.compile(r"[45]\.[1-6]\.\d")
"""The subject of an enhanced status code (RFC 3463 section 3.1) where that is not the policy, as it is of 5.7.1."""
_ASKS_LOGIN = re.compile(
    r"(?i)authentication (is )?(required|needed)|requires? (smtp )?auth|\bauth(entication)?( command)? (first|required)"
    r"|(must|please|need to|have to) (first )?(be )?(authenticate|log.?in)|unauthenticated senders? (is |are )?not"
    r"|not logged.?in|log.?in first"
)
_ASKS_TLS = re.compile(r"(?i)starttls|encrypt|\b(tls|ssl)\b")
_FOR_ITS_ORIGIN = re.compile(
    r"(?i)client (host|address|ip|rejected)|your (ip|host|address|network)|sending ip|banned|throttl"
    r"|connection rejected|blocked|listed|black.?list|reputation|spam|reverse|hostname|grey.?list|too many"
    r"|(?<!not an )\bopen.(relay|proxy)|sending (host|server)|sender|envelope|temporar"
    r"|\b(quota|spf|dmarc|dkim|helo|ehlo|rdns|ptr|rate)\b"
)
_SWITCHED_OFF = re.compile(r"(?i)disabled|not (enabled|supported|available|implemented)|unsupported")
_HIDES_PASSWORDS = re.compile(r"(SCRAM-.+|CRAM-MD5|DIGEST-MD5|NTLM|GSSAPI|GS2-.+|KERBEROS_V[45]|EXTERNAL)$")
"""Mechanisms of AUTH, by their names at IANA, that send no password and nothing that serves as one."""


@check(
    "mail.reachable",
    severity="high",
    remedy="Start the mail server, and let the runner's network reach its port.",
    source="RFC 5321 3.1, 4.1.1.1",
)
def reachable(mail: Mail, mail_server: MailServer) -> Evidence:
    """The mail server greets, and answers EHLO.

    The session is begun as declared: with TLS from the first byte where `security` is `tls`. No mail is sent.
    """
    if mail_server.tls_error and not mail_server.hello:
        raise CouldNotVerify(f"{mail.where} could not be reached over TLS: {mail_server.tls_error}")
    claim(mail_server.greeting.code == 220, expected="a greeting 220", seen=str(mail_server.greeting))
    hello = mail_server.hello
    claim(hello is not None and hello.code == 250, expected="EHLO to be answered 250", seen=str(hello))
    return Evidence(f"{mail.where}: {mail_server.greeting}, EHLO answered in {mail_server.seconds:.2f} s")


@check(
    "mail.starttls",
    severity="high",
    remedy="Let the mail server offer STARTTLS, with a certificate for its name, and let the application use it.",
    source="RFC 3207; RFC 8314 3",
)
def starttls(mail: Mail, mail_server: MailServer) -> Evidence:
    """A session with the mail server is behind TLS, with a certificate that is valid for the server's name.

    The TLS connection is made as declared: after STARTTLS, or from the first byte where `security` is `tls`; its
    certificate is verified by the system's store, or by the declared `ca`. A server that is declared with `none` fails,
    whatever it offers: the application does not use it. Protocol versions and ciphers are judged by `tls.*`.
    """
    expected = "verified TLS before mail is handed over"
    if mail.security == "none":
        offered = "which offers STARTTLS" if "STARTTLS" in mail_server.before else "which offers no STARTTLS"
        raise ClaimFalse(expected, f"{mail.name} declares security: none for {mail.where}, {offered}")
    if mail_server.hello is None and not mail_server.tls_error:
        raise CouldNotVerify(f"{mail.where} greeted with {mail_server.greeting}")
    claim(bool(mail_server.tls), expected=expected, seen=f"{mail.where}: {mail_server.tls_error}")
    how = "after STARTTLS" if mail.security == "starttls" else "from the first byte"
    return Evidence(f"{mail.where}: {mail_server.tls} {how}, certificate valid for {mail.host}")


@check(
    "mail.auth",
    severity="high",
    remedy="Give the application a user and password that the mail server takes, and offer AUTH behind TLS only.",
    source="RFC 4954 4; RFC 8314 3",
)
def auth(mail: Mail, mail_server: MailServer, mail_login: MailLogin) -> Evidence:
    """The mail server lets the declared user in, and asks for passwords behind TLS only.

    One login is made, with the declared user and password, over verified TLS; without that no password is sent, and the
    claim is false. It is false, too, where AUTH is offered before TLS in a way that shows the password, or a token that
    is worth as much, to a listener: PLAIN, LOGIN, and every other that is not known to hide it. Those that do (SCRAM,
    CRAM-MD5, DIGEST-MD5, NTLM, Kerberos) and EXTERNAL get a warning: what follows the login can still be read and
    changed. That a wrong password is refused is `mail.wrong_password`.
    """
    offers = [each.split() for each in mail_server.before]
    early = list(dict.fromkeys(way for name, *ways in offers if name == "AUTH" for way in ways))
    shown = [way for way in early if not _HIDES_PASSWORDS.match(way)]
    claim(
        not shown,
        expected="passwords to be asked for behind TLS only",
        seen=f"{mail.where} offers AUTH {' '.join(early)} before TLS, where {', '.join(shown)} would show the password",
    )
    expected = f"a login as {mail.user} over verified TLS"
    if mail_login.reply is None:
        raise ClaimFalse(expected, f"no password was sent to {mail.where}: {mail_login.refused}")
    if 400 <= mail_login.reply.code < 500:
        raise CouldNotVerify(f"the login at {mail.where} was answered {mail_login.reply}, a temporary failure")
    claim(mail_login.reply.code == 235, expected=expected, seen=f"{mail.where}: {mail_login.reply}")
    offered = f"AUTH {' '.join(early)} is offered before TLS, too" if early else ""
    return Evidence(
        f"{mail.where} let {mail.user} in over {mail_login.tls}, {offered or 'AUTH is not offered before'}",
        warning=f"{offered}: that shows no password, but protects nothing else" if offered else "",
    )


@check(
    "mail.wrong_password",
    severity="high",
    remedy="Let the mail server verify passwords: one that takes any is open to everyone.",
    source="RFC 4954 6",
    check_class="active",
)
def wrong_password(mail: Mail, mail_login: MailLogin, mail_wrong_login: MailLogin) -> Evidence:
    """The mail server refuses the declared user with a wrong password.

    Two logins are made over verified TLS, with the declared password and with a random one. A refusal for another
    reason, such as that the way to log in is switched off or the runner's address is blocked, says nothing about
    passwords, and is not a pass; and neither is one of a server that refuses the declared password, too, as where the
    service that knows the passwords is down. Not looked at: other users and other mechanisms.
    """
    reply = mail_wrong_login.reply
    if reply is None:
        raise CouldNotVerify(f"no login was tried at {mail.where}: {mail_wrong_login.refused}")
    claim(not 200 <= reply.code < 300, expected="a wrong password to be refused", seen=f"{mail.where}: {reply}")
    if not _refuses_credentials(reply):
        raise CouldNotVerify(
            f"a login at {mail.where} with a wrong password was answered, but not as a wrong password is: {reply}"
        )
    right = mail_login.reply
    if right is None or right.code != 235:
        raise CouldNotVerify(
            f"{mail.where} let {mail.user} in with the declared password no more than with a wrong one, so that "
            f"nothing was seen of passwords: {right or mail_login.refused}"
        )
    return Evidence(
        f"{mail.where} refused a wrong password of {mail.user}: {reply}; with the declared one it let them in"
    )


def _refuses_credentials(reply: SmtpReply) -> bool:
    """Whether a login failed by user or password (RFC 4954 section 6), and not before anybody looked at them."""
    other = _FOR_ITS_ORIGIN.search(reply.text) or _SWITCHED_OFF.search(reply.text)
    return (reply.code == 535 or (reply.code >= 500 and "5.7.8" in reply.text)) and not other


@check(
    "mail.not_open_relay",
    severity="critical",
    remedy="Let the mail server relay mail to other domains only for senders that have logged in.",
    source="RFC 2505 2.1; RFC 5321 7.9",
    check_class="active",
    asks=lambda _, recipient: {"mail_relay": recipient},
)
def not_open_relay(
    mail: Mail, mail_relay: tuple[RelayTry, ...], *, recipient: MailAddress = "readiness@example.com"
) -> Evidence:
    """The mail server does not relay mail from a stranger at the runner's place to other domains.

    Without a login, mail to another domain is announced from a foreign sender, from the empty one, and from the
    declared `sender`; each must be refused because of that, at RCPT TO at the latest. So must mail to
    readiness@iana.org where the recipient is in a domain that is reserved, as a server may refuse such ones only; and
    to the foreign address within one of the domain of the declared `sender`, or else of the server's name
    (`user%foreign@own`, `user%foreign`, `foreign!user@own`, `"user@foreign"@own`). No mail is sent. A server may trust
    the network that this runs in: what is seen is true for the runner's place. A refusal for another reason, such as a
    block list, the runner's address, the sender, SPF or an unknown domain, says nothing about relaying, and is not a
    pass (so that of Postfix's smtpd_client_restrictions is none, even where these only want a login); nor is it where
    such an address is taken as any name in the server's own domain would be.

    Args:
        recipient: address in a domain that the server is not responsible for, and the foreign sender. The default is in
            a domain that is reserved for examples (RFC 2606).
    """
    taken = [each for each in mail_relay if each.rcpt and 200 <= each.rcpt.code < 300]
    for each in taken:
        if each.nobody is None or each.nobody.code >= 500:
            who = f"mail from <{each.sender}> to <{each.recipient}>"
            raise ClaimFalse("mail to another domain to be refused without a login", f"{who}: {each.rcpt}")
    for each in mail_relay:
        reply = each.rcpt or each.mail
        own = each.sender == mail.sender and reply.code >= 500 and _asks_login(reply)
        # A form that is refused for good is not relayed, whatever the server took it for.
        for_good = each.form and reply.code >= 500 and each.rcpt is not None
        refused = for_good or (own and not each.form) or _refuses_strangers(reply)
        if not refused and each not in taken:
            raise CouldNotVerify(
                f"{mail.where} refused <{each.recipient}>, but not as a stranger's mail, so that nothing was seen of "
                f"relaying: {reply}"
            )
    if taken:
        raise CouldNotVerify(
            f"{mail.where} takes any name in its own domain, so that it is not seen whether it passes mail to "
            f"<{taken[0].recipient}> on ({taken[0].rcpt})"
        )
    plain = [each for each in mail_relay if not each.form]
    said = "; ".join(f"from <{each.sender}> to <{each.recipient}>: {each.rcpt or each.mail}" for each in plain)
    return Evidence(f"{mail.where} refused mail {said}, and {len(mail_relay) - len(plain)} other forms")


def _refuses_strangers(reply: SmtpReply) -> bool:
    if reply.code < 400 or _ASKS_TLS.search(reply.text) or _FOR_ITS_ORIGIN.search(_ASKS_LOGIN.sub("", reply.text)):
        return False
    # 421 closes the session whatever was asked.
    if reply.code == 421:
        return False
    if _asks_login(reply) or _FOR_STRANGERS.search(reply.text):
        return True
    # "User unknown in relay recipient table" is of a domain that is relayed to, and a host may be named relay1.
    words = " ".join(word for word in reply.text.split() if not _NAME.search(word))
    return bool(_RELAY.search(words)) and not _ANOTHER_SUBJECT.match(reply.text)


def _asks_login(reply: SmtpReply) -> bool:
    """Whether a server wants a login before anything else (code 530: RFC 4954 section 6)."""
    return reply.code == 530 or bool(_ASKS_LOGIN.search(reply.text))


@check(
    "mail.test_message",
    severity="high",
    remedy="Look into the mail server's log for the recipient: the mail was bounced, deferred, or filed elsewhere.",
    check_class="disruptive",
    asks=lambda _, inbox, to, within: {"mail_delivery": Posting(inbox, to, within)},
)
def test_message(
    mail: Mail,
    mail_delivery: Delivery,
    *,
    inbox: Annotated[str, Named("inbox")],
    to: MailAddress,
    within: Annotated[int, Field(ge=1, le=MAX_WITHIN)] = 60,  # noqa: PT028 (no test, but the check of that name)
) -> Evidence:
    """A mail that is handed to the mail server arrives in an inbox.

    One mail with a subject of its own is sent from the declared `sender`, with the declared user where there is one,
    and looked for in the inbox; then it is removed there, where the inbox allows that. Where the inbox is a mail
    catcher, it is seen that the server takes mail and hands it on, and not that other providers would take it.

    Args:
        inbox: name of the declared inbox that the recipient's mail arrives in.
        to: the recipient.
        within: how long it may take from when it is handed over, in seconds, up to 240. 60: how long someone waits who
            has just registered.
    """
    expected = f"a mail to {to} in {inbox} within {within} s"
    claim(not mail_delivery.refused, expected=expected, seen=f"{mail.where} did not take it: {mail_delivery.refused}")
    if mail_delivery.seconds is None:
        raise ClaimFalse(expected, f"{mail.where} took '{mail_delivery.subject}', but it did not arrive")
    # Rounded up, so that what is late does not read as if it were not.
    late = f"'{mail_delivery.subject}' was there after {math.ceil(mail_delivery.seconds * 10) / 10:.1f} s"
    claim(mail_delivery.seconds <= within, expected=expected, seen=late)
    text = f"'{mail_delivery.subject}' to {to} was in {inbox} after {mail_delivery.seconds:.1f} s"
    if mail_delivery.removed:
        return Evidence(text, warning=f"it is still there: {mail_delivery.removed}")
    return Evidence(f"{text}, and was removed")


@check(
    "mail.received",
    severity="high",
    remedy="Look into the attached transcript, then into the logs of the application and of its mail server.",
    check_class="disruptive",
    asks=lambda url, steps: {"mail_flow": asked(url, steps)},
)
def received(mail_flow: FlowRun, *, steps: MailSteps) -> Evidence:
    """The application sends its own mail, the mail arrives, and the declared steps around it succeed.

    A flow as of `http.flow`, of which at least one step waits for a mail in a declared inbox, by its recipient and
    subject. The recipient contains `${unique}`, so that only a mail can be meant that this run made the application
    send; later steps can use the link or code that is captured from it. At most 50 requests are sent, within 300 s.

    Args:
        steps: the steps, in order; docs/flows.md has their keys. At least one waits for a `mail`.
    """
    return told(mail_flow)
