"""Business days of a site."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from django.db import transaction
from django.utils.translation import gettext as _

from plantgov.audit.services.entries import write
from plantgov.core.errors import BadInput, require_revision
from plantgov.core.scope import require
from plantgov.people.models import User
from plantgov.workspace.models import Calendar

WORKDAYS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class WorkingDays:
    """When people are at work at a site; weekdays count from Monday = 0."""

    name: str
    zone_name: str
    weekdays: Sequence[int] = WORKDAYS
    holidays: Sequence[date] = ()


@transaction.atomic
def keep(site_id: int, days: WorkingDays, *, by: User, at: datetime, revision: int | None = None) -> Calendar:
    """Set the business days of a site. Raises `Stale` for a calendar that was changed since it was read."""
    row = Calendar.objects.select_for_update().filter(location_id_of_site=site_id).first()
    row = row or Calendar(location_id_of_site=site_id)
    require(by, "workspace.change_calendar", row)
    if row.pk is not None:
        require_revision(row, revision)
    _require_usable(days)
    row.name, row.zone_name = days.name.strip(), days.zone_name
    row.weekdays, row.holidays = sorted(set(days.weekdays)), sorted(set(days.holidays))
    return write(row, by=by, action="workspace.calendar.kept", at=at)


def _require_usable(days: WorkingDays) -> None:
    errors: dict[str, list[str]] = {}
    if not days.name.strip():
        errors["name"] = [_("Give the calendar a name.")]
    if days.zone_name not in available_timezones():
        errors["zone_name"] = [_("“%s” is no time zone; write one such as Europe/Berlin.") % days.zone_name]
    if not days.weekdays or not set(days.weekdays) <= set(range(7)):
        errors["weekdays"] = [_("Name at least one weekday, from 0 (Monday) to 6 (Sunday).")]
    if errors:
        raise BadInput(errors)


def is_business_day(calendar: Calendar | None, day: date) -> bool:
    """Whether people are at work on `day`; without a calendar, Monday to Friday."""
    weekdays = calendar.weekdays if calendar and calendar.weekdays else WORKDAYS
    return day.weekday() in weekdays and not (calendar and day in calendar.holidays)


def end_of_next_business_day(calendar: Calendar | None, at: datetime, *, zone_name: str = "UTC") -> datetime:
    """17:00 on the next business day after `at`, in the site's zone."""
    zone = ZoneInfo(calendar.zone_name if calendar else zone_name)
    day = at.astimezone(zone).date() + timedelta(days=1)
    for _step in range(366):
        if is_business_day(calendar, day):
            break
        day += timedelta(days=1)
    return datetime.combine(day, time(17), tzinfo=zone)
