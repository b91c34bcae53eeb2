"""Runs what `nthgrad.export.stablehlo` wrote, by JAX's runtime: `python stablehlo.py FOLDER ...`.

Of each folder it takes the arguments from given.npz, by name, and writes the outputs, by name, to found.npz. Needs JAX and NumPy, not TensorFlow and not nthgrad. JAX has no public way to compile a StableHLO module that it did not
write itself; its client's methods, which this uses, are private. They were found to work in JAX 0.6.2 and 0.10.2.
"""

import json
import sys
from pathlib import Path

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)  # else every float64 would be cut to float32


class Function:
    """An exported function.

    Attributes:
        inputs: the names of its arguments.
        outputs: the names of what it returns.
    """

    def __init__(self, folder, device=None, precision=None):
        """Compiles it.

        Args:
            folder: what was exported.
            device: a JAX device; by default the first.
            precision: `highest` for matrix products in all of float32's bits, of which a GPU drops some if it may.
        """
        self._device = device or jax.devices()[0]
        text = (Path(folder) / "function.mlir").read_text(encoding="utf-8")
        if precision is not None:
            text = text.replace("[DEFAULT, DEFAULT]", f"[{precision}, {precision}]".upper())
        self._executable = _compiled(text, self._device)
        description = json.loads((Path(folder) / "function.json").read_text(encoding="utf-8"))
        self.inputs = [a["name"] for a in description["arguments"] if a["kind"] == "input"]
        self.outputs = [o["name"] for o in description["outputs"]]
        with np.load(Path(folder) / "values.npz") as values:
            self._values = [
                self.put(values[a["key"]].view(a["dtype"])) for a in description["arguments"] if a["kind"] != "input"
            ]

    def put(self, array):
        """The array on the device."""
        return jax.device_put(array, self._device)

    def __call__(self, *inputs):
        """The outputs, a list of arrays, for arrays on the device."""
        return self._executable.execute([*inputs, *self._values])

    def memory(self):
        """MiB that a call needs beside its arguments, as the compiler says."""
        stats = self._executable.get_compiled_memory_stats()
        return (stats.temp_size_in_bytes + stats.output_size_in_bytes) / 2**20


def _compiled(text, device):
    client = device.client
    if hasattr(client, "compile_and_load"):
        return client.compile_and_load(text, [device])
    return client.compile(text)  # for the first device


def main(*folders):
    """Computes what the functions give."""
    for folder in folders:
        function = Function(folder)
        with np.load(Path(folder) / "given.npz") as given:
            outputs = function(*(function.put(given[name]) for name in function.inputs))
        np.savez(
            Path(folder) / "found.npz", **{n: np.asarray(y) for n, y in zip(function.outputs, outputs, strict=True)}
        )
    assert not {"tensorflow", "nthgrad"} & set(sys.modules)


if __name__ == "__main__":
    main(*sys.argv[1:])
