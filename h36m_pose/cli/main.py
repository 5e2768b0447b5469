"""The console command `h36m-pose`: one verb per step of the pipeline.

Nothing heavy is imported here: `--help`, typing errors and bad paths answer before JAX is loaded. Each verb is a module
of this package with `add_arguments(parser)` and `run(arguments)`; its docstring is its help.
"""

import argparse
import difflib
import errno
import importlib
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

import h36m_pose
from h36m_pose import command_words
from h36m_pose.errors import InputError

_TAKING_A_WORD = ("--experiment", "--dataset", "--run", "--set")
"""Options of `train` and `baseline` whose value may look like a setting."""

VERBS = {
    "demo": "the whole pipeline on a small synthetic capture",
    "capture": "write a synthetic capture in the raw layout of Human3.6M",
    "doctor": "look at a release or a capture: what is there, what is missing, what to do next",
    "spoil": "a copy of a synthetic capture with faults that real downloads have, to rehearse with",
    "preprocess": "raw videos, poses and masks to 128x128 crops and root-relative joints",
    "inspect": "a picture of what preprocessing makes of a view, step by step",
    "pack": "a dataset as one compressed, checksummed file",
    "unpack": "the dataset back from such a file, bit for bit",
    "train": "pretrain on the grid task, then finetune to poses in mm",
    "evaluate": "metrics on the test subjects, beside the baselines",
    "robustness": "how much error spoilt pictures cost: noise, blur, hidden halves, wrong masks, ...",
    "temporal": "smooth predictions over time: small trained networks beside the 1-euro filter",
    "predict": "poses in your own video or pictures, as files for other programs, and a video of them",
    "render": "a video of a test sequence, predicted beside true",
    "whence": "where a file comes from: run, weights, dataset, commit, and the command that makes it again",
    "compare": "trained runs beside each other: differences with intervals, settings, curves",
    "export": "a trained run as StableHLO and ONNX with a model card, compared with the run",
    "report": "one HTML page about a run: results, 3D player, what the network looks at",
    "paper": "tables with intervals, a paragraph of methods and figures about runs, as LaTeX, PDF and SVG",
    "experiments": "run the studies, tables of experiments over several seeds, and write their page",
    "baseline": "fit a simple method to compare with, such as nearest neighbour on HOG features",
    "system": "versions, devices, codecs, disk space, and the line that mends what is wrong",
    "bench": "how fast training, prediction and preprocessing are here, beside PyTorch",
}


class _Parser(argparse.ArgumentParser):
    """An argument parser that names the nearest verb or option when one is mistyped."""

    nearest_among: tuple[str, ...] = ()

    def error(self, message: str) -> NoReturn:
        if "unrecognized" in message or "invalid choice" in message:
            said, _, choices = message.replace("'", " ").partition("(choose from")
            known = choices.rstrip(")").replace(",", " ").split() or self.nearest_among
            words = said.replace("=", " ").split()
            near = [match for word in words for match in difflib.get_close_matches(word, known, n=1)]
            message += f"; did you mean {near[0]}?" if near else ""
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def _parser(verb: str | None) -> argparse.ArgumentParser:
    """The parser of the whole command; only the verb in use has its options filled in."""
    parser = _Parser(
        prog="h36m-pose",
        description="Human3.6M 'Walking' in; a trained 3D pose network, honest numbers and a rendered walk out.",
        epilog="Begin with `h36m-pose demo`. `h36m-pose VERB --help` explains a verb, with examples.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"h36m-pose {h36m_pose.__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)
    for name, summary in VERBS.items():
        module = importlib.import_module(f"h36m_pose.cli.{name}") if name == verb else None
        child = verbs.add_parser(
            name,
            help=summary,
            description=module.__doc__ if module else None,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if module:
            module.add_arguments(child)
            parser.nearest_among = tuple(child._option_string_actions)
    parser.nearest_among = parser.nearest_among or tuple(VERBS)
    return parser


_BROKEN_PIPE = 128 + 13  # as a shell reports a command that the signal has ended
_MENDS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "Free some space"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "Change its permissions"),
    **dict.fromkeys((errno.EEXIST, errno.ENOTDIR, errno.EISDIR), "Give another name"),
}


def spell_out_settings(words: Sequence[str]) -> list[str]:
    """Turns each bare `key=value` into `--set=key=value`, since argparse takes no such words between options."""
    before = ["", *words]
    return [
        f"--set={word}" if re.match(r"[A-Za-z_][\w.]*=", word) and last not in _TAKING_A_WORD else word
        for last, word in zip(before, words, strict=False)
    ]


def main(words: Sequence[str] | None = None) -> int:
    """Runs one verb; returns the exit status: 0 done, 2 bad input, 130 interrupted, 141 nobody reads on."""
    words = typed = list(sys.argv[1:] if words is None else words)
    verb = words[0] if words and words[0] in VERBS else None
    if verb in ("train", "baseline"):
        words = spell_out_settings(words)
    arguments = _parser(verb).parse_args(words)
    command = importlib.import_module(f"h36m_pose.cli.{arguments.verb}")
    try:
        with command_words.at_work(typed):
            status = command.run(arguments) or 0
            sys.stdout.flush()
            return status
    except InputError as error:
        problem = str(error)
    except BrokenPipeError:  # whoever read the output, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at the end
        return _BROKEN_PIPE
    except OSError as error:
        mend = _MENDS.get(error.errno or 0)
        if mend is None:
            raise
        name = error.filename or "the output folder"
        problem = f"{name}: {error.strerror}. {mend} and run the same command again; what was finished is kept."
    except KeyboardInterrupt:
        print("\nh36m-pose: interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    print(f"h36m-pose: error: {problem}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
