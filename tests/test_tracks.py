"""Who is who from frame to frame."""

import numpy as np

from h36m_pose.predict import tracks


def test_people_who_cross_keep_their_tracks() -> None:
    seen = [(frame, [(10 * frame, 20, 40, 100), (300 - 10 * frame, 60, 40, 100)]) for frame in range(30)]
    people = [track for track in tracks.link(seen, 10) if len(track.boxes) > 20]
    assert len(people) == 2
    followed = tracks.follow(people, "left", 10, 3)
    tops = {top for _, top, _, _ in followed.boxes.values()}
    assert len(tops) == 1
    assert followed.frames_with_others == 30


def test_somebody_who_comes_back_is_gone_on_with() -> None:
    seen = [(frame, [] if 20 <= frame < 60 else [(10 + frame, 20, 40, 100)]) for frame in range(90)]
    followed = tracks.follow(tracks.link(seen, 10), "largest", 10, 3)
    assert set(followed.boxes) == {*range(20), *range(60, 90)}
    assert followed.most_people == 1
    boxes = tracks.bridged(followed.boxes, 90, 1)
    assert np.isnan(boxes[20:60]).all()
