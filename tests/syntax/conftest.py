from __future__ import annotations

from pathlib import Path

import pytest

SAMPLES = Path(__file__).with_name("samples")


@pytest.fixture
def sample():
    """Reads a sample by its file name."""
    return lambda name: (SAMPLES / name).read_text(encoding="utf-8")
