"""Shapes of what people type about changes."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assets.models import Asset, Location
from changes.models import Change
from changes.rules import risk
from changes.selectors import plant
from changes.services.drafts import AssetPlan, ChangeDetails
from changes.states import Phase
from plantgov.people.models import Person, User

_LOCAL = "%Y-%m-%dT%H:%M"
_FIVE = [("", "–"), *((str(n), str(n)) for n in range(1, 6))]
_YES_NO = [("yes", _("Yes")), ("no", _("No"))]


def moment(**more: Any) -> forms.DateTimeField:
    """A field for a moment in the zone that is active while the form is cleaned."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_LOCAL)
    return forms.DateTimeField(
        widget=widget, input_formats=[_LOCAL, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"], **more
    )


def lines(rows: int) -> forms.Textarea:
    """A box for several lines."""
    return forms.Textarea(attrs={"rows": rows})


class ChangeForm(forms.Form):
    """One change, on one page."""

    place = forms.UUIDField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(label=_("Title"), max_length=150)
    description = forms.CharField(label=_("What changes"), widget=lines(4))
    justification = forms.CharField(label=_("Why"), widget=lines(3))
    assets = forms.CharField(
        label=_("Assets"),
        required=False,
        widget=lines(2),
        help_text=_("Tags, separated by commas or on lines. With the same tag on two sites: site/tag."),
    )
    window_from = moment(label=_("Window from"), required=False)
    window_until = moment(label=_("Window until"), required=False)
    implementers = forms.ModelMultipleChoiceField(
        label=_("Carried out by"),
        queryset=Person.objects.none(),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text=_("Hold Ctrl or Cmd to choose several."),
    )
    rollback_trigger = forms.CharField(label=_("Roll back when"), required=False, widget=lines(2))
    rollback_steps = forms.CharField(label=_("How to roll back"), required=False, widget=lines(3))
    rollback_max_min = forms.IntegerField(
        label=_("Longest time to roll back, minutes"), required=False, min_value=1, max_value=100_000
    )
    rollback_backup = forms.CharField(label=_("Backup to roll back to"), required=False, max_length=250)
    steps = forms.CharField(
        label=_("Steps of the work"), required=False, widget=lines(6), help_text=_("One step on each line.")
    )
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, profile: str, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.profile = user, profile
        self.fields["implementers"].queryset = people  # type: ignore[attr-defined]
        for key, question in risk.questions(profile).items():
            self.fields[f"risk_{key}"] = _question(profile, question)

    @property
    def risk_fields(self) -> list[forms.BoundField]:
        """The questions about risk, as they are drawn."""
        return [self[f"risk_{key}"] for key in risk.questions(self.profile)]

    def clean_assets(self) -> list[Asset]:
        """The assets with these tags."""
        return assets_named(self.cleaned_data["assets"], self.user)

    def clean(self) -> dict[str, Any]:
        """A window runs forward, and a change has a place."""
        given = super().clean() or self.cleaned_data
        start, end = given.get("window_from"), given.get("window_until")
        if start and end and end <= start:
            self.add_error("window_until", _("The window has to end after it begins."))
        if bool(start) != bool(end) and not {"window_from", "window_until"} & set(self.errors):
            self.add_error(
                "window_until" if start else "window_from", _("A window has a beginning and an end.")
            )
        if "assets" in given and not given["assets"] and not self.location():
            self.add_error("assets", _("Name at least one asset that the change touches."))
        return given

    def location(self) -> Location | None:
        """The place of the change: where its assets have their nearest common place, else the one it was raised on."""
        assets = self.cleaned_data.get("assets")
        if assets:
            return plant_place(assets)
        place = self.cleaned_data.get("place")
        return Location.objects.visible_to(self.user).filter(uid=place).first() if place else None

    def answers(self) -> dict[str, Any]:
        """The answers about risk, as the rule takes them; what is open is left out."""
        given = {key: self.cleaned_data.get(f"risk_{key}") for key in risk.questions(self.profile)}
        return {key: _answer(self.profile, value) for key, value in given.items() if value}

    def details(self, expected: Sequence[dict[str, Any]], *, kept: Iterable[AssetPlan] = ()) -> ChangeDetails:
        """What was typed, as the service takes it; `kept` are assets that the user may not see."""
        given = self.cleaned_data
        rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in expected:
            rows[row["asset"].pk].append({name: row[name] for name in ("key", "phases", "value", "why")})
        location = self.location()
        if location is None:
            raise ValueError("details() is for valid forms only")
        return ChangeDetails(
            **{name: given[name] for name in _COPIED},
            location=location,
            assets=[*(AssetPlan(asset, rows[asset.pk]) for asset in given["assets"]), *kept],
            steps=[line.strip() for line in given["steps"].splitlines() if line.strip()],
            risk_answers=self.answers(),
        )


_COPIED = (
    "title",
    "description",
    "justification",
    "rollback_trigger",
    "rollback_steps",
    "rollback_max_min",
    "rollback_backup",
    "window_from",
    "window_until",
)


def _question(profile: str, label: Any) -> forms.ChoiceField:
    if profile == "small":
        return forms.ChoiceField(label=label, choices=_YES_NO, required=False, widget=forms.RadioSelect)
    return forms.ChoiceField(label=label, choices=_FIVE, required=False)


def _answer(profile: str, value: str) -> bool | int:
    return value == "yes" if profile == "small" else int(value)


def typed(profile: str, answers: dict[str, Any]) -> dict[str, str]:
    """Stored answers about risk as the form shows them."""
    shown = {}
    for key in risk.questions(profile):
        value = answers.get(key)
        if isinstance(value, bool):
            shown[f"risk_{key}"] = "yes" if value else "no"
        elif value is not None:
            shown[f"risk_{key}"] = str(value)
    return shown


def assets_named(text: str, user: User) -> list[Asset]:
    """The assets in the user's view with these tags, in the order given; raises ValidationError for the others."""
    names = list(dict.fromkeys(part.strip() for part in re.split(r"[,;\n]", text) if part.strip()))
    if not names:
        return []
    tags = {name.rpartition("/")[2] for name in names} | set(names)
    found: dict[str, list[Asset]] = defaultdict(list)
    for asset in Asset.objects.visible_to(user).filter(tag__in=tags).select_related("location", "site"):
        found[asset.tag].append(asset)
        found[f"{asset.site.slug}/{asset.tag}"].append(asset)
    unknown = [name for name in names if not found[name]]
    twice = [name for name in names if len(found[name]) > 1]
    if unknown:
        raise forms.ValidationError(
            _("You know no asset with the tag: %(tags)s."), params={"tags": ", ".join(unknown)}
        )
    if twice:
        sites = ", ".join(f"{one.site.slug}/{one.tag}" for one in found[twice[0]])
        raise forms.ValidationError(
            _("%(tag)s stands on several sites. Write one of: %(sites)s."),
            params={"tag": twice[0], "sites": sites},
        )
    return list({found[name][0].pk: found[name][0] for name in names}.values())


def spelled(assets: Iterable[Asset]) -> str:
    """Assets as the form names them."""
    return "\n".join(f"{asset.site.slug}/{asset.tag}" for asset in assets)


def plant_place(assets: Sequence[Asset]) -> Location:
    """The nearest place that holds all of these assets."""
    paths = [asset.location.path for asset in assets]
    common = [place for place in paths[0] if all(place in path for path in paths[1:])]
    return Location.objects.get(pk=common[-1]) if common else assets[0].location


class ExpectedForm(forms.Form):
    """What is expected of one property of one asset while the change runs."""

    asset = forms.CharField(label=_("Asset"), required=False)
    key = forms.SlugField(label=_("Property"), required=False, help_text=_("mode, forces, reachable …"))
    value = forms.CharField(label=_("Expected"), required=False)
    phases = forms.MultipleChoiceField(
        label=_("Counts at"), choices=Phase.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    why = forms.CharField(label=_("Why"), required=False, max_length=250)

    def clean(self) -> dict[str, Any]:
        """A row is empty or complete."""
        given = super().clean() or self.cleaned_data
        if not any(given.get(name) for name in ("asset", "key", "value", "phases", "why")):
            return given
        for name in ("asset", "key", "value", "phases"):
            if not given.get(name) and name not in self.errors:
                self.add_error(name, _("Fill this in, or empty the whole row."))
        return given


class _ExpectedRows(forms.BaseFormSet):
    def rows(self, assets: Sequence[Asset]) -> list[dict[str, Any]] | None:
        """The rows that are filled in, each with its asset; None when one names an asset that is not covered."""
        known = {asset.tag: asset for asset in assets} | {f"{a.site.slug}/{a.tag}": a for a in assets}
        found, wrong = [], False
        for form in self.forms:
            given = form.cleaned_data
            if not given.get("asset"):
                continue
            if given["asset"].strip() not in known:
                form.add_error("asset", _("This asset is not among those of the change."))
                wrong = True
                continue
            found.append({**given, "asset": known[given["asset"].strip()], "value": parsed(given["value"])})
        return None if wrong else found


ExpectedRows = forms.formset_factory(ExpectedForm, formset=_ExpectedRows, extra=2, max_num=200)


def parsed(text: str) -> Any:
    """A typed value: yes/no, a number or a list where it is written as one, else the words themselves."""
    word = text.strip()
    if word.lower() in {"yes", "no", "true", "false"}:
        return word.lower() in {"yes", "true"}
    try:
        return json.loads(word)
    except ValueError:
        return [part.strip() for part in word.split(",")] if "," in word else word


class ReasonForm(forms.Form):
    """A reason, for ways that need one."""

    reason = forms.CharField(label=_("Reason"), widget=lines(3))


class SignForm(forms.Form):
    """What a signature asks for."""

    password = forms.CharField(
        label=_("Your password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        required=False,
    )
    code = forms.CharField(
        label=_("Code of your second factor"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class SignReasonForm(SignForm):
    """A signature that says why."""

    reason = forms.CharField(label=_("Reason"), widget=lines(3), required=False)
    field_order = ["reason", "password", "code"]


class SignCommentForm(SignForm):
    """A signature to which something may be said."""

    comment = forms.CharField(label=_("Comment"), widget=lines(2), required=False)
    field_order = ["comment", "password", "code"]


class ReadingForm(forms.Form):
    """A value that somebody read off the equipment."""

    check = forms.ChoiceField(label=_("What was read"))
    value = forms.CharField(label=_("Value"), max_length=250)
    observed_at = moment(label=_("Read at"))
    witness = forms.ModelChoiceField(
        label=_("Witness"), queryset=Person.objects.none(), required=False, empty_label=_("Nobody")
    )
    note = forms.CharField(label=_("Note"), required=False, widget=lines(2))

    def __init__(self, *args: Any, checks: Sequence[tuple[str, str]], people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["check"].choices = checks  # type: ignore[attr-defined]
        self.fields["witness"].queryset = people  # type: ignore[attr-defined]


class CommentForm(forms.Form):
    """A remark."""

    body = forms.CharField(label=_("Comment"), widget=lines(2), max_length=5000)


def profile_of(assets: Sequence[Asset], location: Location | None) -> str:
    """Whose questions about risk are asked: those of the places; the standard ones while no place is known."""
    if not assets and location is None:
        return "standard"
    return plant.profile_of(plant.settings_for(assets, location))


def initial_of(
    details: ChangeDetails, change: Change, *, profile: str, implementers: Iterable[Person]
) -> dict[str, Any]:
    """A change as the form shows it."""
    return {
        **{name: getattr(details, name) for name in _COPIED},
        "steps": "\n".join(details.steps),
        "implementers": [person.pk for person in implementers],
        "revision": change.revision,
        "place": change.location.uid,
        **typed(profile, details.risk_answers),
    }
