"""What is asked in the first minutes."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from assets.states import Profile
from plantgov.embedded.firstrun.services import Founder, Ground

PROFILES = (
    (Profile.SMALL, _("Small – two persons suffice at low and medium risk")),
    (Profile.STANDARD, _("Standard – the requester and two more persons")),
)


class FounderForm(forms.Form):
    """You."""

    name = forms.CharField(label=_("Name"), max_length=150)
    email = forms.EmailField(
        label=_("E-mail"), required=False, help_text=_("For notices. Nothing is sent anywhere now.")
    )
    username = forms.CharField(label=_("User name"), max_length=150)
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters."),
    )
    repeated = forms.CharField(
        label=_("Password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """The two passwords are the same."""
        given = super().clean() or {}
        if given.get("password", "") != given.get("repeated", ""):
            self.add_error("repeated", _("The two passwords differ."))
        return given


class SecondForm(FounderForm):
    """The second person, who may set a password later."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("password", "repeated"):
            self.fields[name].required = False
        self.fields["password"].help_text = _(
            "Best left empty: you get a link to hand over, with which the second person sets it alone."
        )


class GroundForm(forms.Form):
    """The enterprise and its first site."""

    enterprise = forms.CharField(label=_("Enterprise"), max_length=150)
    site = forms.CharField(label=_("First site"), max_length=150)
    zone_name = forms.ChoiceField(label=_("Time zone of the site"))
    profile = forms.ChoiceField(
        label=_("Profile"),
        choices=PROFILES,
        initial=Profile.SMALL,
        widget=forms.RadioSelect,
        help_text=_("How many persons a change needs. It can be changed later, and places may differ."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(name for name in available_timezones() if "/" in name or name == "UTC")
        self.fields["zone_name"].choices = [(name, name) for name in zones]  # type: ignore[attr-defined]
        self.fields["zone_name"].initial = settings.TIME_ZONE

    def ground(self) -> Ground:
        """What was typed."""
        return Ground(**self.cleaned_data)


def from_session(kept: dict[str, str] | None) -> Founder | None:
    """A founder as an earlier page kept them."""
    return Founder(**kept) if kept else None
