"""The top of the page: what was trained on what, and how good it is, in words; published results beside."""

from h36m_pose.report.intervals import of_metric
from h36m_pose.report.material import Material
from h36m_pose.report.published import PUBLISHED
from h36m_pose.report.section import Section, table, text


def headline(material: Material) -> Section:
    """The page's opening."""
    mpjpe = material.results["metrics"]["mpjpe"]
    network, mean, zero = (float(mpjpe[who]) for who in ("network", "mean_pose", "zero_pose"))
    between = of_metric(material.results["per_view"], "mpjpe")
    span = f' <span class="interval">95 % interval {between[0]:.1f} to {between[1]:.1f}</span>' if between else ""
    people = _counted(len(material.results["per_subject"]), "person", "people")
    body = f"""
<p class="lead">{_what(material)} Tested on {material.results["frames"]:,} pictures of {people} it had never seen,
it places each joint <strong>{network / 10:.1f} cm</strong> from where it truly is, on average.
{_beside(network, mean)}</p>
<dl class="tiles">
<div class="tile first"><dt>Mean error of a joint (MPJPE)</dt><dd>{network:.1f} mm{span}</dd></div>
<div class="tile"><dt>Always guessing the mean pose</dt><dd>{mean:.1f} mm</dd></div>
<div class="tile"><dt>All joints on the pelvis (zero pose)</dt><dd>{zero:.1f} mm</dd></div>
</dl>
<p><strong>{_capture_words(material)}</strong></p>
<p>How to read this page: the <em>true</em> pose is what the capture recorded, the <em>predicted</em> one is what the
network made of a single picture of 128&times;128 grey pixels. Both are compared after putting their pelvises on the
same place. Terms such as MPJPE and names such as S11 are explained in the <a href="#glossary">glossary</a>.</p>
<p class="remark">For those who compare numbers, the exact protocol: {text(material.results["protocol"])}.</p>"""
    return Section("headline", f"3D pose from single pictures: run “{material.run_dir.resolve().name}”", body)


def _counted(number: int, one: str, many: str) -> str:
    return f"one {one}" if number == 1 else f"{number} {many}"


def _what(material: Material) -> str:
    pictures = "drawn by a synthetic studio" if material.synthetic else "of Human3.6M"
    if material.capture not in ("Human3.6M",) and not material.synthetic:
        pictures = "of a capture of unknown origin"
    stages = material.stages
    method = material.results["identity"].get("baseline")
    how = f"The baseline “{text(method)}”" if method else "A method whose training is not recorded"
    if "finetune" in stages:
        first = stages["finetune"].config.get("init", "none") != "none"
        how = "From a single picture of a walking person, a neural network tells where 17 joints of the body are in 3D."
        after = ", after learning first where in the picture each joint is" if first else ""
        return f"{how} It was trained on pictures {pictures}{after}."
    return f"{how} predicts the 17 joints of a walking person in 3D from pictures {pictures}."


def _beside(network: float, mean: float) -> str:
    """How it compares with a guess that looks at nothing."""
    if network >= mean:
        return (
            f"That is no better than always guessing the average training pose ({mean / 10:.1f} cm): it has not learnt."
        )
    return f"Always guessing the average training pose, without looking, would be {mean / 10:.1f} cm off."


def _capture_words(material: Material) -> str:
    if material.synthetic:
        return (
            "These people are synthetic: a studio of this project drew them, since Human3.6M, the recordings of real "
            "people that it stands in for, may not be passed on. The numbers tell how well the pipeline works, not how "
            "well it would do on real people."
        )
    if material.capture == "Human3.6M":
        return "The pictures are those of Human3.6M."
    return "Where the pictures come from is not recorded."


def published_table(material: Material) -> str:
    """Published results, each row saying on what it was measured."""
    own = float(material.results["metrics"]["mpjpe"]["network"])
    if material.capture == "Human3.6M":
        words, own_words = "real Human3.6M", "real Human3.6M; protocol above"
        caption = (
            "Published results on Human3.6M's Walking (MPJPE in mm); compare only what was tested on the same people"
        )
    else:
        here = "the synthetic studio" if material.synthetic else "another capture"
        words = "real Human3.6M, not comparable"
        own_words = f"{here}, not comparable"
        caption = f"Published results (MPJPE in mm), measured on the real Human3.6M; ours on {here}: not comparable"
    rows = [("<strong>This run</strong>", f"<strong>{own:.1f}</strong>", text(own_words), "")]
    rows += [
        (
            f"{text(each.system)} ({each.year})",
            f"{each.mpjpe_mm:.1f}",
            f"{text(words)}; tested on {text(each.test)}",
            text(each.source),
        )
        for each in PUBLISHED
    ]
    head = ("system", "MPJPE", "measured on", "printed in")
    return table(caption, head, rows, number_columns=(1,))
