"""The people of the studio: how their bodies are proportioned and how each of them walks.

Lengths are millimetres, angles degrees. Proportions follow Drillis and Contini's segment lengths (thigh and shank about
a quarter of the stature each) with the joint conventions of Human3.6M, whose hip joints lie wider and whose head joints
lie differently from an anatomist's. Everything here is drawn from seeds, so a name and a seed always give one person.
"""

import dataclasses
import zlib

import numpy as np

SIDES = ("left", "right")
_LIMBS = ("thigh", "shank", "foot", "toes", "upper arm", "forearm", "hand")
BONES = ("pelvis", "spine", "chest", "head", *(f"{side} {limb}" for side in SIDES for limb in _LIMBS))
"""The 18 rigid parts of a body, in the order of `Motion.bone_rotation`."""


@dataclasses.dataclass(frozen=True)
class BoneLengths:
    """Sizes of one skeleton in mm, the same for both sides; directions are those of the bones' own axes at rest.

    Attributes:
        hip_offset: pelvis (joint 0, midway between the hips) to a hip joint, sideways.
        thigh: hip to knee, down.
        shank: knee to ankle, down.
        ankle_height: ankle above the sole's underside when the foot is flat; the sole of a shoe is part of it.
        foot: ankle to toe base, straight (forward and down).
        ball_height: toe base above the sole's underside when the foot is flat.
        toes: toe base to the end of the toes, forward.
        heel: how far the heel's hindmost point on the floor lies behind the ankle.
        spine: pelvis to the middle of the trunk (joint 12), up.
        chest: middle of the trunk to the base of the neck (joint 13), up.
        neck: base of the neck to the middle of the head (joint 14), along `motion.NECK_DIRECTION`.
        head: middle of the head to the crown (joint 15), along `motion.HEAD_DIRECTION`.
        shoulder_offset: base of the neck to a shoulder joint, sideways part.
        shoulder_drop: the same, how far down; below 0 in a skeleton whose shoulders lie above joint 13.
        upper_arm: shoulder to elbow.
        forearm: elbow to wrist.
        hand: wrist to the knuckles' far end (joints 22 and 30), the fingers being half closed.
        thumb: wrist to the end of the thumb, along `motion.THUMB_DIRECTION`.
    """

    hip_offset: float
    thigh: float
    shank: float
    ankle_height: float
    foot: float
    ball_height: float
    toes: float
    heel: float
    spine: float
    chest: float
    neck: float
    head: float
    shoulder_offset: float
    shoulder_drop: float
    upper_arm: float
    forearm: float
    hand: float
    thumb: float

    @property
    def leg(self) -> float:
        """Hip to ankle with the knee straight."""
        return self.thigh + self.shank

    @property
    def ball_forward(self) -> float:
        """How far the toe base lies in front of the ankle when the foot is flat."""
        return float(np.sqrt(self.foot**2 - (self.ankle_height - self.ball_height) ** 2))


@dataclasses.dataclass(frozen=True)
class GaitStyle:
    """How one person walks; angles are degrees, and an amplitude is half of the range.

    Attributes:
        speed_mm_s: comfortable speed on a straight line.
        cadence_per_min: steps (not strides) a minute at that speed.
        step_width: distance in mm between the two lines on which the feet are put down.
        toe_out: how far each foot turns outward.
        knee_peak: largest knee flexion in swing.
        knee_stance: largest knee flexion while loading.
        heel_strike: how far the toes point up when the heel lands.
        push_off: how steep the foot stands when the toes leave the floor.
        lean: forward lean of the trunk.
        sway: sideways movement of the pelvis in mm, amplitude.
        pelvic_rotation: about the vertical, amplitude.
        pelvic_list: drop of the swinging side, amplitude.
        pelvic_tilt: forward tilt of the pelvis, mean.
        chest_counter: rotation of the chest against the pelvis, amplitude.
        head_pitch: how far the face looks down, mean.
        arm_swing: of the upper arms, amplitude.
        arm_forward: mean place of the upper arms' swing, forward of hanging.
        arm_asymmetry: share by which the left arm swings more than the mean, the right less.
        abduction: how far the upper arms stand off, sideways.
        elbow: mean elbow flexion.
        elbow_swing: its amplitude.
        palm_turn: how far the palms turn backward from facing the thighs.
        wrist: flexion of the hands.
        step_asymmetry: share of the cycle by which the right step is late.
        unsteadiness: scale of the stride-to-stride variation; 1 is a healthy adult's.
    """

    speed_mm_s: float
    cadence_per_min: float
    step_width: float
    toe_out: float
    knee_peak: float
    knee_stance: float
    heel_strike: float
    push_off: float
    lean: float
    sway: float
    pelvic_rotation: float
    pelvic_list: float
    pelvic_tilt: float
    chest_counter: float
    head_pitch: float
    arm_swing: float
    arm_forward: float
    arm_asymmetry: float
    abduction: float
    elbow: float
    elbow_swing: float
    palm_turn: float
    wrist: float
    step_asymmetry: float
    unsteadiness: float


@dataclasses.dataclass(frozen=True)
class Person:
    """One walker.

    Attributes:
        name: "S1", "S101", or the file an outside motion came from.
        sex: "female" or "male".
        height_mm: stature without shoes.
        build: factor on girths; 1 is average, 0.85 slim, 1.3 heavy.
        age_years: of adults, 18 to 80.
        lengths_mm: the skeleton.
        gait: the way of walking.
    """

    name: str
    sex: str
    height_mm: float
    build: float
    age_years: int
    lengths_mm: BoneLengths
    gait: GaitStyle


@dataclasses.dataclass(frozen=True)
class _Character:
    """What is fixed about a release subject before the finer traits are drawn."""

    sex: str
    height_mm: float
    build: float
    age_years: int
    traits: dict[str, float]


_RELEASE = {
    "S1": _Character("female", 1665, 0.95, 27, {"arm_swing": 15, "lean": 2.5, "sway": 19}),
    "S5": _Character("female", 1725, 1.03, 34, {"arm_swing": 17, "elbow": 22, "toe_out": 4}),
    "S6": _Character("male", 1825, 1.05, 41, {"arm_swing": 13, "elbow": 17, "toe_out": 10, "head_pitch": 7}),
    "S7": _Character("female", 1610, 1.09, 38, {"arm_swing": 17, "pelvic_list": 4.6, "cadence_per_min": 115}),
    "S8": _Character("male", 1890, 0.98, 30, {"arm_swing": 19, "lean": 5, "cadence_per_min": 101}),
    "S9": _Character("male", 1775, 1.15, 49, {"arm_swing": 11, "sway": 25, "toe_out": 12, "lean": 1}),
    "S11": _Character("male", 1745, 0.93, 25, {"arm_swing": 21, "elbow": 26, "cadence_per_min": 112}),
}
RELEASE_SUBJECTS = tuple(_RELEASE)


def seeded(*words: str | int) -> np.random.Generator:
    """A random generator that depends on the given words and numbers alone, on any machine."""
    entropy = [zlib.crc32(word.encode()) if isinstance(word, str) else word for word in words]
    return np.random.default_rng(np.random.SeedSequence(entropy))


def draw_person(name: str, seed: int) -> Person:
    """The person of a name: a release subject has one fixed character, any other name is drawn from a wide crowd.

    Args:
        name: "S1" to "S11" of the release, or any other name such as "S101".
        seed: of the crowd; the release subjects do not depend on it.
    """
    if name in _RELEASE:
        character = _RELEASE[name]
        generator = seeded("release subject", name)
    else:
        generator = seeded("crowd", seed, name)
        character = _draw_character(generator)
    sex, height, build = character.sex, character.height_mm, character.build
    lengths = draw_lengths(generator, sex, height, build)
    gait = _draw_gait(generator, character, lengths)
    return Person(name, sex, height, build, character.age_years, lengths, gait)


def _draw_character(generator: np.random.Generator) -> _Character:
    """Sex, height, build and age of someone met in the street, 1.50 to 1.98 m tall."""
    sex = str(generator.choice(["female", "male"]))
    mean, spread = (1665, 72) if sex == "female" else (1785, 76)
    height = float(np.clip(generator.normal(mean, spread), 1500, 1980))
    build = float(np.clip(np.exp(generator.normal(0.02, 0.115)), 0.84, 1.32))
    return _Character(sex, height, build, int(generator.integers(18, 80)), {})


def draw_lengths(generator: np.random.Generator, sex: str, height_mm: float, build: float) -> BoneLengths:
    """A skeleton for a stature: mean proportions of the sex, each limb off by about 2.5 %, rescaled to the stature."""

    def about(share: float, spread: float = 0.022) -> float:
        return share * float(1 + spread * np.clip(generator.standard_normal(), -2, 2))

    female = sex == "female"
    legs = float(1 + 0.018 * np.clip(generator.standard_normal(), -2, 2))
    share = {
        "hip_offset": about(0.0745 if female else 0.0725, 0.04),
        "thigh": about(0.250 * legs, 0.012),
        "shank": about(0.249 * legs, 0.012),
        "ankle_height": 0.042,
        "foot": about(0.0955 if female else 0.098, 0.025),
        "ball_height": 0.008,
        "toes": about(0.044),
        "heel": about(0.028),
        "spine": about(0.141),
        "chest": about(0.158),
        "neck": about(0.074),
        "head": about(0.0755),
        "shoulder_offset": about((0.0865 if female else 0.0925) * build**0.25, 0.035),
        "shoulder_drop": about(0.019, 0.15),
        "upper_arm": about(0.161 * (1 + 0.5 * (legs - 1)), 0.022),
        "forearm": about(0.143 * (1 + 0.5 * (legs - 1)), 0.022),
        "hand": about(0.056, 0.03),
        "thumb": about(0.049, 0.03),
    }
    upright = sum(share[part] for part in ("thigh", "shank", "ankle_height", "spine", "chest"))
    upright += 0.907 * share["neck"] + 0.987 * share["head"]
    scale = 0.992 * height_mm / upright  # nobody stands quite as tall as the measuring rod makes them
    lengths = {part: value * scale for part, value in share.items()}
    lengths["ankle_height"] += 18.0  # the sole of a shoe
    lengths["ball_height"] += 12.0
    return BoneLengths(**lengths)


def _draw_gait(generator: np.random.Generator, character: _Character, lengths: BoneLengths) -> GaitStyle:
    """A way of walking that suits the body: long legs step slower, the old slower still, the heavy keep arms off."""
    between = generator.uniform
    female = character.sex == "female"
    size = float(np.sqrt(lengths.leg / 880))
    aged = float(np.clip((character.age_years - 55) / 25, 0, 1))
    traits = {
        "speed_mm_s": between(1030, 1280) * size * (1 - 0.14 * aged),
        "cadence_per_min": between(102, 116) / size,
        "step_width": between(75, 120) * size**2 * character.build**0.6 * (1 + 0.15 * aged),
        "toe_out": between(3, 10) + 3 * aged,
        "knee_peak": between(60.5, 64.5),
        "knee_stance": between(15, 20),
        "heel_strike": between(16, 22) - 4 * aged,
        "push_off": between(56, 64) - 4 * aged,
        "lean": between(1, 5) + 4 * aged,
        "sway": between(14, 24) * (0.9 if female else 1.0),
        "pelvic_rotation": between(3.5, 6.5),
        "pelvic_list": between(2.2, 4.2) * (1.15 if female else 0.9),
        "pelvic_tilt": between(3, 8) + (2 if female else 0),
        "chest_counter": between(3.5, 7),
        "head_pitch": between(-3, 8) + 3 * aged,
        "arm_swing": between(10, 20) * (1 - 0.3 * aged),
        "arm_forward": between(-10, -2),
        "arm_asymmetry": between(-0.22, 0.22),
        "elbow": between(12, 26),
        "elbow_swing": between(4, 9),
        "palm_turn": between(5, 40),
        "wrist": between(0, 14),
        "step_asymmetry": between(-0.012, 0.012),
        "unsteadiness": between(0.8, 1.3) * (1 + 0.4 * aged),
    } | character.traits
    traits["abduction"] = between(0.5, 3) + least_abduction(character.height_mm, character.build, lengths)
    return GaitStyle(**traits)


def clothed_half_widths_mm(height_mm: float, build: float) -> tuple[float, float]:
    """Half the breadth of waist and hips with clothes on, about as the studio's bodies have it."""
    return 0.0865 * height_mm * build**1.3, 0.117 * height_mm * build**0.2


def least_abduction(height_mm: float, build: float, lengths: BoneLengths) -> float:
    """Degrees by which the upper arms must stand off so that elbows clear the waist and wrists clear the hips."""
    waist, hips = clothed_half_widths_mm(height_mm, build)
    at_elbow = (waist + 38 - lengths.shoulder_offset) / lengths.upper_arm
    at_wrist = (hips + 47 - lengths.shoulder_offset) / (lengths.upper_arm + 0.9 * lengths.forearm)
    return float(np.degrees(np.arcsin(np.clip(max(at_elbow, at_wrist), 0.05, 0.42))))
