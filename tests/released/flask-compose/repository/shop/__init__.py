"""The shop."""

from __future__ import annotations

import os

from flask import Flask

from shop import orders, pages
from shop.models import db
from shop.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The application, as gunicorn starts it."""
    settings = settings or Settings.from_environment(os.environ)
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SESSION_COOKIE_SECURE=settings.cookie_secure,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    db.init_app(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(orders.blueprint, url_prefix="/orders")
    return app
