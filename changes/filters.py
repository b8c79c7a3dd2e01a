"""Filters of the lists, the same in portal and API."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.forms import SearchInput, TextInput
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from assets.models import Location
from changes.models import Change, CheckRun, Policy
from changes.states import Phase, State


def _places(request: HttpRequest | None) -> QuerySet[Location]:
    """The sites and areas that the reader may choose from."""
    if request is None:
        return Location.objects.none()
    return Location.objects.visible_to(request.user).filter(kind__in=["site", "area"]).order_by("path")


class ChangeFilter(django_filters.FilterSet):
    """Changes by text, state, risk, place and asset."""

    q = django_filters.CharFilter(
        method="search",
        label=_("Search"),
        widget=SearchInput(attrs={"placeholder": _("Search reference, title, asset"), "data-pg-filter": ""}),
    )
    state = django_filters.ChoiceFilter(choices=State.choices, label=_("State"), empty_label=_("Any state"))
    risk = django_filters.ChoiceFilter(
        choices=[row for row in Change.Risk.choices if row[0]], label=_("Risk"), empty_label=_("Any risk")
    )
    location = django_filters.ModelChoiceFilter(
        queryset=_places,
        to_field_name="uid",
        method="within",
        label=_("Site or area"),
        empty_label=_("Any place"),
    )
    asset = django_filters.CharFilter(
        method="on_asset",
        label=_("Asset"),
        widget=TextInput(attrs={"placeholder": _("Asset tag"), "autocomplete": "off"}),
    )

    class Meta:
        model = Change
        fields = ["q", "state", "risk", "location", "asset"]

    def search(self, rows: QuerySet[Change], name: str, value: str) -> QuerySet[Change]:
        """Any part of the reference, the title or the tag of an asset."""
        by_asset = Q(covered__asset__tag__icontains=value)
        return rows.filter(Q(reference__icontains=value) | Q(title__icontains=value) | by_asset).distinct()

    def within(self, rows: QuerySet[Change], name: str, value: Location) -> QuerySet[Change]:
        """Changes that touch a place or anything below it."""
        below = Location.objects.filter(path__contains=[value.pk]).values_list("pk", flat=True)
        return rows.filter(location_ids__overlap=list(below))

    def on_asset(self, rows: QuerySet[Change], name: str, value: str) -> QuerySet[Change]:
        """Changes that cover the asset with this tag."""
        return rows.filter(covered__asset__tag__iexact=value.strip()).distinct()


class CheckRunFilter(django_filters.FilterSet):
    """Runs of gates by change, phase and state."""

    change = django_filters.CharFilter(field_name="change__reference", label=_("Change"))
    phase = django_filters.ChoiceFilter(choices=Phase.choices)
    state = django_filters.ChoiceFilter(choices=CheckRun.State.choices)

    class Meta:
        model = CheckRun
        fields: list[Any] = ["change", "phase", "state"]


class PolicyFilter(django_filters.FilterSet):
    """Policies by whether they are in force."""

    class Meta:
        model = Policy
        fields = ["is_active"]
