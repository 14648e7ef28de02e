"""What tests of pages about language models share: rows, and forms as a browser sends them."""

from pathlib import Path

from django.urls import reverse

from annotator.models import Study
from models_app.models import Exchange, Run
from models_app.specs import SPECS
from tests.factories import make_video
from tests.llm_factories import make_exchange, make_llm_run, make_prompt
from tests.run_factories import make_script


def url(name, *args, slug="study"):
    return reverse(f"models_app:{name}", args=[slug, *args])


def filled(pipeline, /, **given):
    """The form as it is offered, with what is changed in it."""
    fields = SPECS[pipeline].settings.model_fields
    data = {"videos": "all", "scripts": "transcriber"} | {name: info.default for name, info in fields.items()}
    return {name: "" if value is None else value for name, value in (data | given).items()}


def videos_with_scripts(study: Study, n: int, *, text: str = "A script.", batch=None):
    """Videos, each with a script by "transcriber"."""
    videos = [make_video(study, batch=batch) for _n in range(n)]
    for video in videos:
        make_script(video, text)
    return videos


def videos_with_media(study: Study, n: int, *, seconds: float = 30, batch=None):
    """Videos of which the study has a copy, as far as its rows tell."""
    return [
        make_video(study, batch=batch, media=f"{study.slug}-{i}.mp4", duration_ms=round(seconds * 1000))
        for i in range(n)
    ]


def asking_run(study: Study, videos=(), *, text="Judge.", **fields) -> Run:
    """A finished run that asked Gemini about scripts, with its prompt."""
    settings = {"model": "gemini-2.5-flash", **fields.pop("settings", {})}
    given = {"pipeline": "llm-from-script", "client": "gemini", "model": settings["model"], **fields}
    run = make_llm_run(study, videos, settings=settings, **given)
    make_prompt(text, run=run)
    run.refresh_from_db()
    return run


def answer(run: Run, video, **fields) -> Exchange:
    """An exchange of the run about a video that an equal question finds, unless said otherwise."""
    prompt = run.prompts.get().prompt
    given = {"n_input": 2000, "n_output": 400, "seconds": 4.0, "key": f"{run.pk}-{video.pk}", **fields}
    return make_exchange(run, video, prompt=prompt, **given)


PRICES = """
currency: USD
prices:
  - client: gemini
    model: gemini-2.5-flash
    input: 0.50
    output: 2.00
    batch_factor: 0.5
    tokens_per_video_second: 300
    as_of: 2026-01-01
    source: https://example.org/prices
"""


def price_file(folder: Path, text: str = PRICES) -> Path:
    """A price table of one model: half a dollar for a million tokens sent, two for answered ones."""
    path = folder / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    return path
