"""One plant with its people, made through the services."""

import pytest

from tests.factories import Plant, make_plant


@pytest.fixture
def plant(db) -> Plant:
    return make_plant(controllers=0)
