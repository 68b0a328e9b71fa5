"""The environment of this process, for programs that are started in it."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase

SWAYING = {
    "docker-py": ("DOCKER_*",),
    "git": ("GIT_*",),
    "glibc": ("HOSTALIASES", "LOCALDOMAIN", "RES_OPTIONS"),
    "libpq": ("PG*", "KRB5*"),
    "node": ("NODE_*",),
    "OpenSSL": ("OPENSSL_*", "SSL_CERT_DIR", "SSL_CERT_FILE", "SSLKEYLOGFILE"),
    "playwright": ("DEBUG", "PWDEBUG"),
    "requests": ("*_PROXY", "CURL_CA_BUNDLE", "NETRC", "REQUESTS_CA_BUNDLE"),
}
"""Variables by which a library that is used here would look at something else than the target declares, or in another
way; upper or lower case."""


def environment() -> dict[str, str]:
    """Return a copy, also while another thread removes a variable, as pytest does for each test: `dict` breaks then."""
    return {name: value for name in list(os.environ) if (value := os.environ.get(name)) is not None}


def neutral() -> dict[str, str]:
    """Return a copy without what would sway a program: what it is to look at, only the target says."""
    patterns = [pattern for each in SWAYING.values() for pattern in each]
    return {
        name: value
        for name, value in environment().items()
        if not any(fnmatchcase(name.upper(), pattern) for pattern in patterns)
    }
