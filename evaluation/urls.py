"""Addresses of agreement and evaluation."""

from django.urls import path

from evaluation.views import agreement, conflicts

app_name = "evaluation"

urlpatterns = [
    path("s/<slug:slug>/agreement/", agreement.agreement_detail, name="agreement_detail"),
    path("s/<slug:slug>/agreement/summary/", agreement.agreement_summary, name="agreement_summary"),
    path("s/<slug:slug>/agreement/table.csv", agreement.agreement_table, name="agreement_table"),
    path("s/<slug:slug>/agreement/figure.<slug:ending>", agreement.agreement_figure, name="agreement_figure"),
    path("s/<slug:slug>/agreement/<slug:value>/", conflicts.agreement_conflicts, name="agreement_conflicts"),
]
