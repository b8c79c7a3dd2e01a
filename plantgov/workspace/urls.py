"""Addresses of the workspace."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from plantgov.workspace import api as rest
from plantgov.workspace import views

portal = [
    path("", views.home, name="home"),
    path("approvals/", views.approvals, name="approvals"),
    path("inbox/", views.inbox_list, name="inbox"),
    path("inbox/read", views.inbox_read, name="inbox-read"),
    path("search", views.search, name="search"),
    path("settings/", views.settings_index, name="settings"),
    path("comments/<str:kind>/<uuid:uid>/add", views.comment_add, name="comment-add"),
    path("files/<str:kind>/<uuid:uid>/add", views.file_add, name="file-add"),
    path("files/<uuid:uid>/", views.file_get, name="file"),
    path("jobs/<uuid:uid>/", views.job_detail, name="job"),
]

router = SimpleRouter(trailing_slash=False)
router.register("jobs", rest.JobViewSet, basename="jobs")
router.register("inbox", rest.InboxViewSet, basename="inbox")
router.register("comments", rest.CommentViewSet, basename="comments")
router.register("calendars", rest.CalendarViewSet, basename="calendars")
router.register("files", rest.FileViewSet, basename="files")
api = router.urls
