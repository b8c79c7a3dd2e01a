"""What every thing can have, and the work that runs behind the pages."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from plantgov.core import health as probes
from plantgov.core import slots


class WorkspaceConfig(AppConfig):
    """Comments, files, inbox, outbox, jobs, counters, calendars, home and approvals."""

    name = "plantgov.workspace"
    label = "workspace"
    verbose_name = _("Workspace")

    def ready(self) -> None:
        """Plug the workspace's own queues, probes and pages in."""
        from plantgov.workspace import selectors  # noqa: PLC0415 - needs the apps to be loaded
        from plantgov.workspace.services import health, inbox, jobs, outbox  # noqa: PLC0415 - needs the apps

        for key, run in (
            ("workspace.jobs", jobs.sweep),
            ("workspace.outbox", outbox.sweep),
            ("workspace.mail", inbox.sweep),
        ):
            slots.sweeps.add(slots.Sweep(key, run))
        slots.readiness.add(slots.Probe("database", probes.database_probe, order=1))
        slots.readiness.add(slots.Probe("broker", health.broker_probe, order=2))
        slots.readiness.add(slots.Probe("worker", health.worker_probe, order=3))
        slots.readiness.add(slots.Probe("disk", health.disk_probe, order=4))
        slots.navigation.add(
            slots.NavigationItem("home", _("Overview"), "layout-dashboard", "home", "operate", order=1)
        )
        slots.navigation.add(
            slots.NavigationItem(
                "approvals",
                _("Approvals"),
                "user-check",
                "approvals",
                "govern",
                count=selectors.count_waiting,
                urgent=True,
                order=20,
            )
        )
        slots.metrics.add(slots.Metric("jobs", "Jobs by state", ("state",), health.jobs_by_state))
        slots.metrics.add(
            slots.Metric("outbox_backlog", "Events that wait for a consumer", (), health.outbox_backlog)
        )
        slots.metrics.add(slots.Metric("mails", "Mails by state", ("state",), health.mails_by_state))
        slots.metrics.add(
            slots.Metric("outbox_failed", "Events that a consumer gave up on", (), health.deliveries_failed)
        )
