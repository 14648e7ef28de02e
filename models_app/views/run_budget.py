"""Changing what a run may cost, which lets it go on where it had paused for that."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotator.access import StudyRequest, study_view
from annotator.errors import RefusedError
from annotator.models import Role, Study
from models_app.actions.runs import resume_run
from models_app.forms.run_budget import BudgetForm
from models_app.models import Run, RunState


@require_POST
@study_view(Role.RESEARCHER)
def run_budget(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Set the budget; a run that stands still goes on with it."""
    run = get_object_or_404(Run.objects.in_study(study).defer("codebook__document"), pk=pk)
    form = BudgetForm(request.POST, run=run)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for error in form.errors["budget"]))
        return redirect("models_app:run_detail", study.slug, run.pk)
    was_running = run.state == RunState.RUNNING
    try:
        resume_run(run=run, by=request.user, budget=form.cleaned_data["budget"])
    except RefusedError as error:
        messages.error(request, capfirst(str(error)))
    else:
        said = (
            _("The budget is changed.") if was_running else _("The budget is changed, and the run goes on.")
        )
        messages.success(request, said)
    return redirect("models_app:run_detail", study.slug, run.pk)
