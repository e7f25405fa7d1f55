"""What errors say for certain that people make in these lessons."""

import ast
import contextlib
import inspect
import linecache
import re
import traceback

import numpy as np

from ..kit import voice

# (part of an error's type and message, the cause)
ERRORS = (
    (
        "slice step cannot be zero",
        "a step is 0, as padding is where there is none: padding and dilation may be exchanged. "
        "The order is kernel_size, stride, padding, dilation",
    ),
    (
        "minimum which has no identity",
        "a minimum of nothing: an array, or a batch of no images, may be empty",
    ),
    (
        "AxisError",
        "an axis is named that is not there: a maximum over one axis takes it away, and those "
        "behind it move up. Two that go together are one step, as axis=(3, 5)",
    ),
    (
        "which has no identity",
        "a maximum of nothing: a window or a slice is empty. It lies beyond the image, or it was "
        "cut with :-0, or its rows were cut twice, as in x[a:b][c:d]",
    ),
    (
        "argmax of an empty sequence",
        "a window is empty: it lies beyond the image, or its rows were cut twice, as in "
        "x[a:b][c:d]",
    ),
    (
        "requested shape (4,2)",
        "np.pad wants a pair of widths for each of the four axes, images and channels too: "
        "((0, 0), (0, 0), (pH, pH), (pW, pW))",
    ),
    (
        "Since axis is `None`, must provide window_shape",
        "sliding_window_view slides along the axes that it is told, rows and columns: axis=(2, 3)",
    ),
    (
        "window shape cannot be larger than input array",
        "a window is larger than what it slides along: its axes are rows and columns, axis=(2, 3), "
        "and from its first pixel to its last it spans d·(k − 1) + 1",
    ),
    (
        "array is not broadcastable to correct shape",
        "the places and what is added there have other shapes: unfold both with .ravel(), or "
        "neither",
    ),
    (
        "'function' object has no attribute",
        "a function stands where its result belongs: call it, with brackets",
    ),
    (
        "cannot reshape array of size 0 ",
        "the array is empty before the reshape: a slice that ends in :-0 holds nothing; cut with "
        ":OH*kH",
    ),
)


@voice.causes
def why(error, said, given):
    """Return what an error in a call with the arguments ``given`` says for certain, or None."""
    pairs = [a for a in given if isinstance(a, tuple) and len(a) == 2]
    if pairs and re.search(r"'tuple' (and|object cannot be)|and 'tuple'|concatenate tuple", said):
        return f"an argument is the pair {pairs[0]}: spec.pair makes two ints of a pair or an int"
    if re.search("'int' object is not subscriptable|unpack non-iterable int", said):
        return "an argument may be one int or a pair: spec.pair makes two ints of either"
    sizes = re.search(r"cannot reshape array of size (\d+) into shape \(([\d,]+)\)", said)
    if sizes and counts_no_further(error):
        wanted = np.prod(shape(sizes[2]))
        if int(sizes[1]) < wanted:
            return "np.bincount stops at the largest address it saw: give it minlength"
    if sizes and is_way_back(given) and shape(sizes[2]) == given[0].shape:
        return "dx has the shape of x, which is not that of dy: keep x.shape in the cache"
    counted = is_way_back(given) and "bincount" in names_in_code(error)
    if sizes and counted and int(sizes[1]) > np.prod(shape(sizes[2])):
        return (
            "np.bincount counted further than x has pixels, for an address lies behind the last "
            "one. A row of a window holds kW places, u = place // kW, and a row of x W pixels. And "
            "a place in the padded image is no place in x. Take the padding off again, i − pH and "
            "j − pW"
        )
    broken = re.search(BROKEN, said)
    if broken and (seen := seen_in_code(error, given)):
        return voice.Seen(seen)
    if "no identity" in said and any(isinstance(a, np.ndarray) and not a.size for a in given):
        return (
            "x holds no images here, and of nothing there is no smallest or largest value: begin "
            "with one that no pixel lies below, −∞"
        )
    if (folded := FOLDED.search(said)) and np.prod(shape(folded[1])) == int(folded[2]):
        return (
            f"an array of shape ({folded[1]}) is put where a vector of {folded[2]} belongs: unfold "
            "it with .ravel()"
        )
    if aligned := re.search(r"shapes \(([\d,]+)\) and \(([\d,]+)\) not aligned", said):
        return of_a_product(*aligned.groups(), [a.shape for a in given if hasattr(a, "shape")])
    if re.search("which has no identity|of an empty sequence", said) and cuts_rows_twice(error):
        return voice.Seen(
            "x[a:b][c:d] cuts rows twice: the second bracket begins again with the rows. Rows and "
            "columns belong in one bracket, x[a:b, c:d]."
        )
    return next((cause for part, cause in ERRORS if part in said), None)


def is_way_back(given):
    """Whether these are the arguments of a backward pass: dy, and a cache (no kernel size)."""
    if len(given) != 2 or getattr(given[0], "ndim", 0) != 4:
        return False
    pair = given[1] if isinstance(given[1], tuple) else (given[1],)
    return not all(isinstance(part, int) for part in pair)


FOLDED = re.compile(r"broadcast input array from shape \(([\d,]+)\) into shape \((\d+),\)")


def shape(text):
    """The shape that a message writes as text, without its brackets."""
    return tuple(int(n) for n in text.split(",") if n)


def of_a_product(left, right, shapes):
    """What is wrong in np.dot of arrays with these shapes, as text; ``shapes`` are those given."""
    left, right = shape(left), shape(right)
    if left in shapes and left[0] == np.prod(right):
        return (
            "a matrix of outputs × inputs takes inputs to outputs; the way back needs the transpose"
        )
    if left[::-1] in shapes and right in shapes and left[-1] == np.prod(right):
        return "an image is multiplied as it is: it must be unfolded into a vector first"
    return None


TWICE = re.compile(r"\w\[[^\[\],]*:[^\[\],]*\]\s*\[[^\[\],]*:[^\[\],]*\]")


def cuts_rows_twice(error):
    """Whether the code that raised an error cuts an array by two brackets, one after the other."""
    frames = traceback.extract_tb(error.__traceback__)
    texts = [frame.line or "" for frame in frames if "site-packages" not in frame.filename]
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "site-packages" not in frame.f_code.co_filename:
            with contextlib.suppress(OSError, TypeError, IndexError):  # its text may not be there
                texts.append(inspect.getsource(frame.f_code))
    return any(map(TWICE.search, texts))


# what arrays raise that are cut, addressed or combined wrongly
BROKEN = re.compile("no identity|of an empty sequence|is out of bounds|broadcast")
WIDTH_FIRST = re.compile(r"\bW, *H = \w+\.shape")
ADDS_AT = re.compile(r"np\.add\.at\((\w+), *(\w+), *\w+\)")


OH_FROM_W = re.compile(
    r"\bOH *= *(?![^\n]*\bH\b)[^\n,;]*\bW\b|\bOW *= *(?![^\n]*\bW\b)[^\n,;]*\bH\b"
)
PLACE_BY_HEIGHT = re.compile(r"divmod\([^\n]*argmax[^\n]*, *kH\)")
SHARES_BY_HEIGHT = re.compile(r"(\w+) *// *kH\b[\s\S]*\b\1 *% *kH\b")
DX_LIKE_DY = re.compile(r"\bdx\w* *= *np\.(zeros|empty|full)(_like)?\(\(?dy\b")
V_FOR_ROWS = re.compile(r"\[ *:, *:, *v *: *v *\+[^,\]]*, *u *: *u *\+[^,\]]*\]")


def seen_in_code(error, given):
    """What the code does for certain that raised such an error, or None."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if "site-packages" in frame.f_code.co_filename:
            continue
        with contextlib.suppress(OSError, TypeError, IndexError):  # its text may not be there
            text = inspect.getsource(frame.f_code)
            if WIDTH_FIRST.search(text):
                return "a shape is (H, W), the rows first: write H, W = x.shape"
            if OH_FROM_W.search(text):
                return (
                    "OH and OW are exchanged: as many windows fit below each other as H has room "
                    "for, and beside each other as W has, so OH comes from H and OW from W"
                )
            if PLACE_BY_HEIGHT.search(text) or (
                is_way_back(given) and SHARES_BY_HEIGHT.search(text)
            ):
                return (
                    "a place in a window is divided by kH, but a row of the window holds kW "
                    "pixels: the quotient by kW is the row u, the remainder the column v"
                )
            keeps = is_way_back(given) and not isinstance(given[1], np.ndarray)  # no ReLU
            if keeps and DX_LIKE_DY.search(text):
                return (
                    "dx is made as large as dy, and it has a value for each pixel of x: make it of "
                    "x's shape"
                )
            if is_way_back(given) and "broadcast" in str(error) and V_FOR_ROWS.search(text):
                return (
                    "u and v are exchanged in a slice: u counts rows, which come first, "
                    "u : u + OH, v : v + OW"
                )
            if said := of_a_line(frame, line):
                return said
            added = ADDS_AT.search(text)
            dx, index = (frame.f_locals.get(name) for name in added.groups()) if added else (0, 0)
            if np.ndim(dx) > 1 and isinstance(index, np.ndarray):
                return (
                    f"{added[1]} has {dx.ndim} axes, and one array of addresses is an index of the "
                    f"first of them alone: add to {added[1]}.reshape(-1)"
                )
    return None


def of_a_line(frame, number):
    """What is wrong in the slices and indices of a line that raised an error, or None."""
    line = linecache.getline(frame.f_code.co_filename, number).strip()
    try:
        tree = ast.parse(line)
    except SyntaxError:  # a part of a statement
        return None
    slices = [node for node in ast.walk(tree) if isinstance(node, ast.Slice)]
    for cut in slices:
        first, end = (value_of(part, frame) for part in (cut.lower, cut.upper))
        if first and end is not None and 0 <= end <= first:
            start, stop = ast.unparse(cut.lower), ast.unparse(cut.upper)
            ends = f", at {start} + {stop}" if isinstance(cut.upper, ast.Name) else ""
            return (
                f"{start} : {stop} is {first} : {end} here, which holds nothing: a window ends its "
                f"own length behind its start{ends}"
            )
    target = tree.body[0].targets[0] if tree.body and isinstance(tree.body[0], ast.Assign) else None
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        used = {node.id for node in ast.walk(target.slice) if isinstance(node, ast.Name)}
        starts = {cut.lower.id for cut in slices if isinstance(cut.lower, ast.Name)}
        if both := sorted(used & starts):
            name, index = target.value.id, " and ".join(both)
            if np.ndim(frame.f_locals.get(name)) == 2 and len(both) == 2:
                return (
                    f"{index} are the first pixel of a window, and {name} has a place for each "
                    "window, not for each pixel: number the windows, k and l, as enumerate does"
                )
    return None


PLAIN = (ast.Name, ast.Constant, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Load)


def value_of(expression, frame):
    """The int that sums and products of names are in a frame, or None."""
    if expression is None or not all(isinstance(n, PLAIN) for n in ast.walk(expression)):
        return None

    def found(node):
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return frame.f_locals.get(node.id)
        left, right = found(node.left), found(node.right)
        if not all(isinstance(side, (int, np.integer)) for side in (left, right)):
            return None
        if isinstance(node.op, ast.Mult):
            return left * right
        return left + right if isinstance(node.op, ast.Add) else left - right

    value = found(expression)
    return value if isinstance(value, (int, np.integer)) else None


def names_in_code(error):
    """The names that the code uses that raised an error."""
    return {
        name
        for frame, _ in traceback.walk_tb(error.__traceback__)
        for name in frame.f_code.co_names
    }


def counts_no_further(error):
    """Whether the code that raised an error uses np.bincount without minlength."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if "bincount" in code.co_names and "minlength" not in str(code.co_consts):
            return True
    return False
