"""A mail server of its own: Postfix takes mail and files it, Dovecot knows the passwords and shows it by IMAP."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from tests.stack.certs import Certificate
from tests.stack.process import (
    PortTakenError,
    ServerError,
    accepts,
    free_port,
    on_free_port,
    running,
    short_directory,
)
from tests.stack.programs import program, unavailable

DOMAIN = "shop.example.com"
USER = "mailer@shop.example.com"
PASSWORD = "correct-horse-battery"
OTHER_USER = "grussmail@shop.example.com"
OTHER_PASSWORD = "Grüße, 世界"
FILED_AS = "nobody"
DAEMONS = Path("/usr/lib/postfix/sbin")


class MailHost:
    """``with MailHost(certificate) as host:`` everything to an address of `DOMAIN` is filed in one inbox.

    Nothing leaves it: mail to other domains is taken from nobody but users, and thrown away. Run by root.

    Attributes:
        submission: port of SMTP with STARTTLS.
        smtps: port of SMTP behind TLS.
        variants: ports of SMTP with settings of their own, by name.
        imap, imaps: ports of Dovecot.
        maildir: where the mail is filed.
    """

    submission: int
    smtps: int
    variants: Mapping[str, int]
    imap: int
    imaps: int

    def __init__(self, certificate: Certificate, variants: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """
        Args:
            variants: further ports of SMTP with STARTTLS, by name: with settings of Postfix instead of the usual ones.
        """
        self._certificate = certificate
        self._variants = dict(variants or {})

    def __enter__(self) -> Self:
        program("postfix")
        program("dovecot")
        if os.geteuid() != 0:
            unavailable("Postfix is started by root.")
        with ExitStack() as stack:
            self.directory = stack.enter_context(short_directory())
            self.directory.chmod(0o755)
            self.maildir = self.directory / "mail" / "inbox"
            for folder in ("cur", "new", "tmp"):
                (self.maildir / folder).mkdir(parents=True)
            for path in (self.maildir.parent, self.maildir, *self.maildir.iterdir()):
                shutil.chown(path, FILED_AS)
            on_free_port(stack, self._dovecot)
            on_free_port(stack, self._postfix)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    def log(self) -> str:
        """Everything that Postfix logged."""
        return (self.directory / "postfix.log").read_text(errors="replace")

    @contextmanager
    def _dovecot(self) -> Iterator[None]:
        self.imap, self.imaps = free_port(), free_port()
        file = self.directory / "dovecot.conf"
        who = pwd.getpwnam(FILED_AS)
        file.write_text(
            f"""
            base_dir = {self.directory}/run
            state_dir = {self.directory}/run
            log_path = /dev/stderr
            listen = 127.0.0.1
            protocols = imap
            ssl = required
            ssl_cert = <{self._certificate.chain}
            ssl_key = <{self._certificate.key}
            auth_mechanisms = plain login scram-sha-256
            auth_failure_delay = 0
            first_valid_uid = {min(who.pw_uid, 1)}
            mail_location = maildir:{self.maildir}
            passdb {{
              driver = passwd-file
              args = scheme=plain username_format=%u {self.directory}/users
            }}
            userdb {{
              driver = static
              args = uid={who.pw_uid} gid={who.pw_gid} home={self.directory}/mail
            }}
            service auth {{
              unix_listener {self.directory}/auth {{
                mode = 0666
              }}
            }}
            service imap-login {{
              chroot =
              inet_listener imap {{
                port = {self.imap}
              }}
              inet_listener imaps {{
                port = {self.imaps}
                ssl = yes
              }}
            }}
            service anvil {{
              chroot =
              # Else every login from an address waits, after a wrong password from there.
              unix_listener anvil-auth-penalty {{
                mode = 0
              }}
            }}
            """
        )
        users = self.directory / "users"
        users.write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n{OTHER_USER}:{{PLAIN}}{OTHER_PASSWORD}\n", encoding="utf-8")
        users.chmod(0o644)
        ready = self.directory / "auth"
        with running(
            [program("dovecot"), "-F", "-c", file],
            log=self.directory / "dovecot.log",
            ready=lambda: ready.exists() and accepts(self.imap) and accepts(self.imaps),
        ):
            yield

    @contextmanager
    def _postfix(self) -> Iterator[None]:
        self.submission, self.smtps = free_port(), free_port()
        self.variants = {name: free_port() for name in self._variants}
        home = self.directory / "postfix"
        shutil.rmtree(home, ignore_errors=True)
        for folder in ("queue", "data"):
            (home / folder).mkdir(parents=True)
        shutil.chown(home / "data", "postfix")
        who = pwd.getpwnam(FILED_AS)
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": f"{home}/queue",
            "data_directory": f"{home}/data",
            "command_directory": "/usr/sbin",
            "daemon_directory": f"{DAEMONS}",
            "maillog_file": f"{self.directory}/postfix.log",
            "maillog_file_prefixes": f"{self.directory}",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "mail.shop.example.com",
            "mydestination": "",
            "mynetworks": "",
            "alias_maps": "",
            "local_recipient_maps": "",
            "virtual_mailbox_domains": DOMAIN,
            "virtual_mailbox_base": f"{self.maildir.parent}",
            "virtual_mailbox_maps": f"regexp:{home}/names",
            "virtual_minimum_uid": "1",
            "virtual_uid_maps": f"static:{who.pw_uid}",
            "virtual_gid_maps": f"static:{who.pw_gid}",
            "default_transport": "discard:no mail leaves this host",
            "smtpd_tls_security_level": "may",
            "smtpd_tls_chain_files": f"{home}/server.pem",
            "smtpd_tls_auth_only": "yes",
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": f"{self.directory}/auth",
            "smtpd_sasl_mechanism_filter": "plain, login",
            "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination",
            "smtpd_peername_lookup": "no",
            "smtpd_error_sleep_time": "0",
        }
        (home / "names").write_text("/^[A-Za-z0-9.+_-]+@/ inbox/\n")
        (home / "server.pem").write_bytes(self._certificate.key.read_bytes() + self._certificate.chain.read_bytes())
        (home / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (home / "master.cf").write_text(
            f"127.0.0.1:{self.submission} inet n - n - - smtpd\n"
            f"127.0.0.1:{self.smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n"
            + "".join(
                f"127.0.0.1:{port} inet n - n - - smtpd{_changed(self._variants[name])}\n"
                for name, port in self.variants.items()
            )
            + "".join(f"{name} unix {line}\n" for name, line in SERVICES.items())
            + "postlog unix-dgram n - n - 1 postlogd\n"
        )
        for folder in QUEUES:
            (home / "queue" / folder).mkdir()
            if folder != "pid":
                shutil.chown(home / "queue" / folder, "postfix")
        for folder in ("maildrop", "public"):
            shutil.chown(home / "queue" / folder, group="postdrop")
        (home / "queue" / "maildrop").chmod(0o1730)
        (home / "queue" / "public").chmod(0o2710)
        (home / "queue" / "private").chmod(0o700)
        server = running(
            [DAEMONS / "master", "-c", home, "-s"],
            log=self.directory / "postfix.log",
            ready=lambda: all(map(accepts, [self.submission, self.smtps, *self.variants.values()])),
        )
        with ExitStack() as stack:
            try:
                stack.enter_context(server)
            except ServerError as error:
                # Its logger does not run yet when it finds a port taken, so that it cannot say so.
                raise PortTakenError(str(error)) from None
            yield


SERVICES = {
    "cleanup": "n - n - 0 cleanup",
    "qmgr": "n - n 300 1 qmgr",
    "tlsmgr": "- - n 1000? 1 tlsmgr",
    "rewrite": "- - n - - trivial-rewrite",
    "bounce": "- - n - 0 bounce",
    "defer": "- - n - 0 bounce",
    "trace": "- - n - 0 bounce",
    "verify": "- - n - 1 verify",
    "proxymap": "- - n - - proxymap",
    "error": "- - n - - error",
    "retry": "- - n - - error",
    "discard": "- - n - - discard",
    "virtual": "- n n - - virtual",
    "anvil": "- - n - 1 anvil",
}
QUEUES = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop"),
    *("pid", "private", "public", "saved", "trace"),
)


def _changed(settings: Mapping[str, str]) -> str:
    return "".join(f" -o {{ {name} = {value} }}" for name, value in settings.items())
