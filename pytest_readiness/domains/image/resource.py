"""Container images."""

from __future__ import annotations

from pytest_readiness.core.resources import AnchoredPath, Resource
from pytest_readiness.domains.container.resource import EngineAddress, engine_place


class Image(Resource):
    """A container image on a Docker engine.

    Attributes:
        image: reference (`shop:1.4.2`, `shop@sha256:…`).
        engine: address of the engine, as for containers; default: `unix:///var/run/docker.sock`.
        certs: folder of the certificates for an engine that is spoken to by TLS, as for containers.
    """

    kind = "image"
    section = "images"
    main = "image"

    image: str
    engine: EngineAddress | None = None
    certs: AnchoredPath | None = None

    @property
    def where(self) -> str:
        """The reference."""
        return self.image

    @property
    def place(self) -> str:
        """The engine's address."""
        return engine_place(self.engine)
