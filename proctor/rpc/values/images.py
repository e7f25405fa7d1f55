"""Pillow's images: their pixels; what a file says besides is left out."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

from PIL import Image, ImageFile

from proctor.rpc.codec.dtypes import must
from proctor.rpc.values.doubt import PIXELS, SIDE, one_of, parts, whole
from proctor.rpc.values.registry import Converter

# bits of a pixel in the bytes of an image
_BITS = {
    **{"1": 1, "L": 8, "P": 8, "LA": 16, "PA": 16, "La": 16, "I;16": 16},
    **{"RGB": 24, "YCbCr": 24, "LAB": 24, "HSV": 24},
    **{"RGBA": 32, "RGBX": 32, "RGBa": 32, "CMYK": 32, "I": 32, "F": 32},
}
_COLOURS = ("RGB", "RGBA", "L")


def _is_file(kind):
    """Whether images of a class are such as Pillow reads from files."""
    return issubclass(kind, ImageFile.ImageFile) and kind.__module__.startswith("PIL.")


def _from_image(image):
    must(image.mode in _BITS, f"the mode {image.mode}")
    width, height = _size(*image.size)
    palette = None
    if image.mode in ("P", "PA") and image.getpalette() is not None:
        colours = image.palette.mode
        palette = colours, bytes(image.getpalette(colours))
    return image.mode, width, height, image.tobytes() if width and height else b"", palette


def _size(width, height):
    must(whole(width, 0, SIDE) * whole(height, 0, SIDE) <= PIXELS, "the size of an image")
    return width, height


def _image(data):
    mode, width, height, pixels, palette = parts(data, 5)
    size = _size(width, height)
    row = (width * _BITS[one_of(mode, _BITS)] + 7) // 8
    must(type(pixels) is bytes and len(pixels) == row * height, "the pixels of an image")
    image = Image.frombytes(mode, size, pixels) if pixels else Image.new(mode, size)
    if palette is not None:
        must(mode in ("P", "PA"), "a palette")
        colours, content = parts(palette, 2)
        bands = len(one_of(colours, _COLOURS))
        must(type(content) is bytes and len(content) <= 256 * bands, "a palette")
        must(len(content) % bands == 0, "a palette")
        image.putpalette(content, colours)
    return image


def _assign(old, new):
    must(old.mode == new.mode and old.size == new.size, "an image of another size or mode")
    old.load()
    old.im, old.palette = new.im, new.palette


CONVERTERS = [
    Converter(Image.Image, _from_image, _image, assign=_assign, covers=_is_file),
]
