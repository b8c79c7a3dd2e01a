"""Shapes of what people type about exports."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ExportForm(forms.Form):
    """Which changes, and what for."""

    references = forms.CharField(
        label=_("Changes"), help_text=_("References such as CHG-2026-0042, separated by spaces or commas.")
    )
    purpose = forms.CharField(
        label=_("Purpose"), max_length=250, help_text=_("Stands in the bundle and in the ledger.")
    )

    def clean_references(self) -> list[str]:
        """The references, in capitals, once each."""
        words = self.cleaned_data["references"].replace(",", " ").split()
        return list(dict.fromkeys(word.upper() for word in words))
