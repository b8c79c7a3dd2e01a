"""The catalogue of roles: what it names exists, and separates what has to be separate."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.management import _get_all_permissions

from access import checks
from access.models import Role
from access.roles import ROLES, reference
from access.services.rows import permissions_named

BY_KEY = {role.key: role for role in ROLES}
OURS = {"people", "workspace", "audit", "assets", "access", "operations", "changes", "evidence"}
CODE = ("plantgov", "assets", "access", "operations", "changes", "evidence")
PERSONAS = {
    *("engineer", "manager", "approver", "shift_lead", "operator", "ot_security"),
    *("compliance", "contractor", "administrator"),
}


def declared() -> set[str]:
    """Every permission that some installed model declares."""
    return {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename, _name in _get_all_permissions(model._meta)
    }


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.key)
def test_a_role_names_only_permissions_that_a_model_declares(role):
    assert sorted(set(role.permissions) - declared()) == []


def test_every_persona_has_its_role():
    assert set(BY_KEY) >= PERSONAS
    assert len(BY_KEY) == len(ROLES)


def test_every_right_that_a_model_declares_stands_in_some_role():
    named = {name for role in ROLES for name in role.permissions}
    special = {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for codename, _name in model._meta.permissions
    }
    assert sorted(special - named) == []


def test_every_permission_that_the_code_asks_for_stands_in_some_role():
    known, named = declared(), {name for role in ROLES for name in role.permissions}
    asked = {text for text in _texts() if text in known}
    assert sorted(asked - named) == []


def _texts() -> set[str]:
    """Every text in our code that has the shape of a permission."""
    files = [path for app in CODE for path in (Path(settings.BASE_DIR) / app).rglob("*.py")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files if "migrations" not in path.parts]
    found = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {text for text in found if isinstance(text, str) and re.fullmatch(r"[a-z]+\.[a-z_]+", text)}


def test_no_role_both_keeps_access_and_decides_about_changes():
    decisions = {"changes.approve_change", "changes.countersign_change", "changes.release_change"}
    for role in ROLES:
        keeps = "people.open_account" in role.permissions
        assert not (keeps and decisions & set(role.permissions)), role.key


def test_a_role_that_only_reads_names_no_verb_that_writes():
    writing = [n for n in BY_KEY["compliance"].permissions if not re.search(r"\.(view|export)_", n)]
    assert writing == ["evidence.add_export"]  # asking for a bundle is the only thing it makes


def test_the_administrator_decides_about_access_and_never_about_changes():
    decisions = {
        "approve_change",
        "countersign_change",
        "release_change",
        "verify_change",
        "implement_change",
    }
    held = {name.split(".")[1] for name in BY_KEY["administrator"].permissions}
    assert not held & decisions
    assert [role.key for role in ROLES if role.risk == "critical"] == ["administrator"]


def test_first_and_second_approval_lie_in_different_roles():
    assert "changes.countersign_change" not in BY_KEY["manager"].permissions
    assert "changes.approve_change" not in BY_KEY["approver"].permissions


@pytest.mark.django_db
def test_what_ships_is_in_the_database_with_every_permission_linked():
    for spec in ROLES:
        role = Role.objects.get(key=spec.key)
        assert role.permissions == sorted(spec.permissions)
        assert len(permissions_named(role.permissions)) == len(set(spec.permissions)), spec.key


def test_a_name_that_no_model_declares_is_left_out_and_breaks_nothing(db):
    assert permissions_named(["assets.view_asset", "nowhere.fly_kite"]) == permissions_named(
        ["assets.view_asset"]
    )


def test_the_reference_lists_every_role_with_its_words():
    text = reference()
    for role in ROLES:
        assert f"## {role.title} (`{role.key}`)" in text
        assert all(f"`{name}`" in text for name in role.permissions)


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("AUTHENTICATION_BACKENDS", ["guardian.backends.ObjectPermissionBackend"], "access.E001"),
        (
            "AUTHENTICATION_BACKENDS",
            ["access.backends.ScopedPermissionBackend", "guardian.backends.ObjectPermissionBackend"],
            "access.E002",
        ),
        (
            "AUTHENTICATION_BACKENDS",
            ["access.backends.ScopedPermissionBackend", "django.contrib.auth.backends.ModelBackend"],
            "access.E002",
        ),
        ("ANONYMOUS_USER_NAME", "AnonymousUser", "access.E003"),
    ],
)
def test_a_configuration_that_grants_past_the_ledger_is_refused(settings, setting, value, code):
    assert checks.permission_backends(None) == []
    setattr(settings, setting, value)
    assert code in [error.id for error in checks.permission_backends(None)]
