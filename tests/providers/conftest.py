from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wire.doubles import Double
from wire.vendors import VENDORS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from manyeyes.model import Provider
    from wire.vendors import VendorWords


@pytest.fixture(scope="session")
def _double() -> Iterator[Double]:
    with Double() as double:
        yield double


@pytest.fixture
def double(_double: Double) -> Double:
    _double.reset()
    return _double


@pytest.fixture(params=sorted(VENDORS))
def vendor(request: pytest.FixtureRequest) -> VendorWords:
    return VENDORS[request.param]


@pytest.fixture
async def provider(vendor: VendorWords, double: Double) -> AsyncIterator[Provider]:
    provider = vendor.provider(double.url)
    yield provider
    await provider.aclose()
