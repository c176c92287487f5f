"""What the recipe box promises."""

import io
import tempfile
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import SimpleTestCase, TestCase, override_settings
from django.urls import reverse

from recipes.amounts import written
from recipes.models import Category, Comment, Ingredient, Recipe, Tag
from recipes.test_kitchen import STEPS, UnknownUnit
from recipes.views import HEADING

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU"
    b"\x00\x00\x00\nIDATx\x9cc\xf8\x0f\x00\x01\x01\x01\x00\x1b\xb6\xeeV\x00\x00\x00\x00IEND\xaeB`\x82"
)


class AmountTests(SimpleTestCase):
    """Amounts as cooks write them."""

    def test_written(self) -> None:
        cases = {None: "", "2.00": "2", "0.50": "½", "1.25": "1¼", "1.20": "1.2", "250": "250", "100.00": "100"}
        for amount, expected in cases.items():
            self.assertEqual(written(amount and Decimal(amount)), expected)


class SeededTests(TestCase):
    """The pages, over the sample recipes."""

    @classmethod
    def setUpTestData(cls) -> None:
        call_command("seed", stdout=io.StringIO())

    def test_seeding_again_changes_nothing(self) -> None:
        Recipe.objects.filter(slug="shakshuka").update(summary="Mine")
        models = (Recipe, Ingredient, Category, Tag, Comment)
        before = [list(model.objects.order_by("pk").values()) for model in models]
        call_command("seed", stdout=io.StringIO())
        self.assertEqual([list(model.objects.order_by("pk").values()) for model in models], before)

    def test_list_is_paged_in_four_queries(self) -> None:
        with self.assertNumQueries(4):  # categories, count, recipes, tags
            first = self.client.get("/")
        self.assertContains(first, HEADING)
        self.assertContains(first, 'class="card"', count=6)
        self.assertContains(first, "Page 1 of 2")
        second = self.client.get("/?page=2")
        self.assertContains(second, "Country bread")
        self.assertNotContains(second, "Roast tomato soup")

    def test_search_looks_into_ingredients_and_needs_every_word(self) -> None:
        found = self.client.get("/", {"q": "turmeric lentil"}).context["page"].object_list
        self.assertEqual([recipe.title for recipe in found], ["Red lentil dal"])
        self.assertContains(self.client.get("/", {"q": "<b>"}), "matches “&lt;b&gt;”")

    def test_live_search_gets_the_results_alone(self) -> None:
        answer = self.client.get("/", {"category": "soups"}, headers={"X-Fragment": "1"})
        self.assertContains(answer, "Roast tomato soup")
        self.assertNotContains(answer, "<html")
        self.assertIn("X-Fragment", answer["Vary"])

    def test_a_comment_is_kept_and_shown(self) -> None:
        url = reverse("recipes:detail", args=["shakshuka"])
        answer = self.client.post(url, {"author": "Ida", "text": "With <feta>!"}, follow=True)
        self.assertRedirects(answer, f"{url}#comments")
        self.assertContains(answer, "With &lt;feta&gt;!")
        self.assertContains(self.client.post(url, {"author": "", "text": "?"}), "This field is required.")

    def test_pantry_asks_twice_per_row(self) -> None:
        with self.assertNumQueries(1 + 2 * Ingredient.objects.count()):
            self.client.get("/pantry/")

    def test_an_unknown_recipe_is_not_found(self) -> None:
        self.assertEqual(self.client.get("/recipes/none/").status_code, 404)


class WritingTests(TestCase):
    """Writing and changing a recipe, with its picture."""

    def setUp(self) -> None:
        media = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(override_settings(MEDIA_ROOT=media))
        self.category = Category.objects.create(name="Soups", slug="soups")

    def send(self, picture: SimpleUploadedFile | None = None, url: str = "/recipes/new/", **more: str) -> object:
        fields = {
            "title": "Pea soup",
            "summary": "Green.",
            "category": str(self.category.pk),
            "servings": "2",
            "minutes": "20",
            "steps": "Boil.\n\nBlend.",
            "ingredients-TOTAL_FORMS": "1",
            "ingredients-INITIAL_FORMS": "0",
            "ingredients-0-amount": "300",
            "ingredients-0-unit": "g",
            "ingredients-0-name": "peas",
        }
        files = {"picture": picture} if picture else {}
        return self.client.post(url, {**fields, **more, **files}, follow=True)

    def test_a_recipe_is_saved_with_ingredients_and_picture(self) -> None:
        answer = self.send(SimpleUploadedFile("peas.png", PNG, "image/png"))
        recipe = Recipe.objects.get(slug="pea-soup")
        self.assertRedirects(answer, recipe.get_absolute_url())
        self.assertContains(answer, recipe.picture.url)
        self.assertEqual(recipe.step_list, ["Boil.", "Blend."])
        self.assertEqual(str(recipe.ingredients.get()), "peas")
        picture = self.client.get(recipe.picture.url)
        if picture.status_code == 200:  # served only where DEBUG is on while the URLs load
            self.assertEqual(b"".join(picture), PNG)

    def test_what_is_no_picture_is_refused(self) -> None:
        for name, content in (
            ("x.png", b"<script>"),
            ("x.html", PNG),
            ("x.svg", b"<svg/>"),
            ("x.webp", b"RIFF....WAVE"),
        ):
            answer = self.send(SimpleUploadedFile(name, content))
            self.assertTrue(answer.context["form"].errors["picture"], name)
        self.assertFalse(Recipe.objects.exists())

    def test_two_recipes_of_one_title_get_two_addresses(self) -> None:
        self.send()
        self.send()
        self.assertEqual(set(Recipe.objects.values_list("slug", flat=True)), {"pea-soup", "pea-soup-2"})

    def test_a_recipe_can_be_changed(self) -> None:
        self.send()
        ingredient = Ingredient.objects.get()
        again = {
            "ingredients-INITIAL_FORMS": "1",
            "ingredients-0-id": str(ingredient.pk),
            "ingredients-0-name": "beans",
        }
        self.send(url="/recipes/pea-soup/edit/", title="Bean soup", **again)
        self.assertEqual(str(Recipe.objects.get()), "Bean soup")
        self.assertEqual(str(Ingredient.objects.get()), "beans")


class TestKitchenTests(TestCase):
    """The pages that behave badly on purpose."""

    def test_slow_says_how_long_it_took(self) -> None:
        self.assertContains(self.client.get("/test-kitchen/slow/?seconds=0"), "This answer took 0 seconds.")

    def test_stream_has_every_step_inside_the_page(self) -> None:
        answer = self.client.get("/test-kitchen/stream/?pause=0")
        self.assertTrue(answer.streaming)
        html = b"".join(answer).decode()
        self.assertEqual(html.count("<li>"), len(STEPS))
        self.assertTrue(html.rstrip().endswith("</html>"))

    def test_fail_raises_with_its_cause(self) -> None:
        with self.assertRaises(UnknownUnit) as caught:
            self.client.get("/test-kitchen/fail/")
        self.assertIsInstance(caught.exception.__cause__, KeyError)
