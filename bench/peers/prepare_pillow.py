"""The peer of `lorarun dataset DIR --prepare OUT`: the same pictures by Pillow and numpy.

    python prepare_pillow.py DIR OUT [--resolution 1024] [--step 64] [--min 256] [--max 2048] [--processes 1]

Every picture is loaded, turned as its EXIF says, brought to RGB over white, resized (Lanczos) to its bucket's shape as
sd-scripts chooses it, cropped in the middle and saved as numpy array <name>_<w>x<h>.npy, uint8 [height, width, 3].
Pictures without a colour profile come out equal to lorarun's to the byte. Prints one JSON object.
"""
import argparse
import json
import multiprocessing
import pathlib
import time

import numpy as np
from PIL import Image, ImageOps

ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}


def bucket_sizes(resolution, smallest, largest, step):
    area, sizes = resolution * resolution, {(resolution // step * step,) * 2}
    for width in range(smallest, largest + 1, step):
        height = min(largest, area // width // step * step)
        if height >= smallest:
            sizes |= {(width, height), (height, width)}
    return sorted(sizes)


def fit(width, height, sizes):
    if (width, height) in sizes:
        return (width, height), (width, height)
    aspect = width / height
    bucket = min(sizes, key=lambda size: abs(size[0] / size[1] - aspect))
    scale = bucket[1] / height if aspect > bucket[0] / bucket[1] else bucket[0] / width
    return (int(width * scale + 0.5), int(height * scale + 0.5)), bucket


def rgb_over_white(image):
    if image.mode == "RGB":
        return image
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def prepare(job):
    path, out, sizes = job
    with Image.open(path) as file:
        image = rgb_over_white(ImageOps.exif_transpose(file))
    scaled, bucket = fit(*image.size, sizes)
    if image.size != scaled:
        image = image.resize(scaled, Image.LANCZOS)
    x, y = (scaled[0] - bucket[0]) // 2, (scaled[1] - bucket[1]) // 2
    image = image.crop((x, y, x + bucket[0], y + bucket[1]))
    np.save(out / f"{path.name}_{bucket[0]}x{bucket[1]}.npy", np.asarray(image))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--resolution", type=int, default=1024)
    parser.add_argument("--step", type=int, default=64)
    parser.add_argument("--min", type=int, default=256)
    parser.add_argument("--max", type=int, default=2048)
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args()
    started = time.perf_counter()
    args.out.mkdir(parents=True, exist_ok=True)
    sizes = bucket_sizes(args.resolution, args.min, args.max, args.step)
    pictures = sorted(path for path in args.folder.iterdir() if path.suffix.lower() in ENDINGS)
    jobs = [(path, args.out, sizes) for path in pictures]
    if args.processes > 1:
        with multiprocessing.Pool(args.processes) as pool:
            pool.map(prepare, jobs, chunksize=1)
    else:
        for job in jobs:
            prepare(job)
    print(json.dumps({"prepared": len(jobs), "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
