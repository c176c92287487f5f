"""Forms for what visitors write."""

from django import forms
from recipes.models import Comment, Ingredient, Recipe


class RecipeForm(forms.ModelForm):
    """A recipe without its ingredients, which are a formset beside it."""

    class Meta:
        model = Recipe
        fields = ["title", "summary", "category", "tags", "servings", "minutes", "steps", "picture"]
        widgets = {
            "steps": forms.Textarea(attrs={"rows": 8}),
            "tags": forms.CheckboxSelectMultiple,
            "picture": forms.ClearableFileInput(attrs={"accept": "image/png,image/jpeg,image/gif,image/webp"}),
        }


class AmountInput(forms.NumberInput):
    """A number without the zeros that the column's two decimal places add."""

    def format_value(self, value: object) -> str | None:
        text = super().format_value(value)
        return text.rstrip("0").rstrip(".") if text and "." in text else text


class IngredientForm(forms.ModelForm):
    """One ingredient, as one row."""

    class Meta:
        model = Ingredient
        fields = ["amount", "unit", "name"]
        widgets = {
            "amount": AmountInput(attrs={"placeholder": "Amount", "aria-label": "Amount", "step": "any", "min": "0"}),
            "unit": forms.TextInput(attrs={"placeholder": "Unit", "aria-label": "Unit"}),
            "name": forms.TextInput(attrs={"placeholder": "Ingredient", "aria-label": "Ingredient"}),
        }


IngredientFormSet = forms.inlineformset_factory(Recipe, Ingredient, form=IngredientForm, extra=3)


class CommentForm(forms.ModelForm):
    """A comment on a recipe."""

    class Meta:
        model = Comment
        fields = ["author", "text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}
