"""Pictures of what the demo computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

from datamill.demo import blobs, fractals

INK, PAPER, SOFT = "#e8e6e3", "#15171c", "#9aa0a6"


def write_gallery(folder: Path) -> list[Path]:
    """Write the gallery.

    Args:
        folder: Where to; it exists.

    Returns:
        Paths of the PNG files.
    """
    matplotlib.use("agg")
    with matplotlib.rc_context(
        {
            "figure.facecolor": PAPER,
            "savefig.facecolor": PAPER,
            "axes.facecolor": PAPER,
            "text.color": INK,
            "axes.titlecolor": INK,
            "axes.titlesize": 10,
            "font.family": "DejaVu Sans",
        }
    ):
        return [_fractal_page(folder / "fractals.png"), _blob_page(folder / "blobs.png")]


def _fractal_page(path: Path) -> Path:
    from matplotlib import pyplot

    names = fractals.Fractal.to_arrays("fractal", order_by="KEY")
    figure, axes = pyplot.subplots(
        len(names), 4, figsize=(12, 3.25 * len(names)), layout="constrained", squeeze=False
    )
    for row, name in zip(axes, names, strict=True):
        key = {"fractal": name}
        ranked = (fractals.Quality & key).to_dicts(order_by="peak_ratio DESC")
        best, worst = ranked[0], ranked[-1]
        noisy, noise = (fractals.Photograph & key).fetch1("picture", "noise")
        panels = [
            ("ideal", (fractals.Rendering & key).fetch1("picture"), ""),
            ("photograph", noisy, f"noise {noise:.2f}"),
            (f"best: {best['method']}", _denoised(best), f"{best['peak_ratio']:.1f} dB"),
            (f"worst: {worst['method']}", _denoised(worst), f"{worst['peak_ratio']:.1f} dB"),
        ]
        for axis, (title, picture, note) in zip(row, panels, strict=True):
            axis.imshow(picture, cmap="magma", vmin=0, vmax=1, interpolation="nearest")
            axis.set_title(f"{name} · {title}" if title == "ideal" else title, loc="left", fontweight="bold")
            axis.set_title(note, loc="right", color=SOFT, fontsize=9)
            axis.set_axis_off()
    figure.suptitle(
        "Julia fractals: rendered, photographed, denoised, judged", fontsize=15, fontweight="bold"
    )
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return path


def _denoised(key: dict[str, Any]) -> Any:
    return (fractals.Denoised & {"fractal": key["fractal"], "method": key["method"]}).fetch1("picture")


def _blob_page(path: Path) -> Path:
    from matplotlib import pyplot
    from matplotlib.collections import EllipseCollection

    photos = (blobs.Photo * blobs.Pixels).to_dicts(order_by="KEY")
    detectors = blobs.Detector.to_dicts(order_by="KEY")
    ratios = [photo["height"] / photo["width"] for photo in photos]
    figure, axes = pyplot.subplots(
        len(photos),
        len(detectors),
        figsize=(12, 5.7 * sum(ratios) + 1),
        layout="constrained",
        squeeze=False,
        height_ratios=ratios,
    )
    for row, photo in zip(axes, photos, strict=True):
        for axis, detector in zip(row, detectors, strict=True):
            key = {"photo": photo["photo"], "detector": detector["detector"]}
            y, x, radius = (blobs.Detection.Blob & key).to_arrays("row", "column", "radius")
            axis.imshow(photo["pixels"], cmap="gray", vmin=0, vmax=255)
            rings = EllipseCollection(
                2 * radius, 2 * radius, 0 * radius, units="xy", offsets=list(zip(x, y, strict=True)),
                offset_transform=axis.transData, facecolors="none", edgecolors="#ffb454", linewidths=1.0,
            )  # fmt: skip
            axis.add_collection(rings)
            axis.set_title(photo["subject"], loc="left", fontweight="bold")
            axis.set_title(
                f"{detector['detector']}: {len(radius)} blobs", loc="right", color=SOFT, fontsize=9
            )
            axis.set_axis_off()
    figure.suptitle("Blobs in real photographs, by parameter set", fontsize=15, fontweight="bold")
    figure.savefig(path, dpi=90)
    pyplot.close(figure)
    return path
