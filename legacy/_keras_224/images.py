"""Changes of pictures by `keras.preprocessing.image`: their center, their axes, their brightness, their whitening.

Keras took these functions from the package Keras-Preprocessing; the numbers are those of its last version, 1.1.2.
"""

import inspect
from collections.abc import Callable
from functools import reduce, wraps
from typing import Any

import numpy as np


def centered(matrix: np.ndarray, x: float, y: float) -> np.ndarray:
    """Returns the transform about the center of a picture of x times y pixels, which they took for (x + 1) / 2."""
    a, b = x / 2 + 0.5, y / 2 + 0.5
    return _shift(a, b) @ matrix @ _shift(-a, -b)


def apply_affine_transform(
    x: np.ndarray,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 0,
    col_axis: int = 1,
    channel_axis: int = 2,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> np.ndarray:
    """Turns, shifts, shears and zooms a picture; the names x and y stood for its rows and columns."""
    from scipy import ndimage

    turn, slant = np.deg2rad(theta), np.deg2rad(shear)
    steps = [
        (theta != 0, np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])),
        (tx != 0 or ty != 0, _shift(tx, ty)),
        (shear != 0, np.array([[1, -np.sin(slant), 0], [0, np.cos(slant), 0], [0, 0, 1]])),
        (zx != 1 or zy != 1, np.diag([zx, zy, 1])),
    ]
    matrices = [matrix for asked, matrix in steps if asked]
    if not matrices:
        return x
    matrix = centered(reduce(np.dot, matrices), x.shape[row_axis], x.shape[col_axis])
    transform: Any = ndimage.affine_transform  # SciPy's annotations know no vector as an offset
    planes = [
        transform(plane, matrix[:2, :2], matrix[:2, 2], order=order, mode=fill_mode, cval=cval)
        for plane in np.rollaxis(x, channel_axis, 0)
    ]
    return np.rollaxis(np.stack(planes), 0, channel_axis + 1)


def apply_brightness_shift(x: np.ndarray, brightness: float, scale: bool = True) -> np.ndarray:
    """Makes a picture brighter; its numbers are stretched to 0..255 and stay so, whatever today's `scale` says."""
    from PIL import ImageEnhance
    from tf_keras.preprocessing import image

    picture = image.array_to_img(x, "channels_last", dtype="float32")
    return image.img_to_array(ImageEnhance.Brightness(picture).enhance(brightness), "channels_last", dtype="float32")


def about_the_first_axes(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Wraps `random_rotation` and its like: they took axes of rows and columns, and used the first two."""

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> np.ndarray:
        given = inspect.signature(function).bind(*args, **kwargs)
        given.arguments |= {"row_axis": 0, "col_axis": 1}
        return function(*given.args, **given.kwargs)

    return inner


def fit(function: Callable[..., None]) -> Callable[..., None]:
    """Wraps `ImageDataGenerator.fit`: it whitened by the covariance, and epsilon was a variance."""

    @wraps(function)
    def inner(self: Any, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        if not self.zca_whitening:
            function(self, x, augment, rounds, seed)
            return
        if seed is not None:
            np.random.seed(seed)
        x = np.asarray(x, self.dtype) * np.asarray(self.rescale or 1, self.dtype)
        if augment:
            x = np.array([self.random_transform(each) for _ in range(rounds) for each in x], self.dtype)
        rescale, self.rescale, self.zca_whitening = self.rescale, None, False
        try:
            function(self, x)
        finally:
            self.rescale, self.zca_whitening = rescale, True
        if self.featurewise_center:  # whitening turns it on, and the division by the deviation off
            x = x - self.mean
        rows = x.reshape(len(x), -1)
        vectors, variances, _ = np.linalg.svd(rows.T @ rows / len(x))
        self.principal_components = (vectors / np.sqrt(variances + self.zca_epsilon)) @ vectors.T

    return inner


principal_components = property(
    lambda self: self.zca_whitening_matrix, lambda self, matrix: setattr(self, "zca_whitening_matrix", matrix)
)


def sorted_classes(function: Callable[..., Any]) -> Any:
    """Wraps the static `DataFrameIterator._filter_classes`: classes were numbered as words sort, also those given."""

    @staticmethod
    @wraps(function)
    def inner(*args: Any) -> Any:
        frame, classes = function(*args)
        return frame, sorted(classes)

    return inner


def _shift(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], float)
