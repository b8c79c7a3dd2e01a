"""Filters of the lists, the same in portal and API."""

import django_filters
from django.db.models import Q, QuerySet
from django.forms import SearchInput
from django.utils.translation import gettext_lazy as _

from operations.models import Endpoint, ProbeRun, Signal


class EndpointFilter(django_filters.FilterSet):
    """Endpoints by text, protocol and whether they may be read."""

    q = django_filters.CharFilter(
        method="search",
        label=_("Search"),
        widget=SearchInput(attrs={"placeholder": _("Search name, address, asset")}),
    )
    protocol = django_filters.ChoiceFilter(choices=Endpoint.Protocol.choices, empty_label=_("Any protocol"))
    enabled = django_filters.BooleanFilter(field_name="is_enabled", label=_("May be read"))

    class Meta:
        model = Endpoint
        fields = ["q", "protocol", "enabled"]

    def search(self, rows: QuerySet[Endpoint], name: str, value: str) -> QuerySet[Endpoint]:
        """Any part of the name, the address or the asset's tag."""
        return rows.filter(
            Q(name__icontains=value) | Q(url__icontains=value) | Q(asset__tag__icontains=value)
        )


class SignalFilter(django_filters.FilterSet):
    """Signals by asset tag, property and endpoint."""

    asset = django_filters.CharFilter(field_name="asset__tag")
    endpoint = django_filters.UUIDFilter(field_name="endpoint__uid")

    class Meta:
        model = Signal
        fields = ["asset", "endpoint", "key"]


class ProbeRunFilter(django_filters.FilterSet):
    """Readings by state."""

    class Meta:
        model = ProbeRun
        fields = ["state"]
