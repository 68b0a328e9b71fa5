"""Files that a declaration names for TLS: what is wrong with one is told before anything is contacted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from pytest_readiness.core.resources import AnchoredPath


def in_use(info: ValidationInfo) -> bool:
    """Whether what is validated belongs to the target of this run; files of others may well be elsewhere."""
    return bool((info.context or {}).get("resolve"))


def _authority(path: Path, info: ValidationInfo) -> Path:
    from pytest_readiness.protocols.http.trust import authority_fault

    if in_use(info) and (fault := authority_fault(path)):
        raise ValueError(fault)
    return path


def _certificate(path: Path, info: ValidationInfo) -> Path:
    from pytest_readiness.protocols.http.trust import certificate_fault

    if in_use(info) and (fault := certificate_fault(path)):
        raise ValueError(fault)
    return path


def _key(path: Path, info: ValidationInfo) -> Path:
    from pytest_readiness.protocols.http.trust import pair_fault

    certificate = info.data.get("client_cert")
    if in_use(info) and certificate is not None and (fault := pair_fault(certificate, path)):
        raise ValueError(fault)
    return path


AuthorityFile = Annotated[AnchoredPath, AfterValidator(_authority)]
"""A file with certificates of authorities, in PEM."""
CertificateFile = Annotated[AnchoredPath, AfterValidator(_certificate)]
"""A file with a certificate to show, in PEM."""
KeyFile = Annotated[AnchoredPath, AfterValidator(_key)]
"""A file with the key of the `client_cert` that is declared before it, in PEM."""
