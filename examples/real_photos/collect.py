"""Copy the photographs that scikit-image ships into a folder, with short captions.

    python examples/real_photos/collect.py FOLDER

Only colour or gray pictures of real things that lie inside the package; nothing is downloaded.
"""
import importlib.util
import pathlib
import shutil
import sys

PHOTOGRAPHS = {
    "astronaut.png": "an astronaut in an orange suit", "camera.png": "a man with a camera in a meadow",
    "chelsea.png": "a tabby cat", "coffee.png": "a cup of coffee on a table", "coins.png": "old coins",
    "grass.png": "grass from above", "gravel.png": "gravel from above", "brick.png": "a brick wall",
    "hubble_deep_field.jpg": "galaxies in the dark sky", "moon.png": "the surface of the moon",
    "motorcycle_left.png": "a motorcycle in a garage", "retina.jpg": "the retina of an eye", "rocket.jpg": "a rocket at its launch",
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    package = importlib.util.find_spec("skimage")
    if package is None:
        sys.exit("error: scikit-image is not installed\n  fix: pip install scikit-image, or use the Python of tests/oracle/setup.sh")
    source = pathlib.Path(package.submodule_search_locations[0]) / "data"
    found = [name for name in PHOTOGRAPHS if (source / name).exists()]
    for name in found:
        shutil.copy(source / name, target / name)
        (target / name).with_suffix(".txt").write_text(PHOTOGRAPHS[name] + "\n")
    print(f"{len(found)} photographs in {target}")


if __name__ == "__main__":
    main()
