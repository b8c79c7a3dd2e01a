"""Addresses of the first minutes."""

from django.urls import path

from plantgov.embedded.firstrun import views

app_name = "firstrun"
urlpatterns = [
    path("you", views.you, name="you"),
    path("second", views.second, name="second"),
    path("site", views.site, name="site"),
    path("<str:token>/", views.enter, name="enter"),
]
