"""One dressed person as a mesh that the photographer draws: built once at rest, moved by its bones ever after."""

import dataclasses

import numpy as np
from numpy import ndarray

from preprocessing.capture.anatomy import SIDES, Person
from preprocessing.capture.clothing import Wardrobe
from preprocessing.capture.fabric import Part, lay_tiles
from preprocessing.capture.figure import Figure, add_arm, add_leg, add_neck, add_shoulders, add_trunk
from preprocessing.capture.garments import dress
from preprocessing.capture.head import HeadFrame, head_parts
from preprocessing.capture.skinning import bone_weights
from preprocessing.capture.solids import Shape
from preprocessing.capture.surface import Mesh, mesh_of

_SHADOW_MM = 34.0
_LINING_MM = 2.5


@dataclasses.dataclass(eq=False)
class BodyMesh:
    """A dressed person at rest, in world mm (z up, facing x, soles at z = 0), ready for skinning and drawing.

    Attributes:
        vertices_mm: (n, 3) float32.
        normals: (n, 3) float32, unit.
        triangles: (m, 3) int32, counter-clockwise seen from outside.
        texels: (n, 3) float32: column and row on a tile of the texture, and the tile's number.
        open_sky: (n,) float32, share of the light from all round that reaches the vertex at rest.
        bones: (n, 4) int32, indices into `anatomy.BONES`.
        weights: (n, 4) float32, summing to one.
        texture: (k,) uint32, all tiles' texels one after the other, row by row: bytes of blue, green, red and nothing.
        tiles: (tiles, 3) int32: first texel, width, height.
        shadow_vertices_mm: (p, 3) float32 of a coarse body that casts the shadows.
        shadow_triangles: (q, 3) int32.
        shadow_bones: (p, 4) int32.
        shadow_weights: (p, 4) float32.
        rest_rotation: (18, 3, 3), the bones' axes at rest as columns.
        rest_origin_mm: (18, 3), the bones' origins at rest.
    """

    vertices_mm: ndarray
    normals: ndarray
    triangles: ndarray
    texels: ndarray
    open_sky: ndarray
    bones: ndarray
    weights: ndarray
    texture: ndarray
    tiles: ndarray
    shadow_vertices_mm: ndarray
    shadow_triangles: ndarray
    shadow_bones: ndarray
    shadow_weights: ndarray
    rest_rotation: ndarray
    rest_origin_mm: ndarray


def build_body(person: Person, wardrobe: Wardrobe, coarse: float = 1.0) -> BodyMesh:
    """Models a person in their clothes. The same arguments give the same mesh.

    Args:
        person: sizes.
        wardrobe: clothes, hair and colours.
        coarse: factor on the size of triangles and texels; the time grows with the inverse of its square.
    """
    figure = Figure(person, coarse)
    solid = _bare_body(figure)
    pieces: list[dict[str, ndarray]] = []
    tiles: list[ndarray] = []
    texels: list[ndarray] = []
    for part in [*head_parts(figure, wardrobe), *dress(figure, wardrobe)]:
        piece, painted = _finish(figure, part, solid, len(tiles))
        pieces.append(piece)
        tiles.extend(painted)
    starts = np.cumsum([0, *(len(piece["vertices_mm"]) for piece in pieces)])
    for piece, start in zip(pieces, starts[:-1], strict=True):
        piece["triangles"] = (piece["triangles"] + start).astype(np.int32)
    merged = {name: np.ascontiguousarray(np.concatenate([piece[name] for piece in pieces])) for name in pieces[0]}
    sizes = [tile.shape[0] * tile.shape[1] for tile in tiles]
    table = [
        [start, tile.shape[1], tile.shape[0]] for start, tile in zip(np.cumsum([0, *sizes[:-1]]), tiles, strict=True)
    ]
    for tile in tiles:
        colours = np.zeros((tile.shape[0] * tile.shape[1], 4), np.uint8)
        colours[:, :3] = np.clip(np.rint(tile.reshape(-1, 3)[:, ::-1]), 0, 255)
        texels.append(colours)
    shadow = mesh_of(solid, _SHADOW_MM)
    shadow_bones, shadow_weights = _region_weights(figure, shadow.vertices_mm)
    return BodyMesh(
        **merged,
        texture=np.concatenate(texels).view(np.uint32).reshape(-1),
        tiles=np.array(table, np.int32),
        shadow_vertices_mm=shadow.vertices_mm,
        shadow_triangles=shadow.triangles.astype(np.int32),
        shadow_bones=shadow_bones,
        shadow_weights=shadow_weights,
        rest_rotation=figure.rest_rotation,
        rest_origin_mm=figure.rest_origin_mm,
    )


def _finish(figure: Figure, part: Part, solid: Shape, first_tile: int) -> tuple[dict[str, ndarray], list[ndarray]]:
    """Skinning, occlusion and texture of one part; an open shell gets a dark inside."""
    mesh = part.mesh
    sky = _open_sky(solid, mesh)
    corners, triangles, texels, tiles = lay_tiles(part, figure.coarse)
    texels[:, 2] += first_tile
    bones, weights = bone_weights(figure, mesh.vertices_mm, part.region)
    piece = {
        "vertices_mm": mesh.vertices_mm[corners],
        "normals": mesh.normals[corners],
        "triangles": triangles.astype(np.int32),
        "texels": texels,
        "open_sky": sky[corners],
        "bones": bones[corners],
        "weights": weights[corners],
    }
    if part.lining_mm > 0:
        inside = dict(piece)
        inside["vertices_mm"] = piece["vertices_mm"] - np.float32(_LINING_MM) * piece["normals"]
        inside["normals"] = -piece["normals"]
        inside["open_sky"] = 0.35 * piece["open_sky"]
        shown = mesh.rim_mm[corners][triangles].min(axis=1) < part.lining_mm
        inside["triangles"] = piece["triangles"][shown, ::-1] + len(corners)
        piece = _used({name: np.concatenate([piece[name], inside[name]]) for name in piece})
    return piece, tiles


def _used(piece: dict[str, ndarray]) -> dict[str, ndarray]:
    """The same piece without vertices that no triangle uses."""
    used = np.zeros(len(piece["vertices_mm"]), bool)
    used[piece["triangles"]] = True
    kept = {name: data[used] for name, data in piece.items() if name != "triangles"}
    return kept | {"triangles": (np.cumsum(used) - 1)[piece["triangles"]].astype(np.int32)}


def _open_sky(solid: Shape, mesh: Mesh) -> ndarray:
    """Ambient occlusion (n,) float32 at rest, from the distance to the body at a few steps off the surface."""
    sky = np.ones(len(mesh.vertices_mm), np.float32)
    for step, share in ((14.0, 0.2), (38.0, 0.32), (85.0, 0.36)):
        free = solid.distance(mesh.vertices_mm + np.float32(step) * mesh.normals)
        sky -= np.float32(share) * np.clip((step - free) / step, 0, 1)
    return np.clip(sky, 0.2, 1.0)


def _bare_body(figure: Figure) -> Shape:
    """The whole body in one solid, a little stouter than skin: for occlusion and shadows."""
    shares = np.linspace(-0.12, 1, 20)
    ease = 5 * figure.scale
    shape = add_trunk(Shape(), figure, shares, figure.trunk_table(shares) + ease)
    add_neck(add_shoulders(shape, figure, ease=ease / 2), figure)
    frame = HeadFrame(figure)
    shape.ellipsoid(frame.at(-4, 0, 40), frame.size * np.array([100, 80, 94]), blend=10)
    shape.ellipsoid(frame.at(32, 0, -40), frame.size * np.array([58, 54, 62]), blend=20)
    for side in SIDES:
        add_leg(shape, figure, side, ease=ease)
        add_arm(shape, figure, side, ease=ease / 2)
        wrist, knuckles = figure.joint[f"{side} wrist"], figure.joint[f"{side} knuckles"]
        shape.cone(wrist, wrist + 1.25 * (knuckles - wrist), 26 * figure.scale, 24 * figure.scale, blend=12)
        ankle, toe = figure.joint[f"{side} ankle"], figure.joint[f"{side} toe"]
        heel = np.array([ankle[0] - 18 * figure.scale, ankle[1], 38 * figure.scale])
        shape.cone(
            heel,
            [toe[0] - 25 * figure.scale, toe[1], 30 * figure.scale],
            36 * figure.scale,
            30 * figure.scale,
            blend=16,
        )
    return shape.keep_below([0, 0, 0], [0, 0, -1], blend=2)


def _region_weights(figure: Figure, points_mm: ndarray) -> tuple[ndarray, ndarray]:
    """Weights for points all over the body: each by the region in which it lies."""
    feet = points_mm[:, 2] < figure.joint["left ankle"][2]
    head = (points_mm[:, 2] > figure.neck[2] + 20) & (np.abs(points_mm[:, 1]) < 110 * figure.scale)
    bones, weights = bone_weights(figure, points_mm, "trunk")
    for chosen, region in ((feet, "foot"), (head, "head")):
        bones[chosen], weights[chosen] = bone_weights(figure, points_mm[chosen], region)
    return bones, weights
