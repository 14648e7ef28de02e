"""Who belongs to a study."""

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from annotator.access import StudyRequest, study_view
from annotator.actions import people as actions
from annotator.blindness import is_bound
from annotator.forms.people import MemberForm, RoleForm
from annotator.models import Membership, Role, Study, User
from annotator.queries.progress import people_progress
from annotator.queries.staffing import staffing_problems


@study_view(Role.RESEARCHER)
def member_list(request: StudyRequest, study: Study) -> HttpResponse:
    """Everybody with their roles and what they did, and a form to add somebody."""
    return _page(request, study, form=MemberForm())


@never_cache
@study_view(Role.RESEARCHER)
def member_add(request: StudyRequest, study: Study) -> HttpResponse:
    """Give somebody roles; a new login's temporary password is shown on the answer, once."""
    if request.method != "POST":  # the address of the answer, opened anew
        return redirect("annotator:member_list", study.slug)
    form = MemberForm(request.POST)
    if not form.is_valid():
        return _page(request, study, form=form)
    given = form.cleaned_data
    username = User.normalize_username(given["username"].strip())
    is_new = not User.objects.filter(username=username).exists()
    password = actions.new_temporary_password() if is_new else None
    try:
        with transaction.atomic():
            for role in given["roles"]:
                membership = actions.add_member(
                    study=study,
                    username=username,
                    role=role,
                    password=password,
                    name=given["name"] if is_new else "",
                    is_temporary=is_new,
                    by=request.user,
                )
    except actions.PeopleError as error:
        form.add_error(None, str(error))
        return _page(request, study, form=form)
    if password:
        return _page(request, study, form=MemberForm(), person=membership.user, password=password)
    messages.success(request, _("%(person)s belongs to the study.") % {"person": membership.user})
    return redirect("annotator:member_list", study.slug)


@require_POST
@study_view(Role.RESEARCHER)
def member_remove(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Take one role away from somebody."""
    user = get_object_or_404(_members(study), pk=pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        role = Role(form.cleaned_data["role"])
        try:
            actions.remove_role(study=study, user=user, role=role, by=request.user)
        except actions.PeopleError as error:
            messages.error(request, str(error))
        else:
            text = _("%(person)s is no longer %(role)s here. Everything they did stays.")
            messages.success(request, text % {"person": user, "role": role.label.lower()})
    if not study.memberships.filter(user=request.user, role=Role.RESEARCHER).exists():
        return redirect("annotator:home")
    return redirect("annotator:member_list", study.slug)


@never_cache
@study_view(Role.RESEARCHER)
def member_reset_password(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Give somebody a new temporary password, shown on the answer, once."""
    if request.method != "POST":
        return redirect("annotator:member_list", study.slug)
    user = get_object_or_404(_members(study), pk=pk)
    try:
        password = actions.reset_password(study=study, user=user, by=request.user)
    except actions.PeopleError as error:
        messages.error(request, str(error))
        return redirect("annotator:member_list", study.slug)
    return _page(request, study, form=MemberForm(), person=user, password=password)


def _members(study: Study) -> QuerySet[User]:
    return User.objects.filter(pk__in=Membership.objects.filter(study=study).values("user"))


def _page(
    request: StudyRequest,
    study: Study,
    *,
    form: MemberForm,
    person: User | None = None,
    password: str | None = None,
) -> HttpResponse:
    """The list, with a new temporary password where there is one to show."""
    resettable = actions.resettable_by(request.user)
    people = [
        {
            "progress": row,
            "held": [role for role in Role if role in row.roles],
            "free": [role for role in Role if role not in row.roles],
            "can_reset": row.user.pk in resettable and bool(row.roles),
        }
        for row in people_progress(study, with_pace=False)
    ]
    context = {
        "people": people,
        "form": form,
        "problems": staffing_problems(study),
        "is_bound": is_bound(request.user, study),
        "new_person": person,
        "new_password": password,
    }
    return render(request, "annotator/member_list.html", context)
