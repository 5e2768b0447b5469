"""How learning went, stage by stage, from metrics.jsonl."""

from typing import Any

from h36m_pose.report.charts import Line, line_chart
from h36m_pose.report.material import Material, StageFiles
from h36m_pose.report.section import Section, missing, text

_NAMES = {"loss": "cross-entropy {:.4f}", "mpjpe_mm": "MPJPE {:.1f} mm"}
"""What the stages' metrics are called, with their units."""


def curves_section(material: Material) -> Section:
    """Learning curves of the stages there are."""
    title = "How it learnt"
    if not any(stage.rows for stage in material.stages.values()):
        run = f"h36m-pose train finetune --run {material.run_dir}"
        return missing("curves", title, "There is no record of a training in this run.", run)
    parts = []
    if "pretrain" in material.stages and material.stages["pretrain"].rows:
        parts.append(_pretraining(material.stages["pretrain"]))
    else:
        parts.append(
            '<p class="remark">There was no first stage in this run (the grid task). To train one: '
            f"<code>h36m-pose train pretrain --run {text(material.run_dir)}</code></p>"
        )
    if "finetune" in material.stages and material.stages["finetune"].rows:
        parts.append(_finetuning(material.stages["finetune"], material))
    return Section("curves", title, "".join(parts))


def _pretraining(stage: StageFiles) -> str:
    loss = line_chart(
        "Stage 1: error of the grid task",
        [_line(stage, "train", "loss", "second"), _line(stage, "validation", "loss", "main")],
        "epoch",
        "cross-entropy per cell, logarithmic scale",
        log=True,
    )
    cells = line_chart(
        "Stage 1: cells found",
        [
            _line(stage, "train", "recall", "second", "training: share of true cells found", 100),
            _line(stage, "validation", "recall", "main", "validation: share of true cells found", 100),
            _line(stage, "validation", "precision", "left", "validation: share of found cells that are true", 100),
        ],
        "epoch",
        "%",
        top=100,
    )
    return (
        "<h3>Stage 1: where in the picture is each joint?</h3><p>The network says for each of 17 joints which cells of "
        "a grid over the picture it touches. The line with dots is the error on people held out of training "
        f"(validation): where it no longer falls, the network begins to learn its training pictures by heart. "
        f"{_summary(stage)}</p>"
        f'<div class="charts">{loss}{cells}</div>'
    )


def _finetuning(stage: StageFiles, material: Material) -> str:
    lines = [_line(stage, "train", "mpjpe_mm", "second"), _line(stage, "validation", "mpjpe_mm", "main")]
    baseline = _line(stage, "validation", "mean_pose_mpjpe_mm", "muted", "always the mean pose, on validation")
    if len(baseline.x):
        lines.append(Line(baseline.label, baseline.x, baseline.y, "muted", dashed=True))
    chart = line_chart("Stage 2, the pose: MPJPE", lines, "epoch", "mm", top=_top(stage))
    return (
        "<h3>Stage 2: where is each joint in space?</h3><p>The last layer is replaced, and the network learns 51 "
        "numbers: 17 joints in mm relative to the pelvis. Training pictures are varied (shifted, turned, lit "
        "differently), those of the validation are not; the state of the network that did best on validation was kept. "
        f"{_summary(stage)} {_other_people(stage, material)}</p>"
        f'<div class="charts">{chart}</div>'
    )


def _top(stage: StageFiles) -> float | None:
    """Room for twice the baseline at most, so that the first steps do not flatten the rest."""
    values = [row["mean_pose_mpjpe_mm"] for row in stage.rows if "mean_pose_mpjpe_mm" in row]
    return 1.6 * max(values) if values else None


def _summary(stage: StageFiles) -> str:
    words = best_words(stage)
    return f"{text(words[0].upper() + words[1:])}." if words else "It has not come to its end."


def best_words(stage: StageFiles) -> str:
    """What a stage came to on validation, such as "best on validation: MPJPE 99.3 mm, after 348 of 464 steps".

    Empty while the stage is not finished, and the stage's own words where its metric is not known here.
    """
    finished = stage.finished or {}
    if finished.get("metric") not in _NAMES or not {"best", "best_step", "steps"} <= set(finished):
        return str(finished.get("summary", ""))
    value = _NAMES[finished["metric"]].format(finished["best"])
    return f"best on validation: {value}, after {finished['best_step']:,} of {finished['steps']:,} steps"


def _other_people(stage: StageFiles, material: Material) -> str:
    """Why the error of the validation need not be that of the test."""
    held_out = stage.config["settings"]["data"].get("validation_subjects") or ()
    tested = list(material.results["per_subject"])
    if not held_out:
        return ""
    error = material.results["metrics"]["mpjpe"]["network"]
    return text(
        f"Validation ({', '.join(held_out)}) and test ({', '.join(tested)}) are different people, with bodies and "
        f"clothes of their own, so their errors need not agree: the test's is {error:.1f} mm."
    )


def _line(stage: StageFiles, split: str, name: str, colour: str, label: str | None = None, factor: float = 1.0) -> Line:
    chosen: list[dict[str, Any]] = [row for row in stage.rows if row.get("split") == split and name in row]
    words = label or {"train": "training", "validation": "validation"}[split]
    return Line(
        words,
        [float(row["epoch"]) for row in chosen],
        [factor * float(row[name]) for row in chosen],
        colour,
        dots=split == "validation",
    )
