"""Blob detection in real photographs: photo -> parameters x photo -> detections as parts -> summary."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import datamill as dm

schema = dm.Schema()


@schema
class Photo(dm.Manual):
    """A photograph that scikit-image carries."""

    definition = """
    # Photographs to look at
    photo : varchar(24)         # name in skimage.data
    ---
    subject : varchar(80)
    blobs_are = 'bright' : enum('bright', 'dark')
    """


@schema
class Pixels(dm.Imported):
    """The photograph itself."""

    definition = """
    # Gray values read from the file
    -> Photo
    ---
    height : uint16             # pixels
    width : uint16              # pixels
    pixels : <blob>             # uint8, height x width
    """

    def make(self, key: dict[str, Any]) -> None:
        """Read the file as gray values."""
        pixels = read_photo(key["photo"])
        self.insert1({**key, "height": pixels.shape[0], "width": pixels.shape[1], "pixels": pixels})


@schema
class Detector(dm.Lookup):
    """Parameter sets of the blob detector."""

    definition = """
    # Parameters of the difference-of-Gaussians detector
    detector : varchar(12)
    ---
    smallest : float64          # least radius (pixels)
    largest : float64           # greatest radius (pixels)
    threshold : float64         # least contrast, 0 to 1
    """
    contents = (
        {"detector": "fine", "smallest": 2.0, "largest": 9.0, "threshold": 0.08},
        {"detector": "coarse", "smallest": 12.0, "largest": 45.0, "threshold": 0.1},
    )


@schema
class Detection(dm.Computed):
    """Blobs found in a photograph with one parameter set."""

    definition = """
    # Blobs in a photograph
    -> Pixels
    -> Detector
    ---
    count : uint32              # blobs found
    """

    class Blob(dm.Part):
        """One blob."""

        definition = """
        -> master
        blob : uint32           # number by falling radius
        ---
        row : float64           # centre (pixels)
        column : float64        # centre (pixels)
        radius : float64        # pixels
        """

    def make(self, key: dict[str, Any]) -> None:
        """Detect, then insert the summary row and one part row per blob."""
        pixels = (Pixels & key).fetch1("pixels")
        parameters = (Detector & key).fetch1()
        if (Photo & key).fetch1("blobs_are") == "dark":
            pixels = 255 - pixels
        found = detect(pixels, parameters["smallest"], parameters["largest"], parameters["threshold"])
        self.insert1({**key, "count": len(found)})
        self.Blob.insert(
            {**key, "blob": number, "row": row, "column": column, "radius": radius}
            for number, (row, column, radius) in enumerate(found)
        )


@schema
class Summary(dm.Computed):
    """What a photograph's blobs look like together."""

    definition = """
    # Sizes of the blobs of a detection
    -> Detection
    ---
    mean_radius = null : float64    # pixels; null without blobs
    largest_radius = null : float64 # pixels
    covered : float64               # share of the photograph inside blobs, overlaps counted twice
    """

    def make(self, key: dict[str, Any]) -> None:
        """Summarise the part rows."""
        radius = (Detection.Blob & key).to_arrays("radius")
        height, width = (Pixels & key).fetch1("height", "width")
        self.insert1(
            {
                **key,
                "mean_radius": float(radius.mean()) if len(radius) else None,
                "largest_radius": float(radius.max()) if len(radius) else None,
                "covered": float((np.pi * radius**2).sum() / (height * width)),
            }
        )


PHOTOS = (
    {"photo": "hubble_deep_field", "subject": "galaxies in the Hubble deep field", "blobs_are": "bright"},
    {"photo": "coins", "subject": "Greek coins from Pompeii", "blobs_are": "bright"},
    {"photo": "moon", "subject": "surface of the Moon", "blobs_are": "dark"},
)


def read_photo(name: str) -> NDArray[np.uint8]:
    """Return the gray values (uint8, height x width) of a photograph in scikit-image."""
    from skimage import color, data, util

    picture = getattr(data, name)()
    if picture.ndim == 3:
        picture = color.rgb2gray(picture)
    return np.ascontiguousarray(util.img_as_ubyte(picture))


def detect(
    pixels: NDArray[np.uint8], smallest: float, largest: float, threshold: float
) -> list[tuple[float, ...]]:
    """Find bright blobs.

    Args:
        pixels: uint8, height x width.
        smallest, largest: Bounds of the radius in pixels.
        threshold: Least contrast, 0 to 1.

    Returns:
        (row, column, radius) in pixels, by falling radius.
    """
    from skimage.feature import blob_dog

    root = 2**0.5
    found = blob_dog(pixels / 255.0, min_sigma=smallest / root, max_sigma=largest / root, threshold=threshold)
    blobs = [(float(row), float(column), float(sigma) * root) for row, column, sigma in found]
    return sorted(blobs, key=lambda blob: (-blob[2], blob))
