"""Addresses of agreement and evaluation."""

from django.urls import path

from evaluation import views

app_name = "evaluation"

urlpatterns = [
    path("s/<slug:slug>/agreement/", views.agreement_detail, name="agreement_detail"),
    path("s/<slug:slug>/agreement/summary/", views.agreement_summary, name="agreement_summary"),
    path("s/<slug:slug>/agreement/table.csv", views.agreement_table, name="agreement_table"),
    path("s/<slug:slug>/agreement/figure.<slug:ending>", views.agreement_figure, name="agreement_figure"),
    path("s/<slug:slug>/agreement/<slug:value>/", views.agreement_conflicts, name="agreement_conflicts"),
]
