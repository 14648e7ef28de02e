"""Answers: read in whatever form they come, and never guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_app.pipelines.base import Briefing
from models_app.pipelines.llm.answers import (
    LONGEST_REASON,
    UnreadableAnswerError,
    read_values,
    values_schema,
)
from models_app.pipelines.llm.places import milliseconds
from tests.factories import SCHWARTZ

VALUES = ("face", "security-societal", "benevolence-caring")
NAMES = ("Face", "Security: societal", "אכפתיות")
BRIEFING = Briefing({}, VALUES, names=NAMES)
BOTH = Briefing({}, VALUES, names=NAMES, allow_dominant=True, allow_both=True)
PLAIN = {"face": "confronted", "security-societal": "absent", "benevolence-caring": "endorsed"}
SAID = [(False, True), (False, False), (True, False)]


def whole(**changes):
    return {**PLAIN, **changes}


def stances(text, briefing=BRIEFING):
    answer = read_values(text if isinstance(text, str) else json.dumps(text), briefing)
    return [(answer.values[slug].endorsed, answer.values[slug].confronted) for slug in VALUES]


def entry(stance, reason="Because.", second=None):
    return {"reason": reason, "stance": stance, "second": second}


def test_answer_as_asked_for_is_read_whole():
    text = json.dumps(
        {
            "values": {
                "face": entry("confronted", "He is laughed at.", 7.5),
                "security-societal": entry("absent", "Nothing."),
                "benevolence-caring": entry("endorsed", "  She\nhelps. ", 12),
            },
            "has_sound": True,
        }
    )
    answer = read_values(text, BRIEFING)
    assert list(answer.values) == list(VALUES)
    assert answer.has_sound is True
    face, _security, caring = (answer.values[slug].prediction(3, slug) for slug in VALUES)
    assert (face.video_id, face.value, face.endorsed, face.confronted) == (3, "face", False, True)
    assert (face.reason, face.evidence_ms) == ("He is laughed at.", 7500)
    assert (face.p_endorsed, face.p_confronted, face.fold) == (None, None, None)
    assert (caring.reason, caring.evidence_ms) == ("She helps.", 12000)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PLAIN),
        json.dumps({"values": PLAIN}),
        json.dumps({"answer": {"values": PLAIN}}),
        "```json\n" + json.dumps(PLAIN, indent=1) + "\n```",
        "Sure! Here it is {as asked}: " + json.dumps(PLAIN) + "\n\nHope that helps [really].",
        'He said "so: ' + json.dumps(PLAIN),
        json.dumps(PLAIN).replace("}", ",}"),
        json.dumps([{"value": slug, "stance": stance} for slug, stance in PLAIN.items()]),
        json.dumps({"values": [{"name": slug, "label": stance} for slug, stance in PLAIN.items()]}),
        "\n".join(json.dumps({slug: stance}) for slug, stance in PLAIN.items()),
        json.dumps({"FACE": "conflict", "Security Societal": None, "benevolence_caring": "present"}),
        json.dumps({"Face": "conflict", "security: societal": "none", "אכפתיות": "present"}),
        json.dumps(
            {
                "1_Value1_Face_values": "conflict",
                "1_Value1_Security_Social_values": None,
                "1_Value1_Benevolence_Care_values": "present",
                "Has_sound": True,
            }
        ),
        "{'face': 'conflict', 'security-societal': None, 'benevolence-caring': 'present'}",
        "{'face': -1, 'security-societal': 0, 'benevolence-caring': {'value': 1, 'why': \"it's so\"}}",
        json.dumps({"face": -1, "security-societal": 0, "benevolence-caring": 1.0}),
        json.dumps({"face": "−1", "security-societal": "0", "benevolence-caring": "+1"}),
        json.dumps(
            {"face": ["confronted"], "security-societal": ["absent"], "benevolence-caring": "Endorsed."}
        ),
        json.dumps(
            {
                "face": {"endorsed": False, "confronted": True},
                "security-societal": {"endorsed": False, "confronted": False},
                "benevolence-caring": {"endorsed": True, "confronted": False},
            }
        ),
        json.dumps(
            {
                "face": {"stance": "confronted", "Stance": "conflict", "label": -1},
                "security-societal": {"stance": "absent", "endorsed": False, "confronted": None},
                "benevolence-caring": {
                    "name": "benevolence_caring",
                    "stance": "dominant",
                    "endorsed": True,
                    "Endorsed": True,
                    "confronted": False,
                },
            }
        ),
    ],
)
def test_answer_in_another_form_is_read_alike(text):
    assert stances(text) == SAID


@pytest.mark.parametrize("word", ["dominant", "Dominant", 2, "2", "++"])
@pytest.mark.parametrize("briefing", [BRIEFING, BOTH])
def test_dominant_is_endorsed_whether_it_is_offered_or_not(word, briefing):
    assert stances(whole(face=word), briefing)[0] == (True, False)


@pytest.mark.parametrize(
    "said",
    ["both", ["endorsed", "confronted"], {"endorsed": True, "confronted": True}, "endorsed and confronted"],
)
def test_both_is_read_where_the_codebook_allows_it(said):
    assert stances(whole(face=said), BOTH)[0] == (True, True)
    with pytest.raises(UnreadableAnswerError, match="both of “face”"):
        read_values(json.dumps(whole(face=said)), BRIEFING)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"face": "absent"}, "nothing about “security-societal”, “benevolence-caring”"),
        (whole(face="maybe"), "“maybe” is no stance (“face”)"),
        (whole(face=""), "“” is no stance (“face”)"),
        (whole(face="-"), "“-” is no stance (“face”)"),  # a minus, or a dash for nothing
        (whole(face=entry(None)), "no stance for “face”"),
        (whole(face={"value": None, "why": "Unclear."}), "no stance for “face”"),
        (whole(face=True), "“True” is no stance"),
        (whole(face=3), "“3” is no stance"),
        (whole(face=0.5), "“0.5” is no stance"),
        (whole(face=["endorsed", "absent"]), "is no stance"),
        (whole(face=["endorsed", "perhaps"]), "is no stance"),
        (whole(face=[]), "is no stance"),
        (whole(face=[None]), "is no stance"),
        (whole(face={"reason": "None."}), "no stance for “face”"),
        (whole(face={"stance": "absent", "label": "endorsed"}), "several stances for “face”"),
        (whole(face={"stance": "endorsed", "Stance": "confronted"}), "several stances for “face”"),
        (whole(face={"stance": None, "label": "endorsed"}), "several stances for “face”"),
        (whole(face={"stance": "confronted", "value": 1}), "several stances for “face”"),
        (whole(face={"stance": "confronted", "value": ["endorsed"]}), "several stances for “face”"),
        (whole(face={"stance": "absent", "endorsed": True, "confronted": False}), "several stances"),
        (whole(face={"stance": "endorsed", "confronted": True}), "several stances for “face”"),
        (whole(face={"stance": "absent", "endorsed": "yes"}), "several stances for “face”"),
        (whole(face={"endorsed": True, "Endorsed": False, "confronted": False}), "no stance for “face”"),
        (whole(face={"endorsed": True, "confronted": None}), "no stance for “face”"),
        (whole(face={"stance": None, "endorsed": True, "confronted": False}), "no stance for “face”"),
        (whole(face={"stance": "absent", "name": "אכפתיות"}), "it calls “face” “אכפתיות”"),
        (whole(face={"endorsed": True}), "no stance for “face”"),
        (whole(face={"endorsed": "yes", "confronted": "no"}), "no stance for “face”"),
        (whole(FACE="absent"), "“face” twice"),
        (whole(**{"1_Value1_Face_values": None}), "“face” twice"),
        ([PLAIN, PLAIN], "twice"),
        ({}, "none of the codebook's values"),
        ({"courage": "endorsed"}, "none of the codebook's values"),
        ("present", "no JSON object"),
    ],
)
def test_answer_that_leaves_a_stance_open_is_refused_by_name(answer, said):
    with pytest.raises(UnreadableAnswerError) as error:
        read_values(json.dumps(answer), BRIEFING)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON object"),
        ("I cannot judge this video.", "no JSON object"),
        (json.dumps(PLAIN)[:-1], "ends in the middle"),
        ('{"face": "absent", "face": "endorsed"}', "“face” stands in it twice"),
        ("{'face': 'absent', 'face': 'endorsed'}", "“face” stands in it twice"),
        ("[" * 100_000, "no JSON object"),
        ('{"a": ' * 5_000 + "1" + "}" * 5_000, ""),
        ('{"face": ' + "9" * 5_000 + "}", ""),
        ("{" + '\\"' * 50_000, "no JSON object"),
        ("{'face': __import__('os')}", "no JSON object"),
        (json.dumps(PLAIN) + json.dumps(whole(face="endorsed")), "twice"),
    ],
)
def test_text_without_one_whole_answer_is_refused(text, said):
    with pytest.raises(UnreadableAnswerError) as error:
        read_values(text, BRIEFING)
    assert said in str(error.value)


def test_missing_values_are_named_up_to_a_handful():
    with pytest.raises(UnreadableAnswerError, match=r"“self-direction-action”, .* and 13 more"):
        read_values('{"self-direction-thought": 0}', Briefing({}, tuple(SCHWARTZ)))


def test_slug_of_one_value_beats_the_name_of_another():
    briefing = Briefing({}, ("calm", "rest"), names=("Rest", "Calm"))
    answer = read_values('{"calm": 1, "rest": -1}', briefing)
    assert answer.values["calm"].endorsed
    assert answer.values["rest"].confronted


@pytest.mark.parametrize(
    ("said", "read"),
    [(True, True), ("False", False), ("yes", True), (None, None), ("perhaps", None), (1, None)],
)
def test_sound_is_not_guessed_either(said, read):
    assert read_values(json.dumps(whole(has_sound=said)), BRIEFING).has_sound is read


def test_sound_said_in_two_ways_is_not_said():
    assert read_values(json.dumps(whole(has_sound=True, sound="yes")), BRIEFING).has_sound is True
    assert read_values(json.dumps(whole(has_sound=True, sound="no")), BRIEFING).has_sound is None


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (7, 7000),
        (0.25, 250),
        ("7", 7000),
        ("7.5 s", 7500),
        ("0:07", 7000),
        ("(1:02)", 62000),
        ("1:00:01", 3601000),
        (-1, None),
        (True, None),
        (1e300, None),
        (float("nan"), None),
        ("early", None),
        (None, None),
        ([7], None),
    ],
)
def test_place_is_read_as_seconds_or_time(said, read):
    assert milliseconds(said) == read


def test_place_behind_the_end_of_the_video_is_dropped():
    text = json.dumps(whole(face=entry("endorsed", second=12)))
    assert read_values(text, BRIEFING, duration_ms=12_000).values["face"].evidence_ms == 12_000
    assert read_values(text, BRIEFING, duration_ms=11_999).values["face"].evidence_ms is None


def test_absent_value_has_no_place():
    text = json.dumps(whole(face=entry("absent", second=12)))
    assert read_values(text, BRIEFING).values["face"].evidence_ms is None


@given(reason=st.text(max_size=200))
def test_reason_in_any_script_passes_unharmed(reason):
    text = json.dumps(whole(face=entry("endorsed", reason)), ensure_ascii=False)
    assert read_values(text, BRIEFING).values["face"].reason == " ".join(reason.split())


def test_long_reason_is_cut():
    text = json.dumps(whole(face=entry("endorsed", "x" * 5000)))
    reason = read_values(text, BRIEFING).values["face"].reason
    assert len(reason) == LONGEST_REASON
    assert reason.endswith("x…")


@given(
    said=st.lists(
        st.sampled_from(["endorsed", "absent", "confronted", "dominant", "both"]), min_size=3, max_size=3
    ),
    before=st.text(alphabet=st.characters(exclude_characters='{}[]"'), max_size=50),
    after=st.text(alphabet=st.characters(exclude_characters="{}[]"), max_size=50),
    indent=st.sampled_from([None, 0, 2]),
)
def test_answer_amid_any_prose_is_read_as_said(said, before, after, indent):
    answer = {slug: entry(stance) for slug, stance in zip(VALUES, said, strict=True)}
    text = before + json.dumps({"values": answer, "has_sound": None}, indent=indent) + after
    expected = {
        "endorsed": (True, False),
        "dominant": (True, False),
        "absent": (False, False),
        "confronted": (False, True),
        "both": (True, True),
    }
    assert stances(text, BOTH) == [expected[stance] for stance in said]


@given(text=st.text(alphabet='{}[]",:\\ \nfaceendorsed01null', max_size=300))
def test_no_text_does_more_than_be_unreadable(text):
    with pytest.raises(UnreadableAnswerError):
        read_values(text, BRIEFING)


def test_schema_is_what_strict_modes_take():
    schema = values_schema(BOTH)
    assert list(schema["properties"]["values"]["properties"]) == list(VALUES)

    def check(part):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])
            for inner in part["properties"].values():
                check(inner)

    check(schema)
    face = schema["properties"]["values"]["properties"]["face"]["properties"]
    assert face["stance"]["enum"] == ["endorsed", "dominant", "absent", "confronted", "both"]
    assert face["second"]["type"] == ["number", "null"]


def test_schema_offers_what_the_codebook_does():
    face = values_schema(BRIEFING)["properties"]["values"]["properties"]["face"]
    assert face["properties"]["stance"]["enum"] == ["endorsed", "absent", "confronted"]
