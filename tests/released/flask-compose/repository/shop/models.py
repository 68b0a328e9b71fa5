"""Tables."""

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Order(db.Model):  # type: ignore[name-defined,misc]
    """An order, with its total in cents."""

    id = db.Column(db.Integer, primary_key=True)
    mail = db.Column(db.String(254), nullable=False)
    total = db.Column(db.Integer, nullable=False)
    paid = db.Column(db.Boolean, nullable=False, default=False)
