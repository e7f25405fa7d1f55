"""Visible checks of chapter 4, and how answers are compared; the hidden checks compare alike."""

import contextlib
import re

import numpy as np

from .. import spec
from ..kit.cases import answered, each
from ..kit.visible import checks, plain_first, visible
from ..kit.voice import Failed, brief, call, lent, same, shape_of, short, spelled_out
from .layer import because, every_dx, every_y, images, own_gradients, same_dx, same_y, unchanged

# ---- how answers are compared ---------------------------------------------------------------


def tuple_of(function, names, *args):
    """Call a student's function and return its results, as many as there are names."""
    return parts_of(call(function, *args), function, names)


def parts_of(result, function, names):
    """Return a student's results, as many as there are names."""
    if not isinstance(result, (tuple, list)) or len(result) != len(names):
        said = f"a tuple of {len(result)}" if isinstance(result, tuple) else short(result)
        wanted = ", ".join(names)
        raise Failed(
            f"{function.__name__} returned {said}, expected ({wanted})",
            cause=f"the last line should be: return {wanted}",
            got=said,
            odd=True,
        )
    return tuple(result)


@contextlib.contextmanager
def missing(only_of_the_layer=False):
    """A name that is not defined, within, is something that was not pasted along.

    only_of_the_layer  if it is not one of the two functions, the return line calls them
    """
    try:
        yield
    except Failed as failure:
        if failure.error.startswith("NameError"):
            failure.cause = "your layer of chapter 3 is not complete here: paste all that it calls"
            if only_of_the_layer and "'maxpool_" not in failure.got:
                failure.cause = NOT_CALLED
        elif only_of_the_layer and CALLED.search(failure.error):
            failure.cause, failure.certain = NOT_CALLED, True
        raise


NOT_CALLED = "return the two functions themselves, without calling them"
CALLED = re.compile(r"maxpool_(for|back)ward\(\) missing \d+ required")


def own_layer(pooling):
    """Return the student's (maxpool_forward, maxpool_backward)."""
    with missing(only_of_the_layer=True):
        layer = tuple_of(pooling, ("maxpool_forward", "maxpool_backward"))
    for name, function in zip(("maxpool_forward", "maxpool_backward"), layer, strict=True):
        if not callable(function):
            raise Failed(
                f"{name} is {short(function)}, expected a function",
                cause="return the functions themselves, without calling them",
                got=short(function),
                odd=True,
            )
    if [getattr(function, "__name__", "") for function in layer] == [
        "maxpool_backward",
        "maxpool_forward",
    ]:
        raise Failed(
            "pooling returned (maxpool_backward, maxpool_forward)",
            cause="the two are the wrong way round: the forward pass comes first",
            got="the wrong way round",
            odd=True,
            certain=True,
        )
    return layer


def serves(pooling, cases):
    """Raise ``Failed`` unless the student's layer is right on every (x, dy, arguments, y, dx).

    On the first of them also if another batch comes between the two passes.
    """
    forward, backward = own_layer(pooling)
    with missing():
        ys = every_y(forward, [((x,), arguments) for x, _, arguments, _, _ in cases])
        calls = [((x, dy), arguments) for x, dy, arguments, _, _ in cases]
        dxs = every_dx(forward, backward, calls)
        for x, dy, arguments, y, dx in cases:
            same_y(ys, x, y, **arguments)
            same_dx(dxs, x, dy, dx, **arguments)
    x, dy, arguments, _, dx = cases[0]
    batches = [(x, dy), (x[::-1].copy(), dy[::-1].copy())]
    own_gradients(forward, backward, batches, [dx, dx[::-1]], **arguments)


def same_relu(relu_backward, cases):
    """Raise ``Failed`` unless ``relu_backward`` lets each dy through where its x is positive.

    cases  list of (dy, x)
    """
    calls = [(dy.copy(), x.copy()) for dy, x in cases]
    given = each(answered, (relu_backward,), [(pair, {}) for pair in calls], call, seen=1)
    for before, after in zip(cases, calls, strict=True):

        def where(index, before=before):
            return f"There dy is {before[0][index]:g} and x is {before[1][index]:g}."

        same("dx", next(given), np.where(before[1] > 0, before[0], 0.0), where)
        unchanged(relu_backward, "dy", before[0], after[0])
        unchanged(relu_backward, "its cache, x", before[1], after[1])


CONV = ("dx", "dw", "db")


def same_conv(conv_backward, which, cases):
    """Raise ``Failed`` unless one of dx, dw, db is right; the others are not judged.

    cases  list of (dy, x, w, expected)
    """
    copies = [tuple(array.copy() for array in case[:3]) for case in cases]
    calls = [((dy, (x, w)), {}) for dy, x, w in copies]
    # one check judges manners, so that they cost once
    answers = each(answered, (conv_backward,), calls, call, seen=which == "dx")
    for case, given in zip(cases, copies, strict=True):
        is_conv(conv_backward, next(answers), which, given, *case)


def is_conv(conv_backward, answer, which, given, dy, x, w, expected):
    """``same_conv`` of one answer; ``given`` are the copies of dy, x and w that were passed."""
    got = parts_of(answer, conv_backward, CONV)[CONV.index(which)]
    shapes = [
        f"{name} of shape {'×'.join(map(str, a.shape))}"
        for name, a in (("x", x), ("w", w), ("dy", dy))
    ]
    same(which, got, expected, f"That was {', '.join(shapes)}.")
    if which == "dx":
        for name, old, new in zip(("dy", "x", "w"), (dy, x, w), given, strict=True):
            unchanged(conv_backward, name, old, new)


ENTROPY = ("loss", "dscores")
NO_NUMBER = {  # by the axes of a loss that is an array
    1: "the mean over the images is missing",
    2: "dscores stands where the loss belongs: return loss, dscores",
}
ROUNDED_TO_0 = (
    "p of the label, e^−1000, was rounded to 0 before its logarithm was taken: take "
    "log Σ e^(s − h) − (s_t − h)"
)


def same_loss(cross_entropy, cases):
    """Raise ``Failed`` unless every loss is right; dscores is not judged.

    cases  list of (scores, labels, expected)
    """
    calls = [((scores.copy(), labels.copy()), {}) for scores, labels, _ in cases]
    answers = each(answered, (cross_entropy,), calls, call)
    for scores, _, expected in cases:
        loss, _ = parts_of(next(answers), cross_entropy, ENTROPY)
        if shape_of(loss) != ():
            said = short(loss)
            what = f"loss is {said}, expected one number: the mean of all images"
            axes = loss.ndim if isinstance(loss, np.ndarray) else None
            raise Failed(what, cause=NO_NUMBER.get(axes), got=said)
        same("loss", loss, expected, f"{len(scores)} rows of scores, from {span(scores)}.")


def same_dscores(cross_entropy, cases):
    """Raise ``Failed`` unless every dscores is right and scores are as before.

    cases  list of (scores, labels, expected)
    """
    calls = [((scores.copy(), labels.copy()), {}) for scores, labels, _ in cases]
    answers = each(answered, (cross_entropy,), calls, call, seen=1)
    for (scores, labels, expected), ((given, _), _) in zip(cases, calls, strict=True):

        def where(index, labels=labels):
            return f"Image {index[0]} of {len(labels)}; its label is {labels[index[0]]}."

        _, dscores = parts_of(next(answers), cross_entropy, ENTROPY)
        same("dscores", dscores, expected, where)
        unchanged(cross_entropy, "scores", scores, given)


def span(array):
    return f"{array.min():g} to {array.max():g}"


def sent_back(network_backward, dy, layers, caches):
    """Call ``network_backward``; return dx, the gradients, and a copy of what they are now."""
    try:
        dx, gradients = tuple_of(network_backward, ("dx", "gradients"), dy, layers, caches)
    except Failed as failure:
        failure.cause = next((c for part, c in OF_A_LAYER if part in failure.error), failure.cause)
        raise
    if not isinstance(gradients, dict):
        what = f"gradients is {short(gradients)}, expected a dict"
        cause = (
            "the order is dx, gradients: the two are exchanged" if isinstance(dx, dict) else None
        )
        raise Failed(what, cause=cause, got=short(gradients), odd=True)
    return dx, gradients, copied(gradients)  # the next call may add to the same dict


TAKE_APART = (
    "a backward pass returns a tuple, dx first: take it apart before dx goes on as the next dy"
)
# of errors in network_backward: (part of their text, the cause)
OF_A_LAYER = (
    (
        "values to unpack",
        "a backward pass returns dx and a gradient for each name of its layer, so one or more: "
        "dx, *found = backward(dy, cache)",
    ),
    (
        "'NoneType' object is not callable",
        "a layer is (forward, backward, names), and the forward passes are done already: call the "
        "second, its backward",
    ),
    ("dy = a tuple", TAKE_APART),
)


def left_out(got, layers):
    """Say why names lack, if it is plain from which do; else None."""
    first = set(layers[0][2])
    others = {name for layer in layers[1:] for name in layer[2]}
    if any(isinstance(name, tuple) for name in got):
        return "a layer's names are a tuple, and each of them has a gradient of its own: zip them"
    if not first or not others:
        return None
    if set(got) == others:
        return (
            "the first layer is left out: a range that ends at 0 ends before it, so let it end at "
            "−1; and a return inside the loop ends it"
        )
    if set(got) == first:
        return "only the first layer's gradients are left: make the dict once, before the loop"
    return None


def nothing_kept(first, second):
    """Raise ``Failed`` unless two equal calls gave equal gradients."""
    if any(not np.array_equal(first[name], second.get(name)) for name in first):
        raise Failed(
            "the same call again gave other gradients",
            cause="something is kept from one call to the next",
            got="other gradients",
        )


def same_gradients(network_backward, dy, layers, caches, expected):
    """Raise ``Failed`` unless ``network_backward`` gives ``expected``: (dx, {name: gradient})."""
    # each call has lists of its own: what becomes of them is judged by ``same_again``
    _, _, before = sent_back(network_backward, dy.copy(), list(layers), list(caches))
    dx, gradients, now = sent_back(network_backward, dy.copy(), list(layers), list(caches))
    nothing_kept(before, now)
    are_gradients(dx, gradients, layers, expected)


def are_gradients(dx, gradients, layers, expected):
    """Raise ``Failed`` unless an answer is ``expected``."""
    if gradients.keys() != expected[1].keys():
        said = brief(", ".join(map(spelled_out, gradients)), 200) or "nothing"
        wanted = ", ".join(map(repr, expected[1])) or "nothing"
        what = f"gradients has {said}, expected {wanted}"
        # with dx, which tells a walk that ended early from one that left a layer out
        raise Failed(what, cause=left_out(gradients, layers), got=f"{said}; {spelled_out(dx)}")
    where = f"The layers were {', '.join(named(layer) for layer in layers)}."
    if isinstance(dx, (tuple, list)):
        what = f"dx is {short(dx)}, expected an array of shape {expected[0].shape}"
        raise Failed(what, where, TAKE_APART, short(dx), odd=True)
    same("dx", dx, expected[0], where)
    for name in expected[1]:
        same(f"gradients[{name!r}]", gradients[name], expected[1][name], where)


def lent_backward(function):
    """The backward pass of a layer of ours, for a student's function to call."""
    return lent(f"{function.__name__}(dy, cache)", function)


def named(layer):
    return layer[1].__name__.removesuffix("_backward")


def same_again(network_backward, layers, caches, passes):
    """Raise ``Failed`` unless several backward passes over the same lists are right.

    passes  list of (dy, expected)
    """
    given = list(layers), list(caches)
    for n, (dy, expected) in enumerate((passes[0], *passes)):  # the first one twice
        before = dy.copy()
        dx, gradients, now = sent_back(network_backward, dy, *given)
        unchanged(network_backward, "dy", before, dy)
        for name, after, then in zip(("layers", "caches"), given, (layers, caches), strict=True):
            if len(after) != len(then) or any(a is not b for a, b in zip(after, then, strict=True)):
                raise Failed(
                    f"network_backward changed the list {name}",
                    "The caller's list is not the same afterwards.",
                    got=f"{name}: {len(after)} of {len(then)}",
                )
        if n == 0:
            first = now
            continue
        if n == 1:
            nothing_kept(first, now)
        are_gradients(dx, gradients, layers, expected)


def copied(arrays):
    """Copies of those that are arrays; what is none is told of where it is compared."""
    copies = {}
    for name, array in arrays.items():
        with contextlib.suppress(TypeError, ValueError):
            copies[name] = np.array(array)
    return copies


def same_step(sgd_step, parameters, gradients, rate, expected):
    """Raise ``Failed`` unless ``sgd_step`` returns ``expected`` and leaves what it was given."""
    given = copied(parameters), copied(gradients)
    kept = dict(given[0])
    calls = [((copied(parameters), copied(gradients), rate), {}), ((*given, rate), {})]
    answers = each(answered, (sgd_step,), calls, call, seen=1)
    got = next(answers)
    if not isinstance(got, dict) or got.keys() != expected.keys():
        said = f"a dict of {', '.join(map(repr, got))}" if isinstance(got, dict) else short(got)
        wanted = ", ".join(map(repr, expected))
        what = f"sgd_step returned {said}, expected a dict of {wanted}"
        early = isinstance(got, dict) and len(got) == 1 < len(expected)
        cause = "a return inside the loop ends it after the first name" if early else None
        raise Failed(what, cause=cause, got=said, odd=True)
    again = next(answers)
    if any(not np.array_equal(got[name], again[name]) for name in expected):
        raise Failed(
            "the same step, taken again from the same place, ends elsewhere",
            cause="something is kept from one call to the next",
            got="elsewhere",
        )
    for name in parameters:
        if given[0].get(name) is not kept[name]:
            what = f"sgd_step changed the dict that came in: its {name!r} is another array"
            raise Failed(what, "The caller's parameters are not there any more.", got=what)
    for name in expected:
        first = parameters[name].ravel()[0], gradients[name].ravel()[0]
        where = f"The first number of {name!r} was {first[0]:g}, its gradient {first[1]:g}; rate "
        same(f"parameters[{name!r}]", got[name], expected[name], f"{where}{rate:g}.")
    for kind, old, new in zip(
        ("parameters", "gradients"), (parameters, gradients), given, strict=True
    ):
        for name in old:
            unchanged(sgd_step, f"{kind}[{name!r}]", old[name], new[name])


# ---- layers to do in one's head -------------------------------------------------------------


def times_backward(dy, cache):
    x, w = cache
    return w * dy, x * dy


def square_backward(dy, cache):
    return (2 * cache * dy,)


def plus_backward(dy, cache):
    return dy, dy


def small_chain():
    """y = (w·x)² + b at x = 3, w = 2: its layers and the caches of its forward pass."""
    layers = [
        (None, lent_backward(times_backward), ("w",)),
        (None, lent_backward(square_backward), ()),
        (None, lent_backward(plus_backward), ("b",)),
    ]
    return layers, [(np.array([3.0]), np.array([2.0])), np.array([6.0]), None]


def small_gradients(dy):
    """Of (w·x)² + b: dy/dx = 2·w·x·w = 24, dy/dw = 2·w·x·x = 36, dy/db = 1."""
    return np.array([24.0 * dy]), {"w": np.array([36.0 * dy]), "b": np.array([1.0 * dy])}


# ---- the checks -----------------------------------------------------------------------------


@visible(
    "pooling · in a network",
    cause="your layer is not right, and its own checks in 3-layer say more",
    read="Your layer moves in",
    points=1,
)
def pooling_layer(pooling):
    """Behind a ReLU: windows of zeros are ties; every image has its own gradients; then overlap."""
    x = np.concatenate([images([0, 0, 3, 0], [0, 0, 0, 3]), images([0, 2, 0, 0], [1, 2, 0, 4])])
    dy = np.array([1.0, 2, 3, 4]).reshape(2, 1, 1, 2)
    y, cache = spec.maxpool_forward(x, 2)
    tiles = x, dy, {"kernel_size": 2}, y, spec.maxpool_backward(dy, cache)
    # the 9 wins all four windows and gets 1 + 2 + 3 + 4
    x, dy = images([1, 2, 3], [4, 9, 5], [6, 7, 8]), images([1, 2], [3, 4])
    y, dx = images([9, 9], [9, 9]), images([0, 0, 0], [0, 10, 0], [0, 0, 0])
    serves(pooling, [tiles, (x, dy, {"kernel_size": 2, "stride": 1}, y, dx)])


@visible(
    "relu_backward · values",
    cause="dx is dy where x is positive, and 0 where it is negative or 0",
    read="ReLU lets the positive pass",
    points=1,
)
def relu_backward_values(relu_backward):
    """Four pixels: negative, positive, zero, positive."""
    x, dy = np.array([[-2.0, 3.0], [0.0, 5.0]]), np.array([[10.0, 20.0], [30.0, -40.0]])
    same_relu(relu_backward, [(dy, x)])


@visible(
    "conv_backward · weights",
    cause="dw_uv = Σ dy_ij · x_(i+u)(j+v): each weight met one pixel in each window",
    read="A convolution shares its weights",
    points=2,
)
def conv_backward_weights(conv_backward):
    """Two images of two channels: a first window, plus twice a last one; a kernel of 1 × 2."""
    x = np.array([[[1.0, 2, 3], [4, 5, 6]], [[1, 0, 0], [0, 1, 0]]])  # image by image
    x = np.stack([x, 10 * x], axis=1)  # channel 1 is ten times channel 0
    dy = np.array([[1.0, 0], [0, 2]]).reshape(2, 1, 1, 2)
    first = np.array([[1.0, 2], [4 + 2 * 1, 5]])
    expected = np.stack([first, 10 * first])[None]
    same_conv(conv_backward, "dw", [(dy, x, np.ones((1, 2, 2, 2)), expected)])
    with because("this kernel is not square: its rows are w.shape[2], its columns w.shape[3]"):
        row, wide = images([1, 2, 3]), images([1, 10])  # 1·1 + 2·10 and 2·1 + 3·10
        same_conv(conv_backward, "dw", [(wide, row, np.ones((1, 1, 1, 2)), images([21, 32]))])


@visible(
    "conv_backward · bias",
    cause="b_f is added to every output of channel f: sum dy over images, rows and columns",
    read="A convolution shares its weights",
    points=2,
)
def conv_backward_bias(conv_backward):
    """Two images, two channels out, two outputs in each."""
    dy = np.array([[[[1.0, 2]], [[10, 20]]], [[[3, 4]], [[30, 40]]]])
    x, w = np.ones((2, 1, 1, 3)), np.ones((2, 1, 1, 2))
    expected = np.array([1.0 + 2 + 3 + 4, 10 + 20 + 30 + 40])
    same_conv(conv_backward, "db", [(dy, x, w, expected)])


@visible(
    "conv_backward · input",
    cause="output (i, j) sends w_uv · dy_ij to pixel (i+u, j+v); what meets there adds up",
    read="A convolution shares its weights",
    points=2,
)
def conv_backward_input(conv_backward):
    """Kernels 1 high, 2 wide: the first at (0,0), twice the second, of tens, beside it."""
    x = np.arange(1.0, 25.0).reshape(2, 2, 2, 3)
    w = np.array([[[[1.0, 2]], [[3, 4]]], [[[10, 20]], [[30, 40]]]])
    dy = np.array([[[[1.0, 0], [0, 0]], [[0, 2], [0, 0]]], [[[0, 0], [0, 1]], [[0, 0], [0, 0]]]])
    one = [[[1, 2 + 2 * 10, 2 * 20], [0, 0, 0]], [[3, 4 + 2 * 30, 2 * 40], [0, 0, 0]]]
    other = [[[0, 0, 0], [0, 1, 2]], [[0, 0, 0], [0, 3, 4]]]
    expected = np.array([one, other], float)
    same_conv(conv_backward, "dx", [(dy, x, w, expected)])


# e^0 : e^(log 3) is 1 : 3, so the first image has the probabilities 1/4 and 3/4.
SCORES, LABELS = np.array([[0.0, np.log(3.0)], [0.0, 0.0]]), np.array([1, 0])


@visible(
    "cross_entropy · loss",
    cause="the loss is the mean of −log p_label over the images, each row with its own softmax",
    read="One number for a wrong guess",
    points=2,
)
def cross_entropy_loss(cross_entropy):
    """Probabilities 3/4 and 1/2: log 4/3 and log 2; with scores 1000 higher; with p = e^−1000."""
    loss = float((np.log(4 / 3) + np.log(2)) / 2)
    # e^1000 is infinite, and the probabilities are the same
    same_loss(cross_entropy, [(scores, LABELS, loss) for scores in (SCORES, SCORES + 1000)])
    with because(ROUNDED_TO_0):
        far = np.array([[1000.0, 0.0], [0.0, 0.0]])
        same_loss(cross_entropy, [(far, np.array([1, 1]), float((1000 + np.log(2)) / 2))])


@visible(
    "cross_entropy · gradient",
    cause="dscores is (p − 1 at the label), divided by the number of images",
    read="One number for a wrong guess",
    points=2,
)
def cross_entropy_gradient(cross_entropy):
    """p − 1 at the label, halved because there are two images; first p is 1/3 everywhere."""
    even = np.array([[1 / 3, 1 / 3, 1 / 3 - 1], [1 / 3 - 1, 1 / 3, 1 / 3]]) / 2
    expected = np.array([[1 / 4, 3 / 4 - 1], [1 / 2 - 1, 1 / 2]]) / 2
    cases = [(np.zeros((2, 3)), np.array([2, 0]), even), (SCORES, LABELS, expected)]
    same_dscores(cross_entropy, cases)


@visible(
    "network_backward · chain",
    cause="the last layer goes first; each gets the dx of the layer behind it, and its own cache",
    read="Backwards through a list",
    points=2,
)
def network_backward_chain(network_backward):
    """y = (w·x)² + b at x = 3, w = 2, in three layers."""
    same_gradients(network_backward, np.array([1.0]), *small_chain(), small_gradients(1))


@visible(
    "network_backward · calls",
    cause="something is left over from the first call: a list was reversed or emptied, or "
    "gradients were added to old ones",
    read="Backwards through a list",
    points=2,
)
def network_backward_calls(network_backward):
    """Twice through the same lists, the second time with ten times the gradient."""
    passes = [(np.array([float(dy)]), small_gradients(dy)) for dy in (1, 10)]
    same_again(network_backward, *small_chain(), passes)


@visible(
    "sgd_step · values",
    cause="new = old − rate · gradient, in a new dict; the old arrays stay",
    read="Learning is walking downhill",
    points=1,
)
def sgd_step_values(sgd_step):
    """Rate 0.1: from 1 by −0.1·10 to 0, from 2 by +0.1·20 to 4, from 3 by −0.1·5 to 2.5."""
    parameters = {"w": np.array([1.0, 2.0]), "b": np.array([3.0])}
    gradients = {"b": np.array([5.0]), "w": np.array([10.0, -20.0])}  # names count, no order
    expected = {"w": np.array([0.0, 4.0]), "b": np.array([2.5])}
    same_step(sgd_step, parameters, gradients, 0.1, expected)


plain_first(globals(), "network_backward_chain")

__all__ = checks(globals())
