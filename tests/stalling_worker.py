"""A Dask worker whose first view never gets beyond its first frame: run as a script, with the worker's own options.

The file that the environment variable STALL names appears when it has come that far; whoever waits for it kills the
worker.
"""

import os
import time
from pathlib import Path

from distributed.cli.dask_worker import main

from preprocessing import view

add_image = view.ViewWriter.add_image


def stall(writer: view.ViewWriter, image) -> None:
    """Takes the place of `ViewWriter.add_image`."""
    add_image(writer, image)
    Path(os.environ["STALL"]).touch()
    time.sleep(600)


if __name__ == "__main__":
    view.ViewWriter.add_image = stall  # type: ignore[method-assign]
    main()
