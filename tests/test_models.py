"""Networks: parameter counts, shapes, convolutions and their custom gradients, what is carried over."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from h36m_pose import skeleton
from h36m_pose.errors import InputError
from h36m_pose.models import layers, parameters, pose_output
from h36m_pose.models.pose_output import POSE_OUTPUTS
from h36m_pose.models.registry import build_model, draw_model

GRID_OUTPUTS = 1700
SMALL = {"stem_px": 8, "widths": (6, 10), "blocks": (0, 1), "hidden": 14}


def params_of(name, outputs, **options):
    """A network's parameters."""
    return draw_model(name, outputs, seed=0, **options)[1]


@pytest.mark.parametrize(
    ("name", "options", "outputs", "expected"),
    [
        ("jha_2015", {"kernels": (32, 64, 64)}, GRID_OUTPUTS, 15_220_324),
        ("jha_2015", {"kernels": (32, 64, 64)}, POSE_OUTPUTS, 11_841_523),
        ("jha_2015", {"kernels": (5, 10, 15)}, GRID_OUTPUTS, 7_802_169),
        ("jha_2015", {"kernels": (5, 10, 15)}, POSE_OUTPUTS, 4_423_368),
        ("li_chan_2014", {"channels": 3}, GRID_OUTPUTS, 12_298_660),
        ("li_chan_2014", {"channels": 3}, POSE_OUTPUTS, 8_919_859),
        ("li_chan_2014", {"channels": 1}, POSE_OUTPUTS, 8_919_859 - 2 * 81 * 32),
        # torchvision's has 11,689,512 with three input channels and 1,000 outputs.
        ("resnet_18", {}, POSE_OUTPUTS, 11_689_512 - 2 * 49 * 64 - 513 * (1000 - 51)),
    ],
)
def test_published_parameter_counts(name, options, outputs, expected):
    assert parameters.count(params_of(name, outputs, **options)) == expected


def test_first_jha_weights_are_drawn_within_the_originals_limits():
    _, params, _ = draw_model("jha_2015", 7, seed=3, kernels=(5, 10, 15))
    kernel, bias = (np.asarray(params["convolutions"]["0"][name]) for name in ("kernel", "bias"))
    limit = np.sqrt(6 / (25 + 5 * 25 / 4))
    assert 0.9 * limit < np.abs(kernel).max() <= limit
    assert not bias.any()


@pytest.mark.parametrize(
    ("name", "options"),
    [("jha_2015", {"kernels": (2, 3, 4)}), ("li_chan_2014", {"channels": 3}), ("strided", SMALL)],
)
def test_networks_map_pictures_to_outputs(name, options):
    assemble, params, constants = draw_model(name, 7, seed=0, **options)
    side = assemble(params, constants).input_px
    pictures = jnp.asarray(np.random.default_rng(1).random((2, side, side, 1), np.float32))
    outputs = jax.jit(lambda *pieces: assemble(*pieces)(pictures))(params, constants)
    assert outputs.shape == (2, 7)
    assert np.isfinite(outputs).all()
    assert not np.allclose(outputs[0], outputs[1])


@pytest.mark.parametrize(
    ("height", "size", "stride", "padding"),
    [(12, 3, 1, 1), (12, 3, 2, 1), (13, 3, 2, 1), (12, 5, 1, 0), (12, 2, 2, 0)],
)
def test_a_convolution_multiplies_each_patch_with_the_kernel(height, size, stride, padding):
    rng = np.random.default_rng(0)
    pictures = rng.normal(size=(2, height, height, 3)).astype(np.float32)
    kernel = rng.normal(size=(size, size, 3, 5)).astype(np.float32)
    padded = np.pad(pictures, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (1, 2))[:, ::stride, ::stride]
    expected = np.einsum("brcihw,hwio->brco", windows, kernel)
    found = jax.jit(lambda *both: layers.convolve(*both, stride, padding))(pictures, kernel)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_convolution_looks_the_right_way_round():
    pictures = jnp.zeros((2, 7, 9, 3)).at[0, 2, 5, 1].set(1.0)
    kernel = jnp.zeros((3, 3, 3, 2)).at[0, 2, 1, 1].set(4.0)
    output = layers.convolve(pictures, kernel, 1, 1)
    assert output.shape == (2, 7, 9, 2)
    assert output[0, 3, 4, 1] == 4.0 and float(jnp.abs(output).sum()) == 4.0


def test_space_to_depth_keeps_each_square_together():
    pictures = jnp.arange(2.0 * 6 * 4 * 3).reshape(2, 6, 4, 3)
    squares = layers.space_to_depth(pictures, 2)
    assert squares.shape == (2, 3, 2, 12)
    np.testing.assert_array_equal(squares[1, 2, 1].reshape(2, 2, 3), pictures[1, 4:6, 2:4])


@pytest.mark.parametrize(("size", "stride", "length", "count"), [(2, 2, 10, 5), (3, 2, 104, 52), (3, 2, 11, 5)])
def test_max_pool_counts_the_window_that_hangs_over(size, stride, length, count):
    pictures = np.random.default_rng(0).normal(size=(2, length, length, 3)).astype(np.float32)
    pooled = np.asarray(layers.max_pool(jnp.asarray(pictures), size, stride))
    assert pooled.shape == (2, count, count, 3)
    for row, column in ((0, 0), (1, 3), (count - 1, count - 1)):
        window = pictures[:, row * stride : row * stride + size, column * stride : column * stride + size]
        np.testing.assert_array_equal(pooled[:, row, column], window.max((1, 2)))


def test_local_response_norm_follows_the_papers_formula():
    pictures = np.random.default_rng(0).normal(size=(2, 7, 9, 3)).astype(np.float32)
    found = np.asarray(layers.local_response_norm(jnp.asarray(pictures), 5, 0.5, 0.75))
    window = pictures[1, 0:5, 2:7, 2]
    assert found[1, 2, 4, 2] == pytest.approx(
        pictures[1, 2, 4, 2] / (1 + 0.5 / 25 * (window**2).sum()) ** 0.75, rel=1e-5
    )


def test_dropout_scales_what_it_keeps_and_rests_without_keys():
    features = jnp.ones((3, 4000))
    dropped = layers.dropout(features, 0.25, jax.random.split(jax.random.key(0), 3))
    assert set(np.unique(dropped)) == {0.0, np.float32(1 / 0.75)}
    assert float(dropped.mean()) == pytest.approx(1, abs=0.03)
    assert not np.array_equal(dropped[0], dropped[1])
    assert layers.dropout(features, 0.25, None) is features


def test_layer_norm_standardises_each_position():
    features = jnp.asarray(np.random.default_rng(0).normal(3, 7, (2, 5, 3, 64)), jnp.float32)
    found = layers.LayerNorm(64)(features)
    np.testing.assert_allclose(found.mean(-1), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(-1), 1, atol=1e-3)


@pytest.mark.parametrize("shape", [(2, 5, 3, 16), (7, 16)])
def test_written_out_gradients_agree_with_autodiff(shape):
    rng = np.random.default_rng(0)
    features, gradient = (jnp.asarray(rng.normal(1, 3, shape), jnp.float32) for _ in range(2))
    scale, bias = (jnp.asarray(rng.normal(1, 1, shape[-1]), jnp.float32) for _ in range(2))

    def plain_norm(features, scale, bias):
        centred = features - features.mean(-1, keepdims=True)
        normed = centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6)
        return normed * layers.per_channel(scale, normed) + layers.per_channel(bias, normed)

    def plain_bias(features, bias):
        return features + layers.per_channel(bias, features)

    for ours, plain, operands in (
        (layers.layer_norm, plain_norm, (features, scale, bias)),
        (layers.add_bias, plain_bias, (features, bias)),
    ):
        found, back = jax.vjp(ours, *operands)
        expected, plain_back = jax.vjp(plain, *operands)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
        for one, other in zip(back(gradient), plain_back(gradient), strict=True):
            assert one.shape == other.shape
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(jnp.abs(other).max()))


def test_written_out_gradients_sum_bfloat16_in_float32():
    rng = np.random.default_rng(0)
    features = jnp.asarray(rng.normal(1, 3, (5000, 4)), jnp.bfloat16)
    ones = jnp.ones(4, jnp.bfloat16)
    for layer, operands in ((layers.layer_norm, (features, ones, ones)), (layers.add_bias, (features, ones))):
        outputs, back = jax.vjp(layer, *operands)
        slopes = back(jnp.ones_like(outputs))
        assert all(slope.dtype == jnp.bfloat16 for slope in (outputs, *slopes))
        np.testing.assert_array_equal(slopes[-1], jnp.full(4, 5000, jnp.bfloat16))  # in bfloat16 it would stop at 256


def test_a_network_taken_apart_and_put_together_computes_the_same():
    model = build_model("strided", 7, nnx.Rngs(4), **SMALL)
    _, params, constants = parameters.take_apart(model)
    assemble, drawn, _ = draw_model("strided", 7, seed=4, **SMALL)
    pictures = jnp.asarray(np.random.default_rng(1).random((2, 128, 128, 1), np.float32))
    compute = jax.jit(lambda *pieces: assemble(*pieces)(pictures))
    expected = jax.jit(lambda: model(pictures))()
    np.testing.assert_allclose(compute(params, constants), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(compute(drawn, constants), expected, rtol=1e-5, atol=1e-5)
    changed = jax.tree.map(lambda array: np.asarray(array) + 1, params)
    assert not np.allclose(compute(changed, constants), expected)
    assert set(params) == set(parameters.PARTS) and set(constants) == {"standardiser"}


@pytest.mark.parametrize(("what", "parts"), [("none", 0), ("convolutions", 1), ("all_but_last", 2)])
def test_carry_over_takes_the_named_parts(what, parts):
    pretrained = params_of("strided", 9, **SMALL)
    fresh = params_of("strided", 7, **SMALL)
    result = parameters.carry_over(pretrained, fresh, what)
    origin = [result[part] is pretrained[part] for part in parameters.PARTS]
    assert origin == [True] * parts + [False] * (3 - parts)
    table = parameters.carry_over_table(result, what)
    carried = sum(parameters.count(pretrained[part]) for part in parameters.PARTS[:parts])
    assert f"{carried:,} parameters carried over, {parameters.count(fresh) - carried:,} new" in table
    assert ("head/kernel" in table) and table.count("\n") == len(list(parameters.named_leaves(fresh)))


def test_difference_names_what_does_not_fit():
    small = params_of("strided", 7, **SMALL)
    wide = params_of("strided", 9, **{**SMALL, "blocks": (1, 1)})
    assert parameters.difference(small, small) is None
    found = parameters.difference(small, wide)
    assert "no convolutions/0/blocks" in found and "more" in found
    assert "head/bias (9,) instead of (7,)" in parameters.difference(params_of("strided", 9, **SMALL), small)


def test_unknown_network_and_option_are_told_apart():
    with pytest.raises(InputError, match="one of jha_2015"):
        build_model("resnet", 7, nnx.Rngs(0))
    with pytest.raises(InputError, match="kernel_sizes"):
        build_model("jha_2015", 7, nnx.Rngs(0), kernels=(2, 3, 4), kernel_sizes=3)


def test_pose_targets():
    poses = np.random.default_rng(0).normal(size=(50, 17, 3)).astype(np.float32) * (100, 200, 50)
    poses = (poses - poses[:, :1]).astype(np.float32)
    statistics = jax.tree.map(jnp.asarray, pose_output.pose_statistics(poses))
    zeros = jnp.zeros((2, 51))
    np.testing.assert_allclose(
        pose_output.to_mm(zeros, statistics, "mean_pose")[1], poses.mean(0), rtol=1e-4, atol=1e-3
    )
    assert statistics["deviation_mm"].shape == (17, 3) and (statistics["deviation_mm"] > 10).all()
    assert float(pose_output.to_mm(zeros + 0.5, statistics, "metres")[0, 3, 1]) == 500
    chain = pose_output.to_mm(zeros + 10, statistics, "parent_tanh")  # tanh(10) is 1
    depth = [0]
    for parent in skeleton.PARENTS[1:]:
        depth.append(depth[parent] + 1)
    np.testing.assert_allclose(chain[1, :, 2], 1200 * np.array(depth), rtol=1e-6)
    with pytest.raises(ValueError, match="mean_pose"):
        pose_output.to_mm(zeros, statistics, "inches")
