"""Small pictures in many formats, and the RGB bytes that they stand for.

    images/<file>                  the picture
    images/expected.safetensors    <file> -> [H, W, 3] uint8: orientation applied, alpha over white, colours in sRGB
    images/expected.json           <file> -> {"size": [w, h], "tolerance": levels, "note"} or {"error": why}

`rgba.png@10,200,30` is rgba.png over that colour. Truth: Pillow's decoders, ImageOps.exif_transpose, ImageCms with relative
colorimetric intent (equal to perceptual for matrix profiles), out = round((colour * a + background * (255 - a)) / 255).
16-bit samples keep their high byte, as Pillow does for RGB.
"""
import io
import json
import struct
import zlib

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps
from safetensors.torch import save_file

WIDTH, HEIGHT = 24, 16
ORIENTATION_TAG = 0x0112


def smooth(width=WIDTH, height=HEIGHT):
    """Gives an RGB picture without symmetry: two ramps and a bright corner."""
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([255 * x / (width - 1), 255 * y / (height - 1), 128 + 64 * np.sin(x / 3 + y / 5)], -1)
    rgb[:5, :7] = [250, 240, 20]
    return Image.fromarray(rgb.round().astype(np.uint8))


def alpha_ramp():
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return Image.fromarray(((x * 11 + y * 5) % 256).astype(np.uint8))


def matrix_profile(red, green, blue, gamma=0x0233):
    """Gives an ICC 2.1 RGB profile from its D50 primaries and one u8Fixed8 gamma (0x0233 is 2.199)."""
    fixed = lambda value: struct.pack(">i", round(value * 65536))
    xyz = lambda values: b"XYZ \0\0\0\0" + b"".join(fixed(v) for v in values)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, gamma) + b"\0\0"
    name = b"golden profile\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + b"\0" * 79
    tags = {b"desc": description + b"\0" * (-len(description) % 4), b"cprt": b"text\0\0\0\0free\0\0\0\0",
            b"wtpt": xyz((0.9642, 1.0, 0.8249)), b"rXYZ": xyz(red), b"gXYZ": xyz(green), b"bXYZ": xyz(blue),
            b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    header = (struct.pack(">I", at + len(body)) + b"\0\0\0\0" + struct.pack(">I", 0x02100000) + b"mntrRGB XYZ "
              + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + fixed(0.9642) + fixed(1.0) + fixed(0.8249))
    return header + b"\0" * (128 - len(header)) + struct.pack(">I", len(tags)) + table + body


WIDE_GAMUT = matrix_profile((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))


def png(color_type, bit_depth, rows, interlace=0):
    """Gives a PNG of raw filtered rows, for what Pillow does not write."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bit_depth, color_type, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def sixteen_bits(channels):
    """Gives uint16 [H, W, channels] whose low bytes are never zero, and the high bytes."""
    high = np.array(smooth())[..., :channels].astype(np.uint16)
    low = (np.arange(high.size).reshape(high.shape) * 37 % 255 + 1).astype(np.uint16)
    return high * 256 + low, high.astype(np.uint8)


def png16(channels):
    values, _ = sixteen_bits(channels)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png({1: 0, 3: 2}[channels], 16, rows)


def interlaced_png():
    """Gives an Adam7 RGB PNG."""
    pixels, rows = np.array(smooth()), b""
    for x0, y0, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        rows += b"".join(b"\0" + row.tobytes() for row in pixels[y0::dy, x0::dx])
    return png(2, 8, rows, interlace=1)


def encoded(picture, kind, orientation=None, **options):
    if orientation:
        exif = Image.Exif()
        exif[ORIENTATION_TAG] = orientation
        options["exif"] = exif
    with io.BytesIO() as out:
        picture.save(out, kind, **options)
        return out.getvalue()


def over(picture, background):
    """Gives the RGB of a picture with alpha over a background colour."""
    rgba = np.array(picture.convert("RGBA")).astype(np.float64)
    alpha = rgba[..., 3:]
    mixed = (rgba[..., :3] * alpha + np.array(background) * (255 - alpha)) / 255
    return Image.fromarray(np.floor(mixed + 0.5).astype(np.uint8))


def to_srgb(picture):
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode != "RGB":
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (ImageCms.PyCMSError, OSError):
        return picture
    return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"),
                                     renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC)


def truth(data, background=(255, 255, 255)):
    """Gives the RGB picture that the bytes stand for."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    profile = picture.info.get("icc_profile")
    picture = ImageOps.exif_transpose(picture)
    if profile:
        picture.info["icc_profile"] = profile
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        return over(picture, background)
    if picture.mode == "I;16":
        return Image.fromarray((np.array(picture) >> 8).astype(np.uint8)).convert("RGB")
    return to_srgb(picture).convert("RGB")


def pictures():
    """Gives {file: (bytes, tolerance in levels, note)}."""
    rgb, gray, rgba = smooth(), smooth().convert("L"), smooth()
    rgba.putalpha(alpha_ramp())
    la = Image.merge("LA", [gray, alpha_ramp()])
    palette = rgb.quantize(16)
    cmyk = rgb.convert("CMYK")
    fine = dict(kind="JPEG", quality=95, subsampling=0)
    made = {f"orientation_{n}.jpg": (encoded(rgb, orientation=n, **fine), 2, f"EXIF orientation {n}") for n in range(1, 9)}
    made |= {
        "orientation_6.png": (encoded(rgb, "PNG", 6), 0, "eXIf chunk, orientation 6"),
        "orientation_6.webp": (encoded(rgb, "WEBP", 6, lossless=True), 0, "EXIF chunk, orientation 6"),
        "rgb.png": (encoded(rgb, "PNG"), 0, ""),
        "one_pixel.png": (encoded(rgb.crop((3, 3, 4, 4)), "PNG"), 0, "1 x 1"),
        "interlaced.png": (interlaced_png(), 0, "Adam7"),
        "rgb16.png": (png16(3), 1, "16 bits a sample; the high byte counts"),
        "gray16.png": (png16(1), 1, "16 bits a sample; the high byte counts"),
        "gray.png": (encoded(gray, "PNG"), 0, ""),
        "bilevel.png": (encoded(gray.convert("1"), "PNG"), 0, "1 bit a pixel"),
        "gray_alpha.png": (encoded(la, "PNG"), 1, "alpha over white"),
        "rgba.png": (encoded(rgba, "PNG"), 1, "alpha over white"),
        "palette.png": (encoded(palette, "PNG"), 0, "16 colours"),
        "palette_alpha.png": (encoded(palette, "PNG", transparency=bytes([0, 64, 128, 200])), 1,
                              "tRNS of four colours, over white"),
        "rgb_key.png": (encoded(rgb, "PNG", transparency=(250, 240, 20)), 1,
                        "tRNS names one transparent colour, over white"),
        "gray.jpg": (encoded(gray, "JPEG", quality=90), 2, ""),
        "subsampled.jpg": (encoded(rgb, "JPEG", quality=90, subsampling=2), 4, "4:2:0"),
        "progressive.jpg": (encoded(rgb, "JPEG", quality=90, subsampling=0, progressive=True), 2, ""),
        "cmyk.jpg": (encoded(cmyk, "JPEG", quality=95), 3, "Adobe CMYK, without a profile: (255 - c)(255 - k) / 255"),
        "wide_gamut.jpg": (encoded(rgb, **fine, icc_profile=WIDE_GAMUT), 3, "matrix profile with wide primaries"),
        "wide_gamut.png": (encoded(rgb, "PNG", icc_profile=WIDE_GAMUT), 1, "iCCP chunk with wide primaries"),
        "wide_gamut_turned.jpg": (encoded(rgb, orientation=8, **fine, icc_profile=WIDE_GAMUT), 3, "profile and orientation 8"),
        "foreign_profile.jpg": (encoded(gray, "JPEG", quality=90, icc_profile=WIDE_GAMUT), 2,
                                "RGB profile in a gray picture: ignored"),
        "broken_profile.jpg": (encoded(rgb, **fine, icc_profile=b"not a profile" * 20), 2,
                               "unreadable profile: ignored"),
        "jpeg_inside.png": (encoded(rgb, **fine), 2, "a JPEG under the wrong name"),
        "rgb.bmp": (encoded(rgb, "BMP"), 0, ""),
        "palette.bmp": (encoded(palette, "BMP"), 0, ""),
        "lossy.webp": (encoded(rgb, "WEBP", quality=90), 4, ""),
        "lossless.webp": (encoded(rgb, "WEBP", lossless=True), 0, ""),
        "lossless_alpha.webp": (encoded(rgba, "WEBP", lossless=True, exact=True), 1, "alpha over white"),
        "lossy_alpha.webp": (encoded(rgba, "WEBP", quality=90), 4, "alpha over white"),
    }
    return made


def broken():
    """Gives {file: (bytes, why)} for what must be refused."""
    rgb = smooth()
    jpeg, png_bytes, webp = encoded(rgb, "JPEG", quality=95), encoded(rgb, "PNG"), encoded(rgb, "WEBP", quality=90)
    return {
        "truncated.jpg": (jpeg[: len(jpeg) * 2 // 3], "ends in the middle of the picture"),
        "truncated.png": (png_bytes[: len(png_bytes) // 2], "ends in the middle of the picture"),
        "truncated.webp": (webp[: len(webp) // 2], "ends in the middle of the picture"),
        "header_only.jpg": (jpeg[:20], "ends before the picture"),
        "empty.png": (b"", "the file is empty"),
        "text.png": (b"This is a caption, not a picture.\n", "no picture format"),
    }


def write_images(folder):
    folder.mkdir(parents=True, exist_ok=True)
    expected, facts = {}, {}
    for name, (data, tolerance, note) in pictures().items():
        (folder / name).write_bytes(data)
        picture = truth(data)
        expected[name] = torch.from_numpy(np.array(picture))
        facts[name] = {"size": list(picture.size), "tolerance": tolerance, "note": note}
    rgba = (folder / "rgba.png").read_bytes()
    expected["rgba.png@10,200,30"] = torch.from_numpy(np.array(truth(rgba, (10, 200, 30))))
    for name, (data, why) in broken().items():
        (folder / name).write_bytes(data)
        facts[name] = {"error": why}
        require_refusal(name, data)
    save_file(expected, folder / "expected.safetensors")
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(fact)}" for name, fact in facts.items())
    (folder / "expected.json").write_text("{\n" + lines + "\n}\n")
    print(f"images: {len(facts)} files")


def require_refusal(name, data):
    try:
        Image.open(io.BytesIO(data)).load()
    except (OSError, SyntaxError):
        return
    raise SystemExit(f"{name} is meant to be broken, but Pillow reads it")
