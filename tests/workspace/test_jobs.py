"""Long work: done once, said how far, failed in words, taken up again when a worker dies."""

from datetime import timedelta

import pytest

from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.errors import BadInput, Refused
from plantgov.core.verdict import ReasonKind
from plantgov.people.services import accounts
from plantgov.workspace import tasks
from plantgov.workspace.models import Heartbeat, Job
from plantgov.workspace.services import health, jobs, leases

pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db]
BLOCKED = ReasonKind("test_job_blocked", "The press is in use by {name}.")


@pytest.fixture
def kind(monkeypatch):
    """Plug a kind of work in."""
    monkeypatch.setattr(slots, "job_kinds", slots.Slot("job_kinds"))

    def _plug(run):
        slots.job_kinds.add(slots.JobKind("test", "Test", run))
        return jobs.submit("test", {"n": 1}, by=accounts.system_account("tester"))

    return _plug


def test_a_job_is_done_and_keeps_its_result(kind):
    def _run(job: Job) -> dict[str, int]:
        jobs.progress(job, done=1, total=2, message="half")
        return {"answer": job.arguments["n"] + 41}

    job = kind(_run)
    assert jobs.run(str(job.uid))
    job.refresh_from_db()
    assert (job.state, job.result, job.error) == ("done", {"answer": 42}, "")
    assert (job.progress_done, job.progress_total, job.message) == (1, 2, "half")
    assert not jobs.run(str(job.uid))


def test_a_refusal_is_told_in_its_own_words(kind):
    def _run(_job: Job) -> None:
        raise Refused(BLOCKED(name="A. Lind"))

    job = kind(_run)
    jobs.run(str(job.uid))
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "The press is in use by A. Lind.")


def test_a_fault_of_ours_is_told_without_its_insides(kind):
    def _run(_job: Job) -> None:
        raise ConnectionError("postgres://plantgov:hunter2@db/plantgov")

    job = kind(_run)
    jobs.run(str(job.uid))
    job.refresh_from_db()
    assert job.state == "failed"
    assert "hunter2" not in job.error
    assert "ConnectionError" in job.error
    assert str(job.uid) in job.error


def test_work_of_an_unknown_kind_is_refused(kind):
    with pytest.raises(BadInput, match="no work of the kind"):
        jobs.submit("nothing", {}, by=accounts.system_account("tester"))


def test_the_job_of_a_dead_worker_is_taken_up_again(kind, monkeypatch):
    woken: list[str] = []
    job = kind(lambda _job: {"done": True})
    monkeypatch.setattr(jobs, "wake", lambda _task, uid: woken.append(uid))
    leases.claim(Job, job.uid, seconds=1)
    Job.objects.update(lease_until=now() - timedelta(seconds=1))
    jobs.sweep()
    assert woken == [str(job.uid)]
    assert jobs.run(str(job.uid))


def test_one_sweep_that_fails_keeps_no_other_from_running(monkeypatch):
    ran: list[str] = []

    def _fails() -> int:
        raise RuntimeError("broken")

    monkeypatch.setattr(slots, "sweeps", slots.Slot("sweeps"))
    slots.sweeps.add(slots.Sweep("a", _fails))
    slots.sweeps.add(slots.Sweep("b", lambda: ran.append("b") or 1))
    tasks.sweep()
    assert ran == ["b"]


def test_a_worker_that_was_not_seen_is_not_ready():
    assert health.worker_probe()[0] is False
    tasks.sweep()
    assert health.worker_probe()[0] is True
    Heartbeat.objects.update(seen_at=now() - timedelta(minutes=2))
    ok, sentence = health.worker_probe()
    assert (ok, sentence) == (False, "seen 120 s ago")


def test_the_other_probes_and_gauges_answer(kind):
    kind(lambda _job: None)
    assert health.broker_probe() == (True, "answers")
    assert health.disk_probe()[0] is True
    assert health.jobs_by_state() == [(("due",), 1.0)]
    assert health.outbox_backlog() == [((), 0.0)]
    assert health.mails_by_state() == []
    assert health.deliveries_failed() == [((), 0.0)]


def test_a_broker_that_is_down_is_not_ready(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    ok, sentence = health.broker_probe()
    assert not ok
    assert "not lost" in sentence
