"""Rows that are queues: one winner, a lease that ends, work that comes back."""

import threading
import time
from datetime import timedelta
from unittest import mock

import pytest
from django.db import connection, connections

from plantgov.core.clock import now
from plantgov.people.services.accounts import system_account
from plantgov.workspace.models import Job
from plantgov.workspace.services import leases

pytestmark = [pytest.mark.enable_socket, pytest.mark.dialect]


def make_job() -> Job:
    return Job.objects.create(kind="test", by=system_account("tester"), requested_at=now())


def _die(job: Job) -> None:
    """The worker stops without a word: its lease runs out."""
    Job.objects.filter(pk=job.pk).update(lease_until=now() - timedelta(seconds=1))


def test_eight_workers_claim_one_row_and_one_gets_it(fresh_database):
    job, won = make_job(), []
    start = threading.Barrier(8)

    def _claim() -> None:
        start.wait()
        won.append(leases.claim(Job, job.uid, seconds=30))
        connections.close_all()

    threads = [threading.Thread(target=_claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = [row for row in won if row]
    assert (winner.attempt, winner.state) == (1, "running")


@pytest.mark.django_db
def test_a_result_that_comes_too_late_changes_nothing():
    job = make_job()
    first = leases.claim(Job, job.uid, seconds=30)
    _die(first)
    assert leases.reap(Job) == 1
    second = leases.claim(Job, job.uid, seconds=30)
    first.result = "late"
    assert not leases.finish(first, update_fields=["result"])
    assert not leases.heartbeat(first, seconds=30)
    second.result = "in time"
    assert leases.finish(second, update_fields=["result"])
    job.refresh_from_db()
    assert (job.state, job.result, job.attempt) == ("done", "in time", 2)


@pytest.mark.django_db
def test_what_kills_its_worker_again_and_again_is_lost_and_says_so():
    job = make_job()
    for _ in range(leases.MAX_ATTEMPTS):
        _die(leases.claim(Job, job.uid, seconds=30))
        leases.reap(Job)
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("lost", leases.MAX_ATTEMPTS)
    assert leases.claim(Job, job.uid, seconds=30) is None


@pytest.mark.django_db
def test_a_living_worker_is_not_reaped():
    job = make_job()
    mine = leases.claim(Job, job.uid, seconds=30)
    assert leases.reap(Job) == 0
    assert leases.heartbeat(mine, seconds=30)


def test_a_lease_lasts_as_long_as_the_work(fresh_database):
    mine = leases.claim(Job, make_job().uid, seconds=0.6)
    with leases.kept_alive(mine, seconds=0.6):
        time.sleep(1.2)
        assert leases.reap(Job) == 0
    time.sleep(0.8)
    assert leases.reap(Job) == 1


def test_a_database_that_restarts_does_not_end_the_work(fresh_database):
    mine = leases.claim(Job, make_job().uid, seconds=0.3)
    with (
        mock.patch.object(leases, "heartbeat", side_effect=leases.DatabaseError),
        leases.kept_alive(mine, seconds=0.3),
    ):
        time.sleep(0.3)
    assert leases.finish(mine)
    connection.close()


def test_pauses_grow_to_an_hour():
    assert [leases.pause_s(n) for n in (1, 2, 3)] == [10, 20, 40]
    assert leases.pause_s(30) == 3600
