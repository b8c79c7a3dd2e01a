"""Sealing and the word after a restore, by command line."""

import io
import json
import time

import pytest
from django.core.management import call_command
from django.db import connection

from plantgov.audit.models import Checkpoint, Entry, Origin
from tests.audit.conftest import add

pytestmark = [pytest.mark.enable_socket, pytest.mark.serial]


def _run(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def _sealed() -> dict:
    """The answer of `seal --json` once no other run holds the horizon."""
    deadline = time.monotonic() + 60
    while True:
        code, out, _err = _run("seal", "--json")
        if code == 0:
            return json.loads(out)
        assert time.monotonic() < deadline, out
        time.sleep(0.2)


def test_seal_answers_with_one_document_and_zero_when_all_is_sealed(fresh_database):
    add("Ada")
    told = _sealed()
    assert (told["waiting"], told["held_by"], told["size"]) == (0, None, Entry.objects.count())
    assert "entries sealed; the ledger's log holds" in _run("seal")[1]


def test_seal_answers_one_and_names_what_holds_it(fresh_database):
    add("Ada")
    _sealed()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT pg_current_xact_id()")
        add("Bo")
        code, out, _err = _run("seal", "--json")
        told = json.loads(out)
    finally:
        other.close()
    assert (code, told["waiting"]) == (1, 1)
    assert "process" in told["held_by"]


def test_commands_without_a_key_could_not_run(fresh_database, settings, tmp_path):
    settings.PLANTGOV_SIGNING_KEY_FILE = tmp_path / "none.pem"
    for arguments in (("seal",), ("seal", "--json"), ("after_restore", "--reason", "test")):
        code, _out, err = _run(*arguments)
        assert code == 2
        assert "none.pem" in err


def test_after_a_restore_the_ledger_goes_on_under_a_new_name_that_cites_the_old_one(fresh_database):
    add("Ada")
    _sealed()
    old = Checkpoint.objects.first()
    code, out, _err = _run("after_restore", "--reason", "Disk lost on Sunday")
    new = Origin.objects.latest("pk")
    assert code == 0
    assert new.name in out
    assert (new.previous, new.reason) == (old, "Disk lost on Sunday")
    entry = Entry.objects.get(thing_uid=new.uid)
    assert entry.after["previous"] == old.note
    latest = Checkpoint.objects.first()
    assert (latest.origin, latest.size) == (new, old.size + 1)
