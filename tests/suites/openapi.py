"""What the application says about its API."""

from __future__ import annotations

from typing import Any

PRODUCT = {
    "type": "object",
    "required": ["id", "name", "price"],
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "price": {"type": "integer"}},
}


def _answers(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": description, "content": {"application/json": {"schema": schema}}}}


def _object(**kinds: str) -> dict[str, Any]:
    properties = {name: {"type": kind} for name, kind in kinds.items()}
    return {"type": "object", "required": list(kinds), "properties": properties}


DESCRIPTION: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Shop", "version": "1"},
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    "paths": {
        "/version": {"get": {"responses": _answers("the release that answers", _object(version="string"))}},
        "/api/v1/products": {
            "get": {
                "responses": _answers(
                    "all products",
                    {
                        "type": "object",
                        "required": ["products"],
                        "properties": {"products": {"type": "array", "items": PRODUCT}},
                    },
                )
            }
        },
        "/api/v1/me": {
            "get": {
                "security": [{"token": []}],
                "responses": _answers("who asks", _object(email="string", role="string")),
            }
        },
    },
}
