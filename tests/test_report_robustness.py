"""The report's section on spoilt pictures."""

import json
import re

import pytest

from h36m_pose.atomic_files import write_json
from h36m_pose.errors import InputError
from h36m_pose.report.material import Material
from h36m_pose.report.robustness_section import PICTURE_FILE, ROBUSTNESS_FILE, robustness_section
from h36m_pose.robustness.conditions import CONDITIONS
from h36m_pose.robustness.measurement import RESULTS, SHEET


def material_in(folder, measured_with="some weights"):
    """A run whose clean error is 40 mm, and each further kind a millimetre more."""
    errors = {name: 40.0 + place for place, name in enumerate(CONDITIONS)}
    conditions = {
        name: {"words": CONDITIONS[name].words, "mpjpe": error, "pa_mpjpe": error / 2} for name, error in errors.items()
    }
    held = {"schema": 1, "identity": {"weights": measured_with}, "frames": 1234, "conditions": conditions}
    write_json(folder / ROBUSTNESS_FILE, held)
    return Material(folder, {"identity": {"weights": "some weights"}}, None, None, folder, {}), errors


def test_every_kind_is_in_a_chart_and_in_the_table(tmp_path):
    assert (ROBUSTNESS_FILE, PICTURE_FILE) == (RESULTS, SHEET)
    material, errors = material_in(tmp_path)
    body = robustness_section(material).body
    dots, bars = body.count("<circle"), body.count("<rect")
    kinds = 7  # each line begins with the clean picture, as do the bars
    assert dots - kinds + bars - 1 == len(CONDITIONS) - 1
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td[^>]*>(.*?)</td>', body)
    assert [float(error) for _, error in rows] == sorted(errors.values(), reverse=True)
    assert rows[-1][0] == CONDITIONS["clean"].words
    assert "1,234 test pictures" in body and f"All {len(CONDITIONS)} kinds" in body and "<img" not in body


def test_what_is_missing_old_or_damaged_is_told(tmp_path):
    material, _ = material_in(tmp_path, measured_with="weights of another training")
    assert "measured with other weights" in robustness_section(material).body
    (tmp_path / ROBUSTNESS_FILE).unlink()
    assert f"h36m-pose robustness {tmp_path}" in robustness_section(material).body
    clean = {"words": "", "mpjpe": 0, "pa_mpjpe": 0}
    no_error = {"identity": {"weights": "some weights"}, "frames": 1, "conditions": {"clean": clean}}
    for damaged in ('{"conditions": {"cl', '{"conditions": ["clean"]}', "[]", json.dumps(no_error)):
        (tmp_path / ROBUSTNESS_FILE).write_text(damaged, encoding="utf-8")
        with pytest.raises(InputError, match="what h36m-pose robustness writes"):
            robustness_section(material)
