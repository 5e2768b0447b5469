"""Compiled drawing of a textured mesh: projection by the release's lens formula, and a depth buffer."""

import numpy as np
from numpy import ndarray

from h36m_pose.camera import Camera
from preprocessing.capture.compiled import compiled

SUPERSAMPLING = 2
"""Samples along each side of a pixel."""
_EDGE = np.float32(-1e-4)


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
    one, half, most = np.float32(1), np.float32(0.5), np.float32(255)
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
        first_x = max(0, int(x0 + min(np.float32(0), min(x1, x2)) + np.float32(0.9999)))
        last_x = min(width - 1, int(x0 + max(np.float32(0), max(x1, x2))))
        first_y = max(0, int(y0 + min(np.float32(0), min(y1, y2)) + np.float32(0.9999)))
        last_y = min(height - 1, int(y0 + max(np.float32(0), max(y1, y2))))
        if first_x > last_x or first_y > last_y:
            continue
        inverse = one / area
        a1, b1 = y2 * inverse, -x2 * inverse  # the weight of corner j grows by a1 a column and by b1 a row
        a2, b2 = -y1 * inverse, x1 * inverse
        start_x, start_y = np.float32(first_x) - x0, np.float32(first_y) - y0
        row_1, row_2 = start_x * a1 + start_y * b1, start_x * a2 + start_y * b2
        z0, u0, v0 = screen[i, 2], texels[i, 0] + half, texels[i, 1] + half
        blue0, green0, red0 = light[i, 0], light[i, 1], light[i, 2]
        z1, u1, v1 = screen[j, 2] - z0, texels[j, 0] + half - u0, texels[j, 1] + half - v0
        z2, u2, v2 = screen[k, 2] - z0, texels[k, 0] + half - u0, texels[k, 1] + half - v0
        blue1, green1, red1 = light[j, 0] - blue0, light[j, 1] - green0, light[j, 2] - red0
        blue2, green2, red2 = light[k, 0] - blue0, light[k, 1] - green0, light[k, 2] - red0
        tile = int(texels[i, 2])
        first_texel, wide = tiles[tile, 0], tiles[tile, 1]
        for y in range(first_y, last_y + 1):
            w1, w2 = row_1, row_2
            row_1 += b1
            row_2 += b2
            seen = False
            for x in range(first_x, last_x + 1):
                if (w1 >= _EDGE) & (w2 >= _EDGE) & (w1 + w2 <= one - _EDGE):
                    seen = True
                    z = z0 + w1 * z1 + w2 * z2
                    if z < depth[y, x]:
                        depth[y, x] = z
                        column, row = int(u0 + w1 * u1 + w2 * u2), int(v0 + w1 * v1 + w2 * v2)
                        texel = texture[np.uint32(first_texel + row * wide + column)]
                        blue = (blue0 + w1 * blue1 + w2 * blue2) * np.float32(texel & np.uint32(255))
                        green = (green0 + w1 * green1 + w2 * green2) * np.float32(
                            (texel >> np.uint32(8)) & np.uint32(255)
                        )
                        red = (red0 + w1 * red1 + w2 * red2) * np.float32((texel >> np.uint32(16)) & np.uint32(255))
                        picture[y, x] = (
                            np.uint32(min(blue, most))
                            | (np.uint32(min(green, most)) << np.uint32(8))
                            | (np.uint32(min(red, most)) << np.uint32(16))
                            | np.uint32(0xFF000000)
                        )
                elif seen:
                    break
                w1 += a1
                w2 += a2
