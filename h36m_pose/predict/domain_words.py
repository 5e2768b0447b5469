"""How far some footage is from what the network was trained on, in numbers and in a paragraph."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from h36m_pose.domain import FACTS, Domain

_WORDS = {
    "silhouette height in px, 160 at most": ("fewer pixels high", "more pixels high"),
    "silhouette area": ("thinner in their crop", "fuller in their crop"),
    "silhouette width over height": ("narrower", "wider"),
    "brightness": ("darker", "brighter"),
    "contrast": ("of less contrast", "of more contrast"),
    "sharpness": ("blurrier", "of sharper texture or noisier"),
    "parts of the silhouette": ("in fewer parts", "in more parts"),
    "raggedness of the outline": ("smoother in outline", "more ragged in outline"),
}
_MOST_REASONS = 4
_REASON_SHARE = 0.1
_INSIDE, _OUTSIDE = 0.1, 0.5
"""Shares of strange frames: up to the first the footage is inside the training domain, from the second outside."""


def judged(
    domain: Domain | None,
    domain_words: str,
    facts: Float[ndarray, "frames facts"],
    cut: Bool[ndarray, "frames"],
    scores: Float[ndarray, "frames"],
    valid: Bool[ndarray, "frames"],
) -> dict[str, Any]:
    """The verdict with its reasons.

    Args:
        domain: what the network was trained on; None if that cannot be told.
        domain_words: where that is known from, or why it is not.
        facts: of each frame's crop, see `h36m_pose.domain.FACTS`.
        cut: whether the silhouette ends at the picture's edge.
        scores: of each frame; 1 is the 99th percentile of unseen people of the training's capture.
        valid: frames with a pose.

    Returns:
        "words" (the paragraph), "verdict" (inside, partly outside, outside or unknown), and the numbers behind them.
    """
    cut_share = float(cut[valid].mean())
    if domain is None:
        return {
            "verdict": "unknown",
            "words": f"How far this is from the training domain {domain_words}.",
            "cut_off_share": round(cut_share, 4),
        }
    low, high = domain.unusual(facts[valid])
    strange = scores[valid] > 1
    outside = float((strange | low.any(axis=1) | high.any(axis=1)).mean())
    far, median = float(strange.mean()), float(np.median(scores[valid]))
    verdict = "inside" if outside <= _INSIDE else "partly outside" if max(far, outside) < _OUTSIDE else "outside"
    reasons = _reasons(low, high)
    if cut_share >= 0.05:
        reasons.append(f"{cut_share:.0%} end at the picture's edge, where part of the person may be missing")
    words = [f"{verdict.capitalize()} the training domain:"]
    if far >= 0.005:
        words.append(
            f"{far:.0%} of frames are stranger to the network than 99 % of an unseen person's in the training's "
            f"capture (median score {median:.2f}; 1 is that limit)"
        )
    else:
        words.append(f"no frame is strange to the network (median score {median:.2f}, the limit is 1)")
    words.append(f"; {'; '.join(reasons)}" if reasons else "; the crops look like those of training")
    ends = {
        "inside": ". Errors like those on the test set may be hoped for",
        "partly outside": ". Expect larger errors than on the test set",
        "outside": ". Expect much larger errors than on the test set",
    }
    ranges = {
        name: {
            "median": round(float(np.median(facts[valid][:, place])), 3),
            "training": [round(float(limit[place]), 3) for limit in (domain.low, domain.median, domain.high)],
            "below": round(float(low[:, place].mean()), 4),
            "above": round(float(high[:, place].mean()), 4),
        }
        for place, name in enumerate(FACTS)
    }
    return {
        "verdict": verdict,
        "words": f"{words[0]} {words[1]}{words[2]}{ends[verdict]} (training's crops: {domain_words}).",
        "outside_share": round(outside, 4),
        "strange_share": round(far, 4),
        "cut_off_share": round(cut_share, 4),
        "facts": ranges,
    }


def _reasons(low: Bool[ndarray, "frames facts"], high: Bool[ndarray, "frames facts"]) -> list[str]:
    """What most frames are unusual in, the most frequent first."""
    shares = [
        (float(side[:, place].mean()), name, above)
        for above, side in enumerate((low, high))
        for place, name in enumerate(FACTS)
    ]
    shares = sorted((one for one in shares if one[0] >= _REASON_SHARE), key=lambda one: -one[0])[:_MOST_REASONS]
    return [
        f"{share:.0%} of silhouettes are {_WORDS[name][above]} than 99.5 % of training's"
        for share, name, above in shares
    ]
