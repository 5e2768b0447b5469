"""Trains a temporal head on windows of the training views; the weights that did best on the validation views stay."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Float
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.losses import safe_norm
from h36m_pose.progress import bar
from h36m_pose.temporal.choice import Score, better, measure
from h36m_pose.temporal.frozen import Observed
from h36m_pose.temporal.head import TemporalHead
from h36m_pose.temporal.windows import frames_before, padded
from h36m_pose.training.optimizer import make_optimizer

_FRAMES_AT_ONCE = 256


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a head is built and trained; chosen on the validation subject.

    Attributes:
        features: principal components of the frozen features that the head sees; 0 for none.
        hidden: units of each hidden layer.
        cosines: see `TemporalHead`.
        feature_cosines: see there.
        velocity_weight: the loss is MPJPE plus so many times the MPJVE.
        stretch: consecutive target frames in an example; their differences are the velocities.
        batch_size: examples.
        steps: of training.
        validate_every: steps.
        peak_lr: see `training.optimizer.make_optimizer`, as for the next one.
        weight_decay: of the hidden layers and filters.
        turn_degrees: half width of the random turn of a whole example about the vertical axis.
        scale: half width of the random size of a whole example.
        seed: of weights and examples.
    """

    features: int = 0
    hidden: int = 128
    cosines: int = 8
    feature_cosines: int = 2
    velocity_weight: float = 5.0
    stretch: int = 24
    batch_size: int = 24
    steps: int = 1000
    validate_every: int = 100
    peak_lr: float = 2e-3
    weight_decay: float = 0.05
    turn_degrees: float = 10.0
    scale: float = 0.05
    seed: int = 0


class Sequences(NamedTuple):
    """All views of a role one after the other, each padded to whole windows.

    Attributes:
        poses_mm: (passes, padded, 17, 3), as the frozen network predicts them.
        features: (passes, padded, components).
        target_mm: (padded, 17, 3).
        starts: (examples,), where an example of `stretch` frames may begin.
    """

    poses_mm: Any
    features: Any
    target_mm: Any
    starts: Any


@dataclasses.dataclass(frozen=True, eq=False)
class Components:
    """Principal components of features, scaled to unit variance each."""

    mean: Float[ndarray, "features"]
    axes: Float[ndarray, "features components"]

    def __call__(self, features: Float[ndarray, "*frames features"]) -> Float[ndarray, "*frames components"]:
        return ((features - self.mean) @ self.axes).astype(np.float32)


def principal_components(observed: Sequence[Observed], count: int) -> Components:
    """Those of all passes over the given views; as many as asked for, if there are."""
    features = np.concatenate([each.features.reshape(-1, each.features.shape[-1]) for each in observed])
    mean = features.mean(0)
    covariance = np.cov(features - mean, rowvar=False)
    sizes, axes = np.linalg.eigh(covariance)
    largest = np.argsort(sizes)[::-1][:count]
    return Components(mean, axes[:, largest] / np.sqrt(np.maximum(sizes[largest], 1e-9)))


def sequences(observed: Sequence[Observed], components: Components, window: int, kind: str, stretch: int) -> Sequences:
    """Puts views together; the stretch is cut to the shortest view."""
    starts, first = [], 0
    for each in observed:
        starts.append(first + np.arange(each.view.frames - stretch + 1))
        first += each.view.frames + window - 1

    def joined(parts: list[ndarray]) -> ndarray:
        """Frames first, for padding; passes first again."""
        whole = [padded(np.moveaxis(part, 0, 1), window, kind) for part in parts]
        return np.moveaxis(np.concatenate(whole), 0, 1)

    return Sequences(
        joined([each.poses_root_mm for each in observed]),
        joined([components(each.features) for each in observed]),
        joined([np.asarray(each.view.joints_root_mm)[None] for each in observed])[0],
        np.concatenate(starts),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class FittedHead:
    """A trained head.

    Attributes:
        score: on the validation views.
        step: of the weights.
        parameters: how many numbers were learnt.
    """

    score: Score
    step: int
    parameters: int
    components: Components
    _predict: Callable[[ndarray, ndarray], jax.Array]
    _window: int
    _kind: str

    def predict_mm(self, observed: Observed) -> Float[ndarray, "frames 17 3"]:
        """All frames of a view, from its first pass."""
        return predict_view(self._predict, observed, self.components, self._window, self._kind)


def predict_view(
    predict: Callable[[ndarray, ndarray], jax.Array], observed: Observed, components: Components, window: int, kind: str
) -> Float[ndarray, "frames 17 3"]:
    """All frames of a view, so many at once, whatever its length."""
    frames = observed.view.frames
    poses = padded(observed.poses_root_mm[0], window, kind)
    features = padded(components(observed.features[0]), window, kind)
    parts = []
    for start in range(0, frames, _FRAMES_AT_ONCE):
        some = np.minimum(np.arange(start, start + _FRAMES_AT_ONCE + window - 1), len(poses) - 1)
        parts.append(np.asarray(predict(poses[None, some], features[None, some]))[0])
    return np.concatenate(parts)[:frames]


def fit(
    training: Sequence[Observed],
    validation: Sequence[Observed],
    window: int,
    kind: str,
    recipe: Recipe,
    reference: Score,
) -> FittedHead:
    """Trains a head.

    Args:
        training: views of the training subjects, in all their passes.
        validation: views of the validation subjects, which choose the step.
        window: frames.
        kind: a word of `windows.KINDS`.
        recipe: how.
        reference: the frozen network's score on the validation views.
    """
    recipe = dataclasses.replace(recipe, stretch=min(recipe.stretch, *(each.view.frames for each in training)))
    components = principal_components(training, recipe.features)
    data = jax.tree.map(jnp.asarray, sequences(training, components, window, kind, recipe.stretch))
    head = TemporalHead(
        window, kind, features=components.axes.shape[1], hidden=recipe.hidden, cosines=recipe.cosines,
        feature_cosines=recipe.feature_cosines, rngs=nnx.Rngs(recipe.seed),
    )  # fmt: skip
    graph, params = nnx.split(head)
    optimizer = make_optimizer(
        steps=recipe.steps, name="adamw", peak_lr=recipe.peak_lr, schedule="cosine", warmup_steps=100,
        weight_decay=recipe.weight_decay, momentum=0.9, beta2=0.99, clip_norm=1.0,
    )  # fmt: skip
    some_steps = _make_steps(graph, optimizer, recipe, window, kind)

    @jax.jit
    def apply(params: nnx.State, poses_mm: jax.Array, features: jax.Array) -> jax.Array:
        return nnx.merge(graph, params)(poses_mm, features)

    opt_state = optimizer.init(params)
    best: tuple[Score, int, nnx.State] | None = None
    with bar(recipe.steps, f"{kind} {window}", " step") as progress:
        for step in range(0, recipe.steps, recipe.validate_every):
            params, opt_state = some_steps(params, opt_state, data, step)
            progress.update(min(recipe.validate_every, recipe.steps - step))
            predicted = [
                predict_view(lambda *inputs: apply(params, *inputs), each, components, window, kind)  # noqa: B023
                for each in validation
            ]
            score = measure(predicted, validation)
            if best is None or better(score, best[0], reference):
                best = score, step + recipe.validate_every, params
    assert best is not None
    score, step, params = best
    count = sum(leaf.size for leaf in jax.tree.leaves(params))
    return FittedHead(score, step, count, components, lambda *inputs: apply(params, *inputs), window, kind)


def _make_steps(graph: Any, optimizer: Any, recipe: Recipe, window: int, kind: str) -> Callable[..., Any]:
    """A compiled function that takes as many steps as lie between two validations."""
    first = frames_before(window, kind)
    longest = recipe.stretch + window - 1
    key = jax.random.key(recipe.seed)

    def examples(data: Sequences, step: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        pass_key, start_key, pose_key = jax.random.split(jax.random.fold_in(key, step), 3)
        chosen = jax.random.randint(pass_key, (recipe.batch_size,), 0, len(data.poses_mm))
        starts = jax.random.choice(start_key, data.starts, (recipe.batch_size,))
        places = starts[:, None] + jnp.arange(longest)[None]
        poses, features = data.poses_mm[chosen[:, None], places], data.features[chosen[:, None], places]
        target = data.target_mm[starts[:, None] + first + jnp.arange(recipe.stretch)[None]]
        varied = _vary(jnp.concatenate([poses, target], axis=1), pose_key, recipe)
        return varied[:, :longest], features, varied[:, longest:]

    def loss(params: Any, poses: jax.Array, features: jax.Array, target: jax.Array) -> jax.Array:
        error = nnx.merge(graph, params)(poses, features) - target
        return safe_norm(error).mean() + recipe.velocity_weight * safe_norm(jnp.diff(error, axis=1)).mean()

    def one(carry: tuple[Any, Any], step: jax.Array, data: Sequences) -> tuple[tuple[Any, Any], None]:
        params, opt_state = carry
        gradient = jax.grad(loss)(params, *examples(data, step))
        updates, opt_state = optimizer.update(gradient, opt_state, params)
        return (jax.tree.map(jnp.add, params, updates), opt_state), None

    @jax.jit
    def some(params: Any, opt_state: Any, data: Sequences, start: jax.Array) -> tuple[Any, Any]:
        steps = start + jnp.arange(recipe.validate_every)
        carry, _ = jax.lax.scan(lambda carry, step: one(carry, step, data), (params, opt_state), steps)
        return carry

    return some


def _vary(poses_mm: jax.Array, key: jax.Array, recipe: Recipe) -> jax.Array:
    """Turns each example about the camera's vertical axis, sizes it and, if no features go with it, mirrors some."""
    turn_key, scale_key, mirror_key = jax.random.split(key, 3)
    batch = len(poses_mm)
    limit = np.deg2rad(recipe.turn_degrees)
    turn = jax.random.uniform(turn_key, (batch, 1, 1), minval=-limit, maxval=limit)
    scale = jax.random.uniform(scale_key, (batch, 1, 1), minval=1 - recipe.scale, maxval=1 + recipe.scale)
    if not recipe.features:
        mirror = jax.random.bernoulli(mirror_key, 0.5, (batch, 1, 1, 1))
        turned_over = poses_mm[:, :, skeleton.MIRRORED] * jnp.asarray([-1.0, 1.0, 1.0])[None, None, None]
        poses_mm = jnp.where(mirror, turned_over, poses_mm)
    x, y, z = jnp.moveaxis(poses_mm, -1, 0)
    cosine, sine = scale * jnp.cos(turn), scale * jnp.sin(turn)
    return jnp.stack([cosine * x + sine * z, scale * y, cosine * z - sine * x], axis=-1)
