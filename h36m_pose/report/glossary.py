"""The terms of the page in plain words."""

import re

from h36m_pose.report.section import Section, text

_TERMS = (
    ("MPJPE", "Mean per-joint position error: the distance between predicted and true joint in mm, averaged over all "
     "joints and frames. Lower is better."),
    ("PA-MPJPE", "The same after each predicted pose was turned, moved and scaled to fit the true one as well as "
     "possible (Procrustes alignment): what remains is error in the posture alone."),
    ("N-MPJPE", "The same after each predicted pose was scaled only, so that a wrong body size does not count."),
    ("MPJVE", "Mean per-joint velocity error: how far the motion from one frame to the next is off, in mm per frame. "
     "High where single frames jitter."),
    ("constancy", "Share of frames in which the prediction hardly moves while the person does. It unmasks methods that "
     "freeze."),
    ("PCK3D@150", "Percentage of correct keypoints: the share of joints that are less than 150 mm off. Higher is "
     "better."),
    ("AUC 0-150", "Area under the curve: PCK3D averaged over limits from 0 to 150 mm. Higher is better; a perfect "
     "prediction has 96.77."),
    ("joint", "One of 17 places of the body, such as the left knee or the right wrist; the spine, the thorax (between "
     "the shoulders), the nose and the head count as joints too."),
    ("root-relative", "Every pose is relative to its own pelvis, the root: where the person stands does not count."),
    ("mean pose", "A prediction that looks at no picture: always the average of all training poses."),
    ("zero pose", "A prediction that puts all joints on the pelvis."),
    ("Human3.6M", "Recordings of real people by four cameras and a motion capture system, on which most methods are "
     "compared (Ionescu et al., TPAMI 2014). It is given out for research only, so this project brings a synthetic "
     "studio that draws walking people in the same kind of files."),
    ("S1, S5, S11, ...", "The people (subjects), called as in Human3.6M. The crowd are further, randomly built people "
     "of the studio who are only trained on."),
    ("sequence", "One walk seen by one camera. \u201cS11 Walking 1.58860488\u201d is person S11, a walking trial "
     "(here the second of two, \u201cWalking 1\u201d) and the camera's number."),
    ("frame", "One picture of a video; counting begins at 0."),
    ("crop", "The square of 128 by 128 grey pixels around the person, background removed, that the network sees."),
    ("training", "The network adapts itself to pictures whose true poses it is shown. None of the people it is tested "
     "on is among them."),
    ("validation", "People held out of training, used to choose the best moment to stop. Test people are never looked "
     "at before the end."),
    ("epoch", "One pass over all training pictures, in many steps; after each step the network is adjusted a little."),
    ("cross-entropy", "How surprised the network is by the true answer, per cell of the grid. Lower is better; 0.69 "
     "is tossing a coin."),
    ("layer", "One step of the network's computation. A convolution looks at small neighbourhoods all over the picture "
     "and gives coarser pictures (channels) of what it found there."),
    ("Grad-CAM", "A way to show which places of a picture a layer's answer hangs on (Selvaraju et al., ICCV 2017)."),
    ("protocol", "Who was trained on, who was tested, on which frames, and how the error is measured. Numbers of "
     "different protocols cannot be compared."),
)  # fmt: skip


def term_anchor(term: str) -> str:
    """The id of a term's entry on the page."""
    return "term-" + re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-")


def glossary_section() -> Section:
    """The terms."""
    items = "".join(
        f'<div id="{term_anchor(term)}"><dt>{text(term)}</dt><dd>{text(words)}</dd></div>' for term, words in _TERMS
    )
    return Section("glossary", "Glossary", f'<dl class="glossary">{items}</dl>')
