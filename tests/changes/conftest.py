"""The plant that tests of changes stand on."""

import pytest

from tests import factories as f


@pytest.fixture
def plant(db):
    return f.make_plant()


@pytest.fixture
def small(db):
    """A small site, where A requests and implements, and B approves, releases and verifies."""
    plant = f.make_plant(profile="small")
    plant.people["a"] = f.persona(plant, "engineer", username="a")
    plant.people["b"] = f.persona(plant, "manager", username="b", roles=("manager", "shift_lead", "approver"))
    return plant
