"""The four pipelines, with somebody who answers by heart in place of a provider."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from models_app.clients.base import ClientName, Clip, Finish, Reply, Text
from models_app.pipelines.base import (
    Briefing,
    Interrupted,
    ItemError,
    LlmInput,
    ScriptInput,
    Shot,
    Step,
    VideoInput,
)
from models_app.pipelines.llm.answers import values_schema
from models_app.pipelines.llm.asking import MOST_SAMPLES, text_hash
from models_app.pipelines.llm.judges import LlmDirect, LlmFromScript, LlmScript, LlmTwoStep
from models_app.specs import LlmFromScriptSettings, ValuesSettings

BRIEFING = Briefing({Step.SCRIPT: "Write.", Step.VALUES: "Judge."}, ("face", "humility"))
VIDEO = VideoInput(7, Path("a.mp4"), duration_ms=9000, sha256="f" * 64, mime_type="video/mp4")
WRITTEN = 'SCENE 1 (0:00)\n\nGIRL: "Hi."'
JUDGED = json.dumps({"values": {"face": "absent", "humility": "endorsed"}, "has_sound": True})
CUT = Reply(JUDGED[:30], finish=Finish.CUT)


def settings(**given):
    plain = {
        "client": ClientName.GEMINI,
        "model": "m",
        "temperature": 0.5,
        "max_output_tokens": 4096,
        "replicate": 0,
        "samples": 1,
        "script_client": None,
        "script_model": "",
    }
    return SimpleNamespace(**{**plain, **given})


class Watcher:
    """Shows every video as a clip."""

    def __init__(self):
        self.clients = []

    def parts(self, video, *, client, beat):
        self.clients.append(client)
        beat(0.5)
        return (Clip(video.path, video.sha256, video.mime_type),)


class Answers:
    """Gives the answers in their order and keeps the questions."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.questions = []

    def __call__(self, question):
        self.questions.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(answer)


def work(pipeline, item, *answers, briefing=BRIEFING):
    ask, beats = Answers(*answers), []
    result = pipeline.work(item, briefing=briefing, ask=ask, beat=beats.append)
    assert ask.answers == []
    assert beats == sorted(beats)
    assert all(0 <= beat <= 1 for beat in beats)
    return result, ask.questions


def said(answer):
    return [(p.video_id, p.value, p.endorsed, p.confronted) for p in answer.predictions]


BOTH = [(7, "face", False, False), (7, "humility", True, False)]


def test_direct_shows_the_video_and_reads_the_values():
    pipeline = LlmDirect(settings(), watcher=Watcher())
    answer, (question,) = work(pipeline, LlmInput(7, video=VIDEO), JUDGED)
    assert said(answer) == BOTH
    assert answer.script is None
    assert answer.facts == {"has_sound": True}
    request = question.request
    assert (question.step, question.client, question.subject) == (Step.VALUES, ClientName.GEMINI, "f" * 64)
    assert (question.replicate, request.seed) == (0, 0)
    assert (request.model, request.system, request.temperature) == ("m", "Judge.", 0.5)
    assert request.max_output_tokens == 4096
    assert request.schema == values_schema(BRIEFING)
    assert [type(part) for part in request.parts] == [Text, Clip, Text]


def test_from_script_gives_the_script():
    script = ScriptInput(7, WRITTEN)
    shots = (Shot("An example.", (("face", 1),)),)
    answer, (question,) = work(LlmFromScript(settings()), LlmInput(7, script=script, shots=shots), JUDGED)
    assert said(answer) == BOTH
    assert question.subject == text_hash(WRITTEN)
    (part,) = question.request.parts
    assert part.text.index("An example.") < part.text.index(WRITTEN)


def test_script_is_asked_for_without_a_schema():
    watcher = Watcher()
    pipeline = LlmScript(settings(client=ClientName.OPENAI), watcher=watcher)
    answer, (question,) = work(pipeline, LlmInput(7, video=VIDEO), f"```\n{WRITTEN}\n```")
    assert answer.script.text == WRITTEN
    assert answer.predictions is None
    assert (question.step, question.request.system) == (Step.SCRIPT, "Write.")
    assert (question.client, watcher.clients) == (ClientName.OPENAI, [ClientName.OPENAI])
    assert question.request.schema is None


def test_two_steps_judge_what_was_written_by_another_model():
    watcher = Watcher()
    pipeline = LlmTwoStep(
        settings(client=ClientName.OPENAI, script_client=ClientName.GEMINI, script_model="s"), watcher=watcher
    )
    shots = (Shot("An example.", (("face", 1),)),)
    answer, (first, second) = work(pipeline, LlmInput(7, video=VIDEO, shots=shots), WRITTEN, JUDGED)
    assert answer.script.text == WRITTEN
    assert said(answer) == BOTH
    assert (first.step, first.client, first.request.model) == (Step.SCRIPT, ClientName.GEMINI, "s")
    assert watcher.clients == [ClientName.GEMINI]
    assert not any("example" in part.text for part in first.request.parts if isinstance(part, Text))
    assert (second.step, second.client, second.request.model) == (Step.VALUES, ClientName.OPENAI, "m")
    assert second.subject == text_hash(WRITTEN)
    (part,) = second.request.parts
    assert WRITTEN in part.text
    assert "An example." in part.text


def test_first_of_two_steps_asks_what_llm_script_asks():
    _answer, (alone,) = work(LlmScript(settings(), watcher=Watcher()), LlmInput(7, video=VIDEO), WRITTEN)
    pipeline = LlmTwoStep(settings(), watcher=Watcher())
    _answer, (first, _second) = work(pipeline, LlmInput(7, video=VIDEO), WRITTEN, JUDGED)
    assert first == alone


@pytest.mark.parametrize("first", ["", "No idea.", JUDGED.replace("endorsed", "maybe")])
def test_answer_that_cannot_be_read_is_asked_for_once_more(first):
    pipeline = LlmFromScript(settings())
    answer, (asked, again) = work(pipeline, LlmInput(7, script=ScriptInput(7, WRITTEN)), first, JUDGED)
    assert said(answer) == BOTH
    assert asked.request.turns == ()
    (turn,) = again.request.turns
    assert turn.answer == (first or "(nothing)")
    assert "could not be read" in turn.reply
    if "maybe" in first:
        assert "“maybe” is no stance (“humility”)" in turn.reply
    assert replace(again, request=replace(again.request, turns=())) == asked


def test_two_answers_that_cannot_be_read_fail_the_item_by_name():
    with pytest.raises(ItemError, match="it says nothing about “humility”") as error:
        work(LlmFromScript(settings()), LlmInput(7, script=ScriptInput(7, WRITTEN)), "?", '{"face": 0}')
    assert error.value.code == "unreadable-answer"


@pytest.mark.parametrize("answers", [(CUT,), ("?", CUT)])
def test_answer_that_was_cut_says_what_to_raise(answers):
    with pytest.raises(ItemError, match="after 4096 tokens: raise max_output_tokens") as error:
        work(LlmFromScript(settings()), LlmInput(7, script=ScriptInput(7, WRITTEN)), *answers)
    assert error.value.code == "unreadable-answer"


def test_refused_script_is_asked_for_once_more():
    pipeline = LlmScript(settings(), watcher=Watcher())
    answer, questions = work(pipeline, LlmInput(7, video=VIDEO), "I'm sorry, I can't.", WRITTEN)
    assert answer.script.text == WRITTEN
    assert len(questions) == 2


def test_samples_are_questions_of_their_own_and_vote():
    other = JUDGED.replace("endorsed", "confronted")
    pipeline = LlmFromScript(settings(samples=3, replicate=2))
    item = LlmInput(7, script=ScriptInput(7, WRITTEN))
    answer, questions = work(pipeline, item, JUDGED, other, JUDGED)
    humility = answer.predictions[1]
    assert (humility.endorsed, humility.confronted) == (True, False)
    assert (humility.p_endorsed, humility.p_confronted) == (2 / 3, 1 / 3)
    assert answer.facts == {"has_sound": True, "n_votes": 3}
    numbers = [2 * MOST_SAMPLES + n for n in range(3)]
    assert [question.replicate for question in questions] == numbers
    assert [question.request.seed for question in questions] == numbers


def test_sample_that_cannot_be_read_does_not_vote():
    pipeline = LlmFromScript(settings(samples=3))
    item = LlmInput(7, script=ScriptInput(7, WRITTEN))
    answer, _questions = work(pipeline, item, JUDGED, "?", "?", JUDGED)
    assert answer.facts["n_votes"] == 2
    assert answer.predictions[1].p_endorsed == 1


@pytest.mark.parametrize(("samples", "answers"), [(2, "??"), (3, "????"), (4, "????")])
def test_half_of_the_samples_unreadable_fails_the_item(samples, answers):
    item = LlmInput(7, script=ScriptInput(7, WRITTEN))
    with pytest.raises(ItemError) as error:
        work(LlmFromScript(settings(samples=samples)), item, *answers)
    assert error.value.code == "unreadable-answer"


def test_numbers_of_replicates_never_meet():
    most = next(m.le for m in ValuesSettings.model_fields["samples"].metadata if hasattr(m, "le"))
    highest = next(m.le for m in LlmFromScriptSettings.model_fields["replicate"].metadata if hasattr(m, "le"))
    assert most == MOST_SAMPLES
    assert highest * MOST_SAMPLES + MOST_SAMPLES - 1 <= 32767  # what the database keeps (Exchange.replicate)


@pytest.mark.parametrize("error", [ItemError("blocked", "No."), Interrupted()])
def test_what_ends_the_asking_passes(error):
    item = LlmInput(7, script=ScriptInput(7, WRITTEN))
    with pytest.raises(type(error)):
        work(LlmFromScript(settings(samples=3)), item, error)


@pytest.mark.parametrize("script", [None, ScriptInput(7, " \n")])
def test_empty_script_is_nothing_to_judge(script):
    with pytest.raises(ItemError) as error:
        work(LlmFromScript(settings()), LlmInput(7, script=script))
    assert error.value.code == "empty-script"


@pytest.mark.parametrize("pipeline", [LlmDirect, LlmScript, LlmTwoStep])
def test_video_without_media_fails(pipeline):
    with pytest.raises(ItemError) as error:
        work(pipeline(settings(), watcher=Watcher()), LlmInput(7))
    assert error.value.code == "no-media"


def test_place_behind_the_end_of_the_video_is_dropped():
    answer = {"face": {"stance": "endorsed", "second": 9}, "humility": {"stance": "endorsed", "second": 10}}
    item = LlmInput(7, video=VIDEO)
    result, _questions = work(LlmDirect(settings(), watcher=Watcher()), item, json.dumps(answer))
    assert [p.evidence_ms for p in result.predictions] == [9000, None]


def told(question):
    return "\n".join(part.text for part in question.request.parts if isinstance(part, Text))


def test_text_of_the_post_goes_with_whatever_is_judged():
    item = LlmInput(7, video=VIDEO, script=ScriptInput(7, WRITTEN), post="Proud! #first")
    for pipeline in (LlmDirect(settings(), watcher=Watcher()), LlmFromScript(settings())):
        _answer, (question,) = work(pipeline, item, JUDGED)
        assert "Proud! #first" in told(question)


def test_script_is_written_without_the_text_of_the_post_and_judged_with_it():
    item = LlmInput(7, video=VIDEO, post="Proud! #first")
    pipeline = LlmTwoStep(settings(), watcher=Watcher())
    _answer, (first, second) = work(pipeline, item, WRITTEN, JUDGED)
    assert "Proud!" not in told(first)
    assert "Proud! #first" in told(second)
