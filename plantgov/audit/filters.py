"""Filters of the ledger, the same in portal and API."""

import django_filters
from django.db.models import Q, QuerySet
from django.forms import DateInput, HiddenInput, SearchInput, Select, TextInput
from django.utils.translation import gettext_lazy as _

from plantgov.audit.models import Checkpoint, Entry

DAY = DateInput(attrs={"type": "date"})


class EntryFilter(django_filters.FilterSet):
    """Entries by who, what, when and about which thing."""

    q = django_filters.CharFilter(
        method="search",
        label=_("Search"),
        widget=SearchInput(
            attrs={"placeholder": _("Search thing, person, action, reason"), "data-pg-filter": ""}
        ),
    )
    actor = django_filters.CharFilter(
        field_name="actor_label",
        lookup_expr="icontains",
        label=_("Who"),
        widget=TextInput(attrs={"placeholder": _("Who")}),
    )
    action = django_filters.CharFilter(
        field_name="action",
        lookup_expr="startswith",
        label=_("Action"),
        widget=TextInput(attrs={"placeholder": _("Action begins with")}),
    )
    kind = django_filters.CharFilter(field_name="thing_kind", label=_("Kind of thing"), widget=HiddenInput())
    thing = django_filters.UUIDFilter(field_name="thing_uid", label=_("Thing (uid)"), widget=HiddenInput())
    person = django_filters.UUIDFilter(field_name="person_uid", label=_("Person (uid)"), widget=HiddenInput())
    since = django_filters.DateFilter(
        field_name="at", lookup_expr="date__gte", label=_("From day (UTC)"), widget=DAY
    )
    until = django_filters.DateFilter(
        field_name="at", lookup_expr="date__lte", label=_("To day (UTC)"), widget=DAY
    )
    attributed = django_filters.BooleanFilter(
        label=_("Written by PlantGov"),
        widget=Select(
            choices=[("", _("All writers")), ("true", _("By PlantGov")), ("false", _("Past PlantGov"))]
        ),
    )

    class Meta:
        model = Entry
        fields = ["q", "actor", "action", "kind", "thing", "person", "since", "until", "attributed"]

    def search(self, rows: QuerySet[Entry], name: str, value: str) -> QuerySet[Entry]:
        """Any part of the thing's name, the actor, the action or the reason."""
        return rows.filter(
            Q(thing_label__icontains=value)
            | Q(actor_label__icontains=value)
            | Q(action__icontains=value)
            | Q(reason__icontains=value)
        )


class CheckpointFilter(django_filters.FilterSet):
    """Checkpoints by origin."""

    origin = django_filters.CharFilter(field_name="origin__name", label=_("Origin"))
    covers = django_filters.NumberFilter(field_name="size", lookup_expr="gt", label=_("Covers leaf"))

    class Meta:
        model = Checkpoint
        fields = ["origin", "covers"]
