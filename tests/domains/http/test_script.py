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
        ('"redis://:hunter2@cache.shop.example:6379/0"', "a password in an address"),
        ('"redis://:hunter2@h"', "a password in an address"),
        ('"postgres://shop:hunter2@db/shop"', "a password in an address"),
        ('"postgres://shop:hunter2@db:5432/shop"', "a password in an address"),
        ('"amqp://shop:hunter2@[fd00::1]:5672"', "a password in an address"),
        (
            "'{\\u0022db\\u0022:\\u0022postgres:\\u002F\\u002Fshop:hunter2@db\\u002Fshop\\u0022}'",
            "a password in an address",
        ),
        ('"https:\\x2f\\x2fadmin:hunter2@api.shop.example"', "a password in an address"),
        (f'"https:\\u{{2F}}\\u{{2f}}hooks.slack.com/services/T0AB12CD3/B0EF45GH6/{KEY}"', "a Slack webhook"),
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
        (f'a="dapi{"0a1b2c3d" * 4}"', "a Databricks token"),
        (f'a="PMAK-{"0a1b2c3d" * 3}-{"0a1b2c3d" * 4}4e"', "a Postman key"),
        (f'a="figd_{"0a1b2c3d" * 5}"', "a Figma token"),
        (f'a="dp.st.prd.{"0a1b2c3d" * 5}"', "a Doppler token"),
        (f'a="glsa_{"0a1b2c3d" * 4}_0a1b2c3d"', "a Grafana token"),
        (f'a="dckr_pat_{"0a1b2c3d" * 4}"', "a Docker Hub token"),
        (f'a="ATATT3xFfGF0{"0a1b2c3d" * 8}"', "an Atlassian token"),
        (f'a="re_0a1b2c3d_{"0a1b2c3d" * 3}"', "a Resend key"),
        (f'a="gldt-{"0a1b2c3d" * 3}"', "a GitLab token"),
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
        'd="postgres://user:password@localhost/mydb"; r="redis://:password@localhost:6379"; u=`redis://:${p}@${h}`',
        "m=/^[a-z]+:\\/\\/\\w+:\\w+@\\w+/; u='postgres://db/shop'; v='ftp://:@h'",
        "dp.st.prototype.aVeryLongNameOfAMethod.anotherLongName.call(this);re_render_when_something_changes()",
        'btoa("user:password"); btoa(user+":"+password); x="https://hooks.slack.com/services/"',
    ],
)
def test_what_every_page_may_hold_is_no_secret(code: str) -> None:
    assert read_code(code, ()).keys == ()


@pytest.mark.parametrize(
    ("code", "address"),
    [
        ('fetch("http:\\u002F\\u002Flocalhost:3000\\u002Fapi")', "http://localhost:3000"),
        ('fetch("http:\\x2F\\x2Flocalhost:3000")', "http://localhost:3000"),
        ('e="{\\"API\\":\\"http:\\\\/\\\\/localhost:8000\\"}"', "http://localhost:8000"),
        ("u=`http://localhost:${port||8080}/api`", "http://localhost:$"),
        ('fetch("http://192.168.1.20:3000/api")', "http://192.168.1.20:3000"),
        ('fetch("http://10.0.0.5/v1")', "http://10.0.0.5"),
        ('host="172.16.4.2:8080"', "172.16.4.2:8080"),
        ('fetch("http://host.docker.internal:8000/")', "http://host.docker.internal:8000"),
        ('fetch("http://169.254.10.20:8080/")', "http://169.254.10.20:8080"),
        ('fetch("http://100.101.102.103/")', "http://100.101.102.103"),
        ('fetch("http://shop.lan/")', "http://shop.lan"),
        ('fetch("http://api.shop.localhost:3000/")', "http://api.shop.localhost:3000"),
        ('fetch("http://lvh.me:3000/")', "http://lvh.me:3000"),
        ('fetch("http://127.0.1.1:3000/")', "http://127.0.1.1:3000"),
        ('fetch("http://[fd00::1]:8080/")', "http://[fd00::1]:8080"),
        ('fetch("http://[fe80::1c2a]/")', "http://[fe80::1c2a]"),
        ('fetch("http://bore.pub:12345/")', "http://bore.pub:12345"),
        ('fetch("https://shop.pagekite.me/")', "https://shop.pagekite.me"),
        ('fetch("https://9000-idx-shop.cluster-a.cloudworkstations.dev/")', "https://9000-idx-shop.cluster-a.clou"),
        ('fetch("http://api.intranet/")', "http://api.intranet"),
        ('fetch("http://shop.vcap.me:3000/")', "http://shop.vcap.me:3000"),
        ('fetch("http://10.0.0.1.nip.io/")', "http://10.0.0.1.nip.io"),
        ('fetch("https://ab12cd-3000.euw.devtunnels.ms/")', "https://ab12cd-3000.euw.devtunnels.ms"),
        ('fetch("https://shop-3000.app.github.dev/")', "https://shop-3000.app.github.dev"),
        ('fetch("http://backend:3000/api")', "http://backend:3000"),
        ('new WebSocket("ws://macbook.local:3001")', "ws://macbook.local:3001"),
        ('fetch("http://api.default.svc.cluster.local:8080/v1")', "http://api.default.svc.cluster.local:8080"),
        ('fetch("https://ab12cd.ngrok-free.app/api")', "https://ab12cd.ngrok-free.app"),
        ('fetch("https://big-cat.trycloudflare.com/api")', "https://big-cat.trycloudflare.com"),
        ('fetch("https:\\/\\/shop.test\\/api")', "https://shop.test"),
    ],
)
def test_addresses_of_developers(code: str, address: str) -> None:
    found = read_code(code, ())
    assert [each for each in (*found.local, *(each for each, _ in found.private)) if each.startswith(address)]


@pytest.mark.parametrize(
    "code",
    [
        'v="10.0.19041.1"; w="10.0.0.5"; x=[172.16,192.168]',
        'this.local:3000; a={"storage.local":1}; i18n.test(1)',
        'a="http://www.w3.org"; b="http://a:80"; c="http://host:8080"; d="https://user:1234@x"; e="http://lan.example:8080"',
        'x="http://169.254.169.254/latest/meta-data"',
        'a="https://100.128.0.1/"; b="http://169.255.0.1/"; c="https://lvh.media/"; d="https://mynip.io.example/"',
        'u="https://ngrok.com/docs"; h="https://172.32.0.1/"; i="https://a.local.example/"; j="https://8.8.8.8"',
        'a="127.0.0.0/8"; b="http://[2001:db8::1]/"; c="http://[fdx]"; d=e[fd00]; f="https://shop.corporate/"',
        'm="http://metadata.google.internal/computeMetadata"',
    ],
)
def test_what_every_page_may_hold_is_no_address_of_a_developer(code: str) -> None:
    found = read_code(code, ())
    assert (found.local, found.private) == ((), ())


def test_a_host_is_found_behind_escapes() -> None:
    code = 'u="https:\\u002F\\u002Fapi.shop.example\\u002Fv1"'
    assert read_code(code, ("api.shop.example", "shop.example")).named == ("api.shop.example",)


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ('u="https://API.shop.example/"', ("api.shop.example",)),
        ('u="https://api.shop.example:443/"', ("api.shop.example",)),
        ('u="https://api.shop.example:8443/"', ("api.shop.example:8443",)),
        ('m="mailto:ops@api.shop.example"', ()),
        ('u="https://staging-api.shop.example/"', ()),
    ],
)
def test_a_host_is_named_with_its_port_and_in_any_case(code: str, named: tuple[str, ...]) -> None:
    assert read_code(code, ("api.shop.example", "api.shop.example:8443")).named == named


@pytest.mark.parametrize(
    "text",
    [
        "eyJhbGci.",
        "https://a:",
        "http://a.",
        "10.1.",
        "a.local:",
        "Basic QQ",
        'password:"a',
        "\\",
        "Bearer aa",
        "_pass",
    ],
)
def test_hostile_scripts_are_looked_through_in_time(text: str) -> None:
    started = time.monotonic()
    read_code(text * (300_000 // len(text)), ())
    assert time.monotonic() - started < patient(3)
