"""The paragraph that says how a run was made and measured, out of what is stored with it and nothing else."""

from collections.abc import Sequence

from h36m_pose import skeleton
from h36m_pose.errors import InputError
from h36m_pose.paper.latex import HEADER, between, code, count, escape, listed, printable, prose, quantity
from h36m_pose.paper.recipe import SHORT, data_sentences, network_sentences, training_sentences
from h36m_pose.paper.tables import SHOWN, letters
from h36m_pose.paper.tested_runs import PaperRun
from h36m_pose.report.intervals import of_metric
from h36m_pose.summary import METRICS

Told = dict[str, list[str]]
"""Sentences under the titles of their paragraphs."""


def methods(runs: Sequence[PaperRun]) -> str:
    """`methods.tex`: what is true of all runs once, then of each run what tells it from others; digests as comments."""
    told = [sentences(run) for run in runs]
    common = {
        title: [each for each in own if all(each in others[title] for others in told)] for title, own in told[0].items()
    }
    parts = [_comments(run) for run in runs]
    parts += [prose([rf"\paragraph{{{title}.}}", *own]) for title, own in common.items() if own]
    if len(runs) > 1:
        for letter, run, own_words in zip(letters(runs), runs, told, strict=True):
            own = [each for title, words in own_words.items() for each in words if each not in common[title]]
            parts.append(prose([rf"\paragraph{{Run {letter}, {code(run.name)}.}}", *own]))
    return HEADER + "\n".join(parts)


def _comments(run: PaperRun) -> str:
    identity = {"run": run.name, **run.results["identity"]}
    return "".join(f"% {printable(f'{key}: {value}')}\n" for key, value in identity.items())


def sentences(run: PaperRun) -> Told:
    """All that is known of a run; each sentence stands alone, and each with a result says what it was measured on.

    Raises:
        InputError: if a setting is missing.
    """
    weights, stage = run.weights, run.second_stage
    if weights is None or stage is None:
        return {
            "Data": [_capture(run)], "Network": [_method_without_training(run)], "Training": [],
            "Evaluation": _test(run), "Reproduction": _provenance(run),
        }  # fmt: skip
    try:
        data = data_sentences(run, weights, stage)
        network, training = network_sentences(weights, stage), training_sentences(run, weights, stage)
    except KeyError as error:
        found, expected = f"no {error.args[0]} among its settings", "all that this version knows"
        mend = "Use the version that trained it (see environment.json), or train it again"
        raise InputError(run.material.run_dir / "finetune", found, expected, mend) from error
    return {
        "Data": [_capture(run), *data],
        "Network": network,
        "Training": training,
        "Evaluation": _test(run),
        "Reproduction": _provenance(run),
    }


def _capture(run: PaperRun) -> str:
    if run.material.synthetic:
        return (
            r"All pictures are synthetic, drawn by the studio of \texttt{h36m\_pose} in the raw layout of Human3.6M; "
            "none is Human3.6M's."
        )
    if run.material.capture == "Human3.6M":
        return "All pictures are those of Human3.6M (Ionescu et al. 2014)."
    return "Where the pictures come from is not recorded."


def _method_without_training(run: PaperRun) -> str:
    identity = {key: str(value) for key, value in run.results["identity"].items() if key != "dataset_fingerprint"}
    name = identity.pop("baseline", None)
    what = f"The method {code(name)} is no network trained here" if name else "How the method was trained is not stored"
    known = [f"{escape(key)} {escape(value[:SHORT] if key == 'weights' else value)}" for key, value in identity.items()]
    return f"{what}{' (' + '; '.join(known) + ')' if known else ''}."


def _test(run: PaperRun) -> list[str]:
    results = run.results
    mirrored = results["identity"].get("mirror_average")
    stage = run.second_stage
    if mirrored is None and stage is not None:
        mirrored = "yes" if stage.config["settings"]["finetune"]["mirror_average"] else "no"
    average = {
        "yes": ["Each prediction is the mean of the picture's and its mirror image's, turned back."],
        "no": ["Each prediction is of the picture alone, without its mirror image."],
    }.get(str(mirrored), [])
    joints = listed(
        [name + (" (the root)" if joint == skeleton.ROOT else "") for joint, name in enumerate(skeleton.NAMES)]
    )
    defined = [(METRICS[key].title, METRICS[key].definition.replace("; ", ", ")) for key in SHOWN]
    metrics = "; ".join(f"{escape(title)}, {escape(words)}" for title, words in defined)
    mpjpe = results["metrics"]["mpjpe"]
    bounds = of_metric(results["per_view"], "mpjpe")
    span = rf" (95\,\% interval over sequences {between(bounds)})" if bounds else ""
    return [
        *average,
        f"Poses are of {skeleton.JOINTS} joints: {joints}; each is measured relative to its own pelvis, in the "
        "camera's frame, and the pelvis counts with its error of zero.",
        f"The metrics are {metrics}.",
        f"On {count(results['frames'], 'frame')} of {count(results['views'], 'sequence')} of "
        f"{escape(run.capture_words)}, MPJPE is {quantity(mpjpe['network'], 'mm')}{span}; always predicting the "
        f"training subjects' mean pose has {quantity(mpjpe['mean_pose'], 'mm')}, all joints on the pelvis "
        f"{quantity(mpjpe['zero_pose'], 'mm')}.",
        f"The protocol in full: {escape(results['protocol'])}.",
    ]


def _provenance(run: PaperRun) -> list[str]:
    identity, stage = run.results["identity"], run.second_stage
    known = [f"dataset {code(str(identity.get('dataset_fingerprint'))[:SHORT])}"]
    if identity.get("weights"):
        known.insert(0, f"weights {code(str(identity['weights'])[:SHORT])}")
    if stage is None:
        return [f"Digests: {listed(known)}."]
    found = [f"The seed was {stage.config['settings']['seed']}; digests: {listed(known)}."]
    if stage.config["dataset_fingerprint"] != identity.get("dataset_fingerprint"):
        found.append(f"The training was on another dataset ({code(stage.config['dataset_fingerprint'][:SHORT])}).")
    environment = stage.environment
    git, packages, devices = (environment.get(name, {}) for name in ("git", "packages", "devices"))
    if git.get("commit"):
        changed = ", with uncommitted changes" if git.get("dirty") else ""
        found.append(f"The code was that of commit {code(git['commit'][:SHORT])}{changed}.")
    if packages:
        versions = listed([f"{escape(name)} {escape(version)}" for name, version in packages.items()])
        found.append(f"Software: Python {escape(environment.get('python', 'of a version not recorded'))}, {versions}.")
    if devices:
        device = f"{count(devices['count'], 'device')} of kind {escape(str(devices['kind']))}"
        found.append(f"Training ran on {device}.")
    return found
