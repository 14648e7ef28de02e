"""The four pipelines that ask language models.

`llm-direct` shows the video and asks for values, `llm-from-script` gives a script that there is, `llm-script`
asks for a script, and `llm-two-step` asks for one and then for the values of what it got.
"""

from typing import Any, Protocol

from models_app.clients.base import ClientName, Part, Reply
from models_app.pipelines.base import (
    Ask,
    Beat,
    Briefing,
    ItemError,
    LaterError,
    LlmAnswer,
    LlmInput,
    Question,
    ScriptDraft,
    VideoInput,
)
from models_app.pipelines.llm import messages
from models_app.pipelines.llm.answers import Answer, read_values
from models_app.pipelines.llm.asking import (
    UnreadableError,
    asked,
    script_question,
    text_hash,
    values_question,
)
from models_app.pipelines.llm.script_answers import read_script
from models_app.pipelines.llm.votes import predictions_of, sound_of

JUDGE_VIDEO = "Judge what stands between the marks by the codebook. Reply with the JSON object alone."
WRITE_SCRIPT = "Write the script of the video between the marks. Reply with the script alone."


class Watching(Protocol):
    """How a client is shown a video (models_app.pipelines.llm.watching)."""

    def parts(self, video: VideoInput, *, client: ClientName, beat: Beat) -> tuple[Part, ...]:
        """As a clip, or as frames and what is said."""
        ...


class LlmDirect:
    """Video → predictions."""

    def __init__(self, settings: Any, *, watcher: Watching) -> None:
        # models_app.specs.LlmDirectSettings, which knows Django and therefore is not imported here
        self.settings = settings
        self.watcher = watcher

    def work(self, item: LlmInput, *, briefing: Briefing, ask: Ask, beat: Beat) -> LlmAnswer:
        """Show the video, read the stances."""
        video = _video_of(item)
        beat(0.0)
        seen = self.watcher.parts(video, client=self.settings.client, beat=_part_of(beat, 0.0, 0.5))
        parts = messages.video_message(
            seen, order=JUDGE_VIDEO, of=video.sha256, post=item.post, shots=item.shots
        )
        judged = _Values(self.settings, briefing, ask, _part_of(beat, 0.5, 1.0))
        return judged.of(parts, item, subject=video.sha256, duration_ms=video.duration_ms)


class LlmFromScript:
    """Script → predictions."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings  # models_app.specs.LlmFromScriptSettings

    def work(self, item: LlmInput, *, briefing: Briefing, ask: Ask, beat: Beat) -> LlmAnswer:
        """Give the script, read the stances."""
        text = item.script.text if item.script else ""
        if not text.strip():
            raise ItemError("empty-script", "The script is empty: there is nothing to judge.")
        duration_ms = item.video.duration_ms if item.video else None
        parts = messages.script_message(text, post=item.post, shots=item.shots)
        judged = _Values(self.settings, briefing, ask, beat)
        return judged.of(parts, item, subject=text_hash(text), duration_ms=duration_ms)


class LlmScript:
    """Video → script."""

    def __init__(self, settings: Any, *, watcher: Watching) -> None:
        self.settings = settings  # models_app.specs.LlmScriptSettings, or LlmTwoStepSettings
        self.watcher = watcher

    def work(self, item: LlmInput, *, briefing: Briefing, ask: Ask, beat: Beat) -> LlmAnswer:
        """Show the video, read the script."""
        return LlmAnswer(script=self.write(_video_of(item), briefing=briefing, ask=ask, beat=beat))

    def write(self, video: VideoInput, *, briefing: Briefing, ask: Ask, beat: Beat) -> ScriptDraft:
        """The script of a video."""
        beat(0.0)
        client = getattr(self.settings, "script_client", None) or self.settings.client
        seen = self.watcher.parts(video, client=client, beat=_part_of(beat, 0.0, 0.5))
        # Without the text of the post, which is no part of the video: whoever judges the script gets both.
        parts = messages.video_message(seen, order=WRITE_SCRIPT, of=video.sha256)
        question = script_question(parts, settings=self.settings, briefing=briefing, subject=video.sha256)
        return asked(question, lambda reply: read_script(reply, duration_ms=video.duration_ms), ask=ask)


class LlmTwoStep:
    """Video → script → predictions; the values are judged without another look at the video."""

    def __init__(self, settings: Any, *, watcher: Watching) -> None:
        self.settings = settings  # models_app.specs.LlmTwoStepSettings
        self.maker = LlmScript(settings, watcher=watcher)

    def work(self, item: LlmInput, *, briefing: Briefing, ask: Ask, beat: Beat) -> LlmAnswer:
        """Have the script written, then give it back without the video."""
        video = _video_of(item)
        script = self.maker.write(video, briefing=briefing, ask=ask, beat=_part_of(beat, 0.0, 0.5))
        parts = messages.script_message(script.text, post=item.post, shots=item.shots)
        judged = _Values(self.settings, briefing, ask, _part_of(beat, 0.5, 1.0))
        answer = judged.of(parts, item, subject=text_hash(script.text), duration_ms=video.duration_ms)
        return LlmAnswer(script=script, predictions=answer.predictions, facts=answer.facts)


class _Values:
    """Asks for the stances, as often as the settings want."""

    def __init__(self, settings: Any, briefing: Briefing, ask: Ask, beat: Beat) -> None:
        self.settings, self.briefing, self.ask, self.beat = settings, briefing, ask, beat

    def of(
        self, parts: tuple[Part, ...], item: LlmInput, *, subject: str, duration_ms: int | None
    ) -> LlmAnswer:
        """The predictions. Samples that cannot be read do not vote; most have to."""
        n_samples = self.settings.samples
        answers: list[Answer] = []
        failed: list[UnreadableError] = []
        later: LaterError | None = None
        for sample in range(n_samples):
            self.beat(sample / n_samples)
            question = values_question(
                parts, settings=self.settings, briefing=self.briefing, subject=subject, sample=sample
            )
            try:
                answers.append(self._answer(question, duration_ms=duration_ms))
            except UnreadableError as error:
                failed.append(error)
                if 2 * len(failed) >= n_samples:
                    raise
            except LaterError as error:  # the other samples go with it, not after it
                later = error
        if later is not None:
            raise later
        facts: dict[str, Any] = {}
        if (has_sound := sound_of(answers)) is not None:
            facts["has_sound"] = has_sound
        if n_samples > 1:
            facts["n_votes"] = len(answers)
        predictions = predictions_of(answers, video_id=item.video_id, values=self.briefing.values)
        return LlmAnswer(predictions=predictions, facts=facts)

    def _answer(self, question: Question, *, duration_ms: int | None) -> Answer:
        def read(reply: Reply) -> Answer:
            return read_values(reply.text, self.briefing, duration_ms=duration_ms)

        return asked(question, read, ask=self.ask)


def _video_of(item: LlmInput) -> VideoInput:
    if item.video is None:
        raise ItemError("no-media", "There is no copy of the video to show to the model.")
    return item.video


def _part_of(beat: Beat, start: float, end: float) -> Beat:
    """A beat for a part of the work."""
    return lambda done: beat(start + (end - start) * done)
