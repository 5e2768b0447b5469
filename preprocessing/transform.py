"""What decides the arrays besides the parameters: the code that makes them and the libraries that it rests on.

Both stand in every record and in the fingerprint, so that nobody has to remember to raise a number when an edit changes
the crops: one changed line of code makes the views again. Comments, docstrings and blank lines change nothing.
"""

import ast
import functools
import hashlib
import importlib.util
import io
import tokenize
from importlib.abc import InspectLoader

import av
import cv2
import numpy as np

MODULES = (
    "h36m_pose.alignment",
    "h36m_pose.camera",
    "h36m_pose.data.dataset",
    "h36m_pose.data.dataset_writer",
    "h36m_pose.skeleton",
    "preprocessing.background",
    "preprocessing.calibration",
    "preprocessing.crop",
    "preprocessing.masks",
    "preprocessing.person",
    "preprocessing.poses",
    "preprocessing.video",
    "preprocessing.view",
)
"""All of this project that a view's arrays pass through."""


def libraries() -> dict[str, str]:
    """Major and minor version of each library that decides pixels."""
    versions = {"av": av.__version__, "numpy": np.__version__, "opencv": cv2.__version__}
    return {name: ".".join(version.split(".")[:2]) for name, version in versions.items()}


@functools.cache
def code_digest() -> str:
    """SHA-256 over the code of `MODULES`."""
    digest = hashlib.sha256()
    for name in MODULES:
        digest.update(f"{name}\n{code_of(_source_of(name))}\n".encode())
    return digest.hexdigest()


def code_of(source: str) -> str:
    """A module's source without what does nothing: comments, strings that stand alone, blank lines."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            for row in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                lines[row - 1] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _source_of(name: str) -> str:
    specification = importlib.util.find_spec(name)
    loader = specification and specification.loader
    source = loader.get_source(name) if isinstance(loader, InspectLoader) else None
    if source is None:
        raise RuntimeError(f"the source of {name} is not installed")
    return source
