"""The pages of the recipe box."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from recipes.forms import CommentForm, IngredientFormSet, RecipeForm
from recipes.models import Category, Ingredient, Recipe, Tag

HEADING = "What shall we cook?"
PANTRY_HEADING = "The pantry"
PAGE_SIZE = 6


@require_safe
@vary_on_headers("X-Fragment")
def recipe_list(request: HttpRequest) -> HttpResponse:
    """All recipes, or those that match; for `X-Fragment: 1` (the live search) the results only."""
    words = request.GET.get("q", "").strip()
    category = _chosen(Category, request.GET.get("category"))
    tag = _chosen(Tag, request.GET.get("tag"))
    recipes = Recipe.objects.matching(words).select_related("category").prefetch_related("tags")
    if category:
        recipes = recipes.filter(category=category)
    if tag:
        recipes = recipes.filter(tags=tag)
    page = Paginator(recipes, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "words": words, "category": category, "tag": tag}
    if request.headers.get("X-Fragment"):
        return render(request, "recipes/_results.html", context)
    return render(request, "recipes/list.html", {"heading": HEADING, "categories": Category.objects.all(), **context})


@require_http_methods(["GET", "HEAD", "POST"])
def recipe_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One recipe with its comments; a POST adds a comment."""
    recipe = get_object_or_404(Recipe.objects.select_related("category"), slug=slug)
    form = CommentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.instance.recipe = recipe
        form.save()
        messages.success(request, "Thank you for your comment.")
        return redirect(f"{recipe.get_absolute_url()}#comments")
    return render(request, "recipes/detail.html", {"recipe": recipe, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def recipe_edit(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Write a new recipe, or change the one with `slug`."""
    recipe = get_object_or_404(Recipe, slug=slug) if slug else Recipe()
    title = recipe.title
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = RecipeForm(*sent, instance=recipe)
    ingredients = IngredientFormSet(*sent, instance=recipe)
    if request.method == "POST" and form.is_valid() and ingredients.is_valid():
        with transaction.atomic():
            form.save()
            ingredients.save()
        messages.success(request, f"{recipe.title} is saved.")
        return redirect(recipe)
    return render(
        request, "recipes/edit.html", {"form": form, "ingredients": ingredients, "title": title, "slug": slug}
    )


@require_safe
def pantry(request: HttpRequest) -> HttpResponse:
    """Every ingredient and the recipe it is for.

    Two queries per row on purpose, the N+1 problem: `select_related("recipe__category")` would make it one in all.
    """
    ingredients = Ingredient.objects.order_by("name", "recipe__title")
    return render(request, "recipes/pantry.html", {"heading": PANTRY_HEADING, "ingredients": ingredients})


def _chosen(model: type[Model], slug: str | None) -> Model | None:
    return model.objects.filter(slug=slug).first() if slug else None
