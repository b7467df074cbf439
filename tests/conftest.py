"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real recorded streams; they lie beside the project, not in it."""
    folder = REPOSITORY.parent / "shared" / "recordings"
    if not folder.is_dir():
        pytest.skip("needs the recorded streams in ../shared/recordings, which are not part of the project")
    return folder
