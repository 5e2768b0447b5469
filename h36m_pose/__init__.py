"""Single-image 3D human pose on Human3.6M: train it, measure it, watch it walk."""

__version__ = "0.1.0"
