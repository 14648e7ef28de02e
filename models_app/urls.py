"""Addresses of runs, scripts and predictions."""

from django.urls import path

from models_app.views import (
    exchanges,
    run_budget,
    run_compare,
    run_prompts,
    run_start,
    runs,
    script_queue,
    script_reviews,
    scripts,
    videos,
)

app_name = "models_app"

urlpatterns = [
    path("s/<slug:slug>/runs/", runs.run_list, name="run_list"),
    path("s/<slug:slug>/runs/new/", run_start.run_choose, name="run_choose"),
    path("s/<slug:slug>/runs/new/<slug:pipeline>/", run_start.run_create, name="run_create"),
    path("s/<slug:slug>/runs/new/<slug:pipeline>/estimate/", run_start.run_estimate, name="run_estimate"),
    path("s/<slug:slug>/runs/new/<slug:pipeline>/prompt/", run_prompts.run_prompt_new, name="run_prompt_new"),
    path(
        "s/<slug:slug>/runs/new/<slug:pipeline>/prompt/count/",
        run_prompts.run_prompt_count,
        name="run_prompt_count",
    ),
    path("s/<slug:slug>/runs/summary/", runs.run_summary, name="run_summary"),
    path("s/<slug:slug>/runs/<int:pk>/", runs.run_detail, name="run_detail"),
    path("s/<slug:slug>/runs/<int:pk>/prompt/", run_prompts.run_prompt, name="run_prompt"),
    path("s/<slug:slug>/runs/<int:pk>/videos/", videos.run_videos, name="run_videos"),
    path("s/<slug:slug>/runs/<int:pk>/pause/", runs.run_pause, name="run_pause"),
    path("s/<slug:slug>/runs/<int:pk>/resume/", runs.run_resume, name="run_resume"),
    path("s/<slug:slug>/runs/<int:pk>/cancel/", runs.run_cancel, name="run_cancel"),
    path("s/<slug:slug>/runs/<int:pk>/retry/", runs.run_retry, name="run_retry"),
    path("s/<slug:slug>/scripts/", scripts.script_list, name="script_list"),
    path("s/<slug:slug>/scripts/next/", script_queue.script_next, name="script_next"),
    path("s/<slug:slug>/scripts/compare/", scripts.script_compare, name="script_compare"),
    path(
        "s/<slug:slug>/scripts/files/<slug:what>.<slug:ending>",
        scripts.script_download,
        name="script_download",
    ),
    path("s/<slug:slug>/scripts/<int:pk>/", scripts.script_detail, name="script_detail"),
    path("s/<slug:slug>/scripts/<int:pk>/edit/", scripts.script_edit, name="script_edit"),
    path("s/<slug:slug>/scripts/<int:pk>/review/", script_reviews.script_review, name="script_review"),
    path("s/<slug:slug>/scripts/<int:pk>/gaps/", script_reviews.script_gap_add, name="script_gap_add"),
    path(
        "s/<slug:slug>/scripts/gaps/<int:pk>/delete/",
        script_reviews.script_gap_delete,
        name="script_gap_delete",
    ),
    path("s/<slug:slug>/runs/<int:pk>/budget/", run_budget.run_budget, name="run_budget"),
    path("s/<slug:slug>/runs/<int:pk>/items/<int:video>/", exchanges.run_item, name="run_item"),
    path(
        "s/<slug:slug>/runs/<int:pk>/items/<int:video>/retry/",
        exchanges.run_item_retry,
        name="run_item_retry",
    ),
    path("s/<slug:slug>/runs/compare/", run_compare.run_compare, name="run_compare"),
    path("s/<slug:slug>/videos/<int:pk>/models/", videos.video_models, name="video_models"),
]
