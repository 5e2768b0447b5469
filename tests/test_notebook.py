"""The notebook runs from its first cell to its last, on a capture small enough for a test, and shows its figures."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent.parent / "docs" / "notebook.ipynb"


@pytest.mark.slow  # two and a half minutes on two cores
@pytest.mark.timeout(900)
def test_the_notebook_trains_the_demo_and_shows_the_figures(tmp_path, monkeypatch):
    monkeypatch.setenv("PRESET", "quick")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "commit it without outputs"
    NotebookClient(notebook, timeout=800, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    kinds = [kind for output in shown for kind in output.get("data", ())]
    assert kinds.count("image/png") == 5, kinds
    assert any("<video" in output.get("data", {}).get("text/html", "") for output in shown)
    text = "".join(output.get("text", "") for output in shown)
    assert "protocol s11" in text and "MPJPE (mm)" in text and "mm on S11 Walking" in text
