"""The catalogue of roles names permissions that exist, and no right lies beyond every role."""

from django.apps import apps
from django.contrib.auth.management import _get_all_permissions

from access.roles import ROLES, reference

OURS = {"people", "workspace", "audit", "assets", "access", "operations", "changes", "evidence"}


def _declared() -> set[str]:
    return {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename, _label in _get_all_permissions(model._meta)
    }


def _special() -> set[str]:
    """Permissions that a model declares by name, beyond Django's four."""
    return {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for codename, _label in model._meta.permissions
    }


def _named() -> set[str]:
    return {name for role in ROLES for name in role.permissions}


def test_every_permission_of_a_role_is_declared_by_a_model():
    assert _named() - _declared() == set()


def test_every_right_that_a_model_declares_stands_in_some_role():
    assert _special() - _named() == set()


def test_no_role_both_keeps_access_and_approves():
    for role in ROLES:
        keeps = "people.open_account" in role.permissions
        decides = {"changes.approve_change", "changes.countersign_change", "changes.release_change"}
        assert not (keeps and decides & set(role.permissions)), role.key


def test_a_role_that_only_reads_names_no_verb_that_writes():
    compliance = next(role for role in ROLES if role.key == "compliance")
    writing = [n for n in compliance.permissions if not n.split(".")[1].startswith(("view_", "export_"))]
    assert writing == ["evidence.add_export"]  # asking for a bundle is the only thing it makes


def test_the_reference_page_has_every_role_and_permission():
    page = reference()
    for role in ROLES:
        assert f"`{role.key}`" in page
        assert all(f"`{name}`" in page for name in role.permissions)
