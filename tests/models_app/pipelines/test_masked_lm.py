"""With a tiny encoder of random weights, made here: nothing is downloaded."""

import gc
import itertools
import logging

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

from models_app.pipelines import masked_lm
from models_app.pipelines.base import Dataset, Example, Interrupted, ItemError
from models_app.pipelines.folds import fold_videos
from models_app.pipelines.masked_lm import MaskedLm
from models_app.pipelines.text_encoder import TextClassifier
from models_app.pipelines.training import train
from models_app.specs import MaskedLmSettings

CREATORS = [f"creator{number}" for number in range(8)]
WORDS = ["crown", "rain", "the", "a", "sea", "dog", "walks", "sings", "sits", *CREATORS]
VALUES = ("face", "humility")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """The folder of a BERT of one layer that knows a few words."""
    folder = tmp_path_factory.mktemp("encoder")
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]), encoding="utf-8")
    BertTokenizerFast(str(vocabulary), model_max_length=32).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS) + 5,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        initializer_range=0.3,  # a trained encoder tells words apart
    )
    BertModel(config).save_pretrained(folder)
    return folder


def learner(encoder, **settings):
    given = {"epochs": 4, "learning_rate": 5e-3, "head_learning_rate": 5e-2, "max_tokens": 16, **settings}
    return MaskedLm(MaskedLmSettings(model=str(encoder), **given))


def story(rng, *words):
    filler = rng.choice(["the", "a", "sea", "dog", "walks", "sings", "sits"], size=5).tolist()
    return " ".join(rng.permutation(filler + list(words)))


def crowned(n=36, *, n_folds=3):
    """Scripts with a crown endorse face, those with rain confront it; nothing is said of humility."""
    rng = np.random.default_rng(0)
    words = {1: ["crown"], -1: ["rain"], 0: []}
    rows = [(number, (1, -1, 0)[number // n_folds % 3]) for number in range(n)]
    examples = [
        Example(
            number, creator=number, fold=number % n_folds, gold=(stance, 0), text=story(rng, *words[stance])
        )
        for number, stance in rows
    ]
    return Dataset(VALUES, tuple(examples), n_folds)


def changed(data, change):
    return Dataset(data.values, tuple(map(change, data.examples)), data.n_folds)


def quiet(done):
    assert 0 <= done <= 1


def accuracy(answers, data):
    gold = {example.video_id: example.gold[0] for example in data.examples}
    faces = [answer for answer in answers if answer.value == "face"]
    return np.mean([answer.endorsed == (gold[answer.video_id] == 1) for answer in faces])


@pytest.mark.parametrize("protocol", ["inner", "paper"])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_what_a_word_stands_for_is_learned(encoder, protocol, pooling):
    data = crowned(108)
    model = learner(encoder, protocol=protocol, pooling=pooling, epochs=12, patience=12)
    answers = model.fit_predict(data, fold=1, seed=0, beat=quiet)
    assert [(a.video_id, a.value) for a in answers] == list(itertools.product(range(1, 108, 3), VALUES))
    assert {answer.fold for answer in answers} == {1}
    assert accuracy(answers, data) >= 0.9
    assert all(0 <= answer.p_endorsed <= 1 for answer in answers if answer.value == "face")


def test_of_a_label_without_an_example_nothing_is_said(encoder):
    answers = learner(encoder, epochs=1).fit_predict(crowned(), fold=0, seed=0, beat=quiet)
    humility = [answer for answer in answers if answer.value == "humility"]
    assert {(a.endorsed, a.confronted, a.p_endorsed, a.p_confronted) for a in humility} == {(None,) * 4}


def test_the_same_seed_gives_the_same_scores_and_leaves_the_generator_alone(encoder):
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    runs = [
        learner(encoder, epochs=1).fit_predict(crowned(18), fold=0, seed=seed, beat=quiet)
        for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]
    assert torch.equal(before, torch.random.get_rng_state())


def test_gold_of_the_held_out_fold_changes_nothing(encoder):
    data = crowned(18)

    def turned(example):
        gold = None if example.fold == 0 else example.gold
        return Example(example.video_id, example.creator, example.fold, gold, example.text)

    model = learner(encoder, epochs=2)
    first, second = (model.fit_predict(d, fold=0, seed=0, beat=quiet) for d in (data, changed(data, turned)))
    assert first == second


def signed(*, grouped):
    """Each creator signs every script, and half of the creators endorse face: nothing else tells."""
    rng = np.random.default_rng(1)
    creators = [number % 8 for number in range(128)]
    gold = [(int(creator % 2), 0) for creator in creators]
    folds = fold_videos(creators if grouped else list(range(128)), gold, n_folds=2, seed=0)
    examples = [
        Example(number, creator, folds[number], gold[number], story(rng, CREATORS[creator]))
        for number, creator in enumerate(creators)
    ]
    return Dataset(VALUES, tuple(examples), 2)


def test_folds_grouped_by_creator_leave_a_creators_signature_useless(encoder):
    found = {}
    for grouped in (False, True):
        data = signed(grouped=grouped)
        # The default protocol is grouped within as well: it would not even pick an epoch with this.
        model = learner(encoder, epochs=8, patience=8, protocol="paper")
        answers = [a for fold in (0, 1) for a in model.fit_predict(data, fold=fold, seed=0, beat=quiet)]
        found[grouped] = accuracy(answers, data)
    assert found[False] >= 0.9
    assert found[True] <= 0.75


def test_progress_goes_from_nothing_to_all_and_never_back(encoder):
    seen = []
    learner(encoder, patience=1).fit_predict(crowned(18), fold=0, seed=0, beat=seen.append)
    assert (seen[0], seen[-1]) == (0, 1)
    assert seen == sorted(seen)
    assert len(seen) > 10


@pytest.mark.parametrize("after", [1, 3, 8])
def test_an_interruption_passes_and_leaves_no_model_in_memory(encoder, after):
    beats = itertools.count()

    def stop(done):
        if next(beats) == after:
            raise Interrupted

    with pytest.raises(Interrupted) as caught:
        learner(encoder).fit_predict(crowned(18), fold=0, seed=0, beat=stop)
    assert not [thing for thing in gc.get_objects() if type(thing) is TextClassifier]
    assert caught.value.__context__ is None


def test_long_scripts_are_cut_counted_and_logged(encoder, caplog):
    data = changed(crowned(18), lambda e: Example(e.video_id, e.creator, e.fold, e.gold, e.text * 9))
    model = learner(encoder, epochs=1, max_tokens=8000)
    with caplog.at_level(logging.INFO):
        model.fit_predict(data, fold=0, seed=0, beat=quiet)
    assert model.facts["n_truncated"] == 18
    assert model.facts["max_tokens"] == 32  # all that the model takes
    assert "18 of 18 scripts are cut at 32 tokens" in caplog.text


def test_one_creators_scripts_are_split_by_script(encoder):
    data = changed(crowned(18), lambda e: Example(e.video_id, 1, e.fold, e.gold, e.text))
    assert learner(encoder, epochs=1).fit_predict(data, fold=0, seed=0, beat=quiet)


def fails(encoder, data, **settings):
    with pytest.raises(ItemError) as caught:
        learner(encoder, epochs=1, **settings).fit_predict(data, fold=0, seed=0, beat=quiet)
    return caught.value.code, str(caught.value)


def taught(change):
    """The crowned scripts with something done to those outside fold 0."""
    return changed(
        crowned(18),
        lambda e: e if e.fold == 0 else Example(e.video_id, e.creator, e.fold, *change(e.gold, e.text)),
    )


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda gold, text: (None, text), "no_gold", "Outside fold 1 no video has gold"),
        (lambda gold, text: (gold, " "), "empty_script", "All 12 scripts with gold outside fold 1 are empty"),
        (lambda gold, text: ((0, 0), text), "no_positives", "“absent” throughout"),
    ],
)
def test_nothing_to_learn_from_is_said(encoder, change, code, said):
    found, message = fails(encoder, taught(change))
    assert found == code
    assert said in message


def test_too_few_scripts_are_refused(encoder):
    data = Dataset(VALUES, crowned(4, n_folds=2).examples, 2)
    assert fails(encoder, data) == (
        "too_few_examples",
        "Outside fold 1 only 2 scripts have gold; it takes 4 to learn anything.",
    )


def test_a_fold_of_empty_scripts_is_refused(encoder):
    data = changed(
        crowned(18), lambda e: Example(e.video_id, e.creator, e.fold, e.gold, "" if e.fold == 0 else e.text)
    )
    assert fails(encoder, data)[0] == "empty_script"


def test_the_papers_protocol_needs_gold_in_the_held_out_fold(encoder):
    data = changed(
        crowned(18),
        lambda e: Example(e.video_id, e.creator, e.fold, None if e.fold == 0 else e.gold, e.text),
    )
    code, message = fails(encoder, data, protocol="paper")
    assert code == "no_gold"
    assert "protocol=paper" in message


def test_a_model_that_is_nowhere_is_named(tmp_path):
    code, message = fails(tmp_path / "none", crowned(18))
    assert code == "model_not_found"
    assert str(tmp_path / "none") in message


def test_a_folder_without_weights_is_no_model(encoder, tmp_path):
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((encoder / name).read_bytes())
    assert fails(tmp_path, crowned(18))[0] == "model_not_found"


def test_want_of_memory_says_what_to_set(encoder, monkeypatch):
    def too_much(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(masked_lm, "predict", too_much)
    code, message = fails(encoder, crowned(18), batch_size=64)
    assert code == "out-of-memory"
    assert "batches of 64 scripts" in message
    assert "smaller batch_size" in message


# which training goes wrong: an inner part's or, last, the one that predicts
@pytest.mark.parametrize(("protocol", "first_bad"), [("inner", 0), ("inner", 1), ("inner", 2), ("paper", 0)])
def test_scores_that_are_no_numbers_fail_the_fold_instead_of_becoming_a_no(
    encoder, monkeypatch, protocol, first_bad
):
    trainings = itertools.count()

    def poisoned(model, *args, **kwargs):
        is_bad = next(trainings) >= first_bad
        for epoch in train(model, *args, **kwargs):
            if is_bad:
                torch.nn.init.constant_(model.head.weight, float("nan"))
            yield epoch

    monkeypatch.setattr(masked_lm, "train", poisoned)
    code, message = fails(encoder, crowned(18), protocol=protocol, learning_rate=0.5)
    assert code == "diverged"
    assert "a learning rate of 0.5" in message
