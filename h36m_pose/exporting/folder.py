"""The folder that `h36m-pose export` writes. Its model card lists the SHA-256 of its files, which are held against it
before any is loaded. Nothing heavy is imported here."""

import re
from collections.abc import Mapping
from pathlib import Path

from h36m_pose.atomic_files import replacing, sha256_of
from h36m_pose.errors import InputError

STABLEHLO, ONNX, DOMAIN, CARD = "network.stablehlo.zip", "network.onnx", "domain.npz", "model_card.md"
RUNTIMES = {"stablehlo": STABLEHLO, "onnx": ONNX}
_MOST_CARD_BYTES = 2**20
_SUM = re.compile(r"^([0-9a-f]{64})  (\S+)$", re.MULTILINE)
_COPY = "Copy the whole folder again, or export it again"


def is_export(folder: Path) -> bool:
    """Whether a folder is one that `h36m-pose export` wrote, rather than a run, even one that was exported into."""
    return not (folder / "finetune").exists() and any((folder / name).is_file() for name in (CARD, *RUNTIMES.values()))


def write_card(folder: Path, card: str, compared: Mapping[str, str]) -> None:
    """Writes the model card with the digests of the files, last of all.

    Args:
        folder: with the files.
        card: as the networks carry it.
        compared: by file, how far its poses are from the run's, in words.
    """
    names = [name for name in (STABLEHLO, ONNX, DOMAIN) if (folder / name).is_file()]
    sums = "\n".join(f"{sha256_of(folder / name)}  {name}" for name in names)
    words = "\n".join(f"* {_compared(name)}{text}." for name, text in compared.items())
    text = f"{card}\n## Files\n\n```\n{sums}\n```\n\n{words}\n"
    with replacing(folder / CARD) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _compared(name: str) -> str:
    return f"`{name}` differs from the run by "


def whole_file(folder: Path, name: str) -> tuple[Path, str]:
    """The path of an export's file that is as the model card says, and how far it is from the run, in words.

    Raises:
        InputError: if it is not there, or not the file that was exported.
    """
    card, path = folder / CARD, folder / name
    if not path.is_file():
        others = [runtime for runtime, other in RUNTIMES.items() if other != name and (folder / other).is_file()]
        mend = f"Add --runtime {others[0]}" if others and name in RUNTIMES.values() else _COPY
        raise InputError(path, "no such file", "an exported network", mend)
    expected = "a model card of `h36m-pose export`, with the SHA-256 of its files"
    try:
        whole = card.stat().st_size <= _MOST_CARD_BYTES
        text = card.read_text(encoding="utf-8") if whole else ""
    except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError):
        text = ""
    sums = {file: digest for digest, file in _SUM.findall(text)}
    if name not in sums:
        raise InputError(card, f"no SHA-256 of {name}" if text else "no text", expected, _COPY)
    digest = sha256_of(path)
    if digest != sums[name]:
        raise InputError(path, f"a file of SHA-256 {digest[:12]}", f"{sums[name][:12]}, as {CARD} says", _COPY)
    _, _, words = text.partition(_compared(name))
    return path, words.partition("\n")[0].rstrip(".")


def domain_file(folder: Path) -> Path | None:
    """The notes on the training's crops, as exported; None if there are none, by the card.

    Raises:
        InputError: if they are there, but are not those that were exported; or the other way round.
    """
    card = folder / CARD
    if not (folder / DOMAIN).exists() and f"  {DOMAIN}\n" not in card.read_text(encoding="utf-8"):
        return None
    return whole_file(folder, DOMAIN)[0]
