"""Prompts: what a run tells its model, word for word."""

from django.db import models

from models_app.models.run import Run
from models_app.pipelines.base import Step


class PromptStep(models.TextChoices):
    """What the model is asked for."""

    SCRIPT = Step.SCRIPT.value
    VALUES = Step.VALUES.value


class Prompt(models.Model):
    """One prompt as rendered; equal texts are one row. Never changed."""

    hash = models.CharField(max_length=64, unique=True)  # SHA-256 of the text in UTF-8
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.hash[:12]


class RunPrompt(models.Model):
    """The prompt of one step of a run, and the template that it was rendered from."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="prompts")
    step = models.CharField(max_length=10, choices=PromptStep.choices)
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="uses")
    template = models.TextField()  # the source
    base = models.TextField(blank=True)  # the source as it ships, where the researcher changed it

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "step"), name="one_prompt_per_step"),)

    def __str__(self) -> str:
        return f"{self.step} of run {self.run_id}"

    @property
    def is_overridden(self) -> bool:
        """Whether the template is the researcher's own."""
        return bool(self.base)
