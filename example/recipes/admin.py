"""The recipe box in Django's admin."""

from django.contrib import admin

from recipes.models import Category, Comment, Ingredient, Recipe, Tag


class IngredientInline(admin.TabularInline):
    """The ingredients of a recipe, on its page."""

    model = Ingredient
    extra = 1


@admin.register(Recipe)
class RecipeAdmin(admin.ModelAdmin):
    """Recipes."""

    list_display = ["title", "category", "servings", "minutes", "created"]
    list_filter = ["category", "tags"]
    search_fields = ["title", "summary", "ingredients__name"]
    filter_horizontal = ["tags"]
    inlines = [IngredientInline]


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    """Categories."""

    list_display = ["name", "position"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    """Tags."""

    prepopulated_fields = {"slug": ["name"]}


@admin.register(Comment)
class CommentAdmin(admin.ModelAdmin):
    """Comments."""

    list_display = ["author", "recipe", "created"]
    list_select_related = ["recipe"]
