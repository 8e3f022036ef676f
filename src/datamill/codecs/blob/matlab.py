"""The two array classes that stand for MATLAB's containers. Importing this module imports numpy."""

from __future__ import annotations

from typing import Any

import numpy as np


class MatCell(np.ndarray[Any, np.dtype[Any]]):
    """A MATLAB cell array: an object array of any shape that `pack` writes as a cell.

    Example:
        >>> import numpy as np
        >>> cell = np.empty((1, 2), dtype=object).view(MatCell)
        >>> cell[0, 0], cell[0, 1] = np.arange(3.0), "label"
    """


class MatStruct(np.recarray[Any, np.dtype[Any]]):
    """A MATLAB struct array: a record array of any shape, with object fields, that `pack` writes as a struct.

    Example:
        >>> import numpy as np
        >>> struct = np.empty((1, 1), dtype=[("gain", object), ("name", object)]).view(MatStruct)
        >>> struct["gain"][0, 0], struct["name"][0, 0] = 2.5, "probe"
    """
