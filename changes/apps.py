"""Management of change."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from plantgov.core import slots


class ChangesConfig(AppConfig):
    """Changes, their policies, gates and signatures."""

    name = "changes"
    verbose_name = _("Changes")

    def ready(self) -> None:
        """Plug changes into the floors below."""
        from changes.services import gates, internal, policies, scheduling  # noqa: PLC0415

        slots.prepare.add(slots.Step("changes.policies", policies.prepare, order=60))
        slots.sweeps.add(slots.Sweep("changes.gates", gates.sweep))
        slots.sweeps.add(slots.Sweep("changes.windows", scheduling.sweep))
        for check in internal.GATE_CHECKS:
            slots.gate_checks.add(check)
        self._plug_pages()

    def _plug_pages(self) -> None:
        from django.urls import reverse_lazy  # noqa: PLC0415

        from changes import context  # noqa: PLC0415 - needs the apps to be loaded
        from plantgov.core.scope import scope_of  # noqa: PLC0415

        found_by = ("reference__icontains", "title__icontains")
        slots.things.add(
            slots.Thing("changes.change", "changes.change", _("Change"), context.url_of, found_by)
        )
        slots.navigation.add(
            slots.NavigationItem(
                "changes",
                _("Changes"),
                "git-pull-request",
                "changes:list",
                "govern",
                visible=lambda user: bool(scope_of(user, "changes.view_change")),
                order=10,
            )
        )
        slots.waiting.add(slots.Waiting("changes", _("Changes"), context.waiting_rows, order=10))
        new = reverse_lazy("changes:new")
        for kind in ("assets.asset", "assets.location"):
            slots.actions.add(
                slots.Action(
                    f"changes.raise.{kind}",
                    kind,
                    _("Raise a change"),
                    "git-pull-request",
                    "changes.add_change",
                    lambda: str(new),
                    order=10,
                )
            )
        slots.panels.add(slots.Panel("changes.of_asset", "assets.asset", context.asset_panel, order=30))
        slots.columns.add(
            slots.Column("changes.open", "assets.asset", _("Open changes"), context.open_changes)
        )
        slots.home_panels.add(slots.HomePanel("changes.work", context.home_panel, order=20))
        slots.settings_pages.add(
            slots.SettingsPage(
                "changes.policies",
                _("Policies of change"),
                "changes:policy-list",
                visible=lambda user: bool(scope_of(user, "changes.view_policy")),
            )
        )
