"""What the environment says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Settings of one deployment."""

    secret_key: str
    database_url: str
    stripe_secret_key: str
    mail_server: str
    cookie_secure: bool = True

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Settings:
        """Read the settings; what is missing is an error that names it."""
        return cls(
            secret_key=variables["SECRET_KEY"],
            database_url=variables["DATABASE_URL"],
            stripe_secret_key=variables["STRIPE_SECRET_KEY"],
            mail_server=variables["MAIL_SERVER"],
            cookie_secure=variables.get("SESSION_COOKIE_SECURE", "true") == "true",
        )
