"""Shapes of what people type into the register."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assets.models import Asset, Location, Zone
from assets.rules import kinds_below
from assets.services.assets import AssetDetails
from assets.services.imports.files import Choices
from assets.services.locations import Place
from assets.services.ownership import Post
from assets.states import (
    ATTRIBUTES,
    AssetType,
    Criticality,
    LocationKind,
    Mode,
    OwnerRole,
    Profile,
    PurdueLevel,
    RelationKind,
    Status,
)
from plantgov.core import slots
from plantgov.people.models import Person, Team

AREA = forms.Textarea(attrs={"rows": 3})
FURTHER = tuple(key for key in ATTRIBUTES if key not in ("source", "source_id"))


class PathChoice(forms.ModelChoiceField):
    """A place, told by its path."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, queryset=Location.objects.none(), to_field_name="uid", **kwargs)
        self.paths: dict[int, str] = {}

    def offer(self, rows: Any, paths: dict[int, str]) -> None:
        """Take the places to choose from."""
        self.paths = paths
        self.queryset = rows

    def label_from_instance(self, obj: Any) -> str:
        """The path of names."""
        return self.paths.get(obj.pk) or obj.name


class AssetForm(forms.Form):
    """An asset."""

    tag = forms.CharField(label=_("Tag"), max_length=60)
    name = forms.CharField(label=_("Name"), max_length=150)
    asset_type = forms.ChoiceField(label=_("Type"), choices=AssetType.choices)
    location = PathChoice(label=_("Place"))
    zone: Any = forms.ModelChoiceField(label=_("Zone"), queryset=None, to_field_name="uid", required=False)
    parent_tag = forms.CharField(
        label=_("Part of"), required=False, max_length=60, help_text=_("Tag of an asset of the same site")
    )
    status = forms.ChoiceField(label=_("Status"), choices=Status.choices, initial=Status.IN_SERVICE)
    criticality = forms.ChoiceField(
        label=_("Criticality"), choices=Criticality.choices, initial=Criticality.MEDIUM
    )
    safety_related = forms.BooleanField(label=_("Safety-related"), required=False)
    purdue_level = forms.ChoiceField(
        label=_("Purdue level"), choices=[("", _("Not known")), *PurdueLevel.choices], required=False
    )
    manufacturer = forms.CharField(label=_("Manufacturer"), max_length=100, required=False)
    model = forms.CharField(label=_("Model"), max_length=100, required=False)
    serial_number = forms.CharField(label=_("Serial number"), max_length=100, required=False)
    firmware_version = forms.CharField(label=_("Firmware"), max_length=60, required=False)
    description = forms.CharField(label=_("Notes"), widget=AREA, required=False)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        required=False,
        help_text=_("Needed to correct type, zone, criticality or firmware of an asset in service."),
    )

    def __init__(self, *args: Any, asset: Asset | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asset = asset
        self.attribute_names = FURTHER
        for key in FURTHER:
            self.fields[key] = forms.CharField(label=ATTRIBUTES[key], max_length=500, required=False)
        self.order_fields([name for name in self.fields if name != "reason"])
        if asset is None:
            del self.fields["reason"]

    def offer(self, places: Any, paths: dict[int, str], zones: Any) -> None:
        """Take what may be chosen."""
        self.fields["location"].offer(places, paths)  # type: ignore[attr-defined]
        self.fields["zone"].queryset = zones  # type: ignore[attr-defined]

    def details(self) -> AssetDetails:
        """What was typed, as the service takes it."""
        given = self.cleaned_data
        names = AssetDetails.__dataclass_fields__.keys() - {"attributes"}
        kept = dict(self.asset.attributes) if self.asset else {}
        attributes = {**kept, **{key: given[key] for key in FURTHER}}
        return AssetDetails(
            **{name: given[name] for name in names},
            attributes={key: value for key, value in attributes.items() if value},
        )


class StatusForm(forms.Form):
    """A status to move to, with the reason."""

    status = forms.ChoiceField(label=_("New status"))
    reason = forms.CharField(label=_("Reason"), widget=AREA)

    def __init__(self, *args: Any, choices: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].choices = choices  # type: ignore[attr-defined]


class LocationForm(forms.Form):
    """A place."""

    parent = PathChoice(label=_("Part of"))
    kind = forms.ChoiceField(label=_("Kind"), choices=LocationKind.choices[1:])
    name = forms.CharField(label=_("Name"), max_length=150)
    slug = forms.SlugField(
        label=_("Short name"), max_length=60, required=False, help_text=_("In addresses; made from the name.")
    )
    zone_name = forms.CharField(
        label=_("Time zone"),
        max_length=60,
        required=False,
        help_text=_("Such as Europe/Berlin; empty: as above."),
    )
    profile = forms.ChoiceField(
        label=_("Profile"), choices=[("", _("As above")), *Profile.choices], required=False
    )
    mode = forms.ChoiceField(label=_("Mode"), choices=[("", _("As above")), *Mode.choices], required=False)
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)

    def place(self, kind: str = "") -> Place:
        """What was typed, as the service takes it."""
        given = self.cleaned_data
        names = ("name", "slug", "zone_name", "profile", "mode")
        return Place(kind=kind or given["kind"], **{name: given.get(name, "") for name in names})

    def keep_regime(self, location: Location | None) -> None:
        """Leave profile and mode out for who may not set them."""
        for name in ("profile", "mode"):
            self.fields[name].disabled = True
            self.fields[name].initial = getattr(location, name, "")

    def limit_kinds(self, parent: Location) -> None:
        """Offer only what may stand below `parent`."""
        self.fields["kind"].choices = [(k.value, k.label) for k in kinds_below(parent.kind)]  # type: ignore[attr-defined]


class MoveForm(forms.Form):
    """Where a place is moved to."""

    to = PathChoice(label=_("Move below"))
    reason = forms.CharField(label=_("Reason"), widget=AREA, required=False)


class ZoneForm(forms.Form):
    """A zone."""

    site: Any = forms.ModelChoiceField(label=_("Site"), queryset=None, to_field_name="uid")
    name = forms.CharField(label=_("Name"), max_length=150)
    description = forms.CharField(label=_("Description"), max_length=500, widget=AREA, required=False)

    def __init__(self, *args: Any, sites: Any, zone: Zone | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]
        if zone is not None:
            del self.fields["site"]


class HoldForm(forms.Form):
    """A stop, with its reason."""

    reason = forms.CharField(label=_("Reason"), widget=AREA)
    expires_at = forms.DateTimeField(
        label=_("Ends by itself"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Empty: until somebody lifts it."),
    )


class ReasonForm(forms.Form):
    """A reason."""

    reason = forms.CharField(label=_("Reason"), widget=AREA)


class OwnerForm(forms.Form):
    """Who shall answer for a thing."""

    person: Any = forms.ModelChoiceField(
        label=_("Person"), queryset=None, to_field_name="uid", required=False
    )
    team: Any = forms.ModelChoiceField(label=_("Team"), queryset=None, to_field_name="uid", required=False)
    role = forms.ChoiceField(label=_("Role"), choices=OwnerRole.choices)
    discipline = forms.CharField(
        label=_("Discipline"), max_length=60, required=False, help_text=_("Such as electrical; empty: all.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)

    def __init__(self, *args: Any, people: Any, teams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """One party, not two."""
        given = super().clean() or {}
        if bool(given.get("person")) == bool(given.get("team")):
            self.add_error("person", _("Choose a person or a team."))
        return given

    @property
    def owner(self) -> Person | Team:
        """The person or the team."""
        found: Person | Team = self.cleaned_data["person"] or self.cleaned_data["team"]
        return found

    def post(self) -> Post:
        """The role."""
        role = self.cleaned_data["role"]
        return Post(role, "" if role == OwnerRole.ACCOUNTABLE else self.cleaned_data["discipline"])


class RelationForm(forms.Form):
    """How an asset bears on another."""

    kind = forms.ChoiceField(label=_("Relation"), choices=RelationKind.choices)
    target_tag = forms.CharField(label=_("Tag of the other asset"), max_length=60)
    note = forms.CharField(label=_("Note"), max_length=250, required=False)


class ImportForm(forms.Form):
    """A file to bring in."""

    kind = forms.ChoiceField(label=_("What the rows are"))
    file = forms.FileField(label=_("File"), help_text=_("CSV with comma, semicolon or tab; at most 5 MB."))
    create_locations = forms.BooleanField(label=_("Make missing places below a site"), required=False)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        required=False,
        help_text=_("Needed when the file corrects assets in service. Stands with every row in the ledger."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(item.key, item.label) for item in slots.import_kinds]  # type: ignore[attr-defined]

    def choices(self) -> Choices:
        """How the file is to be taken."""
        return Choices(self.cleaned_data["create_locations"], self.cleaned_data["reason"])
