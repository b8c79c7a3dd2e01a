"""Shapes of what people type about endpoints, signals and networks."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fieldlink.spec import PROTOCOLS, SECURITY_MODES, SECURITY_POLICIES
from operations.models import Endpoint
from operations.services.endpoints import EndpointDetails, SignalDetails

URL_HELP = _("opc.tcp://host:4840 · modbus://host:502/unit · mqtt://host:1883 · http://host/base")


class EndpointForm(forms.Form):
    """One reachable system."""

    name = forms.CharField(label=_("Name"), max_length=150)
    location: forms.ModelChoiceField = forms.ModelChoiceField(label=_("Location"), queryset=None)
    asset = forms.CharField(
        label=_("Asset tag"), required=False, help_text=_("The asset that this system is, if it is one.")
    )
    protocol = forms.ChoiceField(label=_("Protocol"), choices=Endpoint.Protocol.choices)
    url = forms.CharField(label=_("Address"), max_length=300, help_text=URL_HELP)
    timeout_s = forms.FloatField(label=_("Time limit in seconds"), initial=3, min_value=0.2, max_value=60)
    policy = forms.ChoiceField(label=_("OPC UA security policy"), choices=[(p, p) for p in SECURITY_POLICIES])
    mode = forms.ChoiceField(label=_("OPC UA security mode"), choices=[(m, m) for m in SECURITY_MODES])
    server_sha256 = forms.CharField(
        label=_("Accepted server certificate (SHA-256)"), required=False, max_length=95
    )
    credential_ref = forms.CharField(
        label=_("Credential"),
        required=False,
        max_length=200,
        help_text=_("Where the worker finds it: env:NAME or file:/path. Never the secret itself."),
    )
    is_enabled = forms.BooleanField(label=_("May be read"), required=False, initial=True)

    def __init__(self, *args: Any, locations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["location"].queryset = locations  # type: ignore[attr-defined]

    def details(self) -> EndpointDetails:
        """What was typed, as the service takes it."""
        given = self.cleaned_data
        security = {"policy": given["policy"], "mode": given["mode"]}
        if given["server_sha256"]:
            security["server_sha256"] = given["server_sha256"]
        names = ("name", "protocol", "url", "timeout_s", "credential_ref", "is_enabled")
        return EndpointDetails(**{name: given[name] for name in names}, security=security)


class SignalForm(forms.Form):
    """One value of an endpoint."""

    asset = forms.CharField(label=_("Asset tag"))
    key = forms.SlugField(
        label=_("Property"),
        help_text=_("mode, run_state, program_fingerprint, firmware, serial, bypasses, forces, heartbeat …"),
    )
    address = forms.CharField(label=_("Address"), max_length=300)
    datatype = forms.CharField(label=_("Data type"), required=False, max_length=30)
    unit = forms.CharField(label=_("Unit"), required=False, max_length=20)
    name = forms.CharField(label=_("Name"), required=False, max_length=150)
    scale = forms.DecimalField(label=_("Scale"), initial=1)
    offset = forms.DecimalField(label=_("Offset"), initial=0)

    def details(self) -> SignalDetails:
        """What was typed, as the service takes it."""
        return SignalDetails(**{name: value for name, value in self.cleaned_data.items() if name != "asset"})


class NetworkForm(forms.Form):
    """Addresses that may be read."""

    site: forms.ModelChoiceField = forms.ModelChoiceField(label=_("Site"), queryset=None)
    cidr = forms.CharField(
        label=_("Network"), help_text=_("Such as 10.20.0.0/24, or 10.20.0.5/32 for one system.")
    )
    ports = forms.CharField(
        label=_("Ports"), required=False, help_text=_("Separated by commas; empty for the usual ones.")
    )
    protocols = forms.MultipleChoiceField(
        label=_("Protocols"),
        required=False,
        choices=[(p, p) for p in PROTOCOLS],
        widget=forms.CheckboxSelectMultiple,
    )
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, sites: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]

    def clean_ports(self) -> list[int]:
        """Port numbers, each between 1 and 65535."""
        words = [word.strip() for word in self.cleaned_data["ports"].split(",") if word.strip()]
        if not all(word.isdigit() and 0 < int(word) < 65536 for word in words):
            raise forms.ValidationError(_("Ports are whole numbers from 1 to 65535, separated by commas."))
        return [int(word) for word in words]


class ReasonForm(forms.Form):
    """A reason, for acts that need one."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))
