"""Every model says whether it is governed, and the database holds each governed table to it."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from tests.factories import make_plant

pytestmark = [pytest.mark.enable_socket, pytest.mark.dialect]
GUARD = "has no ledger entry"
OURS = ("plantgov.", "assets", "access", "operations", "changes", "evidence")
MODELS = sorted(
    (
        model
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith(OURS) and model._meta.managed and not model._meta.proxy
    ),
    key=lambda model: model._meta.label,
)
GOVERNED = [model for model in MODELS if getattr(model, "governed", None) is True]
NOT_GOVERNED = [model for model in MODELS if model not in GOVERNED]
APPEND_ONLY = [model for model in NOT_GOVERNED if "append-only" in str(getattr(model, "governed", ""))]

LINKS = {  # tables that Django makes for a relation, which can say nothing themselves
    "people.User_groups": "derived from team memberships, which are governed",
    "people.User_user_permissions": "of no effect: scopes are asked of grants alone",
}


def _label(model: type[models.Model]) -> str:
    return model._meta.label


def _triggers(model: type[models.Model]) -> dict[str, tuple[str, str, str]]:
    """Function, state and definition of each trigger of a table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.tgname, p.proname, t.tgenabled::text, pg_get_triggerdef(t.oid)"
            " FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgrelid = %s::regclass AND NOT t.tgisinternal",
            [model._meta.db_table],
        )
        return {name: (function, state, text) for name, function, state, text in cursor.fetchall()}


def _refusal(statement: str, pk: object) -> str:
    """What the database says to a statement that reaches a row; fails if it lets it pass."""
    with connection.cursor() as cursor, pytest.raises(DatabaseError) as refusal, transaction.atomic():  # noqa: PT012
        cursor.execute(statement, [pk])
        assert cursor.rowcount == 1
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return str(refusal.value)


def test_there_is_something_to_walk():
    assert len(GOVERNED) >= 20
    assert len(APPEND_ONLY) >= 6


@pytest.mark.parametrize("model", MODELS, ids=_label)
def test_every_model_says_whether_it_is_governed(model):
    said = getattr(model, "governed", LINKS.get(model._meta.label))
    assert said is True or (isinstance(said, str) and len(said) > 15), "True, or the reason why not"


@pytest.mark.django_db
@pytest.mark.parametrize("model", GOVERNED, ids=_label)
def test_every_governed_table_has_the_guard_on_insert_update_and_delete(model):
    function, state, text = _triggers(model)["plantgov_guard"]
    assert (function, state) == ("plantgov_guard", "O")
    for part in ("AFTER INSERT OR DELETE OR UPDATE", "DEFERRABLE INITIALLY DEFERRED", "FOR EACH ROW"):
        assert part in text
    assert "WHEN (" not in text


@pytest.mark.django_db
@pytest.mark.parametrize("model", GOVERNED, ids=_label)
def test_the_guard_ignores_exactly_what_the_model_says(model):
    text = _triggers(model)["plantgov_guard"][2]
    given = [part.strip(" '") for part in text.rpartition("(")[2].rstrip(")").split(",")]
    columns = {field.name: field.column for field in model._meta.concrete_fields}
    ignored = {columns[name] for name in getattr(model, "ledger_ignored", ())}
    assert given[0] == model._meta.pk.column
    assert set(given[1:]) == ignored


@pytest.mark.django_db
@pytest.mark.parametrize("model", APPEND_ONLY, ids=_label)
def test_every_append_only_table_refuses_changes_by_trigger(model):
    functions = [function for function, state, _text in _triggers(model).values() if state == "O"]
    assert functions.count("plantgov_append_only") == 2


@pytest.mark.django_db
def test_the_guard_runs_as_its_owner_and_trusts_no_search_path():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prosecdef, proconfig FROM pg_proc WHERE proname IN"
            " ('plantgov_guard', 'plantgov_unattributed', 'plantgov_stamp_entry')"
        )
        found = cursor.fetchall()
    assert len(found) == 3
    for name, is_definer, settings in found:
        assert is_definer, name
        assert settings == ["search_path=pg_catalog, pg_temp"], name


def test_writes_without_an_entry_are_refused_wherever_there_is_a_row(fresh_database):
    """Some copies and deletes already fail at a key or a constraint, which is a refusal too."""
    make_plant(controllers=2)
    walked = []
    for model in GOVERNED:
        row = model._default_manager.order_by("pk").first()
        if row is None:
            continue
        walked.append(model._meta.label)
        update, delete, copy = _statements(model)
        assert GUARD in _refusal(update, row.pk), model
        told = _refusal(delete, row.pk)
        assert GUARD in told or "foreign key" in told, told
        told = _refusal(copy, row.pk)
        assert any(word in told for word in (GUARD, "duplicate", "exclusion", "check constraint")), told
    assert len(walked) >= 12, walked


def _statements(model: type[models.Model]) -> tuple[str, str, str]:
    """An update, a delete and a copy of the row with a given key."""
    table, key = model._meta.db_table, model._meta.pk.column
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns, values = ", ".join(f'"{f.column}"' for f in fields), ", ".join(_value(f) for f in fields)
    where = f'"{table}" WHERE "{key}" = %s'
    return (
        f'UPDATE "{table}" SET {_changed(model)} WHERE "{key}" = %s',
        f"DELETE FROM {where}",
        f'INSERT INTO "{table}" ({columns}) SELECT {values} FROM {where}',
    )


def _changed(model: type[models.Model]) -> str:
    """An assignment that changes something of every row."""
    ignored = getattr(model, "ledger_ignored", ())
    for field in model._meta.concrete_fields:
        if field.name == "revision":
            return "revision = revision + 1"
        if field.name not in ignored and isinstance(field, models.DateTimeField):
            return f'"{field.column}" = coalesce("{field.column}", now()) + interval \'1 second\''
    raise AssertionError(f"Say in this test how {model._meta.label} is changed.")


def _value(field: models.Field) -> str:
    """The column itself, or something else where it has to be unique."""
    if isinstance(field, models.UUIDField) and field.unique:
        return "gen_random_uuid()"
    if isinstance(field, models.CharField | models.TextField) and field.unique:
        return f"left(\"{field.column}\" || 'x', {field.max_length or 200})"
    return f'"{field.column}"'
