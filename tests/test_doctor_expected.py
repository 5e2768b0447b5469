"""What the doctor expects of a synthetic capture is what its own options make."""

import json
from pathlib import Path
from typing import Any

import pytest

from h36m_pose.cli.main import main
from preprocessing.capture import studio
from preprocessing.capture.cast import Role
from preprocessing.doctor_expected import expected_at


@pytest.mark.parametrize(
    "options",
    [
        "--preset tiny --seed 3 --crowd 0 --subjects S9,S11",
        "--preset tiny --seed 0 --crowd 2 --crowd-varies none",
        "--preset quick --seed 0 --crowd 1 --crowd-varies bodies,light --wardrobe 4",
    ],
)
def test_the_command_that_makes_a_capture_again_is_the_one_that_made_it(
    options: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Any] = {}

    def film(root: Path, roles: tuple[Role, ...], parameters: dict[str, Any], *_: object, **__: object) -> None:
        made.update({"subjects": {role.subject for role in roles}, "parameters": parameters})

    monkeypatch.setattr(studio, "film_cast", film)
    assert main(["capture", str(tmp_path), *options.split(), "--workers", "1"]) == 0
    (tmp_path / "capture.json").write_text(json.dumps({"parameters": made["parameters"], "files": {}}))
    expected = expected_at(tmp_path, ("Walking",))
    assert expected.capture_options == options
    assert {subject for subject, _, _ in expected.views} == made["subjects"]
