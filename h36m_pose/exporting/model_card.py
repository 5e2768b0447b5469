"""The model card: what the network is, what it was trained on, how well it does under which protocol, and its limits.

Markdown with the front matter that Hugging Face reads (https://huggingface.co/docs/hub/model-cards).
"""

from typing import Any

from h36m_pose import provenance
from h36m_pose.own_commit import commit_words
from h36m_pose.prediction import Predictor
from h36m_pose.summary import METRICS

_SHOWN = ("mpjpe", "pa_mpjpe", "n_mpjpe", "mpjve", "pck3d", "auc3d")

_USE = """\
With h36m_pose, from a video, where FOLDER holds this card and its files:

```sh
h36m-pose predict walk.mp4 --run FOLDER
```

Without it:

```python
import numpy, onnxruntime
session = onnxruntime.InferenceSession("network.onnx")
poses_mm = session.run(None, {"crops": crops})[0]     # crops: (batch, 128, 128) uint8 -> (batch, 17, 3) mm
```

```python
import zipfile
from jax import export
program = zipfile.ZipFile("network.stablehlo.zip").read("program.stablehlo")
poses_mm = export.deserialize(bytearray(program)).call(crops)[0]
```"""

_LIMITS = """\
* One person per crop, walking; other actions were not trained unless said above.
* The input must be made as the training pictures were: person cut out by a mask, background black, grey. On other
  pictures the errors are larger than those above, often by much; `h36m-pose predict` says how far a picture is from
  those trained on.
* Poses are relative to the pelvis: where the person stands is not predicted, and the size of a person is guessed from
  the training people.
* Not for decisions about people: no medical, legal or surveillance use was tested."""


def model_card(
    predictor: Predictor, constants: dict[str, Any], results: dict[str, Any] | None, environment: dict[str, Any]
) -> str:
    """The card as Markdown.

    Args:
        predictor: the loaded run.
        constants: of `facts.constants_of`.
        results: of `facts.results_of`.
        environment: the run's `environment.json`.
    """
    synthetic = bool(constants["synthetic"])
    licence = ["license: mit"] if synthetic else ["license: other", "license_name: see-the-training-data"]
    front = [
        "---",
        "library_name: h36m_pose",
        *licence,
        "tags:",
        "- 3d-human-pose-estimation",
        "- jax",
        "- onnx",
        "---",
    ]
    config = predictor.config
    lines = [
        *front, "", "# 3D human pose from one picture", "",
        f"A `{config['model']['name']}` network of {predictor.parameters:,} numbers: 17 joints in mm from a grey "
        "crop of 128x128 pixels.", "",
        "## Trained on", "",
        f"{predictor.split.words}. Dataset {predictor.dataset_fingerprint[:12]}"
        + (", made by this project's synthetic studio; **not Human3.6M**." if synthetic else "."), "",
        "## Results", "", *_results(results), "",
        "## Input and output", "",
        f"* `{constants['input']['name']}`: {constants['input']['meaning']}; (batch, 128, 128) uint8.",
        f"* `{constants['output']['name']}`: {constants['output']['meaning']}; (batch, 17, 3) float32. "
        f"{constants['output']['frame']}",
        f"* Joints: {', '.join(constants['joints'])}.", "",
        "## Use", "", _USE, "",
        "## Limits", "", _LIMITS, "",
        "## Licence", "", _licence(synthetic), "",
        "## Made by", "", *_provenance(predictor, environment), "",
        provenance.in_html(constants.get(provenance.KEY, {})), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _results(results: dict[str, Any] | None) -> list[str]:
    if results is None:
        return ["Not tested: `h36m-pose evaluate` has not been run on these weights."]
    lines = [f"On {results['frames']:,} frames: {results['protocol']}.", "",
             "| | network | mean pose | zero pose |", "|---|---:|---:|---:|"]  # fmt: skip
    for name in _SHOWN:
        row = results["metrics"][name]
        numbers = (f"{row[who]:.1f}" for who in ("network", "mean_pose", "zero_pose"))
        lines.append(f"| {METRICS[name].title} ({METRICS[name].unit}) | {' | '.join(numbers)} |")
    return lines


def _licence(synthetic: bool) -> str:
    if synthetic:
        return "The training pictures are drawn by this project (MIT); the weights may be passed on likewise."
    return (
        "If the training pictures are Human3.6M's, its licence holds: research only, and nothing derived from it, "
        "these weights included, may be passed on without its owners' leave."
    )


def _provenance(predictor: Predictor, environment: dict[str, Any]) -> list[str]:
    packages = ", ".join(f"{name} {version}" for name, version in environment.get("packages", {}).items())
    commit = commit_words(environment.get("git")) or "no commit known"
    seed = predictor.config["seed"]
    return [
        f"* Weights {predictor.checkpoint_digest[:12]}, of step {predictor.checkpoint_step}, seed {seed}",
        f"* Code {commit}",
        f"* Python {environment.get('python', 'unknown')}, {packages}",
    ]
