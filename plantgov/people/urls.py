"""Addresses of people."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from plantgov.people import api as rest
from plantgov.people import views

portal = [
    path("people/", views.person_list, name="person-list"),
    path("people/add", views.person_add, name="person-add"),
    path("people/teams/", views.team_list, name="team-list"),
    path("people/teams/form", views.team_form, name="team-form"),
    path("people/teams/<uuid:uid>/", views.team_detail, name="team-detail"),
    path("people/teams/<uuid:uid>/join", views.team_join, name="team-join"),
    path("people/teams/<uuid:uid>/leave/<uuid:person>", views.team_leave, name="team-leave"),
    path("people/accounts/<uuid:uid>/link", views.account_link, name="account-link"),
    path("people/accounts/<uuid:uid>/close", views.account_close, name="account-close"),
    path("people/qualifications/<uuid:uid>/end", views.qualification_end, name="qualification-end"),
    path("people/<uuid:uid>/", views.person_detail, name="person-detail"),
    path("people/<uuid:uid>/edit", views.person_edit, name="person-edit"),
    path("people/<uuid:uid>/account", views.account_open, name="account-open"),
    path("people/<uuid:uid>/qualify", views.qualification_add, name="qualification-add"),
]

router = SimpleRouter(trailing_slash=False)
router.register("people", rest.PersonViewSet, basename="people")
router.register("teams", rest.TeamViewSet, basename="teams")
router.register("shifts", rest.ShiftViewSet, basename="shifts")
router.register("qualifications", rest.QualificationViewSet, basename="qualifications")
router.register("signatures", rest.SignatureViewSet, basename="signatures")
api = router.urls
