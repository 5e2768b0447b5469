"""How the run was made, and the commands to make it again."""

from pathlib import Path
from typing import Any

from h36m_pose.configuration import experiments_folder, load_experiment, stage_settings
from h36m_pose.own_commit import commit_words
from h36m_pose.report.curves import best_words
from h36m_pose.report.material import STAGES, Material, StageFiles
from h36m_pose.report.section import Section, table, text

_TITLES = {"pretrain": "Stage 1, grid task", "finetune": "Stage 2, pose"}

NEVER_TYPED = ("writers", "parallel", "host_devices")
"""Settings that say how to compute, not what; they are not part of the command to make a run again."""


def provenance_section(material: Material) -> Section:
    """Facts, commands, and all settings in a fold."""
    facts = list(_facts(material))
    body = table("What this run is", ("", ""), [(text(name), text(value)) for name, value in facts])
    places = "RAW stands for the folder of the raw videos" + (
        " and PRESET for the size of the capture, demo or full." if material.synthetic else "."
    )
    body += f"<h3>To make it again</h3><p>{places}</p><pre><code>{text(_commands(material))}</code></pre>"
    for name, stage in material.stages.items():
        rows = [(text(key), f"<code>{text(value)}</code>") for key, value in flat(stage.config["settings"])]
        body += (
            f"<details><summary>All settings of {text(_TITLES[name].lower())}</summary>"
            f"{table(f'Settings of {_TITLES[name].lower()}', ('setting', 'value'), rows)}</details>"
        )
    return Section("provenance", "How it was made", body)


def _facts(material: Material):
    yield "Run", material.run_dir.resolve().name
    yield "Capture", material.capture
    yield "Dataset", f"{material.dataset_dir}, fingerprint {material.results['identity'].get('dataset_fingerprint')}"
    if "finetune" in material.stages:
        yield "Network", material.stages["finetune"].config["settings"]["model"]["name"]
    weights = material.results["identity"].get("weights")
    if weights:
        yield "Weights that were tested", f"checkpoint digest {weights}"
    for name, stage in material.stages.items():
        yield _TITLES[name], _training_words(stage)
    environment = next((stage.environment for stage in reversed(material.stages.values()) if stage.environment), {})
    if environment:
        yield "Commit that trained it", commit_words(environment.get("git")) or "not recorded"
        yield "Python", environment.get("python", "not recorded")
        packages = environment.get("packages", {})
        yield "Packages", ", ".join(f"{package} {version}" for package, version in packages.items())
        devices = environment.get("devices", {})
        yield "Machine", f"{environment.get('platform')}; {devices.get('count')} device of kind {devices.get('kind')}"


def _training_words(stage: StageFiles) -> str:
    if stage.finished is None:
        return "not finished"
    seconds, steps = stage.finished.get("seconds_of_last_attempt"), stage.finished.get("steps_of_last_attempt")
    words = best_words(stage) or str(stage.finished.get("summary", "finished"))
    if seconds is None:
        return words
    part = "" if steps == stage.finished.get("steps") else f" for the last {steps} steps, after an interruption"
    return f"{words}; took {seconds / 60:.1f} min{part}"


def _commands(material: Material) -> str:
    dataset, run = material.dataset_dir, material.run_dir
    lines = []
    if material.synthetic:
        lines.append("h36m-pose capture RAW --preset PRESET")
    lines.append(f"h36m-pose preprocess RAW {dataset}")
    for name in STAGES:
        if name in material.stages:
            experiment, overrides = nearest_experiment(material.stages[name].config["settings"], name)
            words = "".join(f" {each}" for each in overrides)
            lines.append(f"h36m-pose train {name} --experiment {experiment} --dataset {dataset} --run {run}{words}")
    lines += [f"h36m-pose evaluate {run}", f"h36m-pose render {run} --root RAW", f"h36m-pose report {run} --root RAW"]
    return "\n".join(lines)


def nearest_experiment(settings: dict[str, Any], stage: str) -> tuple[str, list[str]]:
    """The experiment that differs in the fewest settings, and what to add on the command line.

    Args:
        settings: of the run's config.json.
        stage: whose they are.
    """
    found = dict(flat(settings))
    best: tuple[str, list[str]] | None = None
    for file in sorted(experiments_folder().glob("[a-z]*.py"), key=_demo_and_default_first):
        known = dict(flat(stage_settings(load_experiment(file.stem), stage)))
        if not set(found) <= set(known):
            continue
        words = [
            f"{key}={_typed(value)}"
            for key, value in found.items()
            if known[key] != value and key.split(".")[0] not in NEVER_TYPED
        ]
        if best is None or len(words) < len(best[1]):
            best = file.stem, words
    return best or ("EXPERIMENT", [])


def _demo_and_default_first(file: Path) -> tuple[bool, str]:
    return file.stem not in ("demo", "default"), file.stem


def _typed(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def flat(settings: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Each setting with its groups, such as ("finetune.optim.peak_lr", 0.001)."""
    items: list[tuple[str, Any]] = []
    for key, value in settings.items():
        if isinstance(value, dict):
            items += flat(value, f"{prefix}{key}.")
        else:
            items.append((f"{prefix}{key}", value))
    return items
