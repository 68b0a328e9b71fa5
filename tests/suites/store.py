"""What the application keeps, in memory, and who may ask for it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from jwt.types import Options

from tests.stack.silent import Request

CUSTOMER, ADMINISTRATOR, CAREFUL = (f"{name}@shop.example.com" for name in ("customer", "admin", "careful"))
WRONG_LIMIT = 8
"""So many wrong passwords lock an account."""
LOCK_SECONDS = 20
"""Not long, so that several suites can run against one world after the other."""
TOKEN_HOURS = 12
WEAK = ("password", "qwerty", "12345", "1q2w3e", "letmein", "iloveyou", "abc123", "welcome")
SHORTEST_PASSWORD = 12


@dataclass
class Account:
    """Someone who may sign in."""

    email: str
    password: str
    role: str = "customer"
    confirmed: bool = False
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    reset: str = ""
    second_factor: bool = False


class Store:
    """Accounts, products, orders and payments; all in memory."""

    def __init__(self, faults: set[str]) -> None:
        self.faults = faults
        self.key = secrets.token_urlsafe(48)
        self.passwords = {email: secrets.token_urlsafe(18) for email in (CUSTOMER, ADMINISTRATOR, CAREFUL)}
        self.accounts = {
            email: Account(email, password, confirmed=True, second_factor=email == CAREFUL)
            for email, password in self.passwords.items()
        }
        self.accounts[ADMINISTRATOR].role = "admin"
        self.products: list[dict[str, Any]] = [
            {"id": 1, "name": "A thing", "price": 1250},
            {"id": 2, "name": "Another thing", "price": 800},
        ]
        self.orders: dict[int, dict[str, Any]] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.links: dict[str, int] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.goals: dict[int, dict[str, Any]] = {}
        self.letters: dict[str, list[str]] = {}
        self._wrong: dict[str, list[float]] = {}

    # Who asks

    def issue(self, account: Account, *, ago: float = 0) -> str:
        """A token for an account, issued now or so many hours ago."""
        now = int(time.time() - ago * 3600)
        claims: dict[str, Any] = {"sub": account.email, "role": account.role, "iat": now}
        if "token-endless" not in self.faults:
            claims["exp"] = now + TOKEN_HOURS * 3600
        return jwt.encode(claims, self.key, algorithm="HS256")

    def bearer(self, request: Request) -> Account | None:
        """The account whose token a request shows."""
        kind, _, shown = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer":
            return None
        options: Options = {
            "verify_signature": "token-unverified" not in self.faults,
            "verify_exp": "token-for-ever" not in self.faults,
        }
        try:
            claims = jwt.decode(shown, self.key, algorithms=["HS256"], options=options)
        except jwt.PyJWTError:
            return None
        return self.accounts.get(str(claims.get("sub")))

    def sign_in(self, email: str, password: str) -> Account | bool | None:
        """The account, None where the password is wrong, False where too many were."""
        since = time.monotonic() - LOCK_SECONDS
        wrong = [moment for moment in self._wrong.get(email, []) if moment > since]
        if len(wrong) >= WRONG_LIMIT and "no-lockout" not in self.faults:
            return False
        if "default-password" in self.faults and (email.partition("@")[0], password) == ("admin", "admin"):
            return self.accounts[ADMINISTRATOR]
        account = self.accounts.get(email)
        right = account is not None and account.confirmed and secrets.compare_digest(account.password, password)
        if right or ("any-password" in self.faults and account is not None):
            return account
        self._wrong[email] = [*wrong, time.monotonic()]
        return None

    def is_weak(self, password: str) -> bool:
        """Whether a password is too short, or too easily guessed."""
        shortest = 6 if "short-passwords" in self.faults else SHORTEST_PASSWORD
        known = "common-passwords" not in self.faults and any(word in password.lower() for word in WEAK)
        return len(password) < shortest or known

    # Orders and payments

    def order(self, email: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        """Take an order; it is kept unless told otherwise."""
        number = 1001 + len(self.orders)
        prices = {product["id"]: product["price"] for product in self.products}
        total = sum(prices.get(line.get("product"), 0) * int(line.get("count", 1)) for line in lines)
        order = {"id": number, "state": "new", "email": email, "lines": lines, "total": total}
        if "order-total" in self.faults:
            order["total"] = 0
        if "order-lost" not in self.faults:
            self.orders[number] = order
        return order

    def pay(self, order: dict[str, Any]) -> dict[str, Any]:
        """Start a payment of an order, which the provider's webhook ends."""
        payment = {
            "id": f"pay_{secrets.token_hex(8)}",
            "order": order["id"],
            "amount": order["total"],
            "state": "pending",
        }
        if "payment-lost" not in self.faults:
            self.payments[str(payment["id"])] = payment
        return payment
