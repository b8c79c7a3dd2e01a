"""The sealer's probe and gauges: what waits is said, and silence is not health."""

import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from plantgov.audit.services import health, sealing
from plantgov.core.clock import now
from tests.audit.conftest import add

pytestmark = [pytest.mark.enable_socket, pytest.mark.serial]


def _seal_all() -> None:
    deadline = time.monotonic() + 60
    while sealing.seal().waiting.count:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _later(monkeypatch, by: timedelta) -> None:
    monkeypatch.setattr(health, "now", lambda: now() + by)


def test_a_sealed_ledger_is_well_and_a_fresh_entry_is_no_alarm(fresh_database):
    _seal_all()
    assert health.sealer_probe() == (True, "every entry is sealed")
    add("Ada")
    ok, told = health.sealer_probe()
    assert ok
    assert told.startswith("1 entries wait")


def test_an_entry_that_waits_too_long_is_an_alarm_that_names_the_holder(fresh_database, monkeypatch):
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SET application_name = 'slow report'")
            cursor.execute("BEGIN")
            cursor.execute("SELECT pg_current_xact_id()")
        add("Ada")
        sealing.seal()
        _later(monkeypatch, timedelta(minutes=2))
        ok, told = health.sealer_probe()
    finally:
        other.close()
    assert not ok
    assert "held back by" in told


def test_a_sealer_that_signs_no_more_is_an_alarm_even_when_nothing_waits(fresh_database, monkeypatch):
    add("Ada")
    _seal_all()
    _later(monkeypatch, sealing.IDLE + timedelta(minutes=2))
    ok, told = health.sealer_probe()
    assert not ok
    assert "newest checkpoint" in told


def test_a_missing_key_is_an_alarm(fresh_database, settings, tmp_path):
    settings.PLANTGOV_SIGNING_KEY_FILE = tmp_path / "none.pem"
    ok, told = health.sealer_probe()
    assert not ok
    assert "none.pem" in told


def test_the_gauges_tell_numbers(fresh_database):
    with transaction.atomic():
        add("Ada")
    assert health.unsealed_entries()[0][1] >= 1
    assert health.unsealed_age_s()[0][1] >= 0
    assert health.checkpoint_age_s() == []
    _seal_all()
    assert health.unsealed_entries() == [((), 0.0)]
    assert health.checkpoint_age_s()[0][1] >= 0
