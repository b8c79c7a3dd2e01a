"""What every thing can have, and the work that runs behind the pages."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkspaceConfig(AppConfig):
    """Comments, files, inbox, outbox, jobs, counters, calendars, home and approvals."""

    name = "plantgov.workspace"
    label = "workspace"
    verbose_name = _("Workspace")
