import numpy as np
import pytest
from sklearn.metrics import f1_score

from models_app.pipelines.base import Dataset, Example, Interrupted, ItemError
from models_app.pipelines.creator_prior import CreatorPrior
from models_app.pipelines.folds import fold_videos
from models_app.specs import CreatorPriorSettings

PRIOR = CreatorPrior(CreatorPriorSettings())


def quiet(done):
    assert 0 <= done <= 1


def dataset(rows, values=("face", "humility")):
    """Rows: (creator, fold, gold)."""
    return Dataset(values, tuple(Example(n, *row) for n, row in enumerate(rows)), n_folds=2)


def judge(rows, fold=0):
    return PRIOR.fit_predict(dataset(rows), fold=fold, seed=0, beat=quiet)


def test_a_creator_is_judged_by_their_videos_in_other_folds():
    face, humility = judge([(1, 0, (0, 0)), (1, 1, (1, 0)), (1, 1, (1, -1)), (2, 1, (0, 1)), (2, 1, (0, 1))])
    assert (face.endorsed, face.confronted, face.fold) == (True, None, 0)  # no video confronts face
    assert face.p_endorsed == pytest.approx((2 + 0.5) / (2 + 1))
    assert (humility.endorsed, humility.confronted) == (False, True)
    assert humility.p_confronted == pytest.approx((1 + 0.25) / (2 + 1))


def test_a_creator_whom_no_other_fold_knows_gets_the_prior_and_no():
    face, _ = judge([(9, 0, None), (1, 1, (1, 0)), (2, 1, (0, 0)), (3, 1, (0, 0))])
    assert face.endorsed is False
    assert face.p_endorsed == pytest.approx(1 / 3)


def test_dominant_counts_as_endorsed():
    assert judge([(1, 0, None), (1, 1, (2, 0)), (2, 1, (0, 0))])[0].endorsed is True


def test_gold_of_the_held_out_fold_changes_nothing():
    others = [(1, 1, (1, -1)), (2, 1, (0, 1)), (1, 1, (1, 0))]
    assert (
        judge([(1, 0, (1, 1)), *others])
        == judge([(1, 0, (-1, 0)), *others])
        == judge([(1, 0, None), *others])
    )


def test_nothing_to_learn_from_is_said():
    with pytest.raises(ItemError, match="Outside fold 1 no video has gold") as error:
        judge([(1, 0, (1, 0)), (1, 1, None)])
    assert error.value.code == "no_gold"
    with pytest.raises(ItemError, match="“absent” throughout") as error:
        judge([(1, 0, (1, 0)), (1, 1, (0, 0))])
    assert error.value.code == "no_positives"


def test_an_interruption_passes():
    def stop(done):
        raise Interrupted

    with pytest.raises(Interrupted):
        PRIOR.fit_predict(dataset([(1, 0, None), (1, 1, (1, 0))]), fold=0, seed=0, beat=stop)


def probe(published, *, grouped, seed):
    """Gold and predicted binary labels of the published videos, shape (888, 38)."""
    creators, gold = published
    groups = creators if grouped else range(len(creators))
    folds = fold_videos(groups, gold.tolist(), n_folds=3, seed=seed)
    rows = zip(creators, folds, map(tuple, gold.tolist()), strict=True)
    values = tuple(str(number) for number in range(19))
    data = dataset(rows, values)
    said = np.zeros((len(gold), 38), dtype=bool)
    for fold in range(3):
        for answer in PRIOR.fit_predict(data, fold=fold, seed=seed, beat=quiet):
            said[answer.video_id, int(answer.value)] = bool(answer.endorsed)
            said[answer.video_id, 19 + int(answer.value)] = bool(answer.confronted)
    return np.hstack([gold >= 1, gold == -1]), said


def weighted_f1(truth, said, columns):
    reported = columns & (truth.mean(axis=0) >= 0.05)
    return f1_score(truth[:, reported], said[:, reported], average="weighted", zero_division=0)


ENDORSED = np.arange(38) < 19


@pytest.mark.parametrize("seed", range(3))
def test_ungrouped_folds_leak_more_than_all_positive_scores_on_the_published_videos(published, seed):
    truth, said = probe(published, grouped=False, seed=seed)
    all_positive = np.ones_like(said)
    assert weighted_f1(truth, all_positive, ENDORSED) == pytest.approx(0.3454, abs=5e-5)
    assert weighted_f1(truth, all_positive, ~ENDORSED) == pytest.approx(0.2634, abs=5e-5)
    assert weighted_f1(truth, said, ENDORSED) > 0.37
    assert weighted_f1(truth, said, ~ENDORSED) > 0.28


def test_grouped_folds_leave_the_probe_nothing_on_the_published_videos(published):
    _, said = probe(published, grouped=True, seed=0)
    assert not said.any()
