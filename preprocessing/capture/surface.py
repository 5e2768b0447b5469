"""The surfaces of solid shapes as meshes of triangles, cut and tucked like cloth.

Shapes are evaluated coarse to fine and meshed by scikit-image's marching cubes. Meshes are then cut along any field by
`clip`, so that a hem is a smooth line however coarse the grid was, and pushed under one another by `tuck`.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy import ndarray
from skimage.measure import marching_cubes

from preprocessing.capture.solids import FAR_MM, Shape

_SNAP = 0.3
"""Share of a cell by which a surface may be moved to pass through a node of the grid."""


@dataclasses.dataclass(eq=False)
class Mesh:
    """Triangles at rest.

    Attributes:
        vertices_mm: (n, 3) float32.
        triangles: (m, 3), counter-clockwise seen from outside.
        normals: (n, 3) float32, unit.
        rim_mm: (n,) float32, about how far each vertex lies from the nearest edge at which the mesh was cut.
    """

    vertices_mm: ndarray
    triangles: ndarray
    normals: ndarray
    rim_mm: ndarray

    def part(self, keep: ndarray) -> "Mesh":
        """The triangles for which `keep` (m,) holds, with the vertices they use."""
        used = np.zeros(len(self.vertices_mm), bool)
        used[self.triangles[keep]] = True
        number = np.cumsum(used) - 1
        return Mesh(self.vertices_mm[used], number[self.triangles[keep]], self.normals[used], self.rim_mm[used])


def join(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh of several."""
    starts = np.cumsum([0, *(len(mesh.vertices_mm) for mesh in meshes)])
    return Mesh(
        np.concatenate([mesh.vertices_mm for mesh in meshes]),
        np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts[:-1], strict=True)]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.rim_mm for mesh in meshes]),
    )


def mesh_of(shape: Shape, cell_mm: float, low=None, high=None) -> Mesh:
    """The surface of a shape as triangles of about `cell_mm`, inside the box from `low` to `high`."""
    box_low, box_high = shape.bounds()
    low = box_low if low is None else np.maximum(np.asarray(low, float), box_low)
    high = box_high if high is None else np.minimum(np.asarray(high, float), box_high)
    blocks = np.ceil((high - low) / (4 * cell_mm)).astype(int) + 1
    low = low - cell_mm
    # Coarse: one value per block of 4 nodes a side, at its centre. Fine: only where the surface may pass.
    centres = low + cell_mm * (4 * np.indices(blocks).reshape(3, -1).T + 1.5)
    coarse = shape.distance(centres)
    near = np.abs(coarse) < 4.6 * cell_mm
    volume = np.repeat(np.where(coarse < 0, -FAR_MM, FAR_MM)[:, None], 64, axis=1).astype(np.float32)
    offsets = cell_mm * (np.indices((4, 4, 4)).reshape(3, -1).T - 1.5)
    nodes = centres[near][:, None] + offsets
    volume[near] = shape.distance(nodes.reshape(-1, 3)).reshape(-1, 64)
    volume = volume.reshape(*blocks, 4, 4, 4).transpose(0, 3, 1, 4, 2, 5).reshape(4 * blocks)
    # Surfaces that pass close to a node are moved through it: their slivers of triangles vanish.
    volume[np.abs(volume) < _SNAP * cell_mm] = -1e-3 * cell_mm
    vertices, triangles, _, _ = marching_cubes(volume, 0.0)
    vertices, triangles = _weld(vertices, triangles)
    vertices = (vertices * cell_mm + low).astype(np.float32)
    normals = shape.gradient(vertices)
    for _ in range(2):  # onto the true surface: the grid only found it to within a fraction of a cell
        vertices -= np.clip(shape.distance(vertices), -cell_mm / 3, cell_mm / 3)[:, None] * normals
    return Mesh(vertices, triangles, normals.astype(np.float32), np.full(len(vertices), FAR_MM, np.float32))


def tuck(mesh: Mesh, under: Shape, depth_mm: ndarray) -> Mesh:
    """Pushes a mesh inwards until it lies at least `depth_mm` (n,) beneath another shape; 0 or less leaves it alone."""
    vertices = mesh.vertices_mm.copy()
    moved = np.flatnonzero(depth_mm > 0)
    for _ in range(2):
        outside = under.distance(vertices[moved]) + depth_mm[moved]
        step = np.clip(outside, 0, 30)[:, None] * under.gradient(vertices[moved])
        vertices[moved] -= step.astype(np.float32)
    return dataclasses.replace(mesh, vertices_mm=vertices)


def _weld(vertices: ndarray, triangles: ndarray) -> tuple[ndarray, ndarray]:
    """Makes one vertex of those within a twentieth of a cell, and drops triangles without area."""
    rounded = np.round(vertices * 20).astype(np.int64)
    _, first, which = np.unique(rounded @ np.array([1, 1 << 20, 1 << 40]), return_index=True, return_inverse=True)
    triangles = which[triangles]
    a, b, c = triangles.T
    return vertices[first], triangles[(a != b) & (b != c) & (c != a)]


def clip(mesh: Mesh, field: ndarray) -> Mesh:
    """Keeps the part of a mesh where `field` (one number per vertex) is positive, cutting triangles along zero."""
    inside = field > 0
    count = inside[mesh.triangles].sum(axis=1)
    corners = mesh.triangles[count % 3 != 0]
    # Turn each cut triangle so that its lone corner (the only one inside, or the only one outside) comes first.
    lone = inside[corners] == (inside[corners].sum(axis=1) == 1)[:, None]
    order = (np.argmax(lone, axis=1)[:, None] + np.arange(3)) % 3
    corners = np.take_along_axis(corners, order, axis=1)
    size = np.int64(len(mesh.vertices_mm))
    edges = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [0, 2]]]), axis=1)
    keys, which = np.unique(edges[:, 0] * size + edges[:, 1], return_inverse=True)
    first, second = which.reshape(2, -1) + size
    ends = keys // size, keys % size
    share = (field[ends[0]] / (field[ends[0]] - field[ends[1]]))[:, None].astype(np.float32)
    added = [data[ends[0]] * (1 - share) + data[ends[1]] * share for data in (mesh.vertices_mm, mesh.normals)]
    alone = inside[corners[:, 0]]
    triangles = np.concatenate(
        [
            mesh.triangles[count == 3],
            np.stack([corners[:, 0], first, second], axis=1)[alone],
            np.stack([first, corners[:, 1], corners[:, 2]], axis=1)[~alone],
            np.stack([first, corners[:, 2], second], axis=1)[~alone],
        ]
    )
    used = np.zeros(size + len(keys), bool)
    used[triangles] = True
    number = np.cumsum(used) - 1
    rim = np.concatenate([np.minimum(mesh.rim_mm, field), np.zeros(len(keys))]).astype(np.float32)
    return Mesh(
        np.concatenate([mesh.vertices_mm, added[0]])[used],
        number[triangles],
        np.concatenate([mesh.normals, added[1]])[used],
        rim[used],
    )
