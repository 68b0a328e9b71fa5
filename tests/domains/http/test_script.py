from __future__ import annotations

import json
import time
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest

from pytest_readiness.domains.http.script import read_code
from tests.stack.patience import patient

KEY = "k3Jx9QvT7mZp2LwR8sYd"


def token(**claims: Any) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    encoded = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join((*encoded, "q8Yb3nC1vX5zK7mW2pL9tR4sD6fG0hJ-aE_uI3oP1kM"))


SUPABASE = {"iss": "supabase", "ref": "abcdefghijklmnop", "iat": 1, "exp": 2_000_000_000}


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (f'c("https://x.supabase.co","{token(**SUPABASE, role="service_role")}")', "a token of the role service_role"),
        (f'h={{Authorization:"Bearer {token(sub="42", email="a@b.example")}"}}', "a token of a user"),
        (f'k="{token(roles=["editor"])}"', "a token of the role editor"),
        (f'"https://hooks.slack.com/services/T0AB12CD3/B0EF45GH6/{KEY}"', "a Slack webhook"),
        (f'"https:\\/\\/hooks.slack.com\\/services\\/T0AB12CD3\\/B0EF45GH6\\/{KEY}"', "a Slack webhook"),
        (f'"https://discord.com/api/webhooks/123456789012345678/{KEY}_{KEY}"', "a Discord webhook"),
        (f'"https://shop.webhook.office.com/webhookb2/{KEY}@{KEY}/IncomingWebhook/{KEY}"', "a Teams webhook"),
        (f'"https://chat.googleapis.com/v1/spaces/AAAA/messages?key={KEY}&token={KEY}"', "a Google Chat webhook"),
        (f'bot="123456789:AA{KEY}{KEY}"', "a Telegram bot's token"),
        ('fetch("https://admin:pass@api.shop.example/orders")', "a password in an address"),
        ('fetch("https://admin:hunter2@api.example.com/orders")', "a password in an address"),
        ('fetch("https://user:pass@api.shop.de/orders")', "a password in an address"),
        ('"mongodb+srv://shop:hunter2@cluster0.ab1cd.mongodb.net"', "a password in an address"),
        (f'headers:{{Authorization:"Basic {b64encode(b"admin:hunter2").decode()}"}}', "a password for Basic"),
        ('Authorization:"Basic "+btoa("admin:hunter2")', "a password for Basic"),
        (f'Authorization:"Bearer {KEY}{KEY}"', "a token for Bearer"),
        (f'REACT_APP_CLIENT_SECRET:"{KEY}"', "a value of REACT_APP_CLIENT_SECRET"),
        (f'self.__next_f.push([1,"{{\\"adminKey\\":\\"{KEY}\\"}}"])', "a value of adminKey"),
        ('VITE_DB_PASSWORD:"Winter2024"', "a value of VITE_DB_PASSWORD"),
        ('const dbPassword="Winter2024!"', "a value of dbPassword"),
        (f'key="sb_secret_{KEY}"', "a Supabase secret key"),
        (f'key="sk-svcacct-{KEY}"', "a key of a language model"),
        (f'key="sk-ant-{KEY}"', "a key of a language model"),
        (f'key="GOCSPX-{KEY}"', "a Google client secret"),
        (f'pem="-----BEGIN RSA PRIVATE KEY-----\\n{KEY}{KEY}\\n-----END"', "a private key"),
        (f'a="AccountKey={KEY}{KEY}=="', "an Azure storage key"),
    ],
)
def test_secrets(code: str, what: str) -> None:
    found = read_code(code, ()).keys
    assert what in found
    assert not any(KEY in each or "hunter2" in each for each in found)


@pytest.mark.parametrize(
    "code",
    [
        f'createClient("https://x.supabase.co","{token(**SUPABASE, role="anon")}")',
        f'key="{token(iss="TEAM123456", origin="https://shop.example")}"',
        f'example="{token(sub="1234567890", name="John Doe")}"',
        f'mapbox="pk.{token(u="shop").split(".")[1]}.{KEY}"',
        'doc="https://user:password@example.com/path"; new URL("http://a:b@c.d")',
        "re=/^https?:\\/\\/[^:]+:[^@]+@/; u='https://cdn.example.com/npm/vue:3@3.2.1'",
        'label={password:"Passwort",RESET_PASSWORD:"RESET_PASSWORD_2",wrongPassword:"auth/wrong-password"}',
        'e={INVALID_PASSWORD:"E1001",password:"password1"}; s="Basic authentication"; t="Bearer realm-of-the-shop"',
        'apiKey:"AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"; stripe="pk_live_51H8x9y0z1a2b3c4d5e6f"',
        'btoa("user:password"); btoa(user+":"+password); x="https://hooks.slack.com/services/"',
    ],
)
def test_what_every_page_may_hold_is_no_secret(code: str) -> None:
    assert read_code(code, ()).keys == ()


@pytest.mark.parametrize("text", ["eyJhbGci.", "https://a:", "Basic QQ", 'password:"a', "\\", "Bearer aa", "_pass"])
def test_hostile_scripts_are_looked_through_in_time(text: str) -> None:
    started = time.monotonic()
    read_code(text * (300_000 // len(text)), ())
    assert time.monotonic() - started < patient(3)
