"""Changes by REST."""

from changes.api.changes import ChangeViewSet
from changes.api.others import CheckRunViewSet, PolicyViewSet

__all__ = ["ChangeViewSet", "CheckRunViewSet", "PolicyViewSet"]
