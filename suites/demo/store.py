"""What the demo shop remembers while it runs: accounts, sessions, orders, payments. Only mail is put on a disk."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from email.message import EmailMessage
from json import dumps, loads
from mailbox import Maildir
from threading import Lock
from typing import Any

PRODUCTS = {"tea": 490, "cup": 1250, "honey": 795}
"""What can be bought, and what it costs in cents."""
MIN_PASSWORD = 12
KNOWN_PASSWORDS = frozenset(
    (
        *("123456789012", "1q2w3e4r5t6y", "adminadmin12", "iloveyou1234", "letmein12345", "password1234"),
        *("qwerty123456", "qwertyuiop12", "welcome12345"),
    )
)
"""Passwords that are long enough, and on the lists of leaked ones."""
WRONG_LOGINS = 5
"""Wrong passwords in a row after which an account is locked for a minute."""
LOCKED_SECONDS = 60
TOKEN_SECONDS = 3600
WEBHOOK_SECONDS = 300
"""Age of a payment provider's message that is still believed."""
SEARCHES = 20
"""Searches of one visitor after which there is a pause."""
PAUSE_SECONDS = 1


class Invalid(Exception):
    """What was sent makes no sense; the text says why."""


@dataclass
class Account:
    """Someone who can sign in."""

    email: str
    salt: bytes
    digest: bytes
    admin: bool = False
    confirmed: bool = False


@dataclass(frozen=True)
class Order:
    """What somebody wants to buy."""

    id: str
    email: str
    product: str
    quantity: int

    @property
    def cents(self) -> int:
        """What it costs."""
        return PRODUCTS[self.product] * self.quantity


@dataclass
class Store:
    """The shop's memory; one for each time that the shop is started.

    Attributes:
        mail: where mail is put, in place of a relay.
        origin: the shop's own.
        link_origin: how links in mails begin.
        key: signs tokens and forms.
        webhook_key: the payment provider signs its messages with it.
    """

    mail: Maildir
    origin: str = ""
    link_origin: str = ""
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    webhook_key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    accounts: dict[str, Account] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    paid: set[str] = field(default_factory=set)
    wrong: dict[str, int] = field(default_factory=dict)
    locked_until: dict[str, float] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    searches: int = 0
    paused_until: float = 0.0

    def add(self, email: str, password: str, *, admin: bool = False) -> Account:
        """Keep a new account."""
        salt = secrets.token_bytes(16)
        account = Account(email, salt, _digest(password, salt), admin)
        self.accounts[email] = account
        return account

    def register(self, email: str, password: str) -> Account:
        """Make an account, and mail the link that confirms its address.

        Raises:
            Invalid: the address or the password is no good.
        """
        if "@" not in email:
            raise Invalid("Enter a mail address.")
        if len(password) < MIN_PASSWORD:
            raise Invalid(f"The password is too short: {MIN_PASSWORD} characters are needed.")
        if password.lower() in KNOWN_PASSWORDS:
            raise Invalid("The password is on the lists of leaked ones; take another.")
        with self.lock:
            if email in self.accounts:
                raise Invalid("There is an account with this address.")
            account = self.add(email, password)
            self._send(email, "Confirm your address", f"{self.link_origin}/confirm?token={self.signed(email)}")
        return account

    def _send(self, to: str, subject: str, link: str) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "shop@example.com", to, subject
        message["Message-ID"] = f"<{secrets.token_hex(8)}@example.com>"
        message.set_content(f"Hello,\n\nthis link confirms your address:\n\n{link}\n\nYour shop\n")
        self.mail.add(message)

    def confirm(self, token: str) -> bool:
        """Confirm the address that a mailed link belongs to."""
        claims = self.claims(token)
        account = self.accounts.get(claims["sub"]) if claims else None
        if account is None:
            return False
        account.confirmed = True
        return True

    def login(self, email: str, password: str) -> Account | None:
        """The account of these credentials; None where they are wrong.

        Raises:
            Invalid: too many wrong ones came before.
        """
        account = self.accounts.get(email)
        if self.locked_until.get(email, 0.0) > time.monotonic():
            raise Invalid("There were too many wrong passwords. Try again in a minute.")
        right = _digest(password, account.salt if account else bytes(16))
        with self.lock:
            if account is not None and hmac.compare_digest(right, account.digest):
                self.wrong.pop(email, None)
                return account
            # An address without an account is locked in the same way, so that nobody learns which ones have one.
            self.wrong[email] = self.wrong.get(email, 0) + 1
            if self.wrong[email] >= WRONG_LOGINS:
                self.locked_until[email] = time.monotonic() + LOCKED_SECONDS
                del self.wrong[email]
        return None

    def begin(self, account: Account) -> str:
        """Begin a session; return its id, which is new, so that nobody else can have chosen it."""
        session = secrets.token_hex(16)
        self.sessions[session] = account.email
        return session

    def form_token(self, session: str) -> str:
        """The token that forms of a session carry."""
        return hmac.new(self.key, f"form {session}".encode(), hashlib.sha256).hexdigest()

    def signed(self, email: str, *, issued: float | None = None) -> str:
        """A JSON Web Token for an account, good for an hour from when it is issued."""
        begins = int(time.time() if issued is None else issued)
        claims = {"sub": email, "iat": begins, "exp": begins + TOKEN_SECONDS}
        body = f"{_packed(dumps({'alg': 'HS256', 'typ': 'JWT'}).encode())}.{_packed(dumps(claims).encode())}"
        return f"{body}.{self._signature(body)}"

    def claims(self, token: str) -> dict[str, Any] | None:
        """What a token says, where it is one of ours and has not ended."""
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), self._signature(body).encode()):
            return None
        claims: dict[str, Any] = loads(_unpacked(body.partition(".")[2]))
        return claims if claims["exp"] > time.time() else None

    def _signature(self, body: str) -> str:
        return _packed(hmac.new(self.key, body.encode("utf-8", "replace"), hashlib.sha256).digest())

    def order(self, email: str, given: Any) -> Order:
        """Take an order.

        Raises:
            Invalid: what is ordered is no product, or not a sensible number of them.
        """
        product, quantity = (given.get("product"), given.get("quantity")) if isinstance(given, dict) else ("", 0)
        if not isinstance(product, str) or product not in PRODUCTS:
            raise Invalid("There is no such product.")
        if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= 20:
            raise Invalid("Order 1 to 20.")
        if not isinstance(given.get("note", ""), str):
            raise Invalid("A note is a text.")
        made = Order(secrets.token_hex(6), email, product, quantity)
        self.orders[made.id] = made
        return made

    def believes(self, header: str, body: bytes) -> bool:
        """Whether the payment provider has signed a message, and not long ago."""
        parts = dict(part.partition("=")[::2] for part in header.split(","))
        moment, signature = parts.get("t", ""), parts.get("v1", "")
        if not (moment.isascii() and moment.isdigit()) or abs(time.time() - int(moment)) > WEBHOOK_SECONDS:
            return False
        wanted = hmac.new(self.webhook_key.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(signature.encode("utf-8", "replace"), wanted.encode())

    def may_search(self) -> bool:
        """Count a search; False while there is a pause."""
        with self.lock:
            if self.paused_until > time.monotonic():
                return False
            self.searches += 1
            if self.searches > SEARCHES:
                self.searches, self.paused_until = 0, time.monotonic() + PAUSE_SECONDS
                return False
            return True


def _digest(password: str, salt: bytes) -> bytes:
    # As dear as a demo may be that signs in a dozen times; a real shop takes more.
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 20_000)


def _packed(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _unpacked(text: str) -> bytes:
    return urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}")
