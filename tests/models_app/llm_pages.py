"""What tests of pages about language models share: rows, and forms as a browser sends them."""

from pathlib import Path

from django.urls import reverse

from annotator.models import Study
from models_app.models import Exchange, Prompt, Run, RunPrompt
from models_app.pipelines.llm.prompts import prompt_hash
from models_app.specs import SPECS
from tests.factories import make_video
from tests.run_factories import make_run, make_script


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


def make_prompt(run: Run, text: str, *, step: str = "values", template: str = "As it ships", base: str = ""):
    """The frozen prompt of a run's step."""
    prompt, _is_new = Prompt.objects.get_or_create(hash=prompt_hash(text), defaults={"text": text})
    return RunPrompt.objects.create(run=run, step=step, prompt=prompt, template=template, base=base)


def asking_run(study: Study, videos=(), *, text="Judge.", **fields) -> Run:
    """A finished run that asked a model, with its prompt."""
    settings = {"client": "gemini", "model": "gemini-2.5-flash", **fields.pop("settings", {})}
    run = make_run(
        study,
        videos,
        **{
            "pipeline": "llm-from-script",
            "model": settings["model"],
            "client": settings["client"],
            "prompt_hash": prompt_hash(text),
            "settings": settings,
            **fields,
        },
    )
    make_prompt(run, text)
    return run


def answer(run: Run, video, *, step="values", n_input=2000, n_output=400, seconds=4.0, **fields) -> Exchange:
    """An exchange of the run about a video, findable unless said otherwise."""
    return Exchange.objects.create(
        **{
            "run": run,
            "video": video,
            "step": step,
            "client": run.client,
            "model": run.settings["model"],
            "prompt": run.prompts.get(step=step).prompt,
            "n_input": n_input,
            "n_output": n_output,
            "seconds": seconds,
            "key": f"{run.pk}-{video.pk}-{step}",
            **fields,
        }
    )


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
