# box2mask without a GPU:  docker build -t box2mask .  (docs/install.md)
FROM python:3.11-slim-bookworm

# What OpenCV links to.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

# PyTorch without CUDA, before box2mask would take the default one; the ranges are those of setup.py.
RUN pip install --no-cache-dir "torch>=2.9,<2.15" "torchvision>=0.24,<0.30" \
        --index-url https://download.pytorch.org/whl/cpu

COPY . /src
RUN pip install --no-cache-dir "/src[coco,train]"

# Whatever user it is run as: a home for caches and settings.
ENV HOME=/tmp
RUN useradd --no-create-home box2mask
USER box2mask
WORKDIR /data
ENTRYPOINT ["box2mask"]
CMD ["--help"]
