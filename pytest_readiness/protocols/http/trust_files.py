"""Files that a declaration names for TLS: what is wrong with one is told before anything is contacted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from pytest_readiness.core.resources import AnchoredPath


def to_read(info: ValidationInfo, *paths: Path) -> bool:
    """Whether these files are to be looked into.

    Not those of another target, which may well be elsewhere. Of one that is not there, whoever reads the declaration
    says so.
    """
    return bool((info.context or {}).get("resolve")) and all(path.exists() for path in paths)


def _authority(path: Path, info: ValidationInfo) -> Path:
    from pytest_readiness.protocols.http.trust import authority_fault

    if to_read(info, path) and (fault := authority_fault(path)):
        raise ValueError(fault)
    return path


def _certificate(path: Path, info: ValidationInfo) -> Path:
    from pytest_readiness.protocols.http.trust import certificate_fault

    if to_read(info, path) and (fault := certificate_fault(path)):
        raise ValueError(fault)
    return path


def _key(path: Path, info: ValidationInfo) -> Path:
    from pytest_readiness.protocols.http.trust import pair_fault

    certificate = info.data.get("client_cert")
    if certificate is not None and to_read(info, certificate, path) and (fault := pair_fault(certificate, path)):
        raise ValueError(fault)
    return path


AuthorityFile = Annotated[AnchoredPath, AfterValidator(_authority)]
"""A file with certificates of authorities, in PEM."""
CertificateFile = Annotated[AnchoredPath, AfterValidator(_certificate)]
"""A file with a certificate to show, in PEM."""
KeyFile = Annotated[AnchoredPath, AfterValidator(_key)]
"""A file with the key of the `client_cert` that is declared before it, in PEM."""
