"""`python -m pytest_readiness` is the program `readiness`."""

from __future__ import annotations

from pytest_readiness.cli import main

main()
