"""What the suites' world is made of, to be changed before it starts: as made here, everything is as it should be."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.stack.sshd import HARDENED

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; font-src 'self'; "
    "connect-src 'self' https://api.example.com; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ADDRESS = "203.0.113.10"
AUTHORITY = "Let's Encrypt"
SECRETS = (*("SECRET_KEY", "JWT_SECRET", "JWT_SECRET_KEY", "FIELD_ENCRYPTION_KEY", "ENCRYPTION_KEY", "SESSION_SECRET"),)
SETTINGS = {
    "APP_ENV": "production",
    "FLASK_ENV": "production",
    "NODE_ENV": "production",
    "DEBUG": "false",
    "FLASK_DEBUG": "false",
    "LOG_LEVEL": "info",
    "SESSION_COOKIE_SECURE": "true",
    "SESSION_COOKIE_HTTPONLY": "true",
    "SESSION_COOKIE_SAMESITE": "Strict",
    "APP_URL": "https://shop.test",
    "API_URL": "https://api.test",
    "VITE_API_URL": "https://api.test/api/v1",
    "ALLOWED_ORIGINS": "https://shop.test",
    "CORS_ORIGINS": "https://shop.test",
    "SMTP_HOST": "smtp.test",
    "SMTP_PORT": "587",
    "SMTP_USER": "mailer",
}


def _public_key() -> str:
    return base64.b64encode(ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()


def _zone() -> dict[str, str]:
    """The records of example.com, by what they are for."""
    records = {"addresses": f"@ A {ADDRESS}\nmail A 203.0.113.25\nwww A {ADDRESS}"}
    for name in ("shop", "api", "admin"):
        records[name] = f"{name} A {ADDRESS}"
    records["alias"] = "static CNAME static.edge"
    for owner in ("@", "shop", "api", "admin", "static.edge"):
        records[f"mx {owner}"] = f"{owner} MX 10 mail"
        records[f"spf {owner}"] = f'{owner} TXT "v=spf1 mx -all"'
        records[f"caa {owner}"] = f'{owner} CAA 0 issue "letsencrypt.org"'
    records["edge"] = "static.edge A 203.0.113.80"
    records["dmarc"] = '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"'
    for owner in ("", ".shop", ".api", ".admin", ".static"):
        records[f"dkim {owner}"] = f's1._domainkey{owner} TXT "v=DKIM1; k=ed25519; p={_public_key()}"'
    return records


def _env() -> dict[str, str]:
    secret = {name: secrets.token_hex(32) for name in SECRETS}
    word = secrets.token_urlsafe(24)
    return {
        **secret,
        **SETTINGS,
        "DATABASE_URL": f"postgresql://shop:{word}@db.internal:5432/shop?sslmode=verify-full",
        "POSTGRES_PASSWORD": secrets.token_urlsafe(24),
        "DB_PASSWORD": secrets.token_urlsafe(24),
        "MONGODB_URI": f"mongodb://shop:{word}@db.internal:27017/shop?tls=true",
        "REDIS_URL": f"rediss://shop:{secrets.token_urlsafe(24)}@cache.internal:6379/0",
        "REDIS_PASSWORD": secrets.token_urlsafe(24),
        "SMTP_PASSWORD": secrets.token_urlsafe(24),
        "STRIPE_SECRET_KEY": f"sk_live_51{secrets.token_hex(48)}",
        "STRIPE_PUBLISHABLE_KEY": f"pk_live_51{secrets.token_hex(48)}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(24)}",
        "PLAID_CLIENT_ID": secrets.token_hex(12),
        "PLAID_SECRET": secrets.token_hex(15),
        "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "RESEND_API_KEY": f"re_{secrets.token_hex(4)}_{secrets.token_hex(12)}",
        "SENDGRID_API_KEY": f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}",
        "OPENAI_API_KEY": f"sk-proj-{secrets.token_hex(32)}",
        "S3_BUCKET": "shop-files",
        "S3_REGION": "eu-central-1",
        "S3_ACCESS_KEY_ID": f"AKIA{secrets.token_hex(8).upper()}",
        "S3_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
        "OAUTH_CLIENT_ID": secrets.token_hex(12),
        "OAUTH_CLIENT_SECRET": secrets.token_urlsafe(30),
        "MUX_TOKEN_ID": secrets.token_hex(16),
        "MUX_TOKEN_SECRET": secrets.token_urlsafe(40),
        **{f"{name}_API_KEY": secrets.token_urlsafe(30) for name in ("TRANSFER", "INTERPRETER", "TAX", "INSURANCE")},
        "TRANSFER_API_URL": "https://api.transfer.test",
        "DB_ROOT_PASSWORD": secrets.token_urlsafe(24),
        "SENTRY_DSN": f"https://{secrets.token_hex(16)}@o4505.ingest.sentry.io/4505",
    }


@dataclass
class Plan:
    """What a world is made of. A break changes one thing of it.

    Attributes:
        faults: of the application, by the names that stand in its code.
        headers: of every answer of the web server.
        tls: directives of nginx.
        certificate: what the web server's certificate is issued with.
        authority: organisation of the authority that issues it.
        nginx: parts of the web server's configuration, by what they are for.
        public_files: files of the web server's folder that are changed, added, or left out (None).
        limits: path to the number of requests that the web server lets through at once.
        env: variables of the production file.
        development: variables of development's file that are not its own.
        env_mode: of that file on the host.
        documents: text of a section by label and heading; of all sections of a document by "*".
        containers: docker-py's options by name; `images` their references.
        sshd: settings of the host's sshd.
        listening: ports that the host listens on for everyone, beside 80.
        stopped, not_at_boot: units of the host that do not run, or do not start at boot.
        machine: further shell lines of the host's setup.
        filled_mb: of its data disk of 24 MB.
        clock: where its clock is set by, as a line of chrony.
        renewal_days: lifetime of the certificate on it, and what is left of that.
        records: of the zone, by what they are for; `second_records` what the second server has instead.
        zone: options of the zone.
        registered_days, registered_status: until the registration of the domain ends, and what the registry says of it.
        postgres: settings of the database server; `hba` its lines about who may connect.
        database_tls: whether it has a certificate.
        statements: that change the application's role, named app, or its database.
        mail: settings of Postfix instead of the usual ones.
        mail_certificate: what the mail server's certificate is issued with.
        mail_password: what the target declares, where that is not the right one.
        repository: files of the released commit that are changed, added or left out (None).
        forge: what the forge answers otherwise, by path below the project.
        reports: by report, what is made of its content.
        downtime: whether a new version is started only after the old one has ended.
    """

    faults: set[str] = field(default_factory=set)
    headers: dict[str, str] = field(
        default_factory=lambda: {
            "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
            "Content-Security-Policy": CSP,
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
            "X-XSS-Protection": "0",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Edge": "fra",
        }
    )
    tls: dict[str, str] = field(
        default_factory=lambda: {
            "ssl_protocols": "TLSv1.2 TLSv1.3",
            "ssl_ciphers": "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305",
            "ssl_ecdh_curve": "X25519:prime256v1:secp384r1",
            "ssl_session_cache": "shared:tls:1m",
            "ssl_session_tickets": "on",
            "ssl_prefer_server_ciphers": "off",
        }
    )
    certificate: dict[str, Any] = field(default_factory=lambda: {"days": 60, "responder": "http://ocsp.example.com"})
    authority: str = AUTHORITY
    nginx: dict[str, str] = field(
        default_factory=lambda: {
            "redirect": "return 301 https://$host$request_uri;",
            "foreign": "return 421;",
            "gzip": "gzip on; gzip_vary on; gzip_types text/css text/javascript application/json image/svg+xml;",
            "assets": "expires 365d;",
            "websocket": "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
            'proxy_set_header Connection "upgrade";',
            "versions": "",
            "stapling": "on",
            "more": "",
        }
    )
    public_files: dict[str, bytes | None] = field(default_factory=dict)
    limits: dict[str, int] = field(
        default_factory=lambda: {"/api/v1/search": 20, "/auth/session": 10, "/payments/quote": 15, "/api/v1/rates": 100}
    )
    env: dict[str, str] = field(default_factory=_env)
    env_mode: str = "0640"
    documents: dict[str, dict[str, str]] = field(default_factory=dict)
    containers: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            name: {
                "user": "nobody",
                "mem_limit": "64m",
                "restart_policy": {"Name": "unless-stopped"},
                "healthcheck": {"test": ["CMD", "true"], "interval": 1_000_000_000, "timeout": 60_000_000_000},
                "read_only": True,
                "security_opt": ["no-new-privileges"],
            }
            for name in ("shop-web", "shop-worker")
        }
    )
    images: dict[str, str] = field(default_factory=lambda: {"web": "shop-web:1.4.2", "worker": "shop-worker:1.4.2"})
    sshd: dict[str, str] = field(default_factory=lambda: {"ListenAddress": "127.0.0.1", **HARDENED})
    listening: set[int] = field(default_factory=lambda: {443})
    stopped: set[str] = field(default_factory=set)
    not_at_boot: set[str] = field(default_factory=set)
    machine: str = ""
    filled_mb: int = 1
    clock: str = "server 127.0.0.1 port 1123 iburst minpoll -6 maxpoll -6"
    renewal_days: tuple[float, float] = (60, 60)
    records: dict[str, str] = field(default_factory=_zone)
    zone: dict[str, Any] = field(default_factory=dict)
    second_records: dict[str, str] = field(default_factory=dict)
    registered_days: float = 300
    registered_status: tuple[str, ...] = ("active", "client transfer prohibited")
    postgres: dict[str, str] = field(
        default_factory=lambda: {"log_min_duration_statement": "1000", "max_connections": "40"}
    )
    database_tls: bool = True
    hba: tuple[str, ...] = ("hostssl all all 127.0.0.1/32 scram-sha-256",)
    statements: tuple[str, ...] = ()
    mail: dict[str, str] = field(default_factory=dict)
    mail_certificate: dict[str, Any] = field(default_factory=dict)
    mail_password: str = ""
    development: dict[str, str] = field(default_factory=dict)
    repository: dict[str, str | None] = field(default_factory=dict)
    forge: dict[str, Any] = field(default_factory=dict)
    reports: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    downtime: bool = False
