"""A network as StableHLO: one zip file with the program, its constants and its model card.

The program runs wherever JAX does, on CPUs and CUDA GPUs, for any number of pictures at a time, without this project.
"""

import dataclasses
import json
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export
from jaxtyping import Float, UInt8
from numpy import ndarray

from h36m_pose.atomic_files import replacing
from h36m_pose.data.dataset import CROP_PX
from h36m_pose.errors import InputError
from h36m_pose.exporting.facts import require_network
from h36m_pose.prediction import Predictor

PLATFORMS = ("cpu", "cuda")
PROGRAM, CONSTANTS, CARD = "program.stablehlo", "constants.json", "model_card.md"
_MOST_BYTES = 2**31
_NOT_OURS = (
    zipfile.BadZipFile, LookupError, ValueError, EOFError, NotImplementedError, struct.error, AttributeError, TypeError,
    AssertionError, StopIteration,
)  # fmt: skip
"""What zip files, JSON and JAX's reader of programs raise at bytes that are none."""

_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@dataclasses.dataclass(frozen=True)
class ExportedNetwork:
    """A network read back.

    Attributes:
        constants: of `facts.constants_of`.
        card: the model card, Markdown.
    """

    constants: dict[str, Any]
    card: str
    _program: export.Exported = dataclasses.field(repr=False)

    def __call__(self, crops: UInt8[ndarray, "batch 128 128"]) -> Float[ndarray, "batch 17 3"]:
        """Poses in mm as `constants["output"]` tells."""
        return self.outputs(crops)[0]

    def outputs(self, crops: UInt8[ndarray, "batch 128 128"]) -> list[ndarray]:
        """All that `facts.OUTPUTS` names, as far as this network has it."""
        return [np.asarray(output) for output in self._program.call(crops)]


def write_stablehlo(path: Path, predictor: Predictor, constants: dict[str, Any], card: str) -> None:
    """Writes the file, atomically; the same run gives the same bytes.

    Args:
        path: of the file.
        predictor: the loaded run.
        constants: of `facts.constants_of`.
        card: the model card.
    """
    (batch,) = export.symbolic_shape("batch")
    crops = jax.ShapeDtypeStruct((batch, CROP_PX, CROP_PX), jnp.uint8)
    with _without_source_lines():
        program = export.export(jax.jit(predictor.function), platforms=PLATFORMS)(crops)
        content = program.serialize()
    parts = {PROGRAM: bytes(content), CONSTANTS: json.dumps(constants, indent=1).encode(), CARD: card.encode()}
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), data)


def read_stablehlo(path: Path) -> ExportedNetwork:
    """Reads the file back.

    Raises:
        InputError: if it is not there, damaged or something else.
    """
    mend = "Give a file that `h36m-pose export` of this version wrote"
    if not path.is_file():
        raise InputError(path, "no file", "an exported network", mend)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise InputError(path, "more than 2 GiB", "an exported network", mend)
            parts = {name: archive.read(name) for name in (PROGRAM, CONSTANTS, CARD)}  # each has a CRC that is compared
        constants, card = json.loads(parts[CONSTANTS]), parts[CARD].decode()
        program = export.deserialize(bytearray(parts[PROGRAM]))
        takes = [(tuple(value.shape[1:]), value.dtype.name) for value in program.in_avals]
    except _NOT_OURS as error:
        raise InputError(path, f"no exported network ({error})", "a whole one", mend) from None
    require_network(path, constants, takes, len(program.out_avals))
    return ExportedNetwork(constants, card, program)


@contextmanager
def _without_source_lines() -> Iterator[None]:
    """Leaves the folders of this machine out of the program."""
    before = jax.config.values["jax_traceback_in_locations_limit"]
    jax.config.update("jax_traceback_in_locations_limit", 0)
    try:
        yield
    finally:
        jax.config.update("jax_traceback_in_locations_limit", before)
