"""Addresses of consolidation, questions and differences."""

from django.urls import URLPattern, path

from annotator.views import consolidation, consolidation_api, differences, questions

S = "s/<slug:slug>"
ONE = f"{S}/consolidate/<int:pk>"

urlpatterns: list[URLPattern] = [
    path(f"{S}/consolidate/", consolidation.consolidation_list, name="consolidation_list"),
    path(f"{S}/consolidate/next/", consolidation.consolidation_next, name="consolidation_next"),
    path(
        f"{S}/consolidate/claim/<int:video>/", consolidation.consolidation_claim, name="consolidation_claim"
    ),
    path(f"{ONE}/", consolidation.consolidation_edit, name="consolidation_edit"),
    path(f"{ONE}/save/", consolidation_api.consolidation_save, name="consolidation_save"),
    path(f"{ONE}/finish/", consolidation_api.consolidation_finish, name="consolidation_finish"),
    path(f"{ONE}/renew/", consolidation_api.consolidation_renew, name="consolidation_renew"),
    path(f"{ONE}/unclaim/", consolidation.consolidation_unclaim, name="consolidation_unclaim"),
    path(f"{ONE}/reopen/", consolidation.consolidation_reopen, name="consolidation_reopen"),
    path(f"{ONE}/ask/", questions.question_ask, name="question_ask"),
    path(f"{ONE}/precedents/<slug:value>/", consolidation.precedent_list, name="precedent_list"),
    path(f"{S}/questions/", questions.question_list, name="question_list"),
    path(f"{S}/questions/<int:pk>/answer/", questions.question_answer, name="question_answer"),
    path(f"{S}/differences/", differences.difference_list, name="difference_list"),
]
