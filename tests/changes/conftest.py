"""The plant that tests of changes stand on."""

from typing import Any

import pytest

from tests import factories as f
from tests.changes.doors import Api, Portal, with_password


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


@pytest.fixture(params=[Portal, Api], ids=["portal", "api"])
def door(request: pytest.FixtureRequest) -> Portal | Api:
    """Each test runs through both doors."""
    return request.param()


@pytest.fixture
def signers(plant: f.Plant, settings: Any) -> None:
    """The people of the plant can sign: with a password alone, cheap to compare."""
    settings.PLANTGOV_SIGN_SECOND_FACTOR = "optional"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    for name in ("engineer", "manager", "approver", "shift_lead"):
        plant.people[name] = with_password(plant.people[name])
