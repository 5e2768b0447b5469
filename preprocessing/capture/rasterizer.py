"""Compiled drawing of a textured mesh: projection by the release's lens formula, and a depth buffer."""

import numpy as np
from numpy import ndarray

from h36m_pose.camera import Camera
from preprocessing.capture.compiled import compiled

SUPERSAMPLING = 2
"""Samples along each side of a pixel."""
_EDGE = np.float32(-1e-4)
_FLAT = np.float32(1e-9)
"""The least slope that is divided by: below it an edge runs along the row."""


def lens_numbers(camera: Camera) -> ndarray:
    """A camera as the 21 float32 numbers of `project`: rotation, centre, focal, principal, radial, tangential."""
    fields = (camera.rotation, camera.centre_mm, camera.focal_px, camera.principal_px, camera.radial, camera.tangential)
    return np.concatenate([np.ravel(field) for field in fields]).astype(np.float32)


@compiled
def project(points, lens, scale, out):  # pragma: no cover - compiled
    """Writes (column, row, depth in mm) of world points (n, 3) on a picture enlarged `scale` times; all float32.

    Pixel centres stay whole numbers: enlarged column = (column + 1/2) * scale - 1/2.
    """
    half = np.float32(0.5)
    for i in range(points.shape[0]):
        x, y, z = points[i, 0] - lens[9], points[i, 1] - lens[10], points[i, 2] - lens[11]
        depth = lens[6] * x + lens[7] * y + lens[8] * z
        inverse = np.float32(1) / max(depth, np.float32(1))
        a = (lens[0] * x + lens[1] * y + lens[2] * z) * inverse
        b = (lens[3] * x + lens[4] * y + lens[5] * z) * inverse
        r2 = a * a + b * b
        factor = np.float32(1) + r2 * (lens[16] + r2 * (lens[17] + r2 * lens[18])) + lens[19] * b + lens[20] * a
        column = lens[12] * (a * factor + r2 * lens[20]) + lens[14]
        row = lens[13] * (b * factor + r2 * lens[19]) + lens[15]
        out[i, 0] = (column + half) * scale - half
        out[i, 1] = (row + half) * scale - half
        out[i, 2] = depth


@compiled
def draw_triangles(screen, left, top, triangles, texels, light, texture, tiles, depth, picture):  # pragma: no cover
    """Draws front faces into `depth` (h, w) float32 and `picture` (h, w) uint32, whose corner is (left, top).

    A picture's number is blue, green, red and cover, a byte each, as it lies in memory on a little-endian machine.

    Args:
        screen: (n, 3) float32, of `project`.
        triangles: (m, 3) int32.
        texels: (n, 3) float32 column, row and tile.
        light: (n, 3) float32, blue, green and red factors on the texture.
        texture: (k,) uint32, packed like a picture.
        tiles: (tiles, 3) int32 first texel, width, height.
    """
    height, width = depth.shape
    one, half, most, zero = np.float32(1), np.float32(0.5), np.float32(255), np.float32(0)
    for t in range(triangles.shape[0]):
        i, j, k = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
        x0, y0 = screen[i, 0], screen[i, 1]
        x1, y1 = screen[j, 0] - x0, screen[j, 1] - y0
        x2, y2 = screen[k, 0] - x0, screen[k, 1] - y0
        area = x1 * y2 - x2 * y1
        if area >= 0:  # rows run down: front faces turn the other way
            continue
        x0 -= left
        y0 -= top
        # Whole numbers are cut off towards zero: with 0.9999 added this rounds up.
        first_x = max(0, int(x0 + min(zero, min(x1, x2)) + np.float32(0.9999)))
        last_x = min(width - 1, int(x0 + max(zero, max(x1, x2))))
        first_y = max(0, int(y0 + min(zero, min(y1, y2)) + np.float32(0.9999)))
        last_y = min(height - 1, int(y0 + max(zero, max(y1, y2))))
        if first_x > last_x or first_y > last_y:
            continue
        inverse = one / area
        a1, b1 = y2 * inverse, -x2 * inverse  # the weight of corner j grows by a1 a column and by b1 a row
        a2, b2 = -y1 * inverse, x1 * inverse
        a0, b0 = -a1 - a2, -b1 - b2
        start_x, start_y = np.float32(first_x) - x0, np.float32(first_y) - y0
        row_1, row_2 = start_x * a1 + start_y * b1, start_x * a2 + start_y * b2
        row_0 = one - row_1 - row_2
        step_0 = one / (a0 if abs(a0) > _FLAT else _FLAT)
        step_1 = one / (a1 if abs(a1) > _FLAT else _FLAT)
        step_2 = one / (a2 if abs(a2) > _FLAT else _FLAT)
        z0, u0, v0 = screen[i, 2], texels[i, 0] + half, texels[i, 1] + half
        blue0, green0, red0 = light[i, 0], light[i, 1], light[i, 2]
        z1, u1, v1 = screen[j, 2] - z0, texels[j, 0] + half - u0, texels[j, 1] + half - v0
        z2, u2, v2 = screen[k, 2] - z0, texels[k, 0] + half - u0, texels[k, 1] + half - v0
        blue1, green1, red1 = light[j, 0] - blue0, light[j, 1] - green0, light[j, 2] - red0
        blue2, green2, red2 = light[k, 0] - blue0, light[k, 1] - green0, light[k, 2] - red0
        tile = int(texels[i, 2])
        first_texel, wide = tiles[tile, 0], tiles[tile, 1]
        span = np.float32(last_x - first_x)
        for y in range(first_y, last_y + 1):
            # Where on the row each corner's weight passes zero: the samples between are drawn without further tests.
            pass_0, pass_1, pass_2 = (_EDGE - row_0) * step_0, (_EDGE - row_1) * step_1, (_EDGE - row_2) * step_2
            low = max(
                max(pass_0 if a0 > 0 else zero, pass_1 if a1 > 0 else zero), max(pass_2 if a2 > 0 else zero, zero)
            )
            high = min(min(pass_0 if a0 < 0 else span, pass_1 if a1 < 0 else span), pass_2 if a2 < 0 else span)
            skipped = int(low + np.float32(0.99999))
            w1, w2 = row_1 + np.float32(skipped) * a1, row_2 + np.float32(skipped) * a2
            for x in range(first_x + skipped, first_x + int(min(high, span) + one)):
                z = z0 + w1 * z1 + w2 * z2
                if z < depth[y, x]:
                    depth[y, x] = z
                    column, row = int(u0 + w1 * u1 + w2 * u2), int(v0 + w1 * v1 + w2 * v2)
                    texel = texture[np.uint32(first_texel + row * wide + column)]
                    blue = (blue0 + w1 * blue1 + w2 * blue2) * np.float32(texel & np.uint32(255))
                    green = (green0 + w1 * green1 + w2 * green2) * np.float32((texel >> np.uint32(8)) & np.uint32(255))
                    red = (red0 + w1 * red1 + w2 * red2) * np.float32((texel >> np.uint32(16)) & np.uint32(255))
                    picture[y, x] = (
                        np.uint32(min(blue, most))
                        | (np.uint32(min(green, most)) << np.uint32(8))
                        | (np.uint32(min(red, most)) << np.uint32(16))
                        | np.uint32(0xFF000000)
                    )
                w1 += a1
                w2 += a2
            row_0 += b0
            row_1 += b1
            row_2 += b2
