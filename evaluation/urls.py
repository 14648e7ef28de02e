"""Addresses of agreement and evaluation."""

from django.urls import path

from evaluation.views import agreement, conflicts, leaderboard, scripts

app_name = "evaluation"

urlpatterns = [
    path("s/<slug:slug>/agreement/", agreement.agreement_detail, name="agreement_detail"),
    path("s/<slug:slug>/agreement/summary/", agreement.agreement_summary, name="agreement_summary"),
    path("s/<slug:slug>/agreement/table.csv", agreement.agreement_table, name="agreement_table"),
    path("s/<slug:slug>/agreement/figure.<slug:ending>", agreement.agreement_figure, name="agreement_figure"),
    path("s/<slug:slug>/agreement/<slug:value>/", conflicts.agreement_conflicts, name="agreement_conflicts"),
    path("s/<slug:slug>/models/", leaderboard.leaderboard, name="leaderboard"),
    path("s/<slug:slug>/models/table.csv", leaderboard.leaderboard_table, name="leaderboard_table"),
    path("s/<slug:slug>/models/compare/", leaderboard.leaderboard_compare, name="leaderboard_compare"),
    path("s/<slug:slug>/models/<int:pk>/labels/", leaderboard.leaderboard_labels, name="leaderboard_labels"),
    path(
        "s/<slug:slug>/models/<int:pk>/labels.csv",
        leaderboard.leaderboard_labels_table,
        name="leaderboard_labels_table",
    ),
    path("s/<slug:slug>/scripts/agreement/", scripts.script_agreement, name="script_agreement"),
]
