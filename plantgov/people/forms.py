"""Shapes of what people type about people."""

from dataclasses import fields
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from plantgov.people.models import Person
from plantgov.people.services.accounts import PersonDetails
from plantgov.people.services.qualifications import Training


def reason_field() -> forms.CharField:
    """A reason, for acts that need one."""
    return forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=1000)


class DayInput(forms.DateInput):
    """The browser's own day picker."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class PersonForm(forms.Form):
    """What is known about a person."""

    name = forms.CharField(label=_("Name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    employment = forms.ChoiceField(label=_("Employment"), choices=Person.Employment.choices)
    company = forms.CharField(
        label=_("Company"),
        max_length=150,
        required=False,
        help_text=_("For contractors: whom they work for."),
    )
    job_title = forms.CharField(label=_("Job title"), max_length=150, required=False)

    def details(self) -> PersonDetails:
        """What was typed, as the service takes it."""
        return PersonDetails(**self.cleaned_data)

    @staticmethod
    def initial_of(person: Person) -> dict[str, Any]:
        """What is known now."""
        return {f.name: getattr(person, f.name) for f in fields(PersonDetails)}


class AccountForm(forms.Form):
    """An account to open; its owner sets the password."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        help_text=_("What they sign in with. It stays theirs and is not given to anybody else later."),
    )


class ReasonForm(forms.Form):
    """A reason, for acts that need one."""

    reason = reason_field()


class TeamForm(forms.Form):
    """A team to form."""

    name = forms.CharField(label=_("Name"), max_length=150)
    description = forms.CharField(label=_("Description"), max_length=250, required=False)


class MemberForm(forms.Form):
    """Who joins a team."""

    person = forms.ModelChoiceField(
        label=_("Person"), queryset=Person.objects.none(), to_field_name="uid", empty_label=_("Choose…")
    )

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]


class QualificationForm(forms.Form):
    """What somebody is trained or cleared for."""

    key = forms.SlugField(
        label=_("Qualification"),
        max_length=60,
        help_text=_("Such as plc_programming or safety_loop; policies ask for it by this key."),
    )
    scope = forms.CharField(label=_("Scope"), max_length=100, required=False)
    valid_from = forms.DateField(label=_("Valid from"), widget=DayInput())
    valid_until = forms.DateField(label=_("Valid until, including that day"), widget=DayInput())
    evidence = forms.CharField(
        label=_("Evidence"), max_length=250, required=False, help_text=_("Such as a certificate's number.")
    )

    def training(self) -> Training:
        """What was typed, as the service takes it."""
        return Training(**self.cleaned_data)
