"""Business days of a site."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from plantgov.workspace.models import Calendar

WORKDAYS = (0, 1, 2, 3, 4)


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
