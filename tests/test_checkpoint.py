"""Checkpoints: whole, verified, and of this network."""

import errno

import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint
import pytest

from h36m_pose.errors import InputError
from h36m_pose.training import checkpoint
from h36m_pose.training.state import new_state


def state_of(width=3, steps=0, optimizer=None):
    params = {"head": {"kernel": jnp.arange(2.0 * width).reshape(2, width), "bias": jnp.ones(width)}}
    constants = {"standardiser": {"mean": jnp.zeros(5)}}
    state = new_state(params, constants, {"mean_mm": jnp.ones((17, 3))}, optimizer or optax.adam(1e-3), 0.9)
    return state._replace(step=jnp.int32(steps))


def leaves_of(state):
    import jax

    return [np.asarray(leaf) for leaf in jax.tree.leaves(state)]


def test_a_state_comes_back_bit_for_bit(tmp_path):
    state = state_of(steps=7)
    checkpoint.save_step(tmp_path, state, {"progress": {"best": 0.1}}, keep=2)
    restored, about = checkpoint.restore_latest(tmp_path, state_of())
    assert about == {"progress": {"best": 0.1}}
    assert type(restored.opt_state[0]) is type(state.opt_state[0])
    for ours, theirs in zip(leaves_of(restored), leaves_of(state), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_only_the_latest_are_kept(tmp_path):
    for step in (3, 5, 12):
        checkpoint.save_step(tmp_path, state_of(steps=step), {}, keep=2)
    assert checkpoint.steps(tmp_path) == [5, 12]


def test_nothing_to_restore(tmp_path):
    assert checkpoint.restore_latest(tmp_path, state_of()) is None


def test_flipped_bits_are_noticed_and_the_earlier_checkpoint_is_taken(tmp_path, capsys):
    for step in (3, 5):
        checkpoint.save_step(tmp_path, state_of(steps=step), {}, keep=2)
    folder = checkpoint.step_folder(tmp_path, 5)
    victim = max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 4
    victim.write_bytes(content)
    with pytest.raises(checkpoint.DamagedCheckpointError, match="other bytes in"):
        checkpoint.load(folder)
    restored, _ = checkpoint.restore_latest(tmp_path, state_of())
    assert int(restored.step) == 3
    assert "step_00000005" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["missing", "additional", "no digests"])
def test_missing_and_additional_files_are_noticed(tmp_path, damage):
    checkpoint.save_step(tmp_path, state_of(steps=3), {}, keep=2)
    folder = checkpoint.step_folder(tmp_path, 3)
    if damage == "additional":
        (folder / "state" / "more").write_text("x")
    else:
        (folder / ("about.json" if damage == "missing" else "digests.json")).unlink()
    with pytest.raises(InputError, match="expected"):
        checkpoint.load(folder)


def test_leftovers_of_a_killed_writer_are_removed(tmp_path):
    leftover = tmp_path / ".step_00000009.part-123"
    (leftover / "state").mkdir(parents=True)
    checkpoint.save_step(tmp_path, state_of(steps=3), {}, keep=2)
    checkpoint.restore_latest(tmp_path, state_of())
    assert not leftover.exists()


def test_a_checkpoint_of_another_network_is_refused_with_the_difference(tmp_path):
    checkpoint.save_step(tmp_path, state_of(width=3), {}, keep=2)
    with pytest.raises(InputError, match=r"another network \(head/bias \(3,\) instead of \(4,\)"):
        checkpoint.restore_latest(tmp_path, state_of(width=4))


def test_a_checkpoint_of_another_optimizer_is_refused(tmp_path):
    checkpoint.save_step(tmp_path, state_of(), {}, keep=2)
    with pytest.raises(InputError, match="which is not expected"):
        checkpoint.restore_latest(tmp_path, state_of(optimizer=optax.sgd(1e-3)))


def test_a_full_disk_is_an_os_error(tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError("RESOURCE_EXHAUSTED: Error writing: No space left on device")

    monkeypatch.setattr(orbax.checkpoint.PyTreeCheckpointer, "save", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        checkpoint.save_step(tmp_path, state_of(steps=3), {}, keep=2)
    assert caught.value.errno == errno.ENOSPC
    assert not list(tmp_path.iterdir())


def test_the_digest_is_that_of_the_content(tmp_path):
    for name, width in (("a", 3), ("b", 3), ("c", 4)):
        checkpoint.save(tmp_path / name, {"x": np.ones(width)}, {"step": 3})
    assert checkpoint.digest(tmp_path / "a") != checkpoint.digest(tmp_path / "c")
