"""Words as they are compared: one spelling for what is written in many ways, and the stem of each word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

_SPELLINGS = {
    "2fa": "mfa",
    "two factor": "mfa",
    "two step verification": "mfa",
    "multi factor": "mfa",
    "multifactor": "mfa",
    "mfa authentication": "mfa",
    "mfa auth": "mfa",
    "kubernetes": "k8s",
    "kube": "k8s",
    "ssl tls": "tls",
    "tls ssl": "tls",
    "ssl": "tls",
    "transport layer security": "tls",
    "http s": "https",
    "ssl labs": "ssllabs",
    "let encrypt": "letsencrypt",
    "lets encrypt": "letsencrypt",
    "cert manager": "certmanager",
    "cert": "certificate",
    "certs": "certificate",
    "back up": "backup",
    "back ups": "backup",
    "backed up": "backup",
    "health check": "healthcheck",
    "health checks": "healthcheck",
    "healthchecks": "healthcheck",
    "health checking": "healthcheck",
    "rate limit": "ratelimit",
    "rate limits": "ratelimit",
    "rate limiting": "ratelimit",
    "rate limited": "ratelimit",
    "rate limiter": "ratelimit",
    "ratelimiting": "ratelimit",
    "throttling": "ratelimit",
    "throttle": "ratelimit",
    "auto renew": "autorenew",
    "auto renewal": "autorenew",
    "autorenewal": "autorenew",
    "renew automatically": "autorenew",
    "auto scaling": "autoscaling",
    "auto scale": "autoscaling",
    "auto scaler": "autoscaling",
    "autoscaler": "autoscaling",
    "auto scales": "autoscaling",
    "autoscale": "autoscaling",
    "load balancer": "loadbalancer",
    "load balancers": "loadbalancer",
    "load balancing": "loadbalancer",
    "load balanced": "loadbalancer",
    "sign off": "signoff",
    "signed off": "signoff",
    "sign offs": "signoff",
    "on call": "oncall",
    "run book": "runbook",
    "run books": "runbook",
    "play book": "playbook",
    "post mortem": "postmortem",
    "roll back": "rollback",
    "rolled back": "rollback",
    "rolling back": "rollback",
    "roll backs": "rollback",
    "fail over": "failover",
    "ci cd": "cicd",
    "continuous integration": "ci",
    "continuous deployment": "cd",
    "continuous delivery": "cd",
    "environment variable": "envvar",
    "environment variables": "envvar",
    "environmental variables": "envvar",
    "env var": "envvar",
    "env vars": "envvar",
    "env variable": "envvar",
    "env variables": "envvar",
    "envvars": "envvar",
    "zero downtime": "zerodowntime",
    "no downtime": "zerodowntime",
    "without downtime": "zerodowntime",
    "blue green": "bluegreen",
    "e mail": "email",
    "e mails": "email",
    "mails": "email",
    "db": "database",
    "dbs": "database",
    "databases": "database",
    "postgres": "postgresql",
    "psql": "postgresql",
    "mongo": "mongodb",
    "mariadb": "mysql",
    "repo": "repository",
    "repos": "repository",
    "config": "configuration",
    "configs": "configuration",
    "configurations": "configuration",
    "set up": "setup",
    "setting up": "setup",
    "docs": "documentation",
    "doc": "documentation",
    "documents": "document",
    "auth": "authentication",
    "authn": "authentication",
    "authz": "authorization",
    "authorisation": "authorization",
    "prod": "production",
    "dev": "development",
    "env": "environment",
    "envs": "environment",
    "app": "application",
    "apps": "application",
    "applications": "application",
    "web site": "website",
    "front end": "frontend",
    "back end": "backend",
    "log in": "login",
    "logging in": "login",
    "sign in": "login",
    "signin": "login",
    "log out": "logout",
    "sign up": "signup",
    "log level": "loglevel",
    "log levels": "loglevel",
    "logging level": "loglevel",
    "brute force": "bruteforce",
    "pen test": "pentest",
    "pen testing": "pentest",
    "penetration test": "pentest",
    "penetration testing": "pentest",
    "penetration tests": "pentest",
    "read only": "readonly",
    "non root": "nonroot",
    "off site": "offsite",
    "white list": "allowlist",
    "whitelist": "allowlist",
    "whitelisted": "allowlist",
    "allow list": "allowlist",
    "black list": "denylist",
    **dict.fromkeys(("dont", "isnt", "arent", "doesnt", "cant", "wont"), "not"),
    "cannot": "not",
    "never": "not",
    "no longer": "not",
    "none": "no",
    "sql server": "sqlserver",
    "pub sub": "pubsub",
    "fqdn": "domain",
    "dry run": "dryrun",
    "must staple": "muststaple",
    "cves": "cve",
    "slos": "slo",
    "slis": "sli",
    "slas": "sla",
    "prs": "pr",
    "pvcs": "pvc",
    "pvs": "pv",
    "crds": "crd",
    "built": "build",
    "sent": "send",
    "kept": "keep",
    "written": "write",
    "clean up": "cleanup",
    "cleaned up": "cleanup",
    "anti affinity": "antiaffinity",
    ".env": "envfile",
    "env file": "envfile",
    "env files": "envfile",
    "time out": "timeout",
    "time outs": "timeout",
    "time zone": "timezone",
    "data base": "database",
    "data bases": "database",
    "end to end": "e2e",
    "key vault": "keyvault",
    "web hook": "webhook",
    "web socket": "websocket",
    "websockets": "websocket",
    "up time": "uptime",
    "down time": "downtime",
    "file system": "filesystem",
    "host name": "hostname",
    "domain name": "domain",
    "domain names": "domain",
    "name server": "nameserver",
    "name servers": "nameserver",
    "pull request": "pr",
    "pull requests": "pr",
    "merge request": "pr",
    "merge requests": "pr",
    "a b": "a/b",
    "go no go": "gonogo",
    "disaster recovery": "dr",
    "high availability": "ha",
    "highly available": "ha",
    "stack trace": "stacktrace",
    "stack traces": "stacktrace",
    "source map": "sourcemap",
    "source maps": "sourcemap",
    "hard coded": "hardcoded",
    "hardcode": "hardcoded",
    "x ss": "xss",
    "cross site scripting": "xss",
    "cross site request forgery": "csrf",
    "xsrf": "csrf",
    "strict transport security": "hsts",
    "content security policy": "csp",
    "cross origin resource sharing": "cors",
    "o auth": "oauth",
    "oauth2": "oauth",
    "letencrypt": "letsencrypt",
    "notification": "notify",
    "notifications": "notify",
    "expiry": "expire",
    "recovery": "recover",
    "latencies": "latency",
    "creds": "credential",
    "pwd": "password",
    "passwd": "password",
    "passphrase": "password",
    "mandatory": "require",
    "organisation": "organization",
    "optimisation": "optimization",
    "centralised": "centralized",
    "monitoring": "monitor",
}
"""Each word or words beside the one that is compared in their place."""
_KEPT = {
    "configuration": "configuration",
    "production": "production",
    "productions": "production",
    "author": "writer",
    "authors": "writer",
    "secrets": "secret",
    "valid": "valid",
    "validate": "validat",
    "validated": "validat",
    "validation": "validat",
    "validates": "validat",
    "international": "international",
    "generic": "generic",
    "universal": "universal",
    "operations": "operations",
    "operation": "operations",
    "operational": "operational",
    "operator": "operator",
    "https": "https",
    "dns": "dns",
    "cors": "cors",
    "hsts": "hsts",
    "tls": "tls",
    "k8s": "k8s",
    "aws": "aws",
    "communications": "communication",
    "redis": "redis",
    "postgresql": "postgresql",
    "status": "status",
    "access": "access",
    "accessibility": "accessibility",
    "responsive": "responsive",
    "responsible": "responsible",
    "responsibility": "responsible",
    "responsibilities": "responsible",
    "authority": "authority",
    "experience": "experience",
    "readiness": "readiness",
    "liveness": "liveness",
    "availability": "availability",
    "activity": "activity",
    "requirement": "requirement",
    "requirements": "requirement",
    "integrity": "integrity",
    "container": "container",
    "containers": "container",
    "important": "important",
    "customer": "customer",
    "customers": "customer",
    "paged": "paged",
}
"""Stems that the rules of the language would run together with those of other words, or cut where nothing ends."""

_TOKEN = re.compile(
    r"\.env(?![a-z0-9])"
    r"|[a-z]+n['’]t(?![a-z0-9])"
    # The "s" of "the team's" is no word.
    r"|(?!(?<=[a-z0-9]['’])s(?![a-z0-9]))[a-z0-9]+(?:\.[0-9]+)*\+?"
)
_ADDRESS = re.compile(
    r"https?://[^\s)>\]]+|(?<![\w.@-])(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|app|example)(?![\w.-]*\w)"
)
_LENGTHS: dict[str, tuple[int, ...]] = {
    first: tuple(sorted({len(words.split()) for words in _SPELLINGS if words.split()[0] == first}, reverse=True))
    for first in {words.split()[0] for words in _SPELLINGS}
}
"""How many words have one spelling together, the most first, by the first of them."""
_STEMMER = snowballstemmer.stemmer("english")
MOST_CHARACTERS = 5_000
"""What is longer is no claim; the rest of it is not looked at."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text.

    Attributes:
        stem: what is compared.
        place: how many words stand before it.
        begin: place of its first character in the text.
        end: place after its last character.
    """

    stem: str
    place: int
    begin: int
    end: int


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the stem of a word of small letters, in its one spelling."""
    if word.endswith(("n't", "n’t")):
        return "not"
    if word in _KEPT or not word.isalpha():
        return _KEPT.get(word, word)
    return str(_STEMMER.stemWord(word))


def words_of(text: str) -> tuple[Word, ...]:
    """Return the words of a text, each in one spelling ("SSL/TLS" and "TLS", "health check" and "healthcheck").

    An address is the one word "url", and a host's name "domain": what they are called says nothing of what is claimed.
    """
    plain = _plain(text[:MOST_CHARACTERS])
    addresses = {match.start(): match.end() for match in _ADDRESS.finditer(plain)}
    plain = _ADDRESS.sub(lambda match: ("url" if "/" in match[0] else "fqdn").ljust(len(match[0])), plain)
    found = list(_TOKEN.finditer(plain))
    spelled = _spelled([match[0] for match in found])
    return tuple(
        Word(stem, place, found[at].start(), addresses.get(found[at].start(), found[at + length - 1].end()))
        for place, (stem, at, length) in enumerate(spelled)
    )


def stems_of(text: str) -> list[str]:
    """Return the stems of all words of a text, in order."""
    return [stem for stem, _, _ in _spelled(_TOKEN.findall(text.lower()))]


def stems(text: str) -> frozenset[str]:
    """Return the stems of all words of a text."""
    return frozenset(word.stem for word in words_of(text))


def _spelled(words: list[str]) -> Iterator[tuple[str, int, int]]:
    """The stem of each word, with its place among `words` and how many of them it is."""
    at = 0
    while at < len(words):
        word = words[at]
        for length in _LENGTHS.get(word, ()):
            several = " ".join(words[at : at + length])
            if at + length <= len(words) and several in _SPELLINGS:
                yield stem(_SPELLINGS[several]), at, length
                at += length
                break
        else:
            yield stem(word), at, 1
            at += 1


def _plain(text: str) -> str:
    """The text in small letters, each of which stands where it stood."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(small if len(small := each.lower()) == 1 else each for each in text)
