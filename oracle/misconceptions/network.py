"""Wrong answers of chapter 4."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from oracle.kit.registry import misconception, right
from poolkit.spec import pair

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


@right("relu_backward")
def relu_backward(dy, cache):
    return np.where(cache > 0, dy, 0.0)


relu_backward.differs("""
masks-by-the-gradient (mask) loses relu_backward_values
    You asked for the sign of dy. What decides is the sign of x on the way forward; a negative
    gradient passes like a positive one.
- return np.where(cache > 0, dy, 0.0)
+ return np.maximum(dy, 0)
passes-at-zero (mask) loses relu_backward_values
    You let the gradient pass at x = 0. There the ReLU has a kink, and this course takes the slope
    0, as PyTorch does: x > 0.
~ cache > 0 => cache >= 0
multiplies-by-the-output (chain) loses relu_backward_values
    You multiplied dy by the ReLU's output. Multiply by its slope, which is 1 for every positive x.
- return np.where(cache > 0, dy, 0.0)
+ return dy * np.maximum(cache, 0)
returns-the-slope (chain) loses relu_backward_values
    You returned the slope itself. The chain rule multiplies it by dy, the gradient that arrives.
- return np.where(cache > 0, dy, 0.0)
+ return (cache > 0).astype(float)
writes-zeros-into-dy (mutation) loses relu_backward_values
    You wrote the zeros into dy itself. It belongs to the caller: make a new array.
- return np.where(cache > 0, dy, 0.0)
+ dy[cache <= 0] = 0
+ return dy
""")


# ---- conv_backward --------------------------------------------------------------------------


@right("conv_backward")
def offset_by_offset(dy, cache):
    x, w = cache
    pixels = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    dx = np.zeros_like(x)
    for u, v in np.ndindex(w.shape[2:]):
        seen = dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]]
        seen += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
    return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3))


@right("conv_backward")
def with_the_turned_kernel(dy, cache):
    x, w = cache
    kH, kW = w.shape[2:]
    pixels = sliding_window_view(x, (kH, kW), axis=(2, 3))
    padded = np.pad(dy, ((0, 0), (0, 0), (kH - 1, kH - 1), (kW - 1, kW - 1)))
    around = sliding_window_view(padded, (kH, kW), axis=(2, 3))
    dx = np.einsum("nfijuv,fcuv->ncij", around, w[:, :, ::-1, ::-1])
    return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3))


offset_by_offset.differs("""
turns-the-weights (flip) loses conv_backward_weights
    You turned dw by 180°. The forward pass pairs w_uv with x_(i+u)(j+v), without turning the
    kernel, so dw_uv pairs dy_ij with that same pixel.
~ np.einsum("ncijuv,nfij->fcuv", pixels, dy) => dw
- dx = np.zeros_like(x)
+ dw = np.einsum("ncijuv,nfij->fcuv", pixels, dy)[:, :, ::-1, ::-1]
+ dx = np.zeros_like(x)
forgets-to-turn-the-kernel (flip) loses conv_backward_input
    Your dx has the kernel the wrong way round. Laid down at an output it lies as it is; slid over a
    padded dy, as a pixel sees it, it must be turned by 180°.
of with_the_turned_kernel
~ w[:, :, ::-1, ::-1] => w
bias-of-every-place (sum) loses conv_backward_bias
    You summed the bias's gradient over the images only. b_f is added at every row and column too,
    so they all count.
of offset_by_offset
~ (0, 2, 3) => 0
bias-of-every-image (sum) loses conv_backward_bias
    You kept one bias gradient for each image. There is one bias for all images: sum over them as
    well.
~ 0, 2 => 2
turns-rows-into-columns (transposed) loses conv_backward_weights
    You laid dw on its side. Weight (u, v) met the pixels u rows down and v columns to the right:
    x[:, :, u : u + OH, v : v + OW], and with np.einsum "->fcuv".
of offset_by_offset
~ ->fcuv => ->fcvu
weights-from-the-first-image (sum) loses conv_backward_weights
    Your dw hears from the first image alone. All images share the weights, so their gradients add
    up: sum over n, too.
~ pixels, dy) => pixels[:1], dy[:1])
divides-by-the-images-again (sum) loses conv_backward_weights conv_backward_bias
    You took the mean over the images. The loss has divided by N already, and dy carries that: here
    gradients only add up.
- return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3))
+ dw = np.einsum("ncijuv,nfij->fcuv", pixels, dy) / len(x)
+ return dx, dw, dy.sum(axis=(0, 2, 3)) / len(x)
swaps-the-channels (transposed) loses conv_backward_weights
    You put the two channels of dw the wrong way round. dw has the shape of w: first the channel f
    that comes out, then the channel c that goes in.
~ ->fcuv => ->cfuv
overwrites-what-windows-share (overlap) loses conv_backward_input
    You assigned where windows overlap, so the last offset overwrote the others. A pixel's gradients
    add up: +=.
- seen = dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]]
- seen += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
+ message = np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
+ dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]] = message
hears-the-first-channel-only (shape) loses conv_backward_input
    You sent back the messages of the first output channel alone. A pixel feeds every output
    channel, so dx sums over all f.
- seen += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
+ seen += dy[:, :1] * w[0, :, u, v][:, None, None]
hears-each-kernel-s-first-channel (shape) loses conv_backward_input
    You sent every channel of x the messages through channel 0 of the kernel. Channel c of x met
    channel c of w: dx[:, c] takes w[:, c].
- seen += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
+ seen += np.einsum("nfij,f->nij", dy, w[:, 0, u, v])[:, None]
mixes-the-images (sum) loses conv_backward_input
    You summed dx over the images. The weights are shared by a batch, its images are not: n stays,
    as in "nfij,fc->ncij".
~ "nfij,fc->ncij" => "nfij,fc->cij"
takes-the-kernel-for-square (transposed) loses conv_backward_input
    You took the kernel to be square: its columns are w.shape[3], its rows w.shape[2].
~ np.ndindex(w.shape[2:]) => np.ndindex(w.shape[2], min(w.shape[2], w.shape[3]))
parameters-before-the-input (order) loses conv_backward_weights conv_backward_bias
  conv_backward_input
    You returned the parameters' gradients first. The order is that of forward's arguments x, w, b:
    dx, dw, db.
- return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3))
+ return np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3)), dx
turns-the-network-s-kernel (mutation) loses conv_backward_input
    You turned the kernel in the cache itself. It is the network's own w, and the next forward pass
    would use it upside down: turn a copy.
of with_the_turned_kernel
~ w[:, :, ::-1, ::-1] => w
- padded = np.pad(dy, ((0, 0), (0, 0), (kH - 1, kH - 1), (kW - 1, kW - 1)))
+ w[:] = w[:, :, ::-1, ::-1].copy()
+ padded = np.pad(dy, ((0, 0), (0, 0), (kH - 1, kH - 1), (kW - 1, kW - 1)))
""")


# ---- cross_entropy --------------------------------------------------------------------------


@right("cross_entropy")
def by_logarithms(scores, labels):
    rows = np.arange(len(scores))
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    logs = np.log(e.sum(axis=1)) + scores.max(axis=1) - scores[rows, labels]
    p[rows, labels] -= 1
    return logs.mean(), p / len(scores)


by_logarithms.differs("""
forgets-to-divide-the-gradient (mean) loses cross_entropy_gradient
    Your gradient is that of a sum. The loss is the mean over the images, so divide the gradient by
    their number.
~ p / len(scores) => p
adds-the-losses-up (mean) loses cross_entropy_loss cross_entropy_gradient
    You added the images' losses up. The loss is their mean, so that a step is as long for 16 images
    as for 1600.
~ mean(), p / len(scores) => sum(), p
lets-the-exponential-overflow (overflow) loses cross_entropy_loss
    You took e to the power of the scores as they are, and e^1000 is infinite. Subtract each row's
    largest score first; p does not change.
- e = np.exp(scores - scores.max(axis=1, keepdims=True))
+ e = np.exp(scores)
- logs = np.log(e.sum(axis=1)) + scores.max(axis=1) - scores[rows, labels]
- p[rows, labels] -= 1
- return logs.mean(), p / len(scores)
+ dscores = p.copy()
+ dscores[rows, labels] -= 1
+ return -np.log(p[rows, labels]).mean(), dscores / len(scores)
adds-up-infinite-exponentials (overflow) loses cross_entropy_loss
    Your loss is infinite: you took the logarithm of a sum of e^1000, which is too large for a
    float. Subtract each row's largest score before np.exp, and put it back behind the logarithm.
~ np.log(e.sum(axis=1)) + scores.max(axis=1) => np.log(np.exp(scores).sum(axis=1))
subtracts-the-largest-of-all (overflow) loses cross_entropy_loss
    You subtracted the largest score of the whole batch. A row far below it is all zeros after the
    exponential: subtract the largest of each row.
~ max(axis=1, keepdims=True) => max()
- logs = np.log(e.sum(axis=1)) + scores.max(axis=1) - scores[rows, labels]
- p[rows, labels] -= 1
- return logs.mean(), p / len(scores)
+ dscores = p.copy()
+ dscores[rows, labels] -= 1
+ return -np.log(p[rows, labels]).mean(), dscores / len(scores)
subtracts-one-maximum-for-all (overflow) loses cross_entropy_loss
    You subtracted one maximum from all rows. In a row far below it every e^s is 0, and log 0 is
    −∞: the maximum must be each row's, scores.max(axis=1, keepdims=True).
~ np.exp(scores - scores.max(axis=1, keepdims=True)) => np.exp(scores - scores.max())
~ scores.max(axis=1) - => scores.max() -
lays-the-maxima-along-the-columns (transposed) loses cross_entropy_loss cross_entropy_gradient
    You subtracted an array of shape (N,), which is laid along the columns, from scores of shape
    (N, Q). keepdims=True keeps it a column: then each row loses its own largest score.
~ np.exp(scores - scores.max(axis=1, keepdims=True)) => np.exp(scores - scores.max(axis=1))
normalises-over-the-images (transposed) loses cross_entropy_loss cross_entropy_gradient
    You normalised down the columns, over the images. The probabilities of one image add up to 1, so
    sum along its row: axis=1.
- e = np.exp(scores - scores.max(axis=1, keepdims=True))
- p = e / e.sum(axis=1, keepdims=True)
- logs = np.log(e.sum(axis=1)) + scores.max(axis=1) - scores[rows, labels]
- p[rows, labels] -= 1
- return logs.mean(), p / len(scores)
+ e = np.exp(scores - scores.max(axis=0))
+ p = e / e.sum(axis=0)
+ dscores = p.copy()
+ dscores[rows, labels] -= 1
+ return -np.log(p[rows, labels]).mean(), dscores / len(scores)
subtracts-in-every-row (indexing) loses cross_entropy_gradient
    p[:, labels] takes these columns in every row. One place in each row needs two lists of indices:
    p[np.arange(N), labels].
~ p[rows, labels] => p[:, labels]
forgets-the-maximum-behind-the-logarithm (scale) loses cross_entropy_loss
    You subtracted the maximum before np.exp and not from the label's score. Put it back behind the
    logarithm, or take the label's score without it, too.
~ np.log(e.sum(axis=1)) + scores.max(axis=1) - => np.log(e.sum(axis=1)) -
takes-logarithms-to-base-10 (scale) loses cross_entropy_loss
    You took the logarithm to base 10. The softmax is made of powers of e, and so is its logarithm:
    np.log.
~ np.log(e.sum(axis=1)) + scores.max(axis=1) - scores[rows, labels] => -np.log10(p[rows, labels])
true-minus-said (sign) loses cross_entropy_gradient
    Your gradient points downhill: it is what was true minus what was said. The gradient is what was
    said minus what is true.
~ (), p / len => (), -p / len
forgets-the-label (chain) loses cross_entropy_gradient
    You returned the probabilities. At the label the score also counts by itself, with −1: subtract
    1 there.
- p[rows, labels] -= 1
- return logs.mean(), p / len(scores)
+ return logs.mean(), p / len(scores)
subtracts-from-the-scores-in-place (mutation) loses cross_entropy_gradient
    You subtracted the maximum from scores itself, with -=. The scores are the caller's: write
    scores = scores - …
~ p / len(scores) => p / len(p)
- e = np.exp(scores - scores.max(axis=1, keepdims=True))
+ scores -= scores.max(axis=1, keepdims=True)
+ e = np.exp(scores)
+ logs = np.log(e.sum(axis=1)) - scores[rows, labels]
- logs = np.log(e.sum(axis=1)) + scores.max(axis=1) - scores[rows, labels]
- p[rows, labels] -= 1
+ p[rows, labels] -= 1
""")


# ---- network_backward -----------------------------------------------------------------------


@right("network_backward")
def network_backward(dy, layers, caches):
    gradients = {}
    for (_, backward, names), cache in zip(reversed(layers), reversed(caches), strict=True):
        dy, *found = backward(dy, cache)
        gradients.update(zip(names, found, strict=True))
    return dy, gradients


network_backward.differs("""
from-the-first-to-the-last (chain) loses network_backward_chain network_backward_calls
    You went through the layers from the first to the last. The gradient comes from the loss, so the
    last layer is the first to get it.
~ reversed(layers), reversed(caches) => layers, caches
the-same-dy-for-everyone (chain) loses network_backward_chain network_backward_calls
    You gave every layer the dy of the end. Each one gets what the layer behind it returned as dx.
~ gradients = {} => gradients, dx = {}, dy
~ dy, *found => dx, *found
~ return dy, gradients => return dx, gradients
reverses-only-the-layers (chain) loses network_backward_chain network_backward_calls
    You reversed only one of the two lists, so layers got each other's caches: cache n belongs to
    layer n, so walk through both from the end.
~ reversed(caches) => caches
reverses-the-caller-s-lists (calls) loses network_backward_calls
    You reversed the caller's list itself. Every second pass would run the wrong way:
    reversed(layers) leaves it as it is.
~ reversed(layers), reversed(caches) => layers, caches
- gradients = {}
+ layers.reverse()
+ caches.reverse()
+ gradients = {}
uses-the-caches-up (calls) loses network_backward_calls
    You took the caches out of the caller's list with pop. Afterwards it is empty: read them, from
    the last to the first.
- for (_, backward, names), cache in zip(reversed(layers), reversed(caches), strict=True):
-     dy, *found = backward(dy, cache)
+ for _, backward, names in reversed(layers):
+     dy, *found = backward(dy, caches.pop())
dx-under-a-parameter-s-name (chain) loses network_backward_chain network_backward_calls
    You paired names with all that backward returned, so the first name got dx. dx goes on to the
    layer in front; the names belong to the rest.
- dy, *found = backward(dy, cache)
- gradients.update(zip(names, found, strict=True))
+ found = backward(dy, cache)
+ gradients.update(zip(names, found, strict=False))
+ dy = found[0]
gradients-pile-up (calls) loses network_backward_chain network_backward_calls
    Your gradients of one call are added to those of the call before. Begin every call with an empty
    dict; a default argument is made only once.
- def network_backward(dy, layers, caches):
-     gradients = {}
+ def network_backward(dy, layers, caches, gradients={}):  # noqa: B006  (the mistake)
- gradients.update(zip(names, found, strict=True))
+ for name, gradient in zip(names, found, strict=True):
+     gradients[name] = gradients.get(name, 0) + gradient
""")


# ---- sgd_step -------------------------------------------------------------------------------


@right("sgd_step")
def sgd_step(parameters, gradients, rate):
    return {name: value - rate * gradients[name] for name, value in parameters.items()}


sgd_step.differs("""
walks-uphill (sign) loses sgd_step_values
    You walk uphill: the gradient points to where the loss grows, so subtract it.
~ value - rate => value + rate
steps-in-place (mutation) loses sgd_step_values
    You changed the old arrays with -=. They belong to the caller, who keeps them for the pictures:
    make new ones.
- return {name: value - rate * gradients[name] for name, value in parameters.items()}
+ for name in parameters:
+     parameters[name] -= rate * gradients[name]
+ return parameters
puts-new-arrays-into-the-old-dict (mutation) loses sgd_step_values
    Your arrays are new, but you put them into the caller's dict, and the old ones are gone from it:
    make a new dict.
- return {name: value - rate * gradients[name] for name, value in parameters.items()}
+ for name in parameters:
+     parameters[name] = parameters[name] - rate * gradients[name]
+ return parameters
forgets-the-rate (scale) loses sgd_step_values
    You left the rate out, so every step is as long as the gradient itself.
~ rate * gradients => gradients
keeps-a-velocity (calls) loses sgd_step_values
    You keep gradients of earlier calls. Plain gradient descent forgets: a step depends on this
    call's parameters and gradients alone.
- def sgd_step(parameters, gradients, rate):
-     return {name: value - rate * gradients[name] for name, value in parameters.items()}
+ def sgd_step(parameters, gradients, rate, velocity={}):  # noqa: B006  (the mistake)
+     for name in parameters:
+         velocity[name] = 0.9 * velocity.get(name, 0) + gradients[name]
+     return {name: value - rate * velocity[name] for name, value in parameters.items()}
""")


# ---- slips ----------------------------------------------------------------------------------


relu_backward.differs("""
passes-where-it-is-negative (mask) slips relu_backward_values
    You let the gradient pass where x is negative, and stopped it where x is positive: the other way
    round.
~ cache > 0 => cache <= 0
""")


offset_by_offset.differs("""
takes-the-kernel-for-square-in-dw (transposed) slips conv_backward_weights
    You took the kernel to be square: its rows are w.shape[2], its columns w.shape[3].
- return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3))
+ dw = np.einsum("ncijuv,nfij->fcuv", pixels, dy)
+ dw[..., w.shape[2] :] = 0
+ return dx, dw, dy.sum(axis=(0, 2, 3))
weights-of-the-last-image (sum) slips conv_backward_weights
    Your dw hears from the last image alone: it was assigned where it should be added to, or only
    one image was asked. All images share the weights: sum over n, too.
~ pixels, dy) => pixels[-1:], dy[-1:])
cuts-by-the-kernel-s-size (axes) slips conv_backward_weights
    You cut x into pieces of the kernel's size. At place (u, v) all outputs together see a slice as
    large as dy: u : u + OH, v : v + OW.
- return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3))
+ (kH, kW), dw = w.shape[2:], np.zeros_like(w)
+ for u, v in np.ndindex(kH, kW):
+     part = x[:, :, u : u + kH, v : v + kW]
+     dw[:, :, u, v] = np.einsum("ncij,nfij->fc", part, dy)
+ return dx, dw, dy.sum(axis=(0, 2, 3))
leaves-dy-out-of-dw (chain) slips conv_backward_weights
    You left dy out: your dw adds up the pixels that each weight met. Each of them weighs as much as
    the gradient of its output, dy_ij.
~ pixels, dy), => pixels, np.ones_like(dy)),
leaves-dy-out-of-dx (chain) slips conv_backward_input
    You left dy out: your dx adds up the weights that each pixel met. Each of them weighs as much as
    the gradient of its output, dy_ij.
~ "nfij,fc->ncij", dy, w => "nfij,fc->ncij", np.ones_like(dy), w
bias-of-everything (sum) slips conv_backward_bias
    You added up all of dy. Each channel has a bias of its own: sum over images, rows and columns,
    axis=(0, 2, 3), and keep the channels.
~ dy.sum(axis=(0, 2, 3)) => dy.sum()
bias-by-the-mean (averaging) slips conv_backward_bias
    You took a mean. b_f is added to every output with factor 1, so its gradient is their sum.
~ dy.sum(axis=(0, 2, 3)) => dy.mean(axis=(0, 2, 3))
bias-of-each-image-s-channels (axes) slips conv_backward_bias
    You summed over the channels and kept the images. The channel, axis 1, is what a bias has: sum
    over axes 0, 2 and 3.
~ dy.sum(axis=(0, 2, 3)) => dy.sum(axis=(1, 2, 3))
bias-of-the-first-image (sum) slips conv_backward_bias
    Your db hears from the first image alone. All images share the bias: sum over n, too.
~ dy.sum(axis=(0, 2, 3)) => dy[0].sum(axis=(1, 2))
weights-first (order) slips conv_backward_weights
    You returned dw before dx. The order is that of forward's arguments x, w, b: dx, dw, db.
- return dx, np.einsum("ncijuv,nfij->fcuv", pixels, dy), dy.sum(axis=(0, 2, 3))
+ return np.einsum("ncijuv,nfij->fcuv", pixels, dy), dx, dy.sum(axis=(0, 2, 3))
""")


by_logarithms.differs("""
a-loss-below-zero (sign) slips cross_entropy_loss
    Your loss has the wrong sign. It is the mean of −log p, and a logarithm of p is negative: sure
    and wrong costs much.
~ return logs.mean() => return -logs.mean()
losses-of-every-label (indexing) slips cross_entropy_loss
    Each image pays for more labels than its own, as with scores[:, labels], or a mean over all
    classes. One place in each row needs two lists of indices: [np.arange(N), labels].
~ np.log(e.sum(axis=1)) + scores.max(axis=1) - scores[rows, labels] => -np.log(p[:, labels])
normalises-over-everything (axes) slips cross_entropy_loss
    You added up e^s over the whole batch. Each image has a softmax of its own: sum along its row,
    axis=1.
~ np.log(e.sum(axis=1)) => np.log(e.sum())
forgets-the-logarithm (chain) slips cross_entropy_loss
    You left out the logarithm of the sum: the loss is log Σ e^s − s_t, with s each row's scores
    less their maximum.
~ np.log(e.sum(axis=1)) => e.sum(axis=1)
means-over-all-scores (mean) slips cross_entropy_loss
    You divided by the number of scores. The loss is a mean over the images: of each image one
    number counts, that of its label.
~ return logs.mean() => return logs.sum() / scores.size
divides-by-the-classes (mean) slips cross_entropy_gradient
    You divided by the number of classes. The loss is a mean over the images: divide by N, which is
    len(scores).
~ p / len(scores) => p / scores.shape[1]
divides-by-all-scores (mean) slips cross_entropy_gradient
    You divided by the number of scores. The loss is a mean over the images: divide by N, which is
    len(scores).
~ p / len(scores) => p / p.size
subtracts-everywhere (indexing) slips cross_entropy_gradient
    You subtracted 1 from every probability. Only the label's score counts once more by itself:
    p[np.arange(N), labels] -= 1.
~ p[rows, labels] -= 1 => p -= 1
""")


network_backward.differs("""
returns-from-inside-the-loop (calls) slips network_backward_chain
    Your walk ends after the last layer: a return inside a loop ends it. It belongs behind the loop.
- return dy, gradients
+     return dy, gradients
""")


sgd_step.differs("""
pairs-by-order (order) slips sgd_step_values
    You paired parameters and gradients by their order. Two dicts need not have the same one: look
    the gradient up by its name.
- return {name: value - rate * gradients[name] for name, value in parameters.items()}
+ pairs = zip(parameters, parameters.values(), gradients.values())
+ return {name: value - rate * gradient for name, value, gradient in pairs}
divides-by-the-rate (scaling) slips sgd_step_values
    You divided by the rate. A small rate makes small steps: multiply the gradient by it.
~ rate * gradients[name] => gradients[name] / rate
scales-the-parameters-too (precedence) slips sgd_step_values
    You multiplied the parameters by the rate, too. Only the gradient is: p − rate · g.
~ value - rate * gradients[name] => rate * (value - gradients[name])
returns-the-way-uphill (chain) slips sgd_step_values
    You returned rate · g. The new parameter is the old one less that: p − rate · g.
~ value - rate * gradients[name] => rate * gradients[name]
returns-the-step-alone (chain) slips sgd_step_values
    You returned the step. The new parameter is the old one plus that step: p − rate · g.
~ value - rate * gradients[name] => -rate * gradients[name]
""")
