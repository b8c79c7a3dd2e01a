"""Template tags and filters of the portal: icons, states, times, people, addresses."""

import functools
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.http import QueryDict
from django.template import Context
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from plantgov.core.clock import now
from plantgov.core.templatetags.statuses import face

register = template.Library()
ICONS = Path(__file__).resolve().parents[2] / "static" / "vendor" / "icons"
NOTHING = "–"
GO_KEYS = {
    "/": "h o",
    "/assets/": "a",
    "/changes/": "c",
    "/approvals/": "p",
    "/access/": "r",
    "/conditions/": "n",
    "/incidents/": "i",
    "/audit/": "l",
    "/exports/": "e",
    "/settings/": "s",
}
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


# -- Icons and states ---------------------------------------------------------------------------
@register.simple_tag
def icon(name: str, *, label: str = "", cls: str = "") -> SafeString:
    """A vendored icon as inline SVG; silent for screen readers unless it has a label."""
    role = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    return format_html(
        '<svg class="pg-icon {}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-width="2" stroke-linecap="round" stroke-linejoin="round" focusable="false" {}>{}</svg>',
        cls,
        mark_safe(role),  # noqa: S308 - built by format_html above
        _paths(name),
    )


@functools.cache
def _paths(name: str) -> SafeString:
    """The drawing inside one of our own icon files."""
    file = ICONS / f"{name}.svg"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not file.exists():
        raise LookupError(f"No icon {name!r}: list it in vendor/manifest.json, run scripts/vendor.py.")
    shapes = re.findall(r"<(?:path|circle|rect|line|polyline)\b[^>]*/>", file.read_text())
    return mark_safe("".join(s for s in shapes if 'stroke="none"' not in s))  # noqa: S308 - vendored


@register.simple_tag
def status(code: Any, kind: str = "", *, quiet: bool = False, word: str = "") -> SafeString:
    """A state as icon and word. `quiet` leaves the box off what is well, so that trouble stands out."""
    looks = face(str(code or "unknown"), kind)
    classes = f"pg-status pg-status-{looks.tone}" + (" pg-status-quiet" if quiet else "")
    drawing = icon(looks.icon) if looks.icon else ""
    return format_html(
        '<span class="{}" data-status="{}">{}<span>{}</span></span>',
        classes,
        code or "unknown",
        drawing,
        word or looks.word,
    )


@register.filter
def tone(code: Any, kind: str = "") -> str:
    """The tone of a state, for the class of a thing that stands for it."""
    return face(str(code or "unknown"), kind).tone


@register.simple_tag
def reason(given: Any) -> SafeString:
    """One reason as a sentence that carries its stable code."""
    code = getattr(given, "code", "")
    return format_html('<span class="pg-reason" data-code="{}">{}</span>', code, str(given))


# -- Times and measures -------------------------------------------------------------------------
@register.simple_tag
def when(at: datetime | None, *, zone: str = "", form: str = "j M Y, H:i", never: str = "") -> SafeString:
    """A moment with its zone's abbreviation, in the zone given or else the reader's."""
    if at is None:
        return SafeString(never or NOTHING)
    local = timezone.localtime(at, ZoneInfo(zone) if zone else None)
    return format_html(
        '<time class="pg-when" datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        date_format(local, "l j F Y, H:i:s T"),
        date_format(local, form) + (f" {local:%Z}" if "H" in form or "G" in form else ""),
    )


@register.simple_tag
def age(at: datetime | None, *, never: str = "") -> SafeString:
    """How long ago, or how far ahead, a moment is; the page keeps it current."""
    if at is None:
        return format_html('<span class="pg-mute">{}</span>', never or _("Never"))
    seconds = (now() - at).total_seconds()
    return format_html(
        '<time class="pg-age" data-pg-age datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        date_format(timezone.localtime(at), "l j F Y, H:i:s T"),
        _relative(seconds),
    )


def _relative(seconds: float) -> str:
    """Words for a distance in time; positive is the past."""
    if abs(seconds) < 1:
        return _("just now")
    words = duration(abs(seconds), parts=1)
    return _("%s ago") % words if seconds > 0 else _("in %s") % words


@register.simple_tag
def countdown(until: datetime | None, *, over: str = "") -> SafeString:
    """What is left until a moment, such as “4 min 10 s left”; the page counts it down."""
    if until is None:
        return SafeString(NOTHING)
    left = (until - now()).total_seconds()
    ended = over or _("Out of date")
    words = _("%s left") % duration(left) if left > 0 else ended
    return format_html(
        '<time class="pg-countdown{}" data-pg-countdown data-over="{}" datetime="{}">{}</time>',
        "" if left > 0 else " pg-countdown-over",
        ended,
        until.isoformat(),
        words,
    )


@register.filter
def duration(value: float | timedelta | None, parts: int = 2) -> str:
    """Seconds in words, two units at most: “35 min”, “2 h 5 min”, “1.2 s”."""
    if value is None:
        return NOTHING
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if abs(seconds) < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    return " ".join(_largest(int(seconds))[:parts]) or "0 s"


def _largest(seconds: int) -> list[str]:
    """The non-zero units of a duration, from the first that counts."""
    found: list[str] = []
    for size, unit in _UNITS:
        amount, seconds = divmod(seconds, size)
        if amount or found:
            found.append(f"{amount} {unit}" if amount else "")
    return [words for words in found[:2] if words]


@register.filter(name="bytes")
def bytes_(size: float | None) -> str:
    """A size in decimal units: “1.2 MB”."""
    if size is None:
        return NOTHING
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


# -- Texts --------------------------------------------------------------------------------------
@register.filter
def initials(name: Any) -> str:
    """The first letters of the first and the last word of a name."""
    words = [word for word in str(name or "").replace(".", " ").split() if word[0].isalnum()]
    return ("".join(word[0] for word in (words[:1] + words[1:][-1:])) or "?").upper()


@register.filter
def mono(value: Any) -> SafeString:
    """Tags, versions, hashes and addresses in the fixed-width face; nothing is a dash."""
    if value in (None, ""):
        return SafeString(NOTHING)
    return format_html('<span class="pg-mono">{}</span>', value)


@register.filter
def short_hash(value: str | bytes | None) -> SafeString:
    """The beginning of a digest, with the whole of it to copy."""
    if not value:
        return SafeString(NOTHING)
    text = value.hex() if isinstance(value, bytes) else str(value)
    return format_html(
        '<button type="button" class="pg-copy pg-mono" data-pg-copy="{0}" title="{1} {0}">{2}…</button>',
        text,
        _("Copy"),
        text[:12],
    )


@register.filter
def diff_lines(text: str) -> Iterator[tuple[str, str, str]]:
    """The lines of a unified difference as (tone, sign, text)."""
    tones = {"+": "add", "-": "del", "@": "hunk"}
    for line in str(text or "").splitlines():
        sign = line[:1] if line[:1] in tones else " "
        yield tones.get(sign, "same"), sign, line if sign == "@" else line[1:]


# -- Addresses ----------------------------------------------------------------------------------
@register.simple_tag(takes_context=True)
def url_with(context: Context, **parameters: Any) -> str:
    """This page's query with some parameters changed; None drops one. Back to page one unless asked."""
    query = context["request"].GET.copy()
    if "page" not in parameters:
        query.pop("page", None)
    for name, value in parameters.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}" if query else context["request"].path


@register.filter
def under(path: str, root: str) -> bool:
    """Whether a path lies at or below a root; the root of the site is only itself."""
    return path == root or (len(root) > 1 and path.startswith(root.rstrip("/") + "/"))


@register.filter
def go_key(path: str) -> str:
    """The keys that follow `g` to reach a page of the navigation."""
    return GO_KEYS.get(path, "")


@register.filter
def words(text: str) -> list[str]:
    """The words of a text, to loop over."""
    return text.split()


@register.filter
def values(query: QueryDict, name: str) -> list[str]:
    """Every value that a query gives for one name."""
    return query.getlist(name)


for _name, _filter in (("duration", duration), ("bytes", bytes_), ("initials", initials), ("mono", mono)):
    register.simple_tag(_filter, name=_name)
