"""A product in a folder, as teams have them: a Compose stack, env files, a workflow, documents; and secrets."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PLANTED = "pl4nted"
"""Is in every value that must not be written anywhere."""

COMPOSE = f"""\
services:
  nginx:
    image: nginx:1.27
    ports: ["${{WEB_PORT:-8080}}:80", "8443:443"]
  api:
    build: ./api
    ports:
      - "127.0.0.1:8000:8000"
    env_file: .env
    environment:
      DATABASE_URL: postgres://shop:{PLANTED}-in-compose@postgres:5432/shop
      STRIPE_SECRET_KEY: {PLANTED}-stripe
    depends_on: [postgres, redis]
  postgres:
    image: postgres:16
    ports: ["5433:5432"]
    environment: [POSTGRES_PASSWORD={PLANTED}-in-compose]
  redis:
    image: redis:7-alpine
    command: ["redis-server", "--requirepass", "{PLANTED}-redis"]
  mail:
    image: axllent/mailpit
    ports: ["8025:8025"]
  queue: {{image: "rabbitmq:3"}}
"""
DOCKERFILE = """\
FROM python:3.12
EXPOSE 8000
HEALTHCHECK --interval=5s \\
  CMD curl -f http://localhost:8000/healthz || exit 1
"""
ENV = f"""\
REDIS_URL=redis://:{PLANTED}-redis@redis:6379/0
SIGNING_KEY="-----BEGIN PRIVATE KEY-----
MIIEv{PLANTED.upper()}LINEOFAKEY==
-----END PRIVATE KEY-----"
SMTP_HOST={PLANTED}.example.com
{PLANTED.upper()}LINEWITHOUTNAME
{PLANTED}_small=1
"""
WORKFLOW = f"""\
on: push
env: {{TOKEN: {PLANTED}-workflow}}
jobs: {{}}
"""
RUNBOOK = "# Runbook\n\n## Rollback\n\nTurn the switch.\n"
CHECKLIST = """\
# Release checklist

## Web

- [ ] Home page answers
- [ ] Certificate is trusted
- [ ] Support team is briefed
"""
MANIFEST = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: shop-secrets}}
stringData:
  password: {PLANTED}-manifest
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
spec:
  tls: [{{hosts: [shop.example.com]}}]
  rules:
    - host: shop.example.com
"""
INVENTORY = f"""\
[web]
web[1:2].example.com ansible_user=deploy ansible_password={PLANTED}-inventory

[db]
db1 ansible_host=192.0.2.5 ansible_port=2222
"""


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file, with the folders above it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def application(folder: Path) -> Path:
    """Write the product; with Git, whose remote has a token."""
    for name, text in (
        ("compose.yaml", COMPOSE),
        ("api/Dockerfile", DOCKERFILE),
        (".env", ENV),
        (".env.example", "SIGNING_KEY=\nDATABASE_URL=\nREDIS_URL=\n"),
        (".env.production", f"DATABASE_URL=postgresql://shop:{PLANTED}-production@db.example.com/shop\n"),
        (".github/workflows/ci.yml", WORKFLOW),
        ("README.md", "# Shop\n"),
        ("docs/runbook.md", RUNBOOK),
        ("docs/release-checklist.md", CHECKLIST),
        ("k8s/shop.yaml", MANIFEST),
        ("inventory.ini", INVENTORY),
    ):
        write(folder, name, text)
    git(folder, "init", "-q")
    git(folder, "remote", "add", "origin", f"https://user:{PLANTED}-token@git.example.com/shop.git")
    git(folder, "config", "user.name", "Committer")
    git(folder, "config", "user.email", "committer@example.com")
    return folder


def git(folder: Path, *arguments: str) -> None:
    """Run git there, whatever the person who runs the tests has configured."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "-C", folder, *arguments], check=True, env=environment)
