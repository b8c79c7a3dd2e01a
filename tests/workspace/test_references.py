"""References count up by kind and year, without gaps and without twins."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connections, transaction

from plantgov.workspace.services.references import next_reference

pytestmark = pytest.mark.enable_socket
AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.django_db
def test_each_kind_and_year_counts_for_itself():
    assert [next_reference("CHG", at=AT) for _ in range(2)] == ["CHG-2026-0001", "CHG-2026-0002"]
    assert next_reference("INC", at=AT) == "INC-2026-0001"
    assert next_reference("CHG", at=AT.replace(year=2027)) == "CHG-2027-0001"


def test_a_reference_outside_a_transaction_is_refused(fresh_database):
    with pytest.raises(RuntimeError, match="transaction"):
        next_reference("CHG", at=AT)


def test_writers_at_once_get_different_numbers_and_a_rollback_leaves_no_gap(fresh_database):
    taken: list[str] = []

    def _take(number: int) -> None:
        try:
            with transaction.atomic():
                reference = next_reference("CHG", at=AT)
                if number % 3 == 0:
                    raise InterruptedError
                taken.append(reference)
        except InterruptedError:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=_take, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [f"CHG-2026-{n:04d}" for n in range(1, 7)]
