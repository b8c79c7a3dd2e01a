"""What lists of access can be narrowed by; the same names in the portal and the API."""

from datetime import timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from access.models import ApiToken, Grant, Role
from access.selectors import live, places_where
from assets.models import Location
from plantgov.core.clock import now

SOON = timedelta(days=14)
STATES = (
    ("active", _("In force")),
    ("ending", _("Ends within two weeks")),
    ("scheduled", _("Not yet")),
    ("expired", _("Run out")),
    ("revoked", _("Taken away")),
    ("all", _("All")),
)


def _places(request: Any) -> QuerySet[Location]:
    return places_where(request.user, "assets.view_location") if request else Location.objects.none()


class GrantFilter(django_filters.FilterSet):
    """Grants by who, which role, where, and whether they count now."""

    q = django_filters.CharFilter(
        label=_("Search"),
        method="search",
        widget=forms.TextInput(attrs={"placeholder": _("Person, team, place or tag"), "data-pg-filter": ""}),
    )
    role = django_filters.ModelChoiceFilter(
        label=_("Role"),
        queryset=Role.objects.filter(retired_at=None),
        to_field_name="key",
        empty_label=_("Every role"),
    )
    location = django_filters.ModelChoiceFilter(
        label=_("Place"),
        queryset=_places,
        to_field_name="uid",
        method="reaching",
        empty_label=_("Every place"),
    )
    state = django_filters.ChoiceFilter(
        label=_("State"), choices=STATES, method="in_state", empty_label=None, null_label=None
    )
    source = django_filters.ChoiceFilter(
        label=_("Given by"), choices=Grant.Source.choices, empty_label=_("Whoever gave it")
    )

    class Meta:
        model = Grant
        fields = ["q", "role", "location", "state", "source"]

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        given = data.copy() if data is not None else {}
        given.setdefault("state", "active")
        super().__init__(given, *args, **kwargs)

    def search(self, rows: QuerySet[Grant], name: str, value: str) -> QuerySet[Grant]:
        """Any part of the name of the holder or the place."""
        who = Q(user__person__name__icontains=value) | Q(user__username__icontains=value)
        where = Q(location__name__icontains=value) | Q(asset__tag__icontains=value)
        about = Q(team__name__icontains=value) | Q(change_reference__icontains=value)
        return rows.filter(who | where | about)

    def reaching(self, rows: QuerySet[Grant], name: str, value: Location) -> QuerySet[Grant]:
        """Grants that count at a place: on it, or on a place above it."""
        return rows.filter(location__in=value.path)

    def in_state(self, rows: QuerySet[Grant], name: str, value: str) -> QuerySet[Grant]:
        """Grants in one state at this moment."""
        at = now()
        by_state = {
            "active": live(rows, at=at),
            "ending": live(rows, at=at).filter(until_at__lte=at + SOON),
            "scheduled": rows.filter(revoked_at=None, from_at__gt=at),
            "expired": rows.filter(revoked_at=None, until_at__lte=at),
            "revoked": rows.exclude(revoked_at=None),
        }
        return by_state.get(value, rows)


class TokenFilter(django_filters.FilterSet):
    """Tokens by name and owner."""

    owner = django_filters.CharFilter(label=_("Owner"), field_name="owner__username")

    class Meta:
        model = ApiToken
        fields = ["name", "owner"]
