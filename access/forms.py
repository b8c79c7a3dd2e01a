"""Shapes of what people type about roles, programs and tokens."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from access.models import Role
from access.selectors import Choice
from access.services.grants import Terms
from access.services.tokens import MAX_DAYS, TokenTerms
from assets.models import Location
from plantgov.people.models import Person, Team, User

MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class GrantForm(forms.Form):
    """A role for somebody, somewhere, for a time."""

    user = forms.ModelChoiceField(label=_("Account"), queryset=User.objects.none(), required=False)
    team = forms.ModelChoiceField(
        label=_("Or a team"),
        queryset=Team.objects.none(),
        required=False,
        help_text=_("Whoever is in the team has the role while they are in it."),
    )
    role = forms.ModelChoiceField(label=_("Role"), queryset=Role.objects.none())
    location = forms.ModelChoiceField(
        label=_("Place"),
        queryset=Location.objects.none(),
        required=False,
        help_text=_("The role counts there and everywhere below."),
    )
    asset = forms.CharField(
        label=_("Or a single asset"),
        required=False,
        help_text=_("Its tag, or site/tag, for an exception on one thing."),
    )
    from_at = forms.DateTimeField(
        label=_("From"), required=False, widget=MOMENT, help_text=_("Empty means from now on.")
    )
    until_at = forms.DateTimeField(
        label=_("Until"), required=False, widget=MOMENT, help_text=_("Empty means without an end.")
    )
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))
    sponsor = forms.ModelChoiceField(
        label=_("Who answers for an external person"), queryset=Person.objects.none(), required=False
    )

    def __init__(self, *args: Any, choice: Choice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("user", "team", "role", "location", "sponsor"):
            self.fields[name].queryset = getattr(choice, name)  # type: ignore[attr-defined]
        self.fields["location"].label_from_instance = choice.label_of  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """One holder and one place."""
        given = super().clean() or {}
        if bool(given.get("user")) == bool(given.get("team")) and not self.errors.get("user"):
            self.add_error("user", _("Choose an account or a team, one of them."))
        if bool(given.get("location")) == bool(given.get("asset")) and not self.errors.get("location"):
            self.add_error("location", _("Choose a place or name an asset, one of them."))
        return given

    def terms(self, at: datetime) -> Terms:
        """What was typed, as the service takes it."""
        given = self.cleaned_data
        return Terms(given["from_at"] or at, given["until_at"], given["reason"], given["sponsor"])


class ReasonForm(forms.Form):
    """A reason, for acts that need one."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))


class ExplainForm(forms.Form):
    """Why can X do Y on Z?"""

    user = forms.ModelChoiceField(label=_("Who"), queryset=User.objects.none())
    permission = forms.ChoiceField(label=_("May do what"))
    location = forms.ModelChoiceField(
        label=_("At which place"), queryset=Location.objects.none(), required=False
    )
    asset = forms.CharField(
        label=_("Or on which asset"), required=False, help_text=_("Its tag, or site/tag.")
    )

    def __init__(self, *args: Any, choice: Choice, permissions: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = choice.user  # type: ignore[attr-defined]
        self.fields["location"].queryset = choice.location  # type: ignore[attr-defined]
        self.fields["location"].label_from_instance = choice.label_of  # type: ignore[attr-defined]
        self.fields["permission"].choices = sorted(permissions.items(), key=lambda item: item[1])  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """One place."""
        given = super().clean() or {}
        if bool(given.get("location")) == bool(given.get("asset")) and not self.errors.get("location"):
            self.add_error("location", _("Choose a place or name an asset, one of them."))
        return given


class TokenForm(forms.Form):
    """A token to make."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("The program that will use it, such as “MES export”.")
    )
    days = forms.IntegerField(label=_("Lasts how many days"), initial=90, min_value=1, max_value=MAX_DAYS - 1)
    permissions = forms.MultipleChoiceField(
        label=_("What it may do"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A token never does more than its owner; give it less where less is enough."),
    )
    location = forms.ModelChoiceField(
        label=_("Only below this place"), queryset=Location.objects.none(), required=False
    )

    def __init__(
        self,
        *args: Any,
        permissions: list[tuple[str, list[tuple[str, str]]]],
        locations: QuerySet[Location],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["permissions"].choices = permissions  # type: ignore[attr-defined]
        self.fields["location"].queryset = locations  # type: ignore[attr-defined]

    def terms(self, at: datetime) -> TokenTerms:
        """What was typed, as the service takes it."""
        given = self.cleaned_data
        until = at + timedelta(days=given["days"])
        return TokenTerms(given["name"], until, tuple(given["permissions"]), given["location"])


class ProgramForm(forms.Form):
    """An account for a program."""

    username = forms.SlugField(
        label=_("Name"), max_length=100, help_text=_("Small letters, digits and hyphens, such as mes-export.")
    )
    owner = forms.ModelChoiceField(label=_("Who answers for it"), queryset=Person.objects.none())

    def __init__(self, *args: Any, people: QuerySet[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]
