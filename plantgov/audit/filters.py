"""Filters of the ledger, the same in portal, export and API."""

import django_filters
from django.db.models import Q, QuerySet
from django.forms import DateInput, SearchInput, TextInput
from django.utils.translation import gettext_lazy as _

from plantgov.audit.models import Entry


class EntryFilter(django_filters.FilterSet):
    """Entries by who did what, to which thing and when."""

    thing = django_filters.CharFilter(
        method="by_thing",
        label=_("Thing"),
        widget=SearchInput(attrs={"placeholder": _("Thing, kind or uid"), "data-pg-filter": ""}),
    )
    who = django_filters.CharFilter(
        method="by_actor", label=_("Who"), widget=TextInput(attrs={"placeholder": _("Who")})
    )
    action = django_filters.CharFilter(
        field_name="action",
        lookup_expr="icontains",
        label=_("Action"),
        widget=TextInput(attrs={"placeholder": _("Action")}),
    )
    since = django_filters.DateFilter(
        field_name="at", lookup_expr="date__gte", label=_("From"), widget=DateInput(attrs={"type": "date"})
    )
    until = django_filters.DateFilter(
        field_name="at", lookup_expr="date__lte", label=_("Until"), widget=DateInput(attrs={"type": "date"})
    )

    class Meta:
        model = Entry
        fields = ["thing", "who", "action", "since", "until"]

    def by_thing(self, rows: QuerySet[Entry], name: str, value: str) -> QuerySet[Entry]:
        """Part of the thing's label or kind, or its uid."""
        text = value.strip()
        wanted = Q(thing_label__icontains=text) | Q(thing_kind__icontains=text)
        return rows.filter(Q(thing_uid=text) if _is_uid(text) else wanted)

    def by_actor(self, rows: QuerySet[Entry], name: str, value: str) -> QuerySet[Entry]:
        """Part of the name of who acted, or for whom."""
        return rows.filter(Q(actor_label__icontains=value) | Q(acting_for_label__icontains=value))


def _is_uid(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4 and set(text.lower()) <= set("0123456789abcdef-")
