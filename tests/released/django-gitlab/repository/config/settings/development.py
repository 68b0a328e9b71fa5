"""Settings of a developer's machine."""

import os

os.environ.setdefault("DJANGO_SECRET_KEY", "insecure-for-development-only")
os.environ.setdefault("DATABASE_URL", "sqlite:///db.sqlite3")

from config.settings.base import *  # noqa: E402, F403

DEBUG = True
ALLOWED_HOSTS = ["localhost"]
