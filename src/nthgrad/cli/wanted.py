"""Builds and writes the derivative of a model that the command line requests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from nthgrad._display.quiet import held_back
from nthgrad.cli.models import Model
from nthgrad.errors import ArgumentError


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The requested derivative of a model: the options of `options.derivative`."""

    order: int | None
    by: str | None
    partials: str | None
    coords: str | None
    laplacian: bool

    @property
    def asked(self) -> list[str]:
        """Which of the three options were given."""
        given = {
            "--order": self.order is not None,
            "--partials": self.partials is not None,
            "--laplacian": self.laplacian,
        }
        return [option for option, there in given.items() if there]

    @property
    def name(self) -> str | None:
        """The name of the derivative; None if none is requested."""
        names = {"--order": "derivatives", "--partials": "partials", "--laplacian": "laplacian"}
        return names[self.asked[0]] if self.asked else None

    def check(self, *, needed: bool = True) -> None:
        """Refuses options that do not fit together, before anything is loaded.

        Args:
            needed: whether a derivative is required.

        Raises:
            ArgumentError: not exactly one of order, partials and laplacian is given, or an option that does not fit it.
        """
        asked = self.asked
        if len(asked) > 1 or (needed and not asked):
            found = f"{' and '.join(asked)} are given together" if asked else "There is nothing to export"
            raise ArgumentError(f"{found}. Give one of --order N, --partials NAMES and --laplacian.")
        for option, value, goes_with in (("--coords", self.coords, "--partials"), ("--by", self.by, "--order")):
            if value is not None and not asked:
                raise ArgumentError(
                    f"{option} goes with {goes_with}, which is not given. Add it, or leave {option} out."
                )
            if value is not None and asked[0] != goes_with:
                raise ArgumentError(f"{option} goes with {goes_with}, not with {asked[0]}. Leave it out.")

    def of(self, model: Model, **options: Any) -> Callable[..., Any]:
        """Returns the derivative of a model, as a function of its inputs.

        Raises:
            ArgumentError: there is no input of that name, or the coordinates do not fit the inputs.
        """
        import nthgrad

        names = [spec.name for spec in model.specs]
        if self.order is not None:
            if self.by is not None and self.by not in names:
                raise ArgumentError(f"--by {self.by} is none of the inputs {', '.join(names)}. Name one of those.")
            argnum = 0 if self.by is None else names.index(self.by)
            return nthgrad.derivatives(model.f, self.order, argnum=argnum, **options)
        if self.partials is not None:
            columns = self.coords.split(",") if self.coords and "," in self.coords else self.coords
            _refuse_coordinates(model, columns)
            wanted = _spelled(self.partials.split(","), list(columns or names))
            return nthgrad.partials(model.f, wanted, coords=columns, **options)
        if len(names) > 1:
            raise ArgumentError(
                f"{model.path} has {len(names)} inputs, {', '.join(names)}, but --laplacian requires one. Use "
                "--partials."
            )
        return nthgrad.laplacian(model.f, batch_dims=1, **options)


def write(g: Callable[..., Any], kind: str, path: str, model: Model) -> str:
    """Writes a function of the model's inputs; returns a line that describes it.

    Raises:
        ArgumentError: a length is open, which StableHLO does not allow, or the path cannot be written.
    """
    from nthgrad import export

    if kind == "stablehlo":
        for spec in model.specs:
            if spec.shape.rank and spec.shape[0] is None:
                raise ArgumentError(
                    f"The batch size of {spec.name} is unknown, which StableHLO does not allow. Add --batch N."
                )
    with held_back():  # TensorFlow prints that it writes
        {"savedmodel": export.saved_model, "stablehlo": export.stablehlo}[kind](g, path, *model.specs)
    takes = ", ".join(f"{s.name}: {s.dtype.name}{list(s.shape)}" for s in model.specs)
    return f"{path}: {g.__name__}({takes})"


def _refuse_coordinates(model: Model, columns: Sequence[str] | None) -> None:
    """Raises if the coordinates are neither the inputs of the model nor the columns of the only one."""
    name, names = model.path, [spec.name for spec in model.specs]
    if len(names) > 1:
        if columns is not None:
            raise ArgumentError(
                f"{name} has {len(names)} inputs, which name the coordinates: {', '.join(names)}. Leave out --coords."
            )
        return
    shape = model.specs[0].shape
    count = shape[-1] if shape.rank and shape.rank > 1 else 1
    if columns is None and count != 1:
        example = "--coords tx" if count == 2 else "--coords txy"
        raise ArgumentError(
            f"The input x of {name} has {count} columns. Name them with --coords, for example {example}."
        )
    if columns is not None and count != len(columns):
        raise ArgumentError(
            f"The input x of {name} has {count} columns, but --coords names {len(columns)}. Name them all."
        )


def _spelled(texts: Sequence[str], known: Sequence[str]) -> list[Any]:
    """Splits typed partials, letters or names with dots between them; returns only tuples if one has to be a tuple."""
    if any("." in text or (text in known and len(text) > 1) for text in texts):
        return [tuple(text.split(".") if "." in text or text in known else text) for text in texts]
    return list(texts)
