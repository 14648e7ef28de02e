"""The form that says what a run may cost."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from models_app.models import Run
from models_app.queries.bills import bill_of


class BudgetForm(forms.Form):
    """One field: in the currency of the price table, what was spent already included."""

    budget = forms.DecimalField(
        label=gettext_lazy("Budget"), min_value=Decimal("0.000001"), max_digits=12, decimal_places=6
    )

    def __init__(self, *args: Any, run: Run, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.run = run

    def clean_budget(self) -> Decimal:
        """More than what is spent, or the run would pause again at once."""
        budget: Decimal = self.cleaned_data["budget"]
        spent = bill_of(self.run).known_cost
        if budget <= spent:
            message = _("The run has cost %(spent)s already: a budget has to be more than that.")
            raise ValidationError(message % {"spent": f"{spent.normalize():f}"})
        return budget
