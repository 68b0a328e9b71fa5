"""The ready-made checklists that ship with the package; readiness.yaml names one as `suite:NAME`."""

from __future__ import annotations

from pathlib import Path

from pytest_readiness.core.problems import nearest

PREFIX = "suite:"
_PACKAGE = Path(__file__).parent.parent
# In a wheel the suites lie inside the package, in a checkout beside it.
FOLDER = next(
    (folder for folder in (_PACKAGE / "suites", _PACKAGE.parent / "suites") if folder.is_dir()), _PACKAGE / "suites"
)


def suite_names() -> tuple[str, ...]:
    """Return the names of all suites, in alphabetical order."""
    return tuple(path.stem for path in sorted(FOLDER.glob("*.md")))


def is_suite(path: Path) -> bool:
    """Whether a file is one of a suite that ships."""
    return path.parent == FOLDER


def suite_path(name: str) -> Path:
    """Return the document of a suite.

    Raises:
        ValueError: there is no suite of that name.
    """
    known = suite_names()
    if name not in known:
        raise ValueError(f"there is no suite '{name}'.{nearest(name, known)}")
    return FOLDER / f"{name}.md"


def digests_path() -> Path:
    """Return the file with digests of what the documents say that suites were made of."""
    return FOLDER / "originals.yaml"


def target_path(name: str) -> Path:
    """Return the readiness.yaml that a suite comes with: an example of a target that declares all that it looks at.

    Raises:
        ValueError: there is no suite of that name.
    """
    return suite_path(name).with_suffix(".target.yaml")
