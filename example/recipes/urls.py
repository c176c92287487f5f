"""URLs of the recipe box."""

from django.urls import path

from recipes import test_kitchen, views

app_name = "recipes"

urlpatterns = [
    path("", views.recipe_list, name="list"),
    path("recipes/new/", views.recipe_edit, name="new"),
    path("recipes/<slug:slug>/", views.recipe_detail, name="detail"),
    path("recipes/<slug:slug>/edit/", views.recipe_edit, name="edit"),
    path("pantry/", views.pantry, name="pantry"),
    path("test-kitchen/", test_kitchen.index, name="test-kitchen"),
    path("test-kitchen/slow/", test_kitchen.slow, name="slow"),
    path("test-kitchen/stream/", test_kitchen.stream, name="stream"),
    path("test-kitchen/fail/", test_kitchen.fail, name="fail"),
]
