"""What holds for every test: annotated shapes are checked, and no axis is broadcast unsaid."""

import os

from jaxtyping import install_import_hook

# Before JAX is imported, by whichever test comes first.
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

install_import_hook("h36m_pose", "runtime_types.check")
