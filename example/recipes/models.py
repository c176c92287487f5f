"""What a recipe box holds."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from recipes.pictures import validate_name, validate_picture


class Category(models.Model):
    """A course or an occasion; each recipe has one."""

    name = models.CharField(max_length=40, unique=True)
    slug = models.SlugField(max_length=40, unique=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word to find recipes by."""

    name = models.CharField(max_length=30, unique=True)
    slug = models.SlugField(max_length=30, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RecipeQuerySet(models.QuerySet):
    """Recipes, found."""

    def matching(self, words: str) -> "RecipeQuerySet":
        """Recipes in which every word occurs: in the title, the summary, a tag or an ingredient."""
        found = self
        for word in words.split():
            ingredients = Ingredient.objects.filter(recipe=models.OuterRef("pk"), name__icontains=word)
            tags = Tag.objects.filter(recipes=models.OuterRef("pk"), name__icontains=word)
            found = found.filter(
                Q(title__icontains=word) | Q(summary__icontains=word) | models.Exists(ingredients) | models.Exists(tags)
            )
        return found


class Recipe(models.Model):
    """One dish. `steps` holds one step per line."""

    title = models.CharField(max_length=80)
    slug = models.SlugField(max_length=90, unique=True, editable=False)
    summary = models.CharField(max_length=160)
    category = models.ForeignKey(Category, models.PROTECT, related_name="recipes")
    tags = models.ManyToManyField(Tag, blank=True, related_name="recipes")
    servings = models.PositiveSmallIntegerField(default=4, validators=[MinValueValidator(1)])
    minutes = models.PositiveSmallIntegerField("minutes in all", default=30, validators=[MinValueValidator(1)])
    steps = models.TextField(help_text="One step per line.")
    picture = models.FileField(
        upload_to="recipes/",
        blank=True,
        validators=[validate_name, validate_picture],
        help_text="PNG, JPEG, GIF or WebP.",
    )
    art = models.CharField(max_length=40, default="any", editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)

    objects = RecipeQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "title"]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: object, **kwargs: object) -> None:
        """Save; a new recipe gets a slug that no other has."""
        if not self.slug:
            self.slug = self._free_slug()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("recipes:detail", args=[self.slug])

    @property
    def picture_url(self) -> str:
        """The uploaded picture, or the drawing that stands in for it."""
        return self.picture.url if self.picture else static(f"recipes/art/{self.art}.svg")

    @property
    def step_list(self) -> list[str]:
        """The steps, without blank lines."""
        return [step.strip() for step in self.steps.splitlines() if step.strip()]

    def _free_slug(self) -> str:
        stem = slugify(self.title)[:80] or "recipe"
        taken = set(Recipe.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
        candidates = (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3)))
        return next(slug for slug in candidates if slug not in taken)


class Ingredient(models.Model):
    """One line of a recipe's list. `amount` is empty where there is none to measure."""

    recipe = models.ForeignKey(Recipe, models.CASCADE, related_name="ingredients")
    amount = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    unit = models.CharField(max_length=12, blank=True)
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class Comment(models.Model):
    """What a cook says about a recipe."""

    recipe = models.ForeignKey(Recipe, models.CASCADE, related_name="comments")
    author = models.CharField("your name", max_length=40)
    text = models.TextField("comment", max_length=600)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created"]

    def __str__(self) -> str:
        return f"{self.author} on {self.recipe}"
