"""Julia fractals: a specification is rendered, photographed by a noisy camera, denoised, and judged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import datamill as dm

schema = dm.Schema()
SIZE = 320


@schema
class Fractal(dm.Manual):
    """What to render."""

    definition = """
    # Julia sets to render
    fractal : varchar(16)       # short name
    ---
    real_part : float64         # real part of c in z -> z*z + c
    imaginary_part : float64    # imaginary part of c
    extent = 1.5 : float64      # half the side of the picture in the complex plane
    """


@schema
class Method(dm.Lookup):
    """How to denoise."""

    definition = """
    # Denoising methods
    method : varchar(16)
    ---
    parameters = null : json    # keyword arguments of the function
    description = '' : varchar(200)
    """
    contents = (
        {"method": "gaussian", "parameters": {"sigma": 1.2}, "description": "Gaussian blur"},
        {"method": "median", "parameters": {"size": 5}, "description": "median of a 5 x 5 neighbourhood"},
        {
            "method": "bilateral",
            "parameters": {"sigma_color": 0.25, "sigma_spatial": 3},
            "description": "edge-preserving bilateral filter",
        },
        {
            "method": "total_variation",
            "parameters": {"weight": 0.12},
            "description": "total-variation minimisation",
        },
    )


@schema
class Rendering(dm.Computed):
    """The ideal picture."""

    definition = """
    # Ideal picture of a Julia set
    -> Fractal
    ---
    picture : <blob>            # float32, SIZE x SIZE, 0 to 1
    inside : float64            # share of points that never escape
    """

    def make(self, key: dict[str, Any]) -> None:
        """Iterate z -> z*z + c over a square of the complex plane."""
        spec = (Fractal & key).fetch1()
        picture, inside = julia(complex(spec["real_part"], spec["imaginary_part"]), spec["extent"])
        self.insert1({**key, "picture": picture, "inside": inside})


@schema
class Photograph(dm.Imported):
    """The picture as a noisy camera sees it."""

    definition = """
    # Picture taken by a noisy camera
    -> Rendering
    ---
    picture : <blob>            # float32, SIZE x SIZE, 0 to 1
    noise : float64             # standard deviation of the noise
    """

    def make(self, key: dict[str, Any]) -> None:
        """Add the noise of a cheap sensor."""
        picture = (Rendering & key).fetch1("picture")
        noise = 0.18
        generator = np.random.default_rng(list(key["fractal"].encode()))
        noisy = np.clip(picture + generator.normal(0, noise, picture.shape), 0, 1).astype(np.float32)
        self.insert1({**key, "picture": noisy, "noise": noise})


@schema
class Denoised(dm.Computed):
    """Each photograph after each method."""

    definition = """
    # Photograph x method
    -> Photograph
    -> Method
    ---
    picture : <blob>            # float32, SIZE x SIZE, 0 to 1
    """

    def make(self, key: dict[str, Any]) -> None:
        """Apply the method with its parameters."""
        picture = (Photograph & key).fetch1("picture")
        method, parameters = (Method & key).fetch1("method", "parameters")
        self.insert1({**key, "picture": denoise(picture, method, parameters).astype(np.float32)})


@schema
class Quality(dm.Computed):
    """How close the denoised picture is to the ideal one, in whole and by quarter."""

    definition = """
    # Likeness of the denoised to the ideal picture
    -> Denoised
    ---
    peak_ratio : float64        # peak signal-to-noise ratio (dB)
    similarity : float64        # structural similarity, at most 1
    """

    class Quarter(dm.Part):
        """The same for each quarter of the picture."""

        definition = """
        -> master
        quarter : enum('north-west', 'north-east', 'south-west', 'south-east')
        ---
        peak_ratio : float64    # peak signal-to-noise ratio (dB)
        """

    def make(self, key: dict[str, Any]) -> None:
        """Compare with the ideal picture."""
        from skimage.metrics import peak_signal_noise_ratio, structural_similarity

        ideal = (Rendering & key).fetch1("picture")
        picture = (Denoised & key).fetch1("picture")
        self.insert1(
            {
                **key,
                "peak_ratio": peak_signal_noise_ratio(ideal, picture, data_range=1),
                "similarity": structural_similarity(ideal, picture, data_range=1),
            }
        )
        half = SIZE // 2
        self.Quarter.insert(
            {
                **key,
                "quarter": name,
                "peak_ratio": peak_signal_noise_ratio(ideal[area], picture[area], data_range=1),
            }
            for name, area in {
                "north-west": np.s_[:half, :half],
                "north-east": np.s_[:half, half:],
                "south-west": np.s_[half:, :half],
                "south-east": np.s_[half:, half:],
            }.items()
        )


FRACTALS = (
    {"fractal": "dendrite", "real_part": 0.0, "imaginary_part": 1.0, "extent": 1.45},
    {"fractal": "rabbit", "real_part": -0.123, "imaginary_part": 0.745, "extent": 1.45},
    {"fractal": "galaxy", "real_part": -0.8, "imaginary_part": 0.156, "extent": 1.55},
    {"fractal": "dragon", "real_part": 0.36, "imaginary_part": 0.1, "extent": 1.2},
)


def julia(c: complex, extent: float, rounds: int = 120) -> tuple[NDArray[np.float32], float]:
    """Render a Julia set by smooth escape time.

    Args:
        c: The constant in z -> z*z + c.
        extent: Half the side of the picture.
        rounds: Iterations at the most.

    Returns:
        Picture (float32, SIZE x SIZE, 0 to 1) and the share of points that never escape.
    """
    axis = np.linspace(-extent, extent, SIZE)
    z = axis[np.newaxis, :] + 1j * axis[:, np.newaxis]
    escape = np.full(z.shape, float(rounds))
    alive = np.ones(z.shape, dtype=bool)
    for step in range(rounds):
        z[alive] = z[alive] ** 2 + c
        gone = alive & (np.abs(z) > 16)
        escape[gone] = step + 1 - np.log2(np.log2(np.abs(z[gone])))
        alive &= ~gone
    shade = np.log1p(np.clip(escape, 0, None))
    shade = (shade - shade.min()) / max(float(np.ptp(shade)), 1e-9)
    return shade.astype(np.float32), float(alive.mean())


def denoise(picture: NDArray[np.float32], method: str, parameters: dict[str, Any]) -> NDArray[Any]:
    """Apply one of the methods to a picture."""
    from scipy.ndimage import median_filter
    from skimage.filters import gaussian
    from skimage.restoration import denoise_bilateral, denoise_tv_chambolle

    functions = {
        "gaussian": gaussian,
        "median": median_filter,
        "bilateral": denoise_bilateral,
        "total_variation": denoise_tv_chambolle,
    }
    result: NDArray[Any] = functions[method](picture, **parameters)
    return result
