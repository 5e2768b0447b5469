"""Checkpoints: whole, verified, and of this network."""

import errno
import threading

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint
import pytest

from h36m_pose.errors import InputError
from h36m_pose.training import checkpoint
from h36m_pose.training.checkpoint_writer import CheckpointWriter, Schedule
from h36m_pose.training.state import new_state

DATASET = "a1b2c3d4e5f60718"
NOTHING = {"best": None, "best_step": 0, "window": {}, "window_steps": 0}


def state_of(width=3, steps=0, optimizer=None):
    params = {"head": {"kernel": jnp.arange(2.0 * width).reshape(2, width), "bias": jnp.ones(width)}}
    constants = {"standardiser": {"mean": jnp.zeros(5)}}
    state = new_state(params, constants, {"mean_mm": jnp.ones((17, 3))}, optimizer or optax.adam(1e-3), 0.9)
    return state._replace(step=jnp.int32(steps))


def leaves_of(state):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(state)]


def about_of(step, best_step=None):
    best = {"best": 0.5, "best_step": best_step} if best_step else {}
    return {"step": step, "dataset_fingerprint": DATASET, "progress": {**NOTHING, **best}}


def save_step(folder, state, keep=2, best_step=None):
    """As the loop does it."""
    with CheckpointWriter(folder, keep) as writer:
        writer.step(checkpoint.state_to_arrays(state), about_of(int(state.step), best_step))


def save_best(folder, step):
    with CheckpointWriter(folder, 2) as writer:
        writer.best({"x": np.ones(3)}, about_of(step))


def restore(folder, like=None):
    return checkpoint.restore_latest(folder, like or state_of(), DATASET)


def flip_a_bit(folder, place=0.5, bit=2):
    victim = max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    victim.write_bytes(content)


def test_a_state_comes_back_bit_for_bit(tmp_path):
    state = state_of(steps=7)
    save_step(tmp_path, state)
    restored, about = restore(tmp_path)
    assert about == about_of(7)
    assert type(restored.opt_state[0]) is type(state.opt_state[0])
    for ours, theirs in zip(leaves_of(restored), leaves_of(state), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_only_the_latest_are_kept_and_the_best_that_they_refer_to(tmp_path):
    for step, best_step in ((3, 2), (5, 4), (12, 4), (15, 14)):
        save_best(tmp_path, best_step)
        save_step(tmp_path, state_of(steps=step), best_step=best_step)
    assert checkpoint.steps(tmp_path) == [12, 15]
    assert checkpoint.steps(tmp_path, checkpoint.BEST) == [4, 14]
    save_best(tmp_path, 17)  # a newer one waits for the checkpoint that will refer to it
    save_step(tmp_path, state_of(steps=16), best_step=14)
    assert checkpoint.steps(tmp_path, checkpoint.BEST) == [14, 17]


def test_nothing_to_restore(tmp_path):
    assert restore(tmp_path) is None


def test_flipped_bits_are_noticed_and_the_earlier_checkpoint_is_taken(tmp_path, capsys):
    for step in (3, 5):
        save_step(tmp_path, state_of(steps=step))
    folder = checkpoint.folder_of(tmp_path, checkpoint.STEP, 5)
    flip_a_bit(folder)
    with pytest.raises(checkpoint.DamagedCheckpointError, match="other bytes in"):
        checkpoint.load(folder)
    restored, _ = restore(tmp_path)
    assert int(restored.step) == 3
    told = capsys.readouterr().err
    assert "step_00000005" in told and "goes back to an earlier one" in told and told.count("\n") == 1
    assert (tmp_path / "damaged_step_00000005").is_dir() and checkpoint.steps(tmp_path) == [3]


def test_no_flip_cut_or_loss_goes_unnoticed(tmp_path):
    """One bit in 300 places of all files, by size; 100 cuts; each file lost: never a wrong array."""
    save_step(tmp_path, state_of(steps=3))
    folder = checkpoint.folder_of(tmp_path, checkpoint.STEP, 3)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sizes = np.array([path.stat().st_size for path in files])
    rng = np.random.default_rng(0)
    spoilings = [("flip", files[place], rng.random()) for place in rng.choice(len(files), 300, p=sizes / sizes.sum())]
    spoilings += [("cut", files[place], rng.random()) for place in rng.choice(np.flatnonzero(sizes), 100)]
    spoilings += [("loss", path, 0.0) for path in files]
    unnoticed = []
    for kind, path, share in spoilings:
        content = path.read_bytes()
        spoiled = bytearray(content)
        place = int(share * len(content))
        if kind == "flip":
            spoiled[place] ^= 1 << int(rng.integers(8))
            path.write_bytes(spoiled)
        elif kind == "cut":
            path.write_bytes(spoiled[:place])
        else:
            path.unlink()
        try:
            checkpoint.load(folder)
            unnoticed.append((kind, path.name, share))
        except checkpoint.DamagedCheckpointError as error:
            assert "\n" not in str(error)
        path.write_bytes(content)
    assert unnoticed == []
    assert checkpoint.load(folder)[1] == about_of(3)


def test_damaged_best_weights_send_training_back_to_before_them(tmp_path, capsys):
    save_step(tmp_path, state_of(steps=3))
    save_best(tmp_path, 4)
    save_step(tmp_path, state_of(steps=5), best_step=4)
    flip_a_bit(checkpoint.folder_of(tmp_path, checkpoint.BEST, 4))
    restored, about = restore(tmp_path)
    assert int(restored.step) == 3 and about["progress"]["best"] is None
    assert "best_00000004" in capsys.readouterr().err


def test_without_any_good_best_weights_the_next_ones_count(tmp_path, capsys):
    save_best(tmp_path, 2)
    for step in (3, 5):
        save_step(tmp_path, state_of(steps=step), best_step=2)
    flip_a_bit(checkpoint.folder_of(tmp_path, checkpoint.BEST, 2))
    restored, about = restore(tmp_path)
    assert int(restored.step) == 5 and about["progress"]["best"] is None
    assert "those of the next validation count as the best" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["missing", "additional", "no digests"])
def test_missing_and_additional_files_are_noticed(tmp_path, damage):
    save_step(tmp_path, state_of(steps=3))
    folder = checkpoint.folder_of(tmp_path, checkpoint.STEP, 3)
    if damage == "additional":
        (folder / "state" / "more").write_text("x")
    else:
        (folder / ("about.json" if damage == "missing" else "digests.json")).unlink()
    with pytest.raises(InputError, match="expected"):
        checkpoint.load(folder)


def test_leftovers_of_a_killed_writer_are_removed(tmp_path):
    leftover = tmp_path / ".step_00000009.part-123"
    (leftover / "state").mkdir(parents=True)
    save_step(tmp_path, state_of(steps=3))
    restore(tmp_path)
    assert not leftover.exists()


def test_a_checkpoint_of_another_network_is_refused_with_the_difference(tmp_path):
    save_step(tmp_path, state_of(width=3))
    with pytest.raises(InputError, match=r"another network \(head/bias \(3,\) instead of \(4,\)"):
        restore(tmp_path, state_of(width=4))


def test_a_checkpoint_of_another_optimizer_is_refused(tmp_path):
    save_step(tmp_path, state_of())
    with pytest.raises(InputError, match="which is not expected"):
        restore(tmp_path, state_of(optimizer=optax.sgd(1e-3)))


def test_a_checkpoint_of_another_dataset_is_refused(tmp_path):
    save_step(tmp_path, state_of())
    with pytest.raises(InputError, match="of the dataset a1b2c3d4e5f6; expected one of 0000"):
        checkpoint.restore_latest(tmp_path, state_of(), "0000")
    assert checkpoint.steps(tmp_path) == [0]


def test_writing_goes_on_beside_training_and_its_troubles_are_told(tmp_path, monkeypatch):
    """A save that is under way holds nothing up; a third one waits; an error comes with the next call."""
    gate, begun = threading.Event(), threading.Event()
    real_save = checkpoint.save

    def slow_save(*arguments):
        begun.set()
        assert gate.wait(60)
        real_save(*arguments)

    monkeypatch.setattr(checkpoint, "save", slow_save)
    with CheckpointWriter(tmp_path, 2) as writer:
        for step in (1, 2):
            writer.step(checkpoint.state_to_arrays(state_of(steps=step)), about_of(step))
        assert begun.wait(60) and checkpoint.steps(tmp_path) == []
        gate.set()
        writer.wait()
        assert checkpoint.steps(tmp_path) == [1, 2]
        monkeypatch.setattr(checkpoint, "save", fail_for_lack_of_space)
        writer.step({}, about_of(3))
        with pytest.raises(OSError, match="No space left"):
            writer.wait()


def fail_for_lack_of_space(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_checkpoints_come_early_then_ever_less_often():
    now = [0.0]
    schedule = Schedule(first_seconds=2, every_seconds=10, every_steps=0, clock=lambda: now[0])
    due = []
    for second in range(60):
        now[0] = float(second)
        if schedule.due(second):
            due.append(second)
            schedule.saved()
    assert due == [2, 6, 14, 24, 34, 44, 54]
    by_steps = Schedule(first_seconds=2, every_seconds=10, every_steps=7, clock=lambda: 0.0)
    assert [step for step in range(1, 30) if by_steps.due(step)] == [7, 14, 21, 28]


def test_a_full_disk_is_an_os_error(tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError("RESOURCE_EXHAUSTED: Error writing: No space left on device")

    monkeypatch.setattr(orbax.checkpoint.Checkpointer, "save", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        save_step(tmp_path, state_of(steps=3))
    assert caught.value.errno == errno.ENOSPC
    assert not list(tmp_path.iterdir())


def test_the_digest_is_that_of_the_content(tmp_path):
    for name, width in (("a", 3), ("b", 3), ("c", 4)):
        checkpoint.save(tmp_path / name, {"x": np.ones(width)}, {"step": 3})
    assert checkpoint.digest(tmp_path / "a") != checkpoint.digest(tmp_path / "c")
