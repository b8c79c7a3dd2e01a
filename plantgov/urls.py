"""Every door of the house, gathered. Each app owns its own addresses below its prefix."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from access import urls as access
from assets import urls as assets
from changes import urls as changes
from evidence import urls as evidence
from operations import urls as operations
from plantgov.audit import urls as audit
from plantgov.core import health
from plantgov.demo import urls as demo
from plantgov.people import urls as people
from plantgov.workspace import urls as workspace

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("account/", include("allauth.urls")),
    path("setup/", include("plantgov.embedded.firstrun.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/schema/swagger/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="swagger"),
    path("", include(workspace.portal)),
    path("", include((demo.portal, "demo"))),
    path("", include((people.portal, "people"))),
    path("", include((access.portal, "access"))),
    path("", include((assets.portal, "assets"))),
    path("", include((operations.portal, "operations"))),
    path("", include((changes.portal, "changes"))),
    path("", include((evidence.portal, "evidence"))),
    path("", include((audit.portal, "audit"))),
    path("api/v1/", include((audit.api, "audit-api"))),
    path("api/v1/", include((evidence.api, "evidence-api"))),
    path("api/v1/", include((workspace.api, "workspace-api"))),
    path("api/v1/", include((people.api, "people-api"))),
    path("api/v1/", include((access.api, "access-api"))),
    path("api/v1/", include((assets.api, "assets-api"))),
    path("api/v1/", include((operations.api, "operations-api"))),
    path("api/v1/", include((changes.api, "changes-api"))),
]
