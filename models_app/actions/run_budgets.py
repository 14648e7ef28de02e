"""Budgets of runs: as people write them, of what is paid for, as logs say them."""

from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from models_app.prices import currency
from models_app.specs import LlmSettings, LlmTwoStepSettings, PipelineSettings, PipelineSpec, default_model

SMALLEST_BUDGET, LARGEST_BUDGET = Decimal("0.000001"), Decimal(1_000_000)


def read_budget(given: Decimal | str | None) -> Decimal | None:
    """A budget as people write it; None where none is meant."""
    if given is None or given == "":
        return None
    try:
        budget = Decimal(str(given)).quantize(SMALLEST_BUDGET)
    except (InvalidOperation, ValueError):
        raise RefusedError(_("budget=%(given)s is no sum of money.") % {"given": given}) from None
    if not (budget.is_finite() and SMALLEST_BUDGET <= budget < LARGEST_BUDGET):
        message = _("budget=%(given)s: a budget is more than 0 and less than a million.")
        raise RefusedError(message % {"given": given})
    return budget


def models_paid_for(spec: PipelineSpec, settings: PipelineSettings) -> list[tuple[str, str]]:
    """(client, model) of each step; RefusedError for a pipeline that asks nobody."""
    if not isinstance(settings, LlmSettings):
        raise RefusedError(_("%(pipeline)s costs nothing; it takes no budget.") % {"pipeline": spec.name})
    models = [(str(settings.client), settings.model or default_model(settings.client))]
    if isinstance(settings, LlmTwoStepSettings):
        client = settings.script_client or settings.client
        same = models[0][1] if client == settings.client else default_model(client)
        models.append((str(client), settings.script_model or same))
    return models


def said_of_budget(budget: Decimal | None) -> dict[str, str]:
    """What logs say of a budget."""
    return {} if budget is None else {"budget": f"{budget.normalize():f}", "currency": currency()}
