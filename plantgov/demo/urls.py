"""Addresses of the demonstration."""

from django.urls import path

from plantgov.demo import views

portal = [
    path("demo/plant/", views.panels, name="panels"),
    path("demo/plant/<str:tag>/act", views.act, name="act"),
]
