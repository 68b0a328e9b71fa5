"""Keys that anyone can guess, because documentation and tutorials sign tokens with them."""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterator
from contextlib import suppress

_PHRASES = (
    *(
        "secret",
        "secret key",
        "super secret",
        "super secret key",
        "super duper secret",
        "very secret",
        "very secret key",
    ),
    *("top secret", "s3cr3t", "password", "key", "test", "test secret", "test key", "dev", "dev secret", "development"),
    *("private key", "signing key", "signing secret", "token", "token secret", "access token", "access token secret"),
    *(
        "refresh token secret",
        "access secret",
        "refresh secret",
        "app secret",
        "app key",
        "auth secret",
        "session secret",
    ),
    *("jwt", "jwt key", "jwt secret", "jwt secret key", "jwt token secret", "jwt signing key", "256 bit secret"),
    *("256 bit secret key", "change me", "changeme", "change this", "change this secret", "change me in production"),
    *(
        "replace me",
        "replace this",
        "custom secret key",
        "default",
        "default secret",
        "example",
        "example key",
        "foobar",
    ),
    *("super secret jwt token", "super secret jwt token with at least 32 characters long"),
    "secret at least 256 bits long",
)
_BEFORE = ("", "my ", "your ", "the ", "a ", "this is ", "this is my ", "this is a ", "please ", "my super ", "some ")
_AFTER = ("", "123", " here", "!")
_WHOLE = (
    *("", "123456", "12345678", "123456789", "1234567890", "qwerty", "abc123", "admin", "secret1", "keyboard cat"),
    # Of the documentation of FastAPI, jsonwebtoken (Node.js), NestJS, golang-jwt, jwt.io, RFC 7515 and PyJWT.
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "shhhhh",
    "shhhhhh",
    "DO NOT USE THIS VALUE. INSTEAD, CREATE A COMPLEX SECRET AND KEEP IT SAFE OUTSIDE OF THE SOURCE CODE.",
    "AllYourBase",
    "a-string-secret-at-least-256-bits-long",
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    # Of widely copied tutorials for Spring and ASP.NET.
    "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",
    "413F4428472B4B6250655368566D5970337336763979244226452948404D6351",
    "THIS IS USED TO SIGN AND VERIFY JWT TOKENS, REPLACE IT WITH YOUR OWN SECRET, IT CAN BE ANY STRING",
    "this is my custom Secret key for authentication",
    "bezKoderSecretKey",
    "ThisismySecretKey",
    "django-insecure-change-me",
    # Of the documentation of jose, hapi, express-jwt, PostgREST, Micronaut, Hasura, Strapi, Directus, Mercure, Symfony,
    # Nacos and Superset, and of another tutorial for ASP.NET.
    "cc7e0d44fd473002f1c42167459001140ec6389b7353f8088f4d9a95f2f596f2",
    "NeverShareYourSecret",
    "shhhhhhared-secret",
    "reallyreallyreallyreallyverysafe",
    "pleaseChangeThisSecretForANewOne",
    "3EK6FD+o0+c7tzBNVfjpMkNDi2yARAAKzQlk8O2IKoxQu4nF7EdAh8s3TwpHwrdWT6R",
    *("tobemodified", "toBeModified"),
    *("255d861b-5ea1-5996-9aa3-922530ec40b1", "6116487b-cda1-52c2-b5b5-c8022c45e263"),
    *("!ChangeThisMercureHubJWTSecretKey!", "!ChangeMe!", "ThisTokenIsNotSoSecretChangeIt"),
    "SecretKey012345678901234567890123456789012345678901234567890123456789",
    "test-guest-secret-change-me",
    *("superSecretKey@345", "superSecretKey@34"),
    # What is left where a variable is not set, or was never replaced.
    *("undefined", "null", "None", "nil", "0", "process.env.JWT_SECRET", "process.env.SECRET", "${JWT_SECRET}"),
    *("$JWT_SECRET", "{{ jwt_secret }}", "hello", "my secret password", "mysecretpassword", "secretpassword"),
)


def known_keys() -> Iterator[bytes]:
    """Each of them as it may have been written and read: with any case and joints, decoded, and as a file's line."""
    for key in _as_written():
        yield key
        yield key + b"\n"


def _as_written() -> Iterator[bytes]:
    for text in _WHOLE:
        yield from _read(text)
    for phrase in _PHRASES:
        for before in _BEFORE:
            for after in _AFTER:
                words = f"{before}{phrase}{after}".split()
                camel = "".join(word.capitalize() for word in words)
                yield from (each.encode() for each in (camel, camel[:1].lower() + camel[1:]))
                for joint in ("", "-", "_", " "):
                    joined = joint.join(words)
                    yield from (each.encode() for each in (joined, joined.upper(), joined.capitalize()))


def _read(text: str) -> Iterator[bytes]:
    yield text.encode()
    for decode in (b64decode, urlsafe_b64decode, binascii.unhexlify):
        with suppress(ValueError):
            yield decode(text + "=" * (-len(text) % 4) if decode is not binascii.unhexlify else text)
