import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score

from models_app.pipelines.thresholds import f1_thresholds

SCORES = arrays(np.float64, 12, elements=st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9, 1.0]))
TRUTH = arrays(np.bool_, 12).filter(np.any)


@given(scores=SCORES, truth=TRUTH)
def test_no_threshold_has_a_better_f1(scores, truth):
    found = f1_thresholds(scores[:, None], truth[:, None])[0]
    best = max(f1_score(truth, scores >= one, zero_division=0) for one in np.unique(scores))
    assert f1_score(truth, scores >= found, zero_division=0) == best


def test_a_threshold_lies_half_way_between_two_scores():
    scores = np.array([[0.1], [0.2], [0.6], [0.8]])
    assert f1_thresholds(scores, np.array([[False], [False], [True], [True]]))[0] == 0.4


def test_a_label_that_no_video_has_gets_no_threshold():
    assert np.isnan(f1_thresholds(np.array([[0.3], [0.4]]), np.zeros((2, 1), dtype=bool))[0])
