"""A register file on its way in."""

from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from assets.states import ImportState
from plantgov.core.clock import new_uid
from plantgov.core.scope import ScopedQuerySet
from plantgov.people.models import User


class ImportQuerySet(ScopedQuerySet):
    """A file is seen by who brought it."""

    def visible_to(self, user: Any, verb: str = "view") -> Self:
        """The user's own imports."""
        return self.filter(by=user)


class Import(models.Model):
    """A register file, what its validation said, and whether it was applied."""

    governed = "a file being looked at; what it changes is governed row by row, and applying it is recorded"

    State = ImportState

    uid = models.UUIDField(default=new_uid, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=30)
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    options = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=20, choices=ImportState)
    report = models.JSONField(default=dict)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="imports")
    uploaded_at = models.DateTimeField(_("uploaded at"))
    applied_at = models.DateTimeField(_("applied at"), null=True, blank=True)

    objects = models.Manager.from_queryset(ImportQuerySet)()

    class Meta:
        ordering = ["-uploaded_at"]
        default_permissions = ()
        permissions = [("import_register", "Import register files")]

    def __str__(self) -> str:
        return self.file_name

    def scope_location_ids(self) -> list[int]:
        """None: a file belongs to who brought it."""
        return []
