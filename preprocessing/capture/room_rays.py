"""Compiled ray casting of a room: six painted faces, boxes and round rods; and the light baked on the faces."""

import math

import numpy as np

from preprocessing.capture.compiled import compiled


@compiled
def _hit_box(ox, oy, oz, dx, dy, dz, box):  # pragma: no cover - compiled
    """Distance along the ray to the box's front (or 1e9), and the axis of the face hit."""
    near, far, axis = np.float32(-1e9), np.float32(1e9), 0
    for k in range(3):
        o = ox if k == 0 else (oy if k == 1 else oz)
        d = dx if k == 0 else (dy if k == 1 else dz)
        if abs(d) < np.float32(1e-7):
            d = np.float32(1e-7)
        a, b = (box[k] - o) / d, (box[k + 3] - o) / d
        if a > b:
            a, b = b, a
        if a > near:
            near, axis = a, k
        far = min(far, b)
    if near > far or near <= np.float32(1e-2):
        return np.float32(1e9), 0
    return near, axis


@compiled
def _hit_rod(ox, oy, oz, dx, dy, dz, rod):  # pragma: no cover - compiled
    """Distance along the ray to a cylinder between (0:3) and (3:6) of radius (6), or 1e9; dx, dy, dz of any length."""
    ax, ay, az = rod[3] - rod[0], rod[4] - rod[1], rod[5] - rod[2]
    px, py, pz = ox - rod[0], oy - rod[1], oz - rod[2]
    aa = ax * ax + ay * ay + az * az
    ad = (ax * dx + ay * dy + az * dz) / aa
    ap = (ax * px + ay * py + az * pz) / aa
    ux, uy, uz = dx - ad * ax, dy - ad * ay, dz - ad * az
    vx, vy, vz = px - ap * ax, py - ap * ay, pz - ap * az
    a = ux * ux + uy * uy + uz * uz + np.float32(1e-12)
    b = ux * vx + uy * vy + uz * vz
    root = b * b - a * (vx * vx + vy * vy + vz * vz - rod[6] * rod[6])
    if root <= 0:
        return np.float32(1e9)
    t = (-b - math.sqrt(root)) / a
    along = ap + t * ad
    if t < np.float32(1e-2) or along < 0 or along > 1:
        return np.float32(1e9)
    return t


@compiled
def bake(points, normals, lamps, strengths, sky, solids, jitter, out):  # pragma: no cover - compiled
    """Writes the light (n, 3) that reaches points (n, 3): lamps with soft shadows of `solids`, sky with occlusion.

    `solids` (s, 9): a box (low, high) where the last number is 0, a rod (ends, radius) where it is 1.
    `jitter` (r, 3): unit normal numbers, for places on the lamps and directions of the sky.
    """
    rounds = jitter.shape[0]
    near = np.zeros(solids.shape[0], np.bool_)
    for i in range(points.shape[0]):
        px, py, pz = (
            points[i, 0] + np.float32(8) * normals[i, 0],
            points[i, 1] + np.float32(8) * normals[i, 1],
            points[i, 2] + np.float32(8) * normals[i, 2],
        )
        free = np.float32(0)
        for r in range(rounds):
            dx, dy, dz = (
                jitter[r, 0] + np.float32(2) * normals[i, 0],
                jitter[r, 1] + np.float32(2) * normals[i, 1],
                jitter[r, 2] + np.float32(2) * normals[i, 2],
            )
            size = np.float32(700) / math.sqrt(dx * dx + dy * dy + dz * dz + np.float32(1e-6))
            open_ = np.float32(1)
            for s in range(solids.shape[0]):
                if near[s]:
                    t, _ = _hit_box(px, py, pz, dx * size, dy * size, dz * size, solids[s])
                    if t < 1:
                        open_ = min(open_, t)
            free += open_
        free /= np.float32(rounds)
        for c in range(3):
            out[i, c] = sky[c] * free
        for lamp in range(lamps.shape[0]):
            light = np.float32(0)
            for r in range(rounds):
                dx = lamps[lamp, 0] + np.float32(140) * jitter[r, 1] - px
                dy = lamps[lamp, 1] + np.float32(140) * jitter[r, 2] - py
                dz = lamps[lamp, 2] + np.float32(40) * jitter[r, 0] - pz
                inverse = np.float32(1) / math.sqrt(dx * dx + dy * dy + dz * dz)
                facing = (dx * normals[i, 0] + dy * normals[i, 1] + dz * normals[i, 2]) * inverse
                if facing <= 0:
                    continue
                hidden = False
                for s in range(solids.shape[0]):
                    if solids[s, 8] == 0:
                        t, _ = _hit_box(px, py, pz, dx, dy, dz, solids[s])
                    else:
                        t = _hit_rod(px, py, pz, dx, dy, dz, solids[s])
                    if t < 1:
                        hidden = True
                        break
                if not hidden:
                    light += facing * inverse * np.float32(2600)
            for c in range(3):
                out[i, c] += light / np.float32(rounds) * strengths[lamp, c]


@compiled
def _ray(rays, u, v):  # pragma: no cover - compiled
    """The ray (x / z, y / z) at column u and row v of a grid of rays, between its nodes too."""
    m, n = min(int(u), rays.shape[1] - 2), min(int(v), rays.shape[0] - 2)
    p, q = u - np.float32(m), v - np.float32(n)
    top_x = rays[n, m, 0] + p * (rays[n, m + 1, 0] - rays[n, m, 0])
    top_y = rays[n, m, 1] + p * (rays[n, m + 1, 1] - rays[n, m, 1])
    low_x = rays[n + 1, m, 0] + p * (rays[n + 1, m + 1, 0] - rays[n + 1, m, 0])
    low_y = rays[n + 1, m, 1] + p * (rays[n + 1, m + 1, 1] - rays[n + 1, m, 1])
    return top_x + q * (low_x - top_x), top_y + q * (low_y - top_y)


@compiled
def _on_border(hits, row, column):  # pragma: no cover - compiled
    """Whether a neighbour of a pixel shows another surface."""
    here = hits[row, column]
    if (row > 0 and hits[row - 1, column] != here) or (row < hits.shape[0] - 1 and hits[row + 1, column] != here):
        return True
    if column > 0 and hits[row, column - 1] != here:
        return True
    return column < hits.shape[1] - 1 and hits[row, column + 1] != here


@compiled
def _look(
    ox, oy, oz, dx, dy, dz, in_block, count, room, faces, paint, texel_mm, solids, colours, lamps, strengths, sky, out
):  # pragma: no cover - compiled
    """Colour of one ray into out[0:3]; returns what it hit: 0 to 5 a face, from 6 on a solid.

    `in_block` holds the `count` solids that may be seen in this part of the picture.
    """
    best, axis, hit = np.float32(1e9), 0, -1
    for number in range(count):
        s = in_block[number]
        if solids[s, 8] == 0:
            t, k = _hit_box(ox, oy, oz, dx, dy, dz, solids[s])
        else:
            t, k = _hit_rod(ox, oy, oz, dx, dy, dz, solids[s]), 3
        if t < best:
            best, axis, hit = t, k, s
    if hit < 0:
        for k in range(3):
            o = ox if k == 0 else (oy if k == 1 else oz)
            d = dx if k == 0 else (dy if k == 1 else dz)
            if abs(d) > np.float32(1e-9):
                t = (room[k + 3] - o) / d if d > 0 else (room[k] - o) / d
                if t < best:
                    best, axis = t, k
        x, y, z = ox + best * dx, oy + best * dy, oz + best * dz
        high = (dx if axis == 0 else (dy if axis == 1 else dz)) > 0
        face = (2 + 2 * axis if axis < 2 else 0) + (1 if high else 0)
        if axis == 0:
            u, v = y - room[1], z
        elif axis == 1:
            u, v = x - room[0], z
        else:
            u, v = x - room[0], y - room[1]
        first, wide, tall = faces[face, 0], faces[face, 1], faces[face, 2]
        u = min(max(u / texel_mm, np.float32(0)), np.float32(wide - 1.001))
        v = min(max(v / texel_mm, np.float32(0)), np.float32(tall - 1.001))
        m, n = int(u), int(v)
        p, q = u - np.float32(m), v - np.float32(n)
        at = first + n * wide + m
        for c in range(3):
            low = paint[at, c] * (1 - p) + paint[at + 1, c] * p
            above = paint[at + wide, c] * (1 - p) + paint[at + wide + 1, c] * p
            out[c] = low + q * (above - low)
        return face
    x, y, z = ox + best * dx, oy + best * dy, oz + best * dz
    nx, ny, nz = np.float32(0), np.float32(0), np.float32(0)
    if axis == 0:
        nx = np.float32(-1) if dx > 0 else np.float32(1)
    elif axis == 1:
        ny = np.float32(-1) if dy > 0 else np.float32(1)
    elif axis == 2:
        nz = np.float32(-1) if dz > 0 else np.float32(1)
    else:
        rod = solids[hit]
        ax, ay, az = rod[3] - rod[0], rod[4] - rod[1], rod[5] - rod[2]
        along = ((x - rod[0]) * ax + (y - rod[1]) * ay + (z - rod[2]) * az) / (ax * ax + ay * ay + az * az)
        nx, ny, nz = (
            (x - rod[0] - along * ax) / rod[6],
            (y - rod[1] - along * ay) / rod[6],
            (z - rod[2] - along * az) / rod[6],
        )
    low = np.float32(0.55) + np.float32(0.45) * min(z / np.float32(500), np.float32(1))
    for c in range(3):
        out[c] = sky[c] * low * (np.float32(0.75) + np.float32(0.25) * nz)
    for lamp in range(lamps.shape[0]):
        lx, ly, lz = lamps[lamp, 0] - x, lamps[lamp, 1] - y, lamps[lamp, 2] - z
        inverse = np.float32(1) / math.sqrt(lx * lx + ly * ly + lz * lz)
        facing = max((lx * nx + ly * ny + lz * nz) * inverse, np.float32(0)) * inverse * np.float32(2600)
        for c in range(3):
            out[c] += facing * strengths[lamp, c]
    for c in range(3):
        out[c] = min(colours[hit, c] * math.sqrt(out[c]), np.float32(255))
    return 6 + hit


@compiled
def photograph_rays(
    rays,
    step,
    rotation,
    centre,
    room,
    faces,
    paint,
    texel_mm,
    solids,
    colours,
    bounds,
    lamps,
    strengths,
    sky,
    hits,
    image,
):  # pragma: no cover - compiled
    """Fills `image` (H, W, 3) float32 blue, green, red and `hits` (H, W) int16.

    `rays` (rows, columns, 2) are the rays (x / z, y / z) of every `step`-th pixel, interpolated in between. Pixels on
    the border between two surfaces are drawn a second time from four rays.
    """
    high, wide = hits.shape
    colour = np.zeros(3, np.float32)
    in_block = np.zeros(solids.shape[0], np.int32)
    for turn in range(2):
        for top in range(0, high, 8):
            for left in range(0, wide, 32):
                count = np.int64(0)  # typed: a bare 0 is a type of its own, for which everything compiles once more
                for s in range(solids.shape[0]):
                    beside = bounds[s, 0] > left + 31 or bounds[s, 2] < left
                    if not beside and bounds[s, 1] <= top + 7 and bounds[s, 3] >= top:
                        in_block[count] = s
                        count += 1
                for row in range(top, min(top + 8, high)):
                    for column in range(left, min(left + 32, wide)):
                        if turn == 1 and not _on_border(hits, row, column):
                            continue
                        for sample in range(1 if turn == 0 else 4):
                            a, b = np.float32(column), np.float32(row)
                            if turn == 1:
                                a = max(a + np.float32(0.5) * np.float32(sample % 2) - np.float32(0.25), np.float32(0))
                                b = max(b + np.float32(0.5) * np.float32(sample // 2) - np.float32(0.25), np.float32(0))
                            x, y = _ray(rays, a / step, b / step)
                            dx = x * rotation[0, 0] + y * rotation[1, 0] + rotation[2, 0]
                            dy = x * rotation[0, 1] + y * rotation[1, 1] + rotation[2, 1]
                            dz = x * rotation[0, 2] + y * rotation[1, 2] + rotation[2, 2]
                            hit = _look(
                                centre[0], centre[1], centre[2], dx, dy, dz, in_block, count, room, faces, paint,
                                texel_mm, solids, colours, lamps, strengths, sky, colour,
                            )  # fmt: skip
                            if turn == 0:
                                hits[row, column] = hit
                            for c in range(3):
                                if turn == 0:
                                    image[row, column, c] = colour[c]
                                elif sample == 0:
                                    image[row, column, c] = np.float32(0.25) * colour[c]
                                else:
                                    image[row, column, c] += np.float32(0.25) * colour[c]
