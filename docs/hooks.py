"""MkDocs hooks: the catalogue's pages in the navigation, and the schema that changes with every check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs import catalogue, schemas

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name the pages of the catalogue in the navigation."""
    for entry in config.nav or []:
        if isinstance(entry, dict) and "Catalogue" in entry:
            entry["Catalogue"] = [f"{catalogue.FOLDER.name}/{name}.md" for name in catalogue.pages()]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the schema of bindings."""
    from mkdocs.structure.files import File

    name = schemas.path(schemas.OF_THE_SITE)
    where = f"{name.parent.name}/{name.name}"
    files.append(File.generated(config, where, content=schemas.text(schemas.OF_THE_SITE)))
    return files
