"""Miniature copies of the data sets, true to layout and to the last file, drawn in a moment.

    make_youtubevos(root)   make_davis(root)        make_davis16(root)   make_davis_testdev(root)
    make_got10k(root)       make_lasot(root)        make_trackingnet(root)      make_vot2020(root)

Each writes below `root` and returns it: the folder that the setting of that data set names. What is true of an object
(box, mask) can be worked out again from `miniatures.shapes`: every clip is drawn from its name alone.
"""

from miniatures.boxes import make_got10k, make_lasot, make_trackingnet
from miniatures.vos import make_davis, make_davis16, make_davis_testdev, make_youtubevos
from miniatures.vot import make_vot2020

FIELDS = {
    "youtubevos_dir": make_youtubevos,
    "davis_dir": make_davis,
    "davis16_dir": make_davis16,
    "davis_testdev_dir": make_davis_testdev,
    "got10k_dir": make_got10k,
    "lasot_dir": make_lasot,
    "trackingnet_dir": make_trackingnet,
    "vot2020_dir": make_vot2020,
}
"""Field of the settings -> what makes its folder."""

__all__ = ["FIELDS", *(make.__name__ for make in FIELDS.values())]
