"""Experiments and overrides: typed, with suggestions, without JAX."""

import subprocess
import sys

import pytest
from ml_collections import ConfigDict

from h36m_pose import configuration
from h36m_pose.errors import InputError


def config():
    return ConfigDict(
        {
            "seed": 0,
            "data": {"crowd": True, "validation_subjects": ("S8",)},
            "model": {"name": "strided", "widths": (4, 8)},
            "pretrain": {"epochs": 3, "optim": {"peak_lr": 1e-3}},
            "finetune": {"epochs": 5, "optim": {"peak_lr": 1e-3}},
        }
    )


@pytest.mark.parametrize(
    ("word", "key", "value"),
    [
        ("seed=7", "seed", 7),
        ("model.name=jha_2015", "model.name", "jha_2015"),
        ("model.widths=2,5,7", "model.widths", (2, 5, 7)),
        ("model.widths=(6,)", "model.widths", (6,)),
        ("data.validation_subjects=S1,S8", "data.validation_subjects", ("S1", "S8")),
        ("data.crowd=false", "data.crowd", False),
        ("finetune.optim.peak_lr=3", "finetune.optim.peak_lr", 3.0),
        ("optim.peak_lr=5e-4", "pretrain.optim.peak_lr", 5e-4),
        ("epochs=9", "pretrain.epochs", 9),
    ],
)
def test_values_take_the_type_of_what_they_replace(word, key, value):
    found = dict(configuration.flat_items(configuration.apply_overrides(config(), [word], "pretrain")))
    assert found[key] == value and type(found[key]) is type(value)
    others = dict(configuration.flat_items(config()))
    assert {name: each for name, each in found.items() if name != key} == {
        name: each for name, each in others.items() if name != key
    }


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("optm.peak_lr=1", r"unknown key optm.peak_lr.*Did you mean optim.peak_lr"),
        ("model.widhts=1", "Did you mean model.widths"),
        ("zzz=1", "unknown key zzz"),
        ("optim=1", "a group of keys.*optim.peak_lr"),
        ("seed=1.5", "a whole number"),
        ("seed=", "a whole number"),
        ("optim.peak_lr=fast", "a number"),
        ("data.crowd=maybe", "true or false"),
        ("model.widths=2,wide", "values with commas"),
        ("seed", "key=value"),
    ],
)
def test_mistyped_overrides_are_refused_with_a_suggestion(word, message):
    with pytest.raises(InputError, match=message):
        configuration.apply_overrides(config(), [word], "pretrain")


def test_experiments_come_by_name_and_by_file(tmp_path):
    assert configuration.load_experiment("demo").model.name == "strided"
    file = tmp_path / "mine.py"
    file.write_text("from ml_collections import ConfigDict\ndef get_config():\n    return ConfigDict({'seed': 4})\n")
    assert configuration.load_experiment(str(file)).seed == 4


@pytest.mark.parametrize(
    ("text", "message"), [("def get_config(:\n", "a syntax error in line 1"), ("x = 1\n", "no get_config")]
)
def test_files_that_are_no_experiments_are_refused(tmp_path, text, message):
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        configuration.load_experiment(str(file))


def test_an_unknown_experiment_is_answered_with_the_known_ones(tmp_path):
    with pytest.raises(InputError, match=r"one of .*demo.*Did you mean demo"):
        configuration.load_experiment("demmo")
    with pytest.raises(InputError, match="no such experiment"):
        configuration.load_experiment(str(tmp_path / "none.py"))


def test_settings_of_a_stage_leave_out_the_other_stage():
    settings = configuration.stage_settings(config(), "finetune")
    assert "pretrain" not in settings and settings["model"]["widths"] == [4, 8]
    other = configuration.stage_settings(configuration.apply_overrides(config(), ["pretrain.epochs=4"]), "finetune")
    assert configuration.settings_difference(settings, other) is None
    changed = configuration.stage_settings(configuration.apply_overrides(config(), ["seed=4"]), "finetune")
    assert configuration.settings_difference(settings, changed) == "seed = 0 instead of 4"
    joint = configuration.load_experiment("demo")
    configuration.apply_overrides(joint, ["finetune.grid_weight=0.1", "pretrain.loss_scale=7"])
    assert configuration.stage_settings(joint, "finetune")["pretrain"] == {"loss_scale": 7.0}


def test_no_jax_is_loaded():
    program = (
        "import sys; from h36m_pose import configuration as c; import h36m_pose.cli.train; "
        "c.apply_overrides(c.load_experiment('demo'), ['seed=3']); sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
