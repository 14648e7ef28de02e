import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models_app.pipelines.folds import assign_folds, fold_videos

COUNTS = st.tuples(st.integers(2, 25), st.integers(0, 6)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(0, 9))
)


def imbalance(fold, labels):
    """Chi-square distance of folds' label counts from equal ones."""
    sums = np.array([labels[fold == number].sum(axis=0) for number in range(fold.max() + 1)])
    fair = sums.mean(axis=0)
    return ((sums - fair) ** 2)[:, fair > 0].sum(axis=0) @ (1 / fair[fair > 0])


@given(counts=COUNTS, data=st.data())
def test_every_creator_has_a_fold_and_no_fold_is_empty(counts, data):
    n_folds = data.draw(st.integers(2, len(counts)))
    fold = assign_folds(counts, n_folds=n_folds, seed=0)
    assert fold.shape == (len(counts),)
    assert sorted(set(fold.tolist())) == list(range(n_folds))


@given(counts=COUNTS, seed=st.integers(0, 2**32))
def test_the_same_seed_makes_the_same_folds(counts, seed):
    first = assign_folds(counts, n_folds=2, seed=seed)
    assert first.tolist() == assign_folds(counts, n_folds=2, seed=seed).tolist()


def test_seeds_make_different_folds():
    counts = np.ones((12, 2), dtype=np.int64)
    assert len({tuple(assign_folds(counts, n_folds=3, seed=seed)) for seed in range(10)}) > 5


@given(
    creators=st.lists(st.integers(0, 6), min_size=4, max_size=40).filter(lambda c: len(set(c)) >= 3),
    seed=st.integers(0, 9),
    data=st.data(),
)
def test_a_creator_never_spans_two_folds(creators, seed, data):
    stances = st.one_of(st.none(), st.tuples(*[st.sampled_from([-1, 0, 1, 2])] * 3))
    gold = data.draw(st.lists(stances, min_size=len(creators), max_size=len(creators)))
    fold = fold_videos(creators, gold, n_folds=3, seed=seed)
    assert set(fold) == {0, 1, 2}
    assert len(set(zip(creators, fold, strict=True))) == len(set(creators))


@pytest.mark.parametrize("n_folds", [1, 5])
def test_folds_that_cannot_be_made_are_refused(n_folds):
    with pytest.raises(ValueError, match=f"{n_folds} folds cannot be made of 4 creators"):
        assign_folds(np.ones((4, 2), dtype=np.int64), n_folds=n_folds, seed=0)


def test_videos_without_gold_are_spread_too():
    fold = np.array(fold_videos(list(range(30)), [(1,)] * 6 + [None] * 24, n_folds=3, seed=0))
    assert np.bincount(fold).tolist() == [10, 10, 10]
    assert np.bincount(fold[:6]).tolist() == [2, 2, 2]


def test_a_rare_label_is_in_every_fold():
    gold = [(1, -1)] * 3 + [(1, 0)] * 60
    for seed in range(20):
        fold = fold_videos(list(range(63)), gold, n_folds=3, seed=seed)
        assert sorted(fold[:3]) == [0, 1, 2]


@pytest.mark.parametrize("n_folds", [3, 5])
def test_folds_of_the_published_videos_are_better_balanced_than_any_of_100_random_ones(published, n_folds):
    creators, gold = published
    labels = np.hstack([gold >= 1, gold == -1])
    ours = [
        imbalance(np.array(fold_videos(creators, gold.tolist(), n_folds=n_folds, seed=seed)), labels)
        for seed in range(5)
    ]
    rng = np.random.default_rng(0)
    n_creators = max(creators) + 1
    random = [
        imbalance(rng.permutation(np.arange(n_creators) % n_folds)[creators], labels) for _ in range(100)
    ]
    assert max(ours) < min(random)


def test_folds_of_the_published_videos_are_of_much_the_same_size(published):
    creators, gold = published
    sizes = np.bincount(fold_videos(creators, gold.tolist(), n_folds=3, seed=1))
    assert sizes.sum() == 888
    assert sizes.min() > 888 / 3 * 0.9
