"""How learning went, stage by stage, from metrics.jsonl."""

from typing import Any

from h36m_pose.report.charts import Line, line_chart
from h36m_pose.report.material import Material, StageFiles
from h36m_pose.report.section import Section, missing, text


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
        parts.append(_finetuning(material.stages["finetune"]))
    return Section("curves", title, "".join(parts))


def _pretraining(stage: StageFiles) -> str:
    loss = line_chart(
        "Stage 1, the grid task: cross-entropy",
        [_line(stage, "train", "loss", "second"), _line(stage, "validation", "loss", "main")],
        "epoch",
        "nats per cell, logarithmic",
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
        f"a grid over the picture it touches. {text(_summary(stage))}</p>"
        f'<div class="charts">{loss}{cells}</div>'
    )


def _finetuning(stage: StageFiles) -> str:
    lines = [_line(stage, "train", "mpjpe_mm", "second"), _line(stage, "validation", "mpjpe_mm", "main")]
    baseline = _line(stage, "validation", "mean_pose_mpjpe_mm", "muted", "always the mean pose, on validation")
    if len(baseline.x):
        lines.append(Line(baseline.label, baseline.x, baseline.y, "muted", dashed=True))
    chart = line_chart("Stage 2, the pose: MPJPE", lines, "epoch", "mm", top=_top(stage))
    return (
        "<h3>Stage 2: where is each joint in space?</h3><p>The last layer is replaced, and the network learns 51 "
        "numbers: 17 joints in mm relative to the pelvis. Training pictures are varied (shifted, turned, lit "
        "differently), validation pictures are of people held out of training; the weights that did best on those were "
        f"kept. {text(_summary(stage))}</p>"
        f'<div class="charts">{chart}</div>'
    )


def _top(stage: StageFiles) -> float | None:
    """Room for twice the baseline at most, so that the first steps do not flatten the rest."""
    values = [row["mean_pose_mpjpe_mm"] for row in stage.rows if "mean_pose_mpjpe_mm" in row]
    return 1.6 * max(values) if values else None


def _summary(stage: StageFiles) -> str:
    words = (stage.finished or {}).get("summary")
    return f"It came to: {words}." if words else "It has not come to its end."


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
