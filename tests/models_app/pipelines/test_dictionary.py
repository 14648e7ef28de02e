import pytest
from pyvalues.dictionary_classifier import OriginalValuesDictionaryClassifier

from models_app.pipelines.base import Interrupted, ItemError, ScriptInput
from models_app.pipelines.dictionary import ORIGINAL_OF, Dictionary
from models_app.specs import DictionarySettings
from tests.factories import SCHWARTZ

TEXT = 'INT. CHURCH – DAY\n\nANNA: "My analysis of the Bible. An adventure; adventure!"\n\n[achievement]'


def judge(text, **settings):
    """Value → prediction."""
    answers = Dictionary(DictionarySettings(**settings)).judge(
        ScriptInput(7, text), values=SCHWARTZ, beat=lambda done: None
    )
    assert [answer.value for answer in answers] == list(SCHWARTZ)
    assert all(answer.video_id == 7 and answer.fold is None for answer in answers)
    return {answer.value: answer for answer in answers}


def test_a_score_is_the_share_of_value_words():
    said = judge(TEXT)
    assert said["stimulation"].p_endorsed == pytest.approx(2 / 5)
    assert said["tradition"].p_endorsed == pytest.approx(1 / 5)
    assert said["hedonism"].p_endorsed == 0
    assert (said["stimulation"].endorsed, said["hedonism"].endorsed) == (True, False)


def test_refined_values_share_the_answer_of_the_value_they_came_of():
    said = judge(TEXT)
    assert said["self-direction-thought"].p_endorsed == said["self-direction-action"].p_endorsed == 1 / 5


def test_values_without_words_and_confronting_are_not_said():
    said = judge(TEXT)
    assert {value for value, answer in said.items() if answer.endorsed is None} == {"face", "humility"}
    assert all(answer.confronted is answer.p_confronted is None for answer in said.values())


def test_a_threshold_asks_for_a_larger_share():
    said = judge(TEXT, threshold=0.3)
    assert [value for value, answer in said.items() if answer.endorsed] == ["stimulation"]


def test_a_script_without_value_words_endorses_nothing():
    assert {answer.endorsed for answer in judge("Hm. Um.").values()} == {False, None}


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", TEXT), ("de", "Ein großer Erfolg bei der Arbeit"), ("fr", "la croissance du champion")],
)
def test_yes_is_said_where_the_packages_own_classifier_says_so(language, text):
    classifier = OriginalValuesDictionaryClassifier.get_default()
    (theirs,) = classifier.classify_segments_for_original_values([text], language)
    for value, answer in judge(text, language=language).items():
        if value in ORIGINAL_OF:
            name = ORIGINAL_OF[value].lower().replace("-", "_")
            assert answer.endorsed is (getattr(theirs, name) > 0), value
    assert max(theirs.to_list()) > 0


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_empty_script_is_refused(text):
    with pytest.raises(ItemError, match="empty") as error:
        judge(text)
    assert error.value.code == "empty_script"


def test_an_interruption_passes():
    def stop(done):
        raise Interrupted

    with pytest.raises(Interrupted):
        Dictionary(DictionarySettings()).judge(ScriptInput(1, TEXT), values=SCHWARTZ, beat=stop)
