"""How far the people who review scripts agree, as a page."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from annotator.access import StudyRequest, study_view
from annotator.blindness import videos_with_models_shown
from annotator.http import asked
from annotator.models import Role, Study
from evaluation.agreement_page import Shown, clustered_interval, interval, percent, short
from evaluation.metrics.agreement import Undefined
from evaluation.reasons import REASONS
from evaluation.script_agreement import SEED, ElementReport, agreement_on
from models_app.models import ScriptElement
from models_app.queries.scripts import scripts_of

WHY = REASONS | {
    Undefined.NO_RATINGS: _("no script has been reviewed by two people yet"),
    Undefined.NO_PAIRS: _("no script has been reviewed by two people yet"),
    Undefined.CHANCE_IS_ONE: _("everybody gave the same answer always, so chance alone would agree always"),
    Undefined.TOO_FEW_FOR_SE: _("an interval needs at least two scripts"),
    Undefined.TOO_FEW_CLUSTERS: _("an interval by creator needs scripts of videos of at least two creators"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One element of the table, or all of them."""

    name: str
    n: int
    n_differing: int
    percent: Shown
    ac1: Shown


@require_safe
@study_view(Role.RESEARCHER)
def script_agreement(request: StudyRequest, study: Study) -> HttpResponse:
    """Percent and AC1 of the first two reviews of each script, by element; of one model, or of all."""
    scripts = scripts_of(study, videos_with_models_shown(request.user, study))
    models = list(scripts.order_by("model").values_list("model", flat=True).distinct())
    model = asked(request, "model")
    model = model if model in models else ""
    report = agreement_on(scripts.filter(model=model) if model else scripts)
    context = {
        "models": models,
        "model": model,
        "report": report,
        "rows": [_row(element, str(ScriptElement(element.element).label)) for element in report.elements],
        "pooled": _row(report.pooled, ""),
        "seed": SEED,
    }
    return render(request, "evaluation/script_agreement.html", context)


def _row(report: ElementReport, name: str) -> Row:
    by_creator, _reason = clustered_interval(report.ac1_by_creator)
    return Row(
        name=name,
        n=report.n,
        n_differing=report.n_differing,
        percent=Shown(percent(report.percent.coef), because=_why(report.percent.undefined_because)),
        ac1=Shown(
            text=short(report.ac1.coef),
            interval=by_creator,
            analytic=interval(report.ac1.ci_low, report.ac1.ci_high),
            because=_why(report.ac1.undefined_because or report.ac1_by_creator.undefined_because),
        ),
    )


def _why(code: str | None) -> str:
    return str(WHY[code]) if code else ""
