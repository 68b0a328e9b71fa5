"""MkDocs hooks: the pages of the catalogue and the suites in the navigation, and the schema of bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs import catalogue, schemas, suites

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name the pages of the catalogue and of the suites in the navigation."""
    for entry in config.nav or []:
        for title, pages in (("Catalogue", catalogue), ("Suites", suites)):
            if isinstance(entry, dict) and title in entry:
                entry[title] = [f"{pages.FOLDER.name}/{name}.md" for name in pages.pages()]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the schema of bindings."""
    from mkdocs.structure.files import File

    name = schemas.path(schemas.OF_THE_SITE)
    where = f"{name.parent.name}/{name.name}"
    files.append(File.generated(config, where, content=schemas.text(schemas.OF_THE_SITE)))
    return files
