"""The filters against closed forms; windows; the rule by which settings are chosen."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from h36m_pose import metrics
from h36m_pose.data.dataset import View
from h36m_pose.errors import InputError
from h36m_pose.temporal import choice, smoothers, windows
from h36m_pose.temporal.choice import Score, better
from h36m_pose.temporal.filters import one_euro, savitzky_golay, smoothing_share
from h36m_pose.temporal.frozen import Observed


def signal(frames: int = 40, seed: int = 0) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).normal(size=(frames, 17, 3)) * 5, axis=0)


def test_without_beta_the_one_euro_filter_is_the_exponential_smoother():
    values, share = signal(), smoothing_share(50.0, 1.5)
    assert share == pytest.approx(1 / (1 + 1 / (2 * np.pi * 1.5) * 50))
    ages = np.arange(39, -1, -1)
    weights = share * (1 - share) ** ages
    weights[0] = (1 - share) ** 39
    np.testing.assert_allclose(one_euro(values, 50.0, 1.5, 0.0)[-1], np.einsum("f,fjc->jc", weights, values))


def test_the_one_euro_filter_answers_a_step_in_closed_form():
    step = np.where(np.arange(30) < 1, 0.0, 10.0)
    share = smoothing_share(50.0, 2.0)
    np.testing.assert_allclose(one_euro(step, 50.0, 2.0, 0.0), 10 * (1 - (1 - share) ** np.arange(30)), atol=1e-12)


def test_the_one_euro_filters_cutoff_follows_the_smoothed_speed():
    """Three frames by hand: the speed is the step from the last filtered value to the new one, smoothed at 1 Hz."""
    rate, cutoff, beta = 50.0, 1.0, 0.02
    of_speed = 1 / (1 + rate / (2 * np.pi))
    speed = of_speed * 4.0 * rate
    share = 1 / (1 + rate / (2 * np.pi * (cutoff + beta * speed)))
    second = share * 4.0
    speed = of_speed * (3.0 - second) * rate + (1 - of_speed) * speed
    share = 1 / (1 + rate / (2 * np.pi * (cutoff + beta * abs(speed))))
    third = share * 3.0 + (1 - share) * second
    np.testing.assert_allclose(one_euro(np.array([0.0, 4.0, 3.0]), rate, cutoff, beta), [0, second, third])
    np.testing.assert_allclose(one_euro(-np.array([0.0, 4.0, 3.0]), rate, cutoff, beta), [0, -second, -third])


def test_axes_are_filtered_apart_and_a_large_beta_smooths_nothing():
    values = signal()
    smooth = one_euro(values, 50.0, 1.0, 0.01)
    np.testing.assert_allclose(smooth[:, 3, 1], one_euro(values[:, 3, 1], 50.0, 1.0, 0.01))
    np.testing.assert_allclose(one_euro(values, 50.0, 1.0, 1e9), values, atol=1e-3)


def test_savitzky_golay_keeps_polynomials_and_repeats_the_ends():
    time = np.arange(30.0)
    cubic = 0.01 * time**3 - 0.2 * time**2 + time
    np.testing.assert_allclose(savitzky_golay(cubic, 7, 3)[3:-3], cubic[3:-3], atol=1e-9)
    mean = savitzky_golay(time, 5, 1)
    np.testing.assert_allclose(mean[[0, 1, 10, 29]], [0.6, 1.2, 10, 28.4], atol=1e-9)


def test_lag_tells_what_delays_and_by_how_much():
    rng = np.random.default_rng(3)
    phases = rng.uniform(0, 6, (17, 3))
    time = np.arange(120.0)[:, None, None]

    def walk(late: float) -> np.ndarray:
        return 300 * np.sin(2 * np.pi * (time - late) / 50 + phases) + 2 * time

    target = walk(0)
    for late in (0, 2, -3, 1.4):
        assert metrics.lag(walk(late), target) == pytest.approx(late, abs=0.05)
        jittering = walk(late) + rng.normal(size=target.shape) * 5
        assert metrics.lag(jittering, target) == pytest.approx(late, abs=0.5)
    smooth = one_euro(target, 50.0, 1.0, 0.0)
    assert metrics.lag(smooth, target) > 3
    assert metrics.lag(savitzky_golay(target, 9, 2), target) == pytest.approx(0, abs=0.01)
    both = np.concatenate([target, target])
    sequence = np.repeat([0, 1], 120)
    assert metrics.lag(np.concatenate([walk(2), walk(4)]), both, sequence) == pytest.approx(3, abs=0.05)
    assert np.isnan(metrics.lag(target * 0, target))


def test_windows_are_padded_so_that_every_frame_is_a_target_once():
    frames = np.arange(7.0)
    for kind, before in (("centred", 2), ("causal", 4)):
        longer = windows.padded(frames, 5, kind)
        assert len(longer) == 7 + 5 - 1
        assert windows.frames_before(5, kind) == before
        assert windows.frames_before(5, kind) + windows.frames_after(5, kind) == 4
        np.testing.assert_array_equal(longer[before : before + 7], frames)
        assert set(longer[:before]) == {0} and set(longer[before + 7 :]) <= {6}
    assert windows.frames_after(81, "causal") == 0 and windows.frames_after(81, "centred") == 40


@pytest.mark.parametrize(("window", "kind", "told"), [(8, "causal", "8"), (1, "causal", "1"), (9, "late", "'late'")])
def test_windows_without_a_middle_and_unknown_kinds_are_refused(window, kind, told):
    with pytest.raises(InputError, match=told):
        windows.check(window, kind)


def test_the_smoothest_that_costs_no_accuracy_is_better():
    reference = Score(20.0, 6.0)
    smooth, smoother_but_worse = Score(19.9, 3.0), Score(20.1, 1.0)
    assert better(smooth, reference, reference)
    assert better(smooth, smoother_but_worse, reference) and not better(smoother_but_worse, smooth, reference)
    assert better(Score(21.0, 9.0), Score(22.0, 1.0), reference)


def test_a_sweep_takes_the_best_of_all_settings():
    rng = np.random.default_rng(1)
    time = np.arange(90.0)[:, None, None]
    target = (30 * np.sin(2 * np.pi * time / 45 + rng.uniform(0, 6, (17, 3)))).astype(np.float32)
    noisy = (target + rng.normal(size=target.shape) * 8).astype(np.float32)
    view = View(
        "S8", "Walking", "54138969", 50.0, np.zeros((90, 128, 128), np.uint8), target[..., :2], target, target[:, 0],
        target[:, 0], None, False, Path(), {},
    )  # fmt: skip
    observed = [Observed(view, noisy[None], np.zeros((1, 90, 2), np.float32))]
    reference = choice.measure([observed[0].poses_root_mm[0]], observed)
    family = dataclasses.replace(smoothers.FAMILIES["savitzky_golay"], grid={"window": (5, 9), "degree": (2, 7)})
    settings, score = smoothers.choose(family, observed, 50.0, reference)
    assert settings == {"window": 9, "degree": 2}
    assert score.mpjve < reference.mpjve / 2 and score.mpjpe < reference.mpjpe
    assert smoothers.delay_frames(settings) == 4
    settings, score = smoothers.choose(smoothers.FAMILIES["one_euro"], observed, 50.0, reference)
    assert score.mpjve < reference.mpjve and score.mpjpe <= reference.mpjpe
    assert smoothers.delay_frames(settings) == 0
