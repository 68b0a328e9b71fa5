"""Pages."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The home page."""
    return render_template("home.html")


@blueprint.get("/healthz")
def health() -> ResponseReturnValue:
    """That the process answers."""
    return {"status": "ok"}
