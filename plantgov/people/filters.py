"""Filters of the lists of people, the same in portal and API."""

import django_filters
from django.db.models import Q, QuerySet
from django.forms import SearchInput
from django.utils.translation import gettext_lazy as _

from plantgov.core.clock import now
from plantgov.people.models import Person, Qualification, Signature, Team
from plantgov.people.selectors import qualified_on

PRESENCE = (("present", _("Works here")), ("left", _("Has left")))


class PersonFilter(django_filters.FilterSet):
    """Persons by text, employment, team and whether they have left."""

    q = django_filters.CharFilter(
        method="search",
        label=_("Search"),
        widget=SearchInput(
            attrs={"placeholder": _("Search name, user name, company"), "data-pg-filter": True}
        ),
    )
    employment = django_filters.ChoiceFilter(
        choices=Person.Employment.choices, label=_("Employment"), empty_label=_("Any employment")
    )
    presence = django_filters.ChoiceFilter(
        choices=PRESENCE, method="by_presence", label=_("Presence"), empty_label=_("Present or not")
    )

    class Meta:
        model = Person
        fields = ["q", "employment", "presence"]

    def search(self, rows: QuerySet[Person], name: str, value: str) -> QuerySet[Person]:
        """Any part of the name, a user name, the company or the job title."""
        text = Q(name__icontains=value) | Q(company__icontains=value) | Q(job_title__icontains=value)
        return rows.filter(text | Q(accounts__username__icontains=value)).distinct()

    def by_presence(self, rows: QuerySet[Person], name: str, value: str) -> QuerySet[Person]:
        """Who works here, or who has left."""
        present = Q(left_at=None) | Q(left_at__gt=now())
        return rows.filter(present if value == "present" else ~present)


class TeamFilter(django_filters.FilterSet):
    """Teams by name."""

    q = django_filters.CharFilter(
        field_name="name",
        lookup_expr="icontains",
        label=_("Search"),
        widget=SearchInput(attrs={"placeholder": _("Search name"), "data-pg-filter": True}),
    )

    class Meta:
        model = Team
        fields = ["q"]


class QualificationFilter(django_filters.FilterSet):
    """Qualifications by person, kind and the day on which they are valid."""

    person = django_filters.UUIDFilter(field_name="person__uid")
    valid_on = django_filters.DateFilter(method="by_day")

    class Meta:
        model = Qualification
        fields = ["person", "key", "valid_on"]

    def by_day(self, rows: QuerySet[Qualification], name: str, value: object) -> QuerySet[Qualification]:
        """Those that are valid on a day."""
        return qualified_on(rows, value)  # type: ignore[arg-type]


class SignatureFilter(django_filters.FilterSet):
    """Signatures by signer, meaning and thing."""

    person = django_filters.UUIDFilter(field_name="person__uid")
    thing = django_filters.UUIDFilter(field_name="thing_uid")

    class Meta:
        model = Signature
        fields = ["person", "thing", "meaning"]
