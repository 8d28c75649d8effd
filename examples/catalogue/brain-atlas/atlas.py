"""Draws a brain that is nobody's, divides it into regions, and serves it with the viewer.

`python atlas.py PORT REGIONS FOLDS SEED` writes the volume beside the viewer's own files, in
`site`, and is then Python's own web server for that folder. Nothing of it is measured: shapes are
signed distances to a few ellipsoids, folds the level sets of a smooth random field, and regions of
the cortex the cells that k-means finds for both halves, one laid over the other.
"""

import gzip
import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SITE = Path("site")
VOXEL_MM = 2.0
SHAPE = (92, 110, 96)
"""Voxels from left to right, from back to front, from below to above."""

ORIGIN_MM = (-91.0, -127.0, -83.0)
CORTEX_MM = 4.0

DEEP = {
    "Thalamus": ((11, -18, 7), (8, 13, 8)),
    "Caudate": ((13, 12, 10), (5, 13, 9)),
    "Putamen": ((27, 3, 1), (5, 15, 10)),
    "Pallidum": ((19, -3, 0), (4, 8, 6)),
    "Hippocampus": ((27, -22, -15), (6, 18, 6)),
    "Amygdala": ((23, -3, -19), (7, 7, 7)),
}
"""Centres in the right half and radii, in mm."""

Field = NDArray[np.float32]
Labels = NDArray[np.uint8]


def coordinates() -> tuple[Field, Field, Field]:
    """Where each voxel is, in mm, each of the three to be broadcast against the others."""
    axes = [
        (start + VOXEL_MM * np.arange(count)).astype(np.float32)
        for start, count in zip(ORIGIN_MM, SHAPE, strict=True)
    ]
    return axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]


def ellipsoid(
    at: tuple[Field, Field, Field], centre: tuple[float, ...], radii: tuple[float, ...]
) -> Field:
    """About how far inside an ellipsoid each voxel is, in mm; negative outside."""
    near = sum(((a - c) / r) ** 2 for a, c, r in zip(at, centre, radii, strict=True))
    steep = sum(((a - c) / r**2) ** 2 for a, c, r in zip(at, centre, radii, strict=True))
    distance = np.sqrt(near)
    return np.asarray(distance * (1 - distance) / np.maximum(np.sqrt(steep), 1e-6), np.float32)


def joined(one: Field, other: Field, softness_mm: float) -> Field:
    """The union of two bodies, with a rounded seam."""
    mix = np.clip(0.5 + 0.5 * (one - other) / softness_mm, 0, 1)
    return np.asarray(other + (one - other) * mix + softness_mm * mix * (1 - mix), dtype=np.float32)


def smooth_noise(shape: tuple[int, ...], wave_mm: float, random: np.random.Generator) -> Field:
    """A random field of variance 1 whose waves are about that long."""
    spectrum = np.fft.rfftn(random.standard_normal(shape).astype(np.float32))
    steps = [np.fft.fftfreq(n, VOXEL_MM) for n in shape[:2]] + [np.fft.rfftfreq(shape[2], VOXEL_MM)]
    frequency = np.sqrt(sum(f**2 for f in np.meshgrid(*steps, indexing="ij")))
    spectrum *= np.exp(-(((frequency - 1 / wave_mm) * wave_mm / 0.35) ** 2))
    field = np.fft.irfftn(spectrum, shape)
    return np.asarray(field / field.std(), dtype=np.float32)


def folded(depth: Field, folds: float, random: np.random.Generator) -> Field:
    """A body with furrows where a random field is near 0: as deep as `folds` says, 1 is natural."""
    furrow = np.zeros_like(depth)
    for wave_mm, deep_mm in ((36.0, 24.0), (26.0, 14.0)):
        is_near = np.exp(-((smooth_noise(depth.shape, wave_mm, random) / 0.15) ** 2))
        furrow = np.maximum(furrow, deep_mm * is_near)
    return np.asarray(depth - folds * furrow, dtype=np.float32)


def near(what: NDArray[np.bool_], reach_mm: float) -> NDArray[np.bool_]:
    """Which voxels are no farther than that from any of these."""
    reach = int(reach_mm / VOXEL_MM)
    steps = range(-reach, reach + 1)
    found = np.zeros_like(what)
    for step in itertools.product(steps, repeat=3):
        if sum(s * s for s in step) * VOXEL_MM**2 <= reach_mm**2:
            found |= np.roll(what, step, (0, 1, 2))
    return found


def draw(regions: int, folds: float, seed: int) -> tuple[Labels, Labels, list[dict[str, Any]]]:
    """The image, the region of each voxel (0 is none), and the regions from 1 on."""
    random = np.random.default_rng(seed)
    at = x, y, z = coordinates()
    side = (np.abs(x), y, z)  # Both halves have the same shape, not the same folds.

    cerebrum = ellipsoid(side, (27, -19, 14), (43, 87, 58))
    cerebrum = joined(cerebrum, ellipsoid(side, (46, -10, -20), (23, 44, 22)), 12)
    cerebrum = np.minimum(cerebrum, z + 44)
    body = folded(cerebrum, folds, random)
    arch = np.hypot((y + 16) / 1.4, z + 8)  # What joins the halves is an arch along the middle.
    bridge = (arch > 22) & (arch < 29) & (z > 2) & (np.abs(x) < 20)
    fissure = (np.abs(x) < 2) & (arch > 22) & ~bridge
    body = np.where(fissure, -1, body).astype(np.float32)
    cortex = (body > 0) & near(body <= 0, CORTEX_MM) & ~bridge & (cerebrum < 34)

    deep = {name: ellipsoid(side, *where) for name, where in DEEP.items()}
    ventricle = np.maximum(
        ellipsoid(side, (8, -2, 14), (5, 26, 8)), ellipsoid(side, (18, -34, 12), (5, 14, 9))
    )
    cerebellum = ellipsoid(side, (20, -66, -38), (32, 26, 22))
    ripple = np.sin((z + 0.35 * y) / 1.7 + 0.8 * np.sin(np.abs(x) / 9))
    folia = cerebellum - 1.6 * (ripple > 0.35) * (cerebellum < 8)
    stem = ellipsoid(at, (0, -32, -34), (13, 12, 40))
    stem = np.maximum(stem, ellipsoid(at, (0, -24, -28), (17, 12, 13)))

    inside = joined(ellipsoid(at, (0, -20, 8), (76, 96, 76)), cerebrum, 10)
    scalp = ellipsoid(at, (0, -20, 6), (85, 104, 84))
    image = np.full(SHAPE, 0.02, np.float32)
    for where, grey in (
        (scalp > 0, 0.72),
        (scalp > 5, 0.10),
        (inside > 0, 0.17),
        (folia > 0, 0.55),
        (folia > 5, 0.80),
        (body > 0, 0.86),
        (cortex, 0.55),
        (bridge, 0.90),
        (stem > 0, 0.76),
        *((each > 0, 0.64) for each in deep.values()),
        (ventricle > 0, 0.13),
    ):
        image[np.broadcast_to(where, SHAPE)] = grey
    image = scanned(image, random)

    labels = np.zeros(SHAPE, np.uint8)
    table = parcels(cortex & (cerebellum < 0), at, labels, regions, random)
    bodies = {"Cerebellum": folia, **deep}
    for name, depth in bodies.items():
        for half, is_there in (("Left", x < 0), ("Right", x >= 0)):
            mark(
                table,
                labels,
                (depth > 0) & is_there & (ventricle <= 0),
                f"{half} {name.lower()}",
                name,
            )
    mark(table, labels, (stem > 0) & (cerebellum < 2), "Brain stem", "Brain stem")
    for index, region in enumerate(table, start=1):
        voxels = np.argwhere(labels == index)
        region["voxels"] = len(voxels)
        # The voxel of it that is nearest to its middle, which itself may lie outside.
        middle = voxels.mean(0)
        region["seed"] = voxels[((voxels - middle) ** 2).sum(1).argmin()].tolist()
    return np.asarray(image * 255, np.uint8), labels, table


def scanned(image: Field, random: np.random.Generator) -> Field:
    """The image as a scanner would give it: a little blurred, uneven and grainy."""
    for axis in range(3):
        image = (np.roll(image, 1, axis) + 2 * image + np.roll(image, -1, axis)) / 4
    uneven = 1 + 0.05 * smooth_noise(image.shape, 160.0, random)
    grain = random.normal(0, 0.018, (2, *image.shape)).astype(np.float32)
    return np.clip(np.hypot(image * uneven + grain[0], grain[1]), 0, 1)


def parcels(
    cortex: NDArray[np.bool_],
    at: tuple[Field, Field, Field],
    labels: Labels,
    regions: int,
    random: np.random.Generator,
) -> list[dict[str, Any]]:
    """Divide the cortex into as many regions, half of them on the left; the table of them."""
    where = np.argwhere(cortex)
    places = np.stack([np.broadcast_to(a, cortex.shape)[cortex] for a in at], axis=1)
    places[:, 0] = np.abs(places[:, 0])
    sample = places[random.choice(len(places), min(len(places), 8000), replace=False)]
    centres = sample[random.choice(len(sample), regions // 2, replace=False)]
    for _ in range(25):
        nearest = closest(sample, centres)
        centres = np.stack(
            [
                sample[nearest == i].mean(0) if (nearest == i).any() else centres[i]
                for i in range(len(centres))
            ]
        )
    centres = centres[np.argsort(-centres[:, 1])]
    nearest = closest(places, centres)
    is_right = where[:, 0] >= SHAPE[0] // 2
    labels[cortex] = 1 + 2 * nearest + is_right
    counts: dict[str, int] = {}
    table = []
    for centre in centres:
        lobe = lobe_at(*centre)
        counts[lobe] = counts.get(lobe, 0) + 1
        for half in ("Left", "Right"):
            table.append({"name": f"{half} {lobe.lower()} {counts[lobe]}", "group": lobe})
    return table


def closest(places: NDArray[Any], centres: NDArray[Any]) -> NDArray[Any]:
    """For each place the number of the centre next to it."""
    squares = (centres**2).sum(1) - 2 * places @ centres.T
    return np.asarray(squares.argmin(1))


def lobe_at(x: float, y: float, z: float) -> str:
    """In which lobe a place of the right half is, roughly."""
    if x < 14 and -45 < y < 40 and 10 < z < 45:
        return "Cingulate"
    if y < -68:
        return "Occipital"
    if z < 2 and x > 22 and y < 22:
        return "Temporal"
    return "Frontal" if y > -22 - 0.15 * (z - 40) else "Parietal"


def mark(
    table: list[dict[str, Any]], labels: Labels, where: NDArray[np.bool_], name: str, group: str
) -> None:
    """Add one region to the table and to the volume."""
    table.append({"name": name, "group": group})
    labels[np.broadcast_to(where, labels.shape)] = len(table)


def main(port: str, regions: int, folds: float, seed: int) -> None:
    """Write what the viewer shows, then serve it."""
    image, labels, table = draw(regions, folds, seed)
    volume = np.concatenate([image.ravel(order="F"), labels.ravel(order="F")])
    (SITE / "atlas.bin.gz").write_bytes(gzip.compress(volume.tobytes(), 6, mtime=0))
    header = {"shape": SHAPE, "voxel_mm": VOXEL_MM, "origin_mm": ORIGIN_MM, "regions": table}
    (SITE / "atlas.json").write_text(json.dumps(header), encoding="utf-8")
    print(f"{len(table)} regions in {SHAPE} voxels; serving on port {port}", flush=True)
    server = ["-m", "http.server", "--bind", "127.0.0.1", "--directory", str(SITE), port]
    os.execv(sys.executable, [sys.executable, "-u", *server])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
