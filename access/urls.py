"""Addresses of access."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from access import api as rest
from access import views

portal = [
    path("access/", views.grant_list, name="list"),
    path("access/give", views.grant_give, name="give"),
    path("access/explain", views.explain, name="explain"),
    path("access/roles/", views.role_list, name="role-list"),
    path("access/programs/", views.program_list, name="program-list"),
    path("access/programs/<uuid:uid>/tokens/make", views.token_make, name="program-token-make"),
    path("access/grants/<uuid:uid>/", views.grant_detail, name="grant-detail"),
    path("access/grants/<uuid:uid>/revoke", views.grant_revoke, name="grant-revoke"),
    path("access/people/<uuid:uid>/left", views.person_end, name="person-end"),
    path("account/tokens/", views.token_list, name="token-list"),
    path("account/tokens/make", views.token_make, name="token-make"),
    path("account/tokens/<uuid:uid>/revoke", views.token_revoke, name="token-revoke"),
]

router = SimpleRouter(trailing_slash=False)
router.register("roles", rest.RoleViewSet, basename="roles")
router.register("grants", rest.GrantViewSet, basename="grants")
router.register("tokens", rest.TokenViewSet, basename="tokens")
api = router.urls
