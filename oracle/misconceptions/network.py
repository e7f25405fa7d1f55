"""Wrong answers of chapter 4."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from poolkit.spec import pair

from ._registry import misconception

# ---- pooling --------------------------------------------------------------------------------


@misconception(
    "pooling",
    kind="ties",
    hint="Your layer finds the winners by x == y. Behind a ReLU whole windows are zero, so all "
    "their pixels get the gradient; only the first may.",
    loses="pooling_layer",
)
def every_zero_of_a_window_gets_the_gradient():
    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
        w = sliding_window_view(x, (kH, kW), axis=(2, 3))[:, :, ::sH, ::sW]
        return w.max(axis=(4, 5)), (x, w.max(axis=(4, 5)), (kH, kW), (sH, sW))

    def maxpool_backward(dy, cache):
        x, y, (kH, kW), (sH, sW) = cache
        OH, OW = y.shape[2:]
        dx = np.zeros_like(x)
        for u in range(kH):
            for v in range(kW):
                here = np.s_[:, :, u : u + sH * (OH - 1) + 1 : sH, v : v + sW * (OW - 1) + 1 : sW]
                dx[here] += dy * (x[here] == y)
        return dx

    return maxpool_forward, maxpool_backward


@misconception(
    "pooling",
    kind="calls",
    hint="Your layer keeps the winners in one place for all calls. In a network the next forward "
    "pass comes before the backward pass: put them into the cache.",
    loses="pooling_layer",
)
def remembers_the_last_call_only():
    kept = {}

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
        w = sliding_window_view(x, (kH, kW), axis=(2, 3))[:, :, ::sH, ::sW]
        N, C, OH, OW = w.shape[:4]
        u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
        i, j = np.arange(OH)[:, None] * sH + u, np.arange(OW) * sW + v
        n, c = np.arange(N).reshape(N, 1, 1, 1), np.arange(C).reshape(C, 1, 1)
        kept["winners"], kept["shape"] = (n, c, i, j), x.shape
        return x[n, c, i, j], None

    def maxpool_backward(dy, cache):
        dx = np.zeros(kept["shape"])
        np.add.at(dx, kept["winners"], dy)
        return dx

    return maxpool_forward, maxpool_backward


@misconception(
    "pooling",
    kind="shape",
    hint="You handed over the forward pass alone. A network also sends gradients back: return "
    "both functions, maxpool_forward, maxpool_backward.",
    loses="pooling_layer",
)
def forward_alone():
    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
        w = sliding_window_view(x, (kH, kW), axis=(2, 3))[:, :, ::sH, ::sW]
        return w.max(axis=(4, 5)), x

    return (maxpool_forward,)


# ---- relu_backward --------------------------------------------------------------------------


@misconception(
    "relu_backward",
    kind="mask",
    hint="You asked for the sign of dy. What decides is the sign of x on the way forward; a "
    "negative gradient passes like a positive one.",
    loses="relu_backward_values",
)
def masks_by_the_gradient(dy, cache):
    return np.maximum(dy, 0)


@misconception(
    "relu_backward",
    kind="mask",
    hint="You let the gradient pass at x = 0. There the ReLU has a kink, and this course takes "
    "the slope 0, as PyTorch does: x > 0.",
    loses="relu_backward_values",
)
def passes_at_zero(dy, cache):
    return np.where(cache >= 0, dy, 0.0)


@misconception(
    "relu_backward",
    kind="chain",
    hint="You multiplied dy by the ReLU's output. Multiply by its slope, which is 1 for every "
    "positive x.",
    loses="relu_backward_values",
)
def multiplies_by_the_output(dy, cache):
    return dy * np.maximum(cache, 0)


@misconception(
    "relu_backward",
    kind="chain",
    hint="You returned the slope itself. The chain rule multiplies it by dy, the gradient that "
    "arrives.",
    loses="relu_backward_values",
)
def returns_the_slope(dy, cache):
    return (cache > 0).astype(float)


@misconception(
    "relu_backward",
    kind="mutation",
    hint="You wrote the zeros into dy itself. It belongs to the caller: make a new array.",
    loses="relu_backward_values",
)
def writes_zeros_into_dy(dy, cache):
    dy[cache <= 0] = 0
    return dy


# ---- conv_backward --------------------------------------------------------------------------


@misconception(
    "conv_backward",
    kind="flip",
    hint="You turned dw by 180°. The forward pass pairs w_uv with x_(i+u)(j+v), without turning "
    "the kernel, so dw_uv pairs dy_ij with that same pixel.",
    loses="conv_backward_weights",
)
def turns_the_weights(dy, cache):
    x, w = cache
    pixels = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    dw = np.einsum("ncijuv,nfij->fcuv", pixels, dy)[:, :, ::-1, ::-1]
    dx = np.zeros_like(x)
    for u, v in np.ndindex(w.shape[2:]):
        seen = dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]]
        seen += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
    return dx, dw, dy.sum(axis=(0, 2, 3))


@misconception(
    "conv_backward",
    kind="flip",
    hint="You slid the kernel over the padded dy as it is. Seen from a pixel the windows lie the "
    "other way round: for dx the kernel must be turned by 180°.",
    loses="conv_backward_input",
)
def forgets_to_turn_the_kernel(dy, cache):
    x, w = cache
    kH, kW = w.shape[2:]
    pixels = sliding_window_view(x, (kH, kW), axis=(2, 3))
    padded = np.pad(dy, ((0, 0), (0, 0), (kH - 1, kH - 1), (kW - 1, kW - 1)))
    around = sliding_window_view(padded, (kH, kW), axis=(2, 3))
    dx = np.einsum("nfijuv,fcuv->ncij", around, w)
    return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3))


@misconception(
    "conv_backward",
    kind="sum",
    hint="You summed the bias's gradient over the images only. b_f is added at every row and "
    "column too, so they all count.",
    loses="conv_backward_bias",
)
def bias_of_every_place(dy, cache):
    x, w = cache
    pixels = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    dx = np.zeros_like(x)
    for u, v in np.ndindex(w.shape[2:]):
        seen = dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]]
        seen += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
    return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=0)


@misconception(
    "conv_backward",
    kind="sum",
    hint="You kept one bias gradient for each image. There is one bias for all images: sum over "
    "them as well.",
    loses="conv_backward_bias",
)
def bias_of_every_image(dy, cache):
    x, w = cache
    pixels = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    dx = np.zeros_like(x)
    for u, v in np.ndindex(w.shape[2:]):
        seen = dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]]
        seen += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
    return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(2, 3))


@misconception(
    "conv_backward",
    kind="sum",
    hint="You took the mean over the images. The loss has divided by N already, and dy carries "
    "that: here gradients only add up.",
    loses="conv_backward_weights conv_backward_bias",
)
def divides_by_the_images_again(dy, cache):
    x, w = cache
    pixels = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    dx = np.zeros_like(x)
    for u, v in np.ndindex(w.shape[2:]):
        seen = dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]]
        seen += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
    dw = np.einsum("ncijuv,nfij->fcuv", pixels, dy) / len(x)
    return dx, dw, dy.sum(axis=(0, 2, 3)) / len(x)


@misconception(
    "conv_backward",
    kind="overlap",
    hint="You assigned where windows overlap, so the last offset overwrote the others. A pixel's "
    "gradients add up: +=.",
    loses="conv_backward_input",
)
def overwrites_what_windows_share(dy, cache):
    x, w = cache
    pixels = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    dx = np.zeros_like(x)
    for u, v in np.ndindex(w.shape[2:]):
        message = np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
        dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]] = message
    return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3))


@misconception(
    "conv_backward",
    kind="shape",
    hint="You sent back the messages of the first output channel alone. A pixel feeds every "
    "output channel, so dx sums over all f.",
    loses="conv_backward_input",
)
def hears_the_first_channel_only(dy, cache):
    x, w = cache
    pixels = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    dx = np.zeros_like(x)
    for u, v in np.ndindex(w.shape[2:]):
        seen = dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]]
        seen += dy[:, :1] * w[0, :, u, v][:, None, None]
    return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3))


@misconception(
    "conv_backward",
    kind="order",
    hint="You returned the parameters' gradients first. The order is that of forward's arguments "
    "x, w, b: dx, dw, db.",
    loses="conv_backward_weights conv_backward_bias conv_backward_input",
)
def parameters_before_the_input(dy, cache):
    x, w = cache
    pixels = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    dx = np.zeros_like(x)
    for u, v in np.ndindex(w.shape[2:]):
        seen = dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]]
        seen += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
    return np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3)), dx


@misconception(
    "conv_backward",
    kind="mutation",
    hint="You turned the kernel in the cache itself. It is the network's own w, and the next "
    "forward pass would use it upside down: turn a copy.",
    loses="conv_backward_input",
)
def turns_the_network_s_kernel(dy, cache):
    x, w = cache
    kH, kW = w.shape[2:]
    pixels = sliding_window_view(x, (kH, kW), axis=(2, 3))
    w[:] = w[:, :, ::-1, ::-1].copy()
    padded = np.pad(dy, ((0, 0), (0, 0), (kH - 1, kH - 1), (kW - 1, kW - 1)))
    around = sliding_window_view(padded, (kH, kW), axis=(2, 3))
    dx = np.einsum("nfijuv,fcuv->ncij", around, w)
    return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3))


# ---- cross_entropy --------------------------------------------------------------------------


@misconception(
    "cross_entropy",
    kind="mean",
    hint="Your loss is a mean, but your gradient is that of a sum: divide p − 1 by the number of "
    "images, too.",
    loses="cross_entropy_gradient",
)
def forgets_to_divide_the_gradient(scores, labels):
    rows = np.arange(len(scores))
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    logs = np.log(e.sum(axis=1)) + scores.max(axis=1) - scores[rows, labels]
    p[rows, labels] -= 1
    return logs.mean(), p


@misconception(
    "cross_entropy",
    kind="mean",
    hint="You added the images' losses up. The loss is their mean, so that a step is as long for "
    "16 images as for 1600.",
    loses="cross_entropy_loss cross_entropy_gradient",
)
def adds_the_losses_up(scores, labels):
    rows = np.arange(len(scores))
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    logs = np.log(e.sum(axis=1)) + scores.max(axis=1) - scores[rows, labels]
    p[rows, labels] -= 1
    return logs.sum(), p


@misconception(
    "cross_entropy",
    kind="overflow",
    hint="You took e to the power of the scores as they are, and e^1000 is infinite. Subtract "
    "each row's largest score first; p does not change.",
    loses="cross_entropy_loss",
)
def lets_the_exponential_overflow(scores, labels):
    rows = np.arange(len(scores))
    e = np.exp(scores)
    p = e / e.sum(axis=1, keepdims=True)
    dscores = p.copy()
    dscores[rows, labels] -= 1
    return -np.log(p[rows, labels]).mean(), dscores / len(scores)


@misconception(
    "cross_entropy",
    kind="overflow",
    hint="You subtracted the largest score of the whole batch. A row far below it is all zeros "
    "after the exponential: subtract the largest of each row.",
    loses="cross_entropy_loss",
)
def subtracts_the_largest_of_all(scores, labels):
    rows = np.arange(len(scores))
    e = np.exp(scores - scores.max())
    p = e / e.sum(axis=1, keepdims=True)
    dscores = p.copy()
    dscores[rows, labels] -= 1
    return -np.log(p[rows, labels]).mean(), dscores / len(scores)


@misconception(
    "cross_entropy",
    kind="transposed",
    hint="You normalised down the columns, over the images. The probabilities of one image add "
    "up to 1, so sum along its row: axis=1.",
    loses="cross_entropy_loss cross_entropy_gradient",
)
def normalises_over_the_images(scores, labels):
    rows = np.arange(len(scores))
    e = np.exp(scores - scores.max(axis=0))
    p = e / e.sum(axis=0)
    dscores = p.copy()
    dscores[rows, labels] -= 1
    return -np.log(p[rows, labels]).mean(), dscores / len(scores)


@misconception(
    "cross_entropy",
    kind="indexing",
    hint="p[:, labels] takes these columns in every row. One place in each row needs two lists "
    "of indices: p[np.arange(N), labels].",
    loses="cross_entropy_gradient",
)
def subtracts_in_every_row(scores, labels):
    rows = np.arange(len(scores))
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    logs = np.log(e.sum(axis=1)) + scores.max(axis=1) - scores[rows, labels]
    p[:, labels] -= 1
    return logs.mean(), p / len(scores)


@misconception(
    "cross_entropy",
    kind="sign",
    hint="Your gradient points downhill: it is what was true minus what was said. The gradient "
    "is what was said minus what is true.",
    loses="cross_entropy_gradient",
)
def true_minus_said(scores, labels):
    rows = np.arange(len(scores))
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    logs = np.log(e.sum(axis=1)) + scores.max(axis=1) - scores[rows, labels]
    p[rows, labels] -= 1
    return logs.mean(), -p / len(scores)


@misconception(
    "cross_entropy",
    kind="chain",
    hint="You returned the probabilities. At the label the score also counts by itself, with −1: "
    "subtract 1 there.",
    loses="cross_entropy_gradient",
)
def forgets_the_label(scores, labels):
    rows = np.arange(len(scores))
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    logs = np.log(e.sum(axis=1)) + scores.max(axis=1) - scores[rows, labels]
    return logs.mean(), p / len(scores)


@misconception(
    "cross_entropy",
    kind="mutation",
    hint="You subtracted the maximum from scores itself, with -=. The scores are the caller's: "
    "write scores = scores - …",
    loses="cross_entropy_gradient",
)
def subtracts_from_the_scores_in_place(scores, labels):
    rows = np.arange(len(scores))
    scores -= scores.max(axis=1, keepdims=True)
    e = np.exp(scores)
    logs = np.log(e.sum(axis=1)) - scores[rows, labels]
    p = e / e.sum(axis=1, keepdims=True)
    p[rows, labels] -= 1
    return logs.mean(), p / len(p)


# ---- network_backward -----------------------------------------------------------------------


@misconception(
    "network_backward",
    kind="chain",
    hint="You went through the layers from the first to the last. The gradient comes from the "
    "loss, so the last layer is the first to get it.",
    loses="network_backward_chain network_backward_calls",
)
def from_the_first_to_the_last(dy, layers, caches):
    gradients = {}
    for (_, backward, names), cache in zip(layers, caches, strict=True):
        dy, *found = backward(dy, cache)
        gradients.update(zip(names, found, strict=True))
    return dy, gradients


@misconception(
    "network_backward",
    kind="chain",
    hint="You gave every layer the dy of the end. Each one gets what the layer behind it "
    "returned as dx.",
    loses="network_backward_chain network_backward_calls",
)
def the_same_dy_for_everyone(dy, layers, caches):
    gradients, dx = {}, dy
    for (_, backward, names), cache in zip(reversed(layers), reversed(caches), strict=True):
        dx, *found = backward(dy, cache)
        gradients.update(zip(names, found, strict=True))
    return dx, gradients


@misconception(
    "network_backward",
    kind="chain",
    hint="You reversed only one of the two lists, so layers got each other's caches: cache n "
    "belongs to layer n, so walk through both from the end.",
    loses="network_backward_chain network_backward_calls",
)
def reverses_only_the_layers(dy, layers, caches):
    gradients = {}
    for (_, backward, names), cache in zip(reversed(layers), caches, strict=True):
        dy, *found = backward(dy, cache)
        gradients.update(zip(names, found, strict=True))
    return dy, gradients


@misconception(
    "network_backward",
    kind="calls",
    hint="You reversed the caller's list itself. Every second pass would run the wrong way: "
    "reversed(layers) leaves it as it is.",
    loses="network_backward_calls",
)
def reverses_the_caller_s_lists(dy, layers, caches):
    layers.reverse()
    caches.reverse()
    gradients = {}
    for (_, backward, names), cache in zip(layers, caches, strict=True):
        dy, *found = backward(dy, cache)
        gradients.update(zip(names, found, strict=True))
    return dy, gradients


@misconception(
    "network_backward",
    kind="calls",
    hint="You took the caches out of the caller's list with pop. Afterwards it is empty: read "
    "them, from the last to the first.",
    loses="network_backward_calls",
)
def uses_the_caches_up(dy, layers, caches):
    gradients = {}
    for _, backward, names in reversed(layers):
        dy, *found = backward(dy, caches.pop())
        gradients.update(zip(names, found, strict=True))
    return dy, gradients


@misconception(
    "network_backward",
    kind="chain",
    hint="You paired names with all that backward returned, so the first name got dx. dx goes on "
    "to the layer in front; the names belong to the rest.",
    loses="network_backward_chain network_backward_calls",
)
def dx_under_a_parameter_s_name(dy, layers, caches):
    gradients = {}
    for (_, backward, names), cache in zip(reversed(layers), reversed(caches), strict=True):
        found = backward(dy, cache)
        gradients.update(zip(names, found, strict=False))
        dy = found[0]
    return dy, gradients


@misconception(
    "network_backward",
    kind="calls",
    hint="Your gradients of one call are added to those of the call before. Begin every call "
    "with an empty dict; a default argument is made only once.",
    loses="network_backward_chain network_backward_calls",
)
def gradients_pile_up(dy, layers, caches, gradients={}):  # noqa: B006  (the mistake)
    for (_, backward, names), cache in zip(reversed(layers), reversed(caches), strict=True):
        dy, *found = backward(dy, cache)
        for name, gradient in zip(names, found, strict=True):
            gradients[name] = gradients.get(name, 0) + gradient
    return dy, gradients


# ---- sgd_step -------------------------------------------------------------------------------


@misconception(
    "sgd_step",
    kind="sign",
    hint="You walk uphill: the gradient points to where the loss grows, so subtract it.",
    loses="sgd_step_values",
)
def walks_uphill(parameters, gradients, rate):
    return {name: value + rate * gradients[name] for name, value in parameters.items()}


@misconception(
    "sgd_step",
    kind="mutation",
    hint="You changed the old arrays with -=. They belong to the caller, who keeps them for the "
    "pictures: make new ones.",
    loses="sgd_step_values",
)
def steps_in_place(parameters, gradients, rate):
    for name in parameters:
        parameters[name] -= rate * gradients[name]
    return parameters


@misconception(
    "sgd_step",
    kind="scale",
    hint="You left the rate out, so every step is as long as the gradient itself.",
    loses="sgd_step_values",
)
def forgets_the_rate(parameters, gradients, rate):
    return {name: value - gradients[name] for name, value in parameters.items()}


@misconception(
    "sgd_step",
    kind="calls",
    hint="You keep gradients of earlier calls. Plain gradient descent forgets: a step depends on "
    "this call's parameters and gradients alone.",
    loses="sgd_step_values",
)
def keeps_a_velocity(parameters, gradients, rate, velocity={}):  # noqa: B006  (the mistake)
    for name in parameters:
        velocity[name] = 0.9 * velocity.get(name, 0) + gradients[name]
    return {name: value - rate * velocity[name] for name, value in parameters.items()}
