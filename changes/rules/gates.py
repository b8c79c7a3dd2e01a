"""When a gate is open: every check that blocks has passed, on this content, and is fresh."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from changes.rules import reasons as r
from plantgov.core.verdict import Reason, Verdict, all_of

BLOCKING = "blocking"


class Judged(Protocol):
    """What a gate needs of a result."""

    verdict: str
    severity: str
    valid_until: datetime | None


@dataclass(frozen=True)
class RunFacts:
    """What a gate's run says about itself; `results` are those of a finished one."""

    state: str
    verdict: str
    content_digest: str
    spec_digest: str
    results_digest: str
    requested_at: datetime
    finished_at: datetime | None
    valid_until: datetime | None
    results: Sequence[Any] = ()


def gate_verdict(results: Iterable[Judged]) -> Verdict:
    """The verdict of all that blocks; nothing that blocks proves nothing."""
    return all_of(Verdict(result.verdict) for result in results if result.severity == BLOCKING)


def is_open(results: Iterable[Judged]) -> bool:
    """Whether these results open a gate."""
    return gate_verdict(results) == Verdict.PASS


def valid_until(results: Iterable[Judged]) -> datetime | None:
    """Until when a run may be relied on: as long as its shortest-lived passed check that blocks."""
    counted = [one for one in results if one.severity == BLOCKING and one.verdict == Verdict.PASS]
    if not counted or any(one.valid_until is None for one in counted):
        return None
    return min(one.valid_until for one in counted if one.valid_until is not None)


def run_blockers(run: RunFacts | None, *, at: datetime) -> list[Reason]:
    """Why there is nothing to rely on: not run, still running, lost."""
    if run is None:
        return [r.GATE_NOT_RUN()]
    if run.state == "due":
        return [r.GATE_RUNNING(at=clock(run.requested_at))]
    if run.state != "done":
        return [r.GATE_LOST(at=clock(run.finished_at or run.requested_at))]
    return []


def moved_blockers(run: RunFacts | None, *, content_digest: str, spec_digest: str) -> list[Reason]:
    """Why a run speaks about something else than what stands now: other content, other checks."""
    if run is None or run.state != "done":
        return []
    found = [] if run.content_digest == content_digest else [r.CONTENT_MOVED()]
    if run.spec_digest != spec_digest:
        found.append(r.GATE_SPEC_MOVED(at=clock(run.requested_at)))
    return found


def result_blockers(run: RunFacts) -> list[Reason]:
    """Every check that blocks, with its value; an empty gate says so."""
    failing = [one for one in run.results if one.severity == BLOCKING and one.verdict not in _SATISFIED]
    found = [check_reason(one) for one in failing]
    if not found and not is_open(run.results):
        found = [r.GATE_EMPTY()]
    return found


_SATISFIED = (Verdict.PASS, Verdict.NOT_APPLICABLE)


def freshness_blockers(run: RunFacts, *, at: datetime) -> list[Reason]:
    """Whether the values are still good at `at`."""
    if run.valid_until is None or at > run.valid_until:
        return [r.GATE_STALE(at=clock(run.valid_until or run.finished_at or run.requested_at))]
    return []


def gate_blockers(
    run: RunFacts | None, *, content_digest: str, spec_digest: str, at: datetime
) -> list[Reason]:
    """Everything that keeps a gate shut at `at`."""
    found = run_blockers(run, at=at)
    if found or run is None:
        return found
    found = moved_blockers(run, content_digest=content_digest, spec_digest=spec_digest)
    found += result_blockers(run)
    return found or freshness_blockers(run, at=at)


def check_reason(result: Any) -> Reason:
    """A result that blocks, as a reason that names asset, check and value."""
    tag = result.asset_tag
    return r.GATE_CHECK(
        asset=f"{tag} · " if tag else "",
        label=result.label,
        sentence=str(Reason(result.reason_code, result.reason_params)),
    )


def clock(moment: datetime | None) -> str:
    """A moment as reasons show it; the page shows it in the site's zone."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else "–"
