"""Some 300 natural mistakes, as a student makes them, and what each has to hear: data.

Each is an answer that would be right but for one thing. ``ANSWERS`` has the right ones, in the way
that people write them; a mistake is (task, what is wrong in it, its part of a cause that is true of
it and of no other). Where the answer of another cell belongs to it, that follows.
"""

# ruff: noqa: E501  (answers stand as they are written)

ANSWERS = {
    "window": """
def window(k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    pixels = []
    for i in range(k * sH, k * sH + kH):
        for j in range(l * sW, l * sW + kW):
            pixels.append([i, j])
    return np.array(pixels)
""",
    "output_size": """
def output_size(size, kernel_size, stride, padding=0, dilation=1):
    span = dilation * (kernel_size - 1) + 1
    return (size + 2 * padding - span) // stride + 1
""",
    "pool_loops": """
def pool_loops(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H, W = x.shape
    OH = (H - kH) // sH + 1
    OW = (W - kW) // sW + 1
    y = np.zeros((OH, OW))
    for k in range(OH):
        for l in range(OW):
            best = -np.inf
            for i in range(k * sH, k * sH + kH):
                for j in range(l * sW, l * sW + kW):
                    if x[i, j] > best:
                        best = x[i, j]
            y[k, l] = best
    return y
""",
    "pool_loops by slices": """
def pool_loops(x, kernel_size, stride):
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    rows = range(0, x.shape[0] - kH + 1, sH)
    columns = range(0, x.shape[1] - kW + 1, sW)
    return np.array([[np.max(x[i : i + kH, j : j + kW]) for j in columns] for i in rows])
""",
    "local_derivative": """
def local_derivative(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    w = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
    i, j = np.unravel_index(np.argmax(w), w.shape)
    d = np.zeros_like(x)
    d[k * sH + i, l * sW + j] = 1
    return d
""",
    "jacobian": """
def jacobian(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H, W = x.shape
    OH = (H - kH) // sH + 1
    OW = (W - kW) // sW + 1
    J = np.zeros((OH * OW, H * W))
    for k in range(OH):
        for l in range(OW):
            w = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
            i, j = np.unravel_index(np.argmax(w), w.shape)
            J[k * OW + l, (k * sH + i) * W + (l * sW + j)] = 1
    return J
""",
    "jacobian by the shape of pool": """
def jacobian(x, kernel_size, stride):
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    y = pool(x, kernel_size, stride)
    J = np.zeros((y.size, x.size))
    for r, (k, l) in enumerate(np.ndindex(y.shape)):
        window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
        i, j = np.argwhere(window == y[k, l])[0]
        J[r, (k * sH + i) * x.shape[1] + l * sW + j] = 1
    return J
""",
    "backward_message": """
def backward_message(J, dy):
    return np.dot(J.T, dy.flatten())
""",
    "numerical_jacobian": """
def numerical_jacobian(f, x, h=1e-6):
    x = x.astype(float)
    J = np.zeros((f(x).size, x.size))
    for c in range(x.size):
        plus = x.copy()
        minus = x.copy()
        plus.flat[c] += h
        minus.flat[c] -= h
        J[:, c] = (f(plus) - f(minus)).flatten() / (2 * h)
    return J
""",
    "one_sided": """
def one_sided(f, x, v, h=1e-6):
    return (f(x + h * v) - f(x)) / h
""",
    "is_subgradient": """
def is_subgradient(g, w):
    if np.any(g < 0):
        return False
    if abs(np.sum(g) - 1) > 1e-9:
        return False
    if np.any(g[w < np.max(w)] != 0):
        return False
    return True
""",
    "pool_tiles": """
def pool_tiles(x, kernel_size):
    kH, kW = pair(kernel_size)
    N, C, H, W = x.shape
    OH, OW = H // kH, W // kW
    x = x[:, :, : OH * kH, : OW * kW]
    return x.reshape(N, C, OH, kH, OW, kW).max(axis=(3, 5))
""",
    "windows": """
def windows(x, kernel_size, stride, padding, dilation):
    kH, kW = pair(kernel_size)
    sH, sW = pair(stride)
    pH, pW = pair(padding)
    dH, dW = pair(dilation)
    if pH > 0 or pW > 0:
        x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    spanH = (kH - 1) * dH + 1
    spanW = (kW - 1) * dW + 1
    w = sliding_window_view(x, (spanH, spanW), axis=(2, 3))
    return w[:, :, ::sH, ::sW, ::dH, ::dW]
""",
    "maxpool_forward": """
def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    if stride is None:
        stride = kernel_size
    kH, kW = pair(kernel_size)
    sH, sW = pair(stride)
    pH, pW = pair(padding)
    dH, dW = pair(dilation)
    N, C, H, W = x.shape
    xp = np.full((N, C, H + 2 * pH, W + 2 * pW), -np.inf, dtype=x.dtype)
    xp[:, :, pH : pH + H, pW : pW + W] = x
    OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
    OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
    y = np.full((N, C, OH, OW), -np.inf, dtype=x.dtype)
    who = np.zeros((N, C, OH, OW), dtype=int)
    for u in range(kH):
        for v in range(kW):
            top, left = u * dH, v * dW
            a = xp[:, :, top : top + (OH - 1) * sH + 1 : sH, left : left + (OW - 1) * sW + 1 : sW]
            better = (a > y) | (np.isnan(a) & ~np.isnan(y))
            y = np.where(better, a, y)
            who = np.where(better, u * kW + v, who)
    return y, (who, x.shape, x.dtype, (kH, kW), (sH, sW), (pH, pW), (dH, dW))
""",
    "maxpool_forward by windows": """
def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    if stride is None:
        stride = kernel_size
    w = windows(x, kernel_size, stride, padding, dilation)
    (kH, kW), (sH, sW), (pH, pW), (dH, dW) = map(pair, (kernel_size, stride, padding, dilation))
    who = w.reshape(*w.shape[:4], kH * kW).argmax(axis=-1)
    return w.max(axis=(4, 5)), (who, x.shape, x.dtype, (kH, kW), (sH, sW), (pH, pW), (dH, dW))
""",
    "maxpool_backward": """
def maxpool_backward(dy, cache):
    who, shape, dtype, (kH, kW), (sH, sW), (pH, pW), (dH, dW) = cache
    N, C, H, W = shape
    OH, OW = dy.shape[2:]
    dxp = np.zeros((N, C, H + 2 * pH, W + 2 * pW), dtype=dtype)
    for u in range(kH):
        for v in range(kW):
            top, left = u * dH, v * dW
            here = dy * (who == u * kW + v)
            dxp[:, :, top : top + (OH - 1) * sH + 1 : sH, left : left + (OW - 1) * sW + 1 : sW] += here
    return dxp[:, :, pH : pH + H, pW : pW + W]
""",
    "maxpool_backward by addresses": """
def maxpool_backward(dy, cache):
    who, shape, dtype, (kH, kW), (sH, sW), (pH, pW), (dH, dW) = cache
    N, C, H, W = shape
    OH, OW = dy.shape[2:]
    i = np.arange(OH)[:, None] * sH + who // kW * dH - pH
    j = np.arange(OW) * sW + who % kW * dW - pW
    a = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    dx = np.zeros(N * C * H * W, dtype=dtype)
    np.add.at(dx, a, dy)
    return dx.reshape(shape)
""",
    "maxpool_backward by counts": """
def maxpool_backward(dy, cache):
    who, shape, dtype, (kH, kW), (sH, sW), (pH, pW), (dH, dW) = cache
    N, C, H, W = shape
    OH, OW = dy.shape[2:]
    i = np.arange(OH)[:, None] * sH + who // kW * dH - pH
    j = np.arange(OW) * sW + who % kW * dW - pW
    a = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    dx = np.bincount(a.ravel(), weights=dy.ravel(), minlength=N * C * H * W)
    return dx.reshape(shape).astype(dtype)
""",
    "adjoint_gap": """
def adjoint_gap(f, back, x, v, u, h=1e-3):
    Jv = (f(x + h * v) - f(x - h * v)) / (2 * h)
    left = (Jv * u).sum()
    right = (v * back(u)).sum()
    return abs(left - right)
""",
    "conserves": """
def conserves(back, dy):
    dx = back(dy)
    return abs(dx.sum() - dy.sum()) < 1e-9
""",
    "pooling": """
def pooling():
    return spec.maxpool_forward, spec.maxpool_backward
""",
    "relu_backward": """
def relu_backward(dy, cache):
    dx = dy.copy()
    dx[cache <= 0] = 0
    return dx
""",
    "conv_backward": """
def conv_backward(dy, cache):
    x, w = cache
    N, F, OH, OW = dy.shape
    kH, kW = w.shape[2], w.shape[3]
    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    for u in range(kH):
        for v in range(kW):
            part = x[:, :, u : u + OH, v : v + OW]
            dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dy, part)
            dx[:, :, u : u + OH, v : v + OW] += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
    db = dy.sum(axis=(0, 2, 3))
    return dx, dw, db
""",
    "conv_backward by the view": """
def conv_backward(dy, cache):
    x, w = cache
    pixels = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    dw = np.einsum("nfij,ncijuv->fcuv", dy, pixels)
    dx = np.zeros(x.shape)
    for u in range(w.shape[2]):
        for v in range(w.shape[3]):
            part = dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]]
            part += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
    return dx, dw, dy.sum(axis=(0, 2, 3))
""",
    "cross_entropy": """
def cross_entropy(scores, labels):
    N = scores.shape[0]
    s = scores - scores.max(axis=1, keepdims=True)
    logsum = np.log(np.exp(s).sum(axis=1))
    loss = np.mean(logsum - s[np.arange(N), labels])
    p = np.exp(s - logsum[:, None])
    p[np.arange(N), labels] -= 1
    return loss, p / N
""",
    "network_backward": """
def network_backward(dy, layers, caches):
    gradients = {}
    for n in range(len(layers) - 1, -1, -1):
        forward, backward, names = layers[n]
        result = backward(dy, caches[n])
        dy = result[0]
        for name, gradient in zip(names, result[1:]):
            gradients[name] = gradient
    return dy, gradients
""",
    "sgd_step": """
def sgd_step(parameters, gradients, rate):
    new = {}
    for name in parameters:
        new[name] = parameters[name] - rate * gradients[name]
    return new
""",
}

# answers that are the specification's
POOLED = """
def pool_loops(x, kernel_size, stride):
    return spec.maxpool_forward(x[None, None], kernel_size, stride)[0][0, 0]
"""
SENT_BACK = """
def jacobian(x, kernel_size, stride):
    y, cache = spec.maxpool_forward(x[None, None], kernel_size, stride)
    rows = [spec.maxpool_backward(e.reshape(y.shape), cache).ravel() for e in np.eye(y.size)]
    return np.array(rows)
"""
KEPT = """
def jacobian(x, kernel_size, stride):
    _, (chosen, *_) = spec.maxpool_forward(x[None, None], kernel_size, stride)
    return np.eye(x.size)[[i * x.shape[1] + j for i, j in chosen.values()]]
"""

# (name, the answer that is changed, {what: by what}, a part of the cause that it hears)
MISTAKES = [
    # ---- window
    ("column first", "window", {"[i, j]": "[j, i]"}, "write the row i first"),
    (
        "inner loop over rows",
        "window",
        {
            "for i in range(k * sH, k * sH + kH):\n        for j in range(l * sW, l * sW + kW)": "for j in range(l * sW, l * sW + kW):\n        for i in range(k * sH, k * sH + kH)"
        },
        "loop over columns is the inner one",
    ),
    (
        "steps by the kernel",
        "window",
        {"(k * sH, k * sH": "(k * kH, k * kH", "(l * sW, l * sW": "(l * kW, l * kW"},
        "You stepped by the window's size",
    ),
    ("a list, no array", "window", {"np.array(pixels)": "pixels"}, "np.array(…)"),
    (
        "takes two ints for granted",
        "window",
        {"spec.pair(kernel_size)": "kernel_size"},
        "spec.pair",
    ),
    (
        "end without its start",
        "window",
        {"(k * sH, k * sH + kH)": "(k * sH, kH)"},
        "a range ends before it begins",
    ),
    (
        "the stride within",
        "window",
        {
            "range(k * sH, k * sH + kH)": "range(kH)",
            "range(l * sW, l * sW + kW)": "range(kW)",
            "[i, j]": "[(k + i) * sH, (l + j) * sW]",
        },
        "You multiplied the place in the window",
    ),
    (
        "places by the height",
        "window",
        {
            "pixels = []": "pixels = np.zeros((kH * kW, 2), dtype=int)",
            "range(k * sH, k * sH + kH)": "range(kH)",
            "range(l * sW, l * sW + kW)": "range(kW)",
            "pixels.append([i, j])": "pixels[i * kH + j] = k * sH + i, l * sW + j",
            "np.array(pixels)": "pixels",
        },
        "numbered the places of a window",
    ),
    (
        "return in the loop",
        "window",
        {"    return np.array(pixels)": "        return np.array(pixels)"},
        "a return inside a loop ends all loops",
    ),
    # ---- output_size
    (
        "brackets forgotten",
        "output_size",
        {"(size + 2 * padding - span)": "size + 2 * padding - span"},
        "You divided only the span",
    ),
    (
        "a span of the gaps",
        "output_size",
        {"dilation * (kernel_size - 1) + 1": "dilation * (kernel_size - 1)"},
        "spans a pixel too few",
    ),
    (
        "the whole axis",
        "output_size",
        {" - span) // stride + 1": ") // stride"},
        "divided the whole axis",
    ),
    ("no fence post", "output_size", {"stride + 1": "stride"}, "one window more than steps"),
    ("a true division", "output_size", {"//": "/"}, "kept the fraction"),
    ("padding on one side", "output_size", {"2 * padding": "padding"}, "at both ends"),
    (
        "dilation times kernel",
        "output_size",
        {"dilation * (kernel_size - 1) + 1": "dilation * kernel_size"},
        "only k − 1 steps",
    ),
    # ---- pool_loops
    ("begins with 0", "pool_loops", {"best = -np.inf": "best = 0"}, "started the search at 0"),
    (
        "an int array",
        "pool_loops",
        {"np.zeros((OH, OW))": "np.zeros((OH, OW), dtype=int)"},
        "16.5 became 16",
    ),
    (
        "rows are cut twice",
        "pool_loops by slices",
        {"x[i : i + kH, j : j + kW]": "x[i : i + kH][j : j + kW]"},
        "cuts rows twice",
    ),
    (
        "the last start is missing",
        "pool_loops by slices",
        {"x.shape[0] - kH + 1": "x.shape[0] - kH", "x.shape[1] - kW + 1": "x.shape[1] - kW"},
        "Your last window is missing",
    ),
    ("Python's max", "pool_loops by slices", {"np.max(": "max("}, "use .max()"),
    (
        "y the wrong way round",
        "pool_loops",
        {"y[k, l] = best": "y[l, k] = best"},
        "the row comes first",
    ),
    (
        "up to the next window",
        "pool_loops",
        {"k * sH + kH": "(k + 1) * sH", "l * sW + kW": "(l + 1) * sW"},
        "end where the next one starts",
    ),
    (
        "the shape as (W, H)",
        "pool_loops by slices",
        {"    rows =": "    W, H = x.shape\n    rows =", "x.shape[0]": "H", "x.shape[1]": "W"},
        "write H, W = x.shape",
    ),
    (
        "one best for all windows",
        "pool_loops",
        {
            "            best = -np.inf\n": "",
            "    y = np.zeros((OH, OW))": "    y = np.zeros((OH, OW))\n    best = -np.inf",
        },
        "best value of the window before",
    ),
    (
        "the stride's pair exchanged",
        "pool_loops",
        {"sH, sW = spec": "sW, sH = spec"},
        "You took the stride as",
    ),
    # ---- local_derivative
    (
        "one number for two",
        "local_derivative",
        {"d[k * sH + i, l * sW + j] = 1": "d[np.argmax(w)] = 1"},
        "np.argmax returns one number",
    ),
    (
        "unravelled in x",
        "local_derivative",
        {"np.argmax(w), w.shape": "np.argmax(w), x.shape"},
        "needs the window's shape",
    ),
    (
        "no corner",
        "local_derivative",
        {"d[k * sH + i, l * sW + j]": "d[i, j]"},
        "Add the window's corner",
    ),
    (
        "every maximum",
        "local_derivative",
        {
            "d[k * sH + i, l * sW + j] = 1": "d[k * sH : k * sH + kH, l * sW : l * sW + kW] = w == w.max()"
        },
        "only the first of the equal pixels",
    ),
    (
        "rows are cut twice, too",
        "local_derivative",
        {
            "[k * sH : k * sH + kH, l * sW : l * sW + kW]": "[k * sH : k * sH + kH][l * sW : l * sW + kW]"
        },
        "cuts rows twice",
    ),
    # ---- jacobian
    (
        "pixels by the height",
        "jacobian",
        {"(k * sH + i) * W": "(k * sH + i) * H"},
        "A row holds W pixels",
    ),
    (
        "the transpose",
        "jacobian",
        {
            "(OH * OW, H * W)": "(H * W, OH * OW)",
            "J[k * OW + l, (k * sH + i) * W + (l * sW + j)]": "J[(k * sH + i) * W + (l * sW + j), k * OW + l]",
        },
        "transpose of J",
    ),
    ("outputs by their height", "jacobian", {"J[k * OW + l": "J[k * OH + l"}, "k rows hold k·OW"),
    (
        "no corner in J",
        "jacobian",
        {"(k * sH + i) * W + (l * sW + j)": "i * W + j"},
        "the window's corner",
    ),
    (
        "outputs by columns",
        "jacobian",
        {
            "for k in range(OH):\n        for l in range(OW):": "n = -1\n    for l in range(OW):\n        for k in range(OH):\n            n += 1",
            "J[k * OW + l,": "J[n,",
        },
        "follow the outputs column by column",
    ),
    (
        "the pixel in J",
        "jacobian",
        {"(l * sW + j)] = 1": "(l * sW + j)] = x[k * sH + i, l * sW + j]"},
        "wrote the pixel's value into J",
    ),
    # ---- backward_message
    (
        "an image times J",
        "backward_message",
        {"np.dot(J.T, dy.flatten())": "dy @ J"},
        "dy.ravel() @ J",
    ),
    (
        "entry by entry",
        "backward_message",
        {"np.dot(J.T, dy.flatten())": "J.T * dy.flatten()"},
        "also adds up",
    ),
    (
        "sums along the rows",
        "backward_message",
        {"np.dot(J.T, dy.flatten())": "(J * dy.flatten()[:, None]).sum(axis=1)"},
        "added up over the inputs",
    ),
    ("J itself", "backward_message", {"J.T": "J"}, "needs the transpose"),
    ("dy as an image", "backward_message", {".flatten()": ""}, "unfolded into a vector"),
    # ---- numerical_jacobian
    (
        "one side only",
        "numerical_jacobian",
        {"f(minus)": "f(x)", "(2 * h)": "h"},
        "You stepped forward only",
    ),
    ("the two is missing", "numerical_jacobian", {"(2 * h)": "h"}, "twice too large"),
    (
        "len of an image",
        "numerical_jacobian",
        {
            "x.size))": "len(x)))",
            "range(x.size)": "range(len(x))",
            "plus.flat[c]": "plus[c]",
            "minus.flat[c]": "minus[c]",
        },
        "the number of rows",
    ),
    (
        "inputs × outputs",
        "numerical_jacobian",
        {"(f(x).size, x.size)": "(x.size, f(x).size)", "J[:, c]": "J[c]"},
        "fills column c",
    ),
    ("whole numbers", "numerical_jacobian", {"x.astype(float)": "x"}, "an array of floats first"),
    (
        "f(x) as an image",
        "numerical_jacobian",
        {".flatten()": ""},
        "a column of J is a vector",
    ),
    (
        "from left to right",
        "numerical_jacobian",
        {"/ (2 * h)": "/ 2 * h"},
        "divided by 2 and multiplied by h",
    ),
    # ---- one_sided
    ("both sides", "one_sided", {"f(x)) / h": "f(x - h * v)) / (2 * h)"}, "stepped to both sides"),
    (
        "a unit vector",
        "one_sided",
        {"    return": "    v = v / (np.linalg.norm(v) or 1)\n    return"},
        "made v a unit vector",
    ),
    # ---- is_subgradient
    (
        "exactly 1",
        "is_subgradient",
        {"abs(np.sum(g) - 1) > 1e-9": "sum(g.ravel().tolist()) != 1"},
        "a sum of floats with 1 exactly",
    ),
    (
        "the sum alone",
        "is_subgradient",
        {
            "    if np.any(g < 0):\n        return False\n": "",
            "    if np.any(g[w < np.max(w)] != 0):\n        return False\n": "",
        },
        "You checked only that",
    ),
    (
        "a sign is missing",
        "is_subgradient",
        {"    if np.any(g < 0):\n        return False\n": ""},
        "A negative share passed",
    ),
    (
        "the winners' sum alone",
        "is_subgradient",
        {
            "    if np.any(g < 0):\n        return False\n": "    t = w == np.max(w)\n    if np.any(g[t] < 0):\n        return False\n",
            "np.sum(g) - 1": "np.sum(g[t]) - 1",
            "    if np.any(g[w < np.max(w)] != 0):\n        return False\n": "",
        },
        "did not look at the others",
    ),
    (
        "maxima of the columns",
        "is_subgradient",
        {"np.max(w)": "np.max(w, axis=0)"},
        "w.max() without an axis",
    ),
    # ---- pool_tiles
    ("maximum over the tiles", "pool_tiles", {"axis=(3, 5)": "axis=(2, 4)"}, "axes 3 and 5"),
    (
        "all axes at once",
        "pool_tiles",
        {"OH, kH, OW, kW).max(axis=(3, 5))": "OH, OW, kH, kW).max(axis=(4, 5))"},
        "fall apart in its own place",
    ),
    (
        "the remainder stays",
        "pool_tiles",
        {"    x = x[:, :, : OH * kH, : OW * kW]\n": ""},
        "cut them off first",
    ),
    (
        "the columns alone",
        "pool_tiles",
        {"axis=(3, 5)": "axis=5"},
        "both at once are axis=(3, 5)",
    ),
    # ---- windows
    (
        "widths of rows and columns",
        "windows",
        {"(pH, pH), (pW, pW)": "(pH, pW), (pH, pW)"},
        "You gave both (pH, pW)",
    ),
    (
        "two pairs for four axes",
        "windows",
        {"((0, 0), (0, 0), (pH, pH), (pW, pW))": "((pH, pH), (pW, pW))"},
        "a pair of widths for each of the four axes",
    ),
    ("zeros", "windows", {", constant_values=-np.inf": ""}, "a zero beats every negative pixel"),
    (
        "spans d times k",
        "windows",
        {"(kH - 1) * dH + 1": "kH * dH", "(kW - 1) * dW + 1": "kW * dW"},
        "d·(k − 1) + 1",
    ),
    (
        "a border of float64",
        "windows",
        {
            "        x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)\n": "        N, C, H, W = x.shape\n        xp = np.full((N, C, H + 2 * pH, W + 2 * pW), -np.inf)\n        xp[:, :, pH : pH + H, pW : pW + W] = x\n        x = xp\n"
        },
        "unless they are told x.dtype",
    ),
    (
        "less than the least",
        "windows",
        {"constant_values=-np.inf": "constant_values=np.nanmin(x) - 1"},
        "a little below the least pixel",
    ),
    (
        "always pads",
        "windows",
        {"if pH > 0 or pW > 0": "if True"},
        "call it only if there is padding",
    ),
    (
        "padding for dilation",
        "windows",
        {
            "pH, pW = pair(padding)": "pH, pW = pair(dilation)",
            "dH, dW = pair(dilation)": "dH, dW = pair(padding)",
        },
        "padding and dilation may be exchanged",
    ),
    # ---- maxpool_forward and maxpool_backward
    (
        "stride None",
        "maxpool_forward",
        {"    if stride is None:\n        stride = kernel_size\n": ""},
        "None means kernel_size",
    ),
    (
        "from zero",
        "maxpool_forward",
        {
            "y = np.full((N, C, OH, OW), -np.inf, dtype=x.dtype)": "y = np.zeros((N, C, OH, OW), dtype=x.dtype)"
        },
        "starts from zero",
    ),
    (
        "a border of zeros",
        "maxpool_forward",
        {
            "xp = np.full((N, C, H + 2 * pH, W + 2 * pW), -np.inf, dtype=x.dtype)": "xp = np.zeros((N, C, H + 2 * pH, W + 2 * pW), dtype=x.dtype)"
        },
        "You padded with zeros",
    ),
    (
        "a double y",
        "maxpool_forward",
        {
            "y = np.full((N, C, OH, OW), -np.inf, dtype=x.dtype)": "y = np.full((N, C, OH, OW), -np.inf)"
        },
        "float64",
    ),
    (
        "walks past NaN",
        "maxpool_forward",
        {"(a > y) | (np.isnan(a) & ~np.isnan(y))": "a > y"},
        "a search by > from −∞ never takes one",
    ),
    ("a later equal wins", "maxpool_forward", {"(a > y)": "(a >= y)"}, "You let a later pixel win"),
    (
        "= at an address",
        "maxpool_backward by addresses",
        {"np.add.at(dx, a, dy)": "dx[a] = dy"},
        "dx[index] = dy",
    ),
    (
        "+= at an address",
        "maxpool_backward by addresses",
        {"np.add.at(dx, a, dy)": "dx[a] += dy"},
        "dx[index] += dy",
    ),
    (
        "= on a slice",
        "maxpool_backward",
        {"] += here": "] = here"},
        "You assigned where you should add",
    ),
    (
        "cut by minus p",
        "maxpool_backward",
        {"dxp[:, :, pH : pH + H, pW : pW + W]": "dxp[:, :, pH:-pH, pW:-pW]"},
        "-0 is 0",
    ),
    (
        "the border stays",
        "maxpool_backward",
        {"return dxp[:, :, pH : pH + H, pW : pW + W]": "return dxp"},
        "cut the padding off",
    ),
    ("a double dx", "maxpool_backward", {"W + 2 * pW), dtype=dtype)": "W + 2 * pW))"}, "float64"),
    (
        "addresses with the border",
        "maxpool_backward by addresses",
        {" - pH": "", " - pW": ""},
        "take the padding off again",
    ),
    (
        "image height for width",
        "maxpool_backward by addresses",
        {"* H + i) * W + j": "* W + i) * H + j"},
        "a row is W pixels long",
    ),
    (
        "no dilation in the count",
        "maxpool_forward",
        {"dH * (kH - 1) - 1": "kH", "dW * (kW - 1) - 1": "kW"},
        "without the dilation",
    ),
    (
        "float32 always",
        "maxpool_forward",
        {"return y, (who": "return y.astype(np.float32), (who"},
        "You made y float32 whatever x is",
    ),
    (
        "one for None",
        "maxpool_forward",
        {"stride = kernel_size": "stride = 1"},
        "None means kernel_size",
    ),
    (
        "no stride in the address",
        "maxpool_backward by addresses",
        {"[:, None] * sH": "[:, None]", "np.arange(OW) * sW": "np.arange(OW)"},
        "left the stride out of the address",
    ),
    (
        "an address for four axes",
        "maxpool_backward by addresses",
        {"np.zeros(N * C * H * W, dtype=dtype)": "np.zeros(shape, dtype=dtype)"},
        "an index of the first of them alone",
    ),
    (
        "the border is counted",
        "maxpool_backward by counts",
        {" - pH": "", " - pW": ""},
        "Take the padding off again",
    ),
    (
        "a padded width",
        "maxpool_backward by counts",
        {" - pH": "", " - pW": "", "* H + i) * W + j": "* (H + 2 * pH) + i) * (W + 2 * pW) + j"},
        "Take the padding off again",
    ),
    (
        "folded as dy",
        "maxpool_backward by addresses",
        {"dx.reshape(shape)": "dx.reshape(dy.shape)"},
        "keep x.shape in the cache",
    ),
    # ---- the laws
    (
        "J·v times v",
        "adjoint_gap",
        {"(Jv * u)": "(Jv * v)"},
        "An array of y's shape met one of x's",
    ),
    (
        "entries for sums",
        "conserves",
        {"abs(dx.sum() - dy.sum()) < 1e-9": "np.allclose(dx, dy)"},
        "only the two sums are equal",
    ),
    (
        "sums along one axis",
        "conserves",
        {"abs(dx.sum() - dy.sum()) < 1e-9": "np.allclose(dx.sum(axis=0), dy.sum(axis=0))"},
        ".sum() without an axis",
    ),
    (
        "y for J·v",
        "adjoint_gap",
        {"(f(x + h * v) - f(x - h * v)) / (2 * h)": "f(v)"},
        "how fast f changes",
    ),
    (
        "no absolute value",
        "adjoint_gap",
        {"abs(left - right)": "left - right"},
        "whichever is larger",
    ),
    (
        "no tolerance",
        "conserves",
        {"abs(dx.sum() - dy.sum()) < 1e-9": "dx.sum() == dy.sum()"},
        "with ==",
    ),
    (
        "means of unequal sizes",
        "conserves",
        {"dx.sum() - dy.sum()": "dx.mean() - dy.mean()"},
        "You compared means",
    ),
    # ---- the network
    (
        "the two exchanged",
        "pooling",
        {
            "spec.maxpool_forward, spec.maxpool_backward": "spec.maxpool_backward, spec.maxpool_forward"
        },
        "the wrong way round",
    ),
    (
        "the two called",
        "pooling",
        {
            "spec.maxpool_forward, spec.maxpool_backward": "spec.maxpool_forward(), spec.maxpool_backward()"
        },
        "without calling them",
    ),
    (
        "logarithms to base 10",
        "cross_entropy",
        {
            "loss = np.mean(logsum - s[np.arange(N), labels])": "loss = np.mean(-np.log10(np.exp(s - logsum[:, None])[np.arange(N), labels]))"
        },
        "to base 10",
    ),
    (
        "a dict in each round",
        "network_backward",
        {
            "    gradients = {}\n": "",
            "        forward, backward": "        gradients = {}\n        forward, backward",
        },
        "make the dict once, before the loop",
    ),
    (
        "ends before 0",
        "network_backward",
        {"range(len(layers) - 1, -1, -1)": "range(len(layers) - 1, 0, -1)"},
        "the first layer is left out",
    ),
    (
        "two results from every layer",
        "network_backward",
        {
            "result = backward(dy, caches[n])": "dy, found = backward(dy, caches[n])",
            "        dy = result[0]\n": "",
            "result[1:]": "[found]",
        },
        "dx, *found = backward(dy, cache)",
    ),
    (
        "forward again",
        "network_backward",
        {"result = backward(": "result = forward("},
        "call the second, its backward",
    ),
    (
        "a tuple goes on",
        "network_backward",
        {"dy = result[0]": "dy = result"},
        "take it apart before",
    ),
    (
        "weights on their side",
        "conv_backward by the view",
        {"->fcuv": "->fcvu"},
        "on its side",
    ),
    (
        "weights of image 0",
        "conv_backward by the view",
        {"dy, pixels)": "dy[:1], pixels[:1])"},
        "sum over n, too",
    ),
    (
        "the label's own score",
        "cross_entropy",
        {"logsum - s[np": "logsum - scores[np"},
        "take the label's score without it",
    ),
    (
        "one maximum for all",
        "cross_entropy",
        {"scores.max(axis=1, keepdims=True)": "scores.max()"},
        "the maximum must be each row's",
    ),
    ("sign of dy", "relu_backward", {"cache <= 0": "dy <= 0"}, "the sign of x on the way forward"),
    ("written into dy", "relu_backward", {"dy.copy()": "dy"}, "wrote the zeros into dy"),
    (
        "channels exchanged",
        "conv_backward by the view",
        {"->fcuv": "->cfuv"},
        "channel f that comes out",
    ),
    (
        "bias of every image",
        "conv_backward",
        {"axis=(0, 2, 3)": "axis=(2, 3)"},
        "one bias gradient for each image",
    ),
    (
        "= where windows overlap",
        "conv_backward",
        {"] += np": "] = np"},
        "A pixel's gradients add up",
    ),
    (
        "a square kernel",
        "conv_backward by the view",
        {"range(w.shape[3])": "range(w.shape[2])"},
        "its columns are w.shape[3]",
    ),
    (
        "channel 0 of each kernel",
        "conv_backward by the view",
        {
            'np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])': 'np.einsum("nfij,f->nij", dy, w[:, 0, u, v])[:, None]'
        },
        "Channel c of x met channel c of w",
    ),
    (
        "images mixed",
        "conv_backward by the view",
        {'"nfij,fc->ncij"': '"nfij,fc->cij"'},
        "its images are not",
    ),
    (
        "infinite sums",
        "cross_entropy",
        {"s = scores - scores.max(axis=1, keepdims=True)": "s = scores"},
        "too large for a float",
    ),
    (
        "the mean is forgotten",
        "cross_entropy",
        {"p / N": "p"},
        "divide the gradient by their number",
    ),
    (
        "every row's columns",
        "cross_entropy",
        {"p[np.arange(N), labels] -= 1": "p[:, labels] -= 1"},
        "takes these columns in every row",
    ),
    (
        "the first layer first",
        "network_backward",
        {"range(len(layers) - 1, -1, -1)": "range(len(layers))"},
        "the last layer is the first to get it",
    ),
    (
        "everybody gets the same dy",
        "network_backward",
        {"dy = result[0]": "dx = result[0]", "return dy, gradients": "return dx, gradients"},
        "You gave every layer the dy of the end",
    ),
    ("uphill", "sgd_step", {"] - rate": "] + rate"}, "You walk uphill"),
    ("into the old dict", "sgd_step", {"new = {}": "new = parameters"}, "into the caller's dict"),
    (
        "minus-equals",
        "sgd_step",
        {
            "new[name] = parameters[name] - rate": "parameters[name] -= rate",
            "return new": "return parameters",
        },
        "You changed the old arrays with -=",
    ),
    # ---- and some that once heard another's cause, or none
    (
        "as many as tiles",
        "pool_loops",
        {"(H - kH) // sH + 1": "H // kH", "(W - kW) // sW + 1": "W // kW"},
        "(H − kH) // sH + 1 of them",
    ),
    ("the smallest", "pool_loops by slices", {"np.max": "np.min"}, "You took the smallest value"),
    ("the last two axes", "pool_tiles", {"axis=(3, 5)": "axis=(4, 5)"}, "over the last two axes"),
    ("no axis", "windows", {", axis=(2, 3))": ")"}, "along the axes that it is told"),
    (
        "cut in front alone",
        "maxpool_backward",
        {"dxp[:, :, pH : pH + H, pW : pW + W]": "dxp[:, :, pH:, pW:]"},
        "in front alone",
    ),
    (
        "turned where it lies",
        "conv_backward",
        {"dy, w[:, :, u, v])": "dy, w[:, :, kH - 1 - u, kW - 1 - v])"},
        "the kernel the wrong way round",
    ),
    (
        "no column kept",
        "cross_entropy",
        {"scores.max(axis=1, keepdims=True)": "scores.max(axis=1)"},
        "keepdims=True keeps it a column",
    ),
    (
        "the sum of the losses",
        "cross_entropy",
        {"np.mean(": "np.sum("},
        "You added the images' losses up",
    ),
    # ---- and a hundred more that once heard a rule, another's cause or nothing
    (
        "tiles counted by the width",
        "pool_tiles",
        {"OH, OW = H // kH, W // kW": "OH, OW = H // kW, W // kW"},
        "You counted the rows of tiles with kW",
    ),
    (
        "tiles counted by swapped sizes",
        "pool_tiles",
        {"OH, OW = H // kH, W // kW": "OH, OW = H // kW, W // kH"},
        "H and kH, or W and kW, are mixed up",
    ),
    (
        "slices without the step",
        "maxpool_forward",
        {"(OH - 1) * sH + 1 : sH, left : left + (OW - 1) * sW + 1 : sW]": "OH, left : left + OW]"},
        "Your slices have no step",
    ),
    (
        "a step without its length",
        "maxpool_forward",
        {
            "top : top + (OH - 1) * sH + 1 : sH, left : left + (OW - 1) * sW + 1 : sW": "top : top + OH : sH, left : left + OW : sW"
        },
        "before they reach the last window",
    ),
    (
        "axes 2 and 3",
        "maxpool_forward by windows",
        {"axis=(4, 5)": "axis=(2, 3)"},
        "You took the maximum over the windows, axes 2 and 3",
    ),
    (
        "place by the height",
        "maxpool_backward by addresses",
        {"who // kW * dH": "who // kH * dH", "who % kW * dW": "who % kH * dW"},
        "the quotient by kW",
    ),
    (
        "dy column by column",
        "maxpool_backward by counts",
        {"dy.ravel()": 'dy.ravel(order="F")'},
        "You unfolded dy column by column, and the addresses row by row",
    ),
    (
        "a square kernel for dw",
        "conv_backward",
        {"kH, kW = w.shape[2], w.shape[3]": "kH = kW = w.shape[2]"},
        "You took the kernel to be square",
    ),
    (
        "a square kernel for dw (view)",
        "conv_backward by the view",
        {"w.shape[2:], axis": "(w.shape[2], w.shape[2]), axis"},
        "this kernel is not square",
    ),
    (
        "counts from 1",
        "window",
        {
            "(k * sH, k * sH + kH)": "(k * sH + 1, k * sH + kH + 1)",
            "(l * sW, l * sW + kW)": "(l * sW + 1, l * sW + kW + 1)",
        },
        "You counted from 1",
    ),
    (
        "rows and columns apart",
        "window",
        {"return np.array(pixels)": "return np.array(pixels).T"},
        "one list of rows and one of columns",
    ),
    (
        "ends a pixel early",
        "window",
        {"k * sH + kH)": "k * sH + kH - 1)", "l * sW + kW)": "l * sW + kW - 1)"},
        "without a − 1",
    ),
    (
        "folded window",
        "window",
        {"np.array(pixels)": "np.array(pixels).reshape(kH, kW, 2)"},
        "You kept the window's two axes",
    ),
    (
        "no stride",
        "window",
        {"(k * sH, k * sH + kH)": "(k, k + kH)", "(l * sW, l * sW + kW)": "(l, l + kW)"},
        "Your window starts at pixel (k, l) itself",
    ),
    (
        "span k+d-1",
        "output_size",
        {"dilation * (kernel_size - 1) + 1": "kernel_size + dilation - 1"},
        "You added the dilation to the window once",
    ),
    (
        "gaps are d",
        "output_size",
        {"dilation * (kernel_size - 1) + 1": "kernel_size + dilation * (kernel_size - 1)"},
        "spans its pixels and the steps between them",
    ),
    (
        "ignores dilation",
        "output_size",
        {"dilation * (kernel_size - 1) + 1": "kernel_size"},
        "You did not use the dilation",
    ),
    ("ignores padding", "output_size", {" + 2 * padding": ""}, "You did not use the padding"),
    (
        "plus one inside",
        "output_size",
        {"- span) // stride + 1": "- span + 1) // stride"},
        "You added the 1 before you divided",
    ),
    (
        "OW by kH",
        "pool_loops",
        {"OW = (W - kW)": "OW = (W - kH)"},
        "You counted the columns of y with kH",
    ),
    (
        "begins with the image's corner",
        "pool_loops",
        {"best = -np.inf": "best = x[0, 0]"},
        "Your search starts at x[0, 0]",
    ),
    (
        "begins with x[k, l]",
        "pool_loops",
        {"best = -np.inf": "best = x[k, l]"},
        "Your search starts at x[k, l]",
    ),
    (
        "y of x's shape",
        "pool_loops",
        {"np.zeros((OH, OW))": "np.zeros(x.shape)"},
        "Your y is as large as x",
    ),
    (
        "return in the loop p",
        "pool_loops",
        {"    return y": "        return y"},
        "Only the first row of y is filled",
    ),
    (
        "the largest of all",
        "pool_loops by slices",
        {"np.max(x[i : i + kH, j : j + kW])": "np.max(x)"},
        "the maximum of the whole image for every output",
    ),
    (
        "k without stride",
        "pool_loops",
        {"(k * sH, k * sH + kH)": "(k, k + kH)", "(l * sW, l * sW + kW)": "(l, l + kW)"},
        "Your window starts at pixel (k, l) itself",
    ),
    (
        "largest absolute",
        "pool_loops",
        {"x[i, j] > best": "abs(x[i, j]) > best", "best = x[i, j]": "best = abs(x[i, j])"},
        "You compared magnitudes, and gave one back",
    ),
    (
        "max of rows",
        "pool_loops by slices",
        {"np.max(x[i : i + kH, j : j + kW])": "np.max(x[i : i + kH, j : j + kW], axis=0)"},
        "a maximum along one axis of the window",
    ),
    ("start -1", "pool_loops", {"best = -np.inf": "best = -1"}, "You started the search at −1"),
    (
        "flat list",
        "pool_loops by slices",
        {
            "np.array([[np.max(x[i : i + kH, j : j + kW]) for j in columns] for i in rows])": "np.array([np.max(x[i : i + kH, j : j + kW]) for i in rows for j in columns])"
        },
        "stand in one long row",
    ),
    (
        "steps by the kernel d",
        "local_derivative",
        {
            "x[k * sH : k * sH + kH, l * sW : l * sW + kW]": "x[k * kH : k * kH + kH, l * kW : l * kW + kW]"
        },
        "You cut the window out at k·kH",
    ),
    (
        "no stride corner",
        "local_derivative",
        {"d[k * sH + i, l * sW + j]": "d[k + i, l + j]"},
        "You took (k, l) for the window's corner",
    ),
    (
        "i and j swapped",
        "local_derivative",
        {"d[k * sH + i, l * sW + j]": "d[l * sW + j, k * sH + i]"},
        "You exchanged row and column",
    ),
    (
        "i, j swapped on unravel",
        "local_derivative",
        {"i, j = np.unravel": "j, i = np.unravel"},
        "You exchanged row and column",
    ),
    (
        "the place in y",
        "local_derivative",
        {"d[k * sH + i, l * sW + j] = 1": "d[k, l] = 1"},
        "You wrote the 1 at (k, l)",
    ),
    (
        "where equals max in x",
        "local_derivative",
        {"    d[k * sH + i, l * sW + j] = 1": "    d[x == w.max()] = 1"},
        "You marked every pixel of the image",
    ),
    (
        "ones for window",
        "local_derivative",
        {
            "    d[k * sH + i, l * sW + j] = 1": "    d[k * sH : k * sH + kH, l * sW : l * sW + kW] = 1"
        },
        "You marked the whole window",
    ),
    (
        "J steps by kernel",
        "jacobian",
        {"k * sH": "k * kH", "l * sW": "l * kW"},
        "You placed the windows side by side",
    ),
    (
        "J stride forgotten in the column",
        "jacobian",
        {"(k * sH + i) * W + (l * sW + j)": "(k + i) * W + (l + j)"},
        "when you numbered the winner",
    ),
    (
        "x is moved",
        "numerical_jacobian",
        {"plus = x.copy()": "plus = x", "minus = x.copy()": "minus = x"},
        "plus = x makes no copy",
    ),
    (
        "all at once",
        "numerical_jacobian",
        {"plus.flat[c] += h": "plus += h", "minus.flat[c] -= h": "minus -= h"},
        "You moved all inputs at once",
    ),
    (
        "minus over plus",
        "numerical_jacobian",
        {"f(plus) - f(minus)": "f(minus) - f(plus)"},
        "Your slopes have the wrong sign",
    ),
    (
        "divides first",
        "one_sided",
        {"(f(x + h * v) - f(x)) / h": "f(x + h * v) - f(x) / h"},
        "You divided only f(x) by h",
    ),
    ("v without h", "one_sided", {"x + h * v": "x + v"}, "You walked from x to x + v"),
    (
        "absolute",
        "one_sided",
        {"(f(x + h * v) - f(x)) / h": "abs(f(x + h * v) - f(x)) / h"},
        "You took the magnitude",
    ),
    ("own h", "one_sided", {"    return": "    h = 1e-6\n    return"}, "a step of your own"),
    (
        "flipped any for all",
        "is_subgradient",
        {"np.any(g < 0)": "np.all(g < 0)"},
        "not one may be below 0",
    ),
    ("mean t", "pool_tiles", {".max(axis": ".mean(axis"}, "You averaged the tiles"),
    (
        "kernel twice",
        "pool_tiles",
        {"OH, kH, OW, kW)": "OH, kH, OW, kH)"},
        "H and kH, or W and kW, are mixed up",
    ),
    (
        "max over everything",
        "pool_tiles",
        {".max(axis=(3, 5))": ".max()"},
        ".max() without an axis leaves one number",
    ),
    (
        "remainder from the front",
        "pool_tiles",
        {"x[:, :, : OH * kH, : OW * kW]": "x[:, :, H - OH * kH :, W - OW * kW :]"},
        "You cut the remainder off in front",
    ),
    (
        "d and s exchanged",
        "windows",
        {"::sH, ::sW, ::dH, ::dW": "::dH, ::dW, ::sH, ::sW"},
        "You exchanged stride and dilation",
    ),
    (
        "kernel axes first",
        "windows",
        {
            "    return w[:, :, ::sH, ::sW, ::dH, ::dW]": "    return w[:, :, ::sH, ::sW, ::dH, ::dW].transpose(0, 1, 4, 5, 2, 3)"
        },
        "the axes of the window before those of the outputs",
    ),
    (
        "span swapped",
        "windows",
        {"(spanH, spanW)": "(spanW, spanH)"},
        "You exchanged the two lengths of the window",
    ),
    (
        "stride forgotten",
        "windows",
        {"::sH, ::sW, ::dH, ::dW": ":, :, ::dH, ::dW"},
        "as if the stride were 1",
    ),
    ("dilation forgotten", "windows", {", ::dH, ::dW]": "]"}, "keep the pixels in the gaps"),
    (
        "first axes",
        "windows",
        {"axis=(2, 3)": "axis=(0, 1)"},
        "its axes are rows and columns, axis=(2, 3)",
    ),
    (
        "padding at the front only",
        "windows",
        {"(pH, pH), (pW, pW)": "(pH, 0), (pW, 0)"},
        "You padded in front alone",
    ),
    (
        "nan border",
        "windows",
        {"constant_values=-np.inf": "constant_values=np.nan"},
        "You padded with NaN",
    ),
    (
        "step times kernel",
        "windows",
        {"::sH, ::sW, ::dH": "::kH, ::kW, ::dH"},
        "by the kernel's size",
    ),
    (
        "the last axis alone",
        "maxpool_forward by windows",
        {"axis=(4, 5)": "axis=-1"},
        "over the last axis alone",
    ),
    (
        "padding once",
        "maxpool_forward",
        {"H + 2 * pH - dH": "H + pH - dH", "W + 2 * pW - dW": "W + pW - dW"},
        "padding is added at both ends",
    ),
    (
        "no plus one",
        "maxpool_forward",
        {"// sH + 1\n": "// sH\n", "// sW + 1\n": "// sW\n"},
        "one window is missing on each axis",
    ),
    (
        "minimum",
        "maxpool_forward by windows",
        {".max(": ".min("},
        "You took the smallest value of the window",
    ),
    (
        "W by kH",
        "maxpool_forward",
        {"- dW * (kW - 1)": "- dW * (kH - 1)"},
        "You counted the columns of y with kH",
    ),
    (
        "dy's dtype",
        "maxpool_backward",
        {
            "dxp = np.zeros((N, C, H + 2 * pH, W + 2 * pW), dtype=dtype)": "dxp = np.zeros((N, C, H + 2 * pH, W + 2 * pW), dtype=np.float32)"
        },
        "Your dx is float32 whatever x is",
    ),
    (
        "counts alone",
        "maxpool_backward by counts",
        {"weights=dy.ravel(), ": ""},
        "You counted how often a pixel won",
    ),
    (
        "into dy",
        "maxpool_backward",
        {
            "            here = dy * (who == u * kW + v)": "            dy = dy * (who == u * kW + v)\n            here = dy"
        },
        "You multiplied dy itself by the mask",
    ),
    (
        "mask alone",
        "maxpool_backward",
        {"here = dy * (who": "here = 1.0 * (who"},
        "You counted how often a pixel won",
    ),
    (
        "shape of y",
        "maxpool_backward by addresses",
        {"np.add.at(dx, a, dy)": "np.add.at(dx, a.ravel(), dy)"},
        "unfold both with .ravel(), or neither",
    ),
    (
        "H and W swapped",
        "maxpool_backward by addresses",
        {"* H + i) * W + j": "* W + j) * H + i"},
        "You counted the pixels column by column",
    ),
    (
        "divmod swapped",
        "maxpool_backward by addresses",
        {"who // kW * dH": "who % kW * dH", "who % kW * dW": "who // kW * dW"},
        "exchanged the row and the column of the winner in its window",
    ),
    ("int dx", "maxpool_backward by addresses", {"dtype=dtype": "dtype=int"}, "Your dx holds ints"),
    ("adjoint: h missing", "adjoint_gap", {"/ (2 * h)": ""}, "divide by 2h, the distance"),
    (
        "adjoint: back(v)",
        "adjoint_gap",
        {"(v * back(u))": "(u * back(v))"},
        "An array of y's shape met one of x's",
    ),
    (
        "adjoint: f(x)*u",
        "adjoint_gap",
        {"(f(x + h * v) - f(x - h * v)) / (2 * h)": "f(x)"},
        "You weighed f(x) itself",
    ),
    ("adjoint: mean", "adjoint_gap", {".sum()": ".mean()"}, "You took means of the products"),
    (
        "adjoint: bool",
        "adjoint_gap",
        {"abs(left - right)": "abs(left - right) < 1e-6"},
        "whether the two sides agree",
    ),
    ("adjoint: back(x)", "adjoint_gap", {"back(u)": "back(x)"}, "You asked for back(x)"),
    ("adjoint: own h", "adjoint_gap", {"    Jv": "    h = 1e-3\n    Jv"}, "a step of your own"),
    (
        "adjoint: entrywise",
        "adjoint_gap",
        {"abs(left - right)": "np.abs((Jv * u) - (v * back(u))).sum()"},
        "An array of y's shape met one of x's",
    ),
    (
        "conserves: shape",
        "conserves",
        {"abs(dx.sum() - dy.sum()) < 1e-9": "dx.shape == dy.shape"},
        "You compared shapes",
    ),
    ("conserves: not called", "conserves", {"back(dy)": "back"}, "call it, with brackets"),
    (
        "conserves: max",
        "conserves",
        {"abs(dx.sum() - dy.sum()) < 1e-9": "abs(dx.max() - dy.max()) < 1e-9"},
        "You compared the largest entries",
    ),
    ("reversed mask", "relu_backward", {"cache <= 0": "cache > 0"}, "the other way round"),
    (
        "db one number",
        "conv_backward",
        {"dy.sum(axis=(0, 2, 3))": "dy.sum()"},
        "You added up all of dy",
    ),
    (
        "db mean",
        "conv_backward",
        {"dy.sum(axis=(0, 2, 3))": "dy.mean(axis=(0, 2, 3))"},
        "b_f is added to every output with factor 1",
    ),
    (
        "order",
        "conv_backward",
        {"return dx, dw, db": "return dw, dx, db"},
        "You returned dw before dx",
    ),
    (
        "db over the channel",
        "conv_backward",
        {"axis=(0, 2, 3)": "axis=(1, 2, 3)"},
        "summed over the channels and kept the images",
    ),
    (
        "db of image 0",
        "conv_backward",
        {"dy.sum(axis=(0, 2, 3))": "dy[0].sum(axis=(1, 2))"},
        "Your db hears from the first image alone",
    ),
    (
        "dw = not +=",
        "conv_backward",
        {
            'dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dy, part)': 'for n in range(N):\n                dw[:, :, u, v] = np.einsum("fij,cij->fc", dy[n], part[n])'
        },
        "it was assigned where it should be added to",
    ),
    (
        "slice of the kernel",
        "conv_backward",
        {"part = x[:, :, u : u + OH, v : v + OW]": "part = x[:, :, u : u + kH, v : v + kW]"},
        "You cut x into pieces of the kernel's size",
    ),
    (
        "sign of the loss",
        "cross_entropy",
        {"np.mean(logsum - s[": "-np.mean(logsum - s["},
        "Your loss has the wrong sign",
    ),
    (
        "exchanged",
        "cross_entropy",
        {"return loss, p / N": "return p / N, loss"},
        "dscores stands where the loss belongs",
    ),
    (
        "over all scores",
        "cross_entropy",
        {"p / N": "p / p.size"},
        "You divided by the number of scores",
    ),
    (
        "losses of each",
        "cross_entropy",
        {
            "loss = np.mean(logsum - s[np.arange(N), labels])": "loss = logsum - s[np.arange(N), labels]"
        },
        "the mean over the images is missing",
    ),
    (
        "label as column",
        "cross_entropy",
        {"s[np.arange(N), labels])": "s[:, labels])"},
        "more labels than its own",
    ),
    (
        "sum over all rows",
        "cross_entropy",
        {"np.log(np.exp(s).sum(axis=1))": "np.log(np.exp(s).sum())", "logsum[:, None]": "logsum"},
        "You added up e^s over the whole batch",
    ),
    (
        "no log",
        "cross_entropy",
        {"np.log(np.exp(s).sum(axis=1))": "np.exp(s).sum(axis=1)"},
        "You left out the logarithm of the sum",
    ),
    (
        "minus one everywhere",
        "cross_entropy",
        {"p[np.arange(N), labels] -= 1": "p -= 1"},
        "You subtracted 1 from every probability",
    ),
    (
        "names as the key",
        "network_backward",
        {
            "        for name, gradient in zip(names, result[1:]):\n            gradients[name] = gradient": "        gradients[names] = result[1:]"
        },
        "a layer's names are a tuple",
    ),
    (
        "results exchanged",
        "network_backward",
        {"return dy, gradients": "return gradients, dy"},
        "the two are exchanged",
    ),
    (
        "returns in loop",
        "network_backward",
        {"    return dy, gradients": "        return dy, gradients"},
        "Your walk ends after the last layer",
    ),
    (
        "divides by the rate",
        "sgd_step",
        {"rate * gradients[name]": "gradients[name] / rate"},
        "You divided by the rate",
    ),
    (
        "scales both",
        "sgd_step",
        {
            "parameters[name] - rate * gradients[name]": "rate * (parameters[name] - gradients[name])"
        },
        "You multiplied the parameters by the rate",
    ),
    (
        "step alone",
        "sgd_step",
        {"parameters[name] - rate * gradients[name]": "-rate * gradients[name]"},
        "You returned the step",
    ),
    (
        "by order",
        "sgd_step",
        {
            "    for name in parameters:\n        new[name] = parameters[name] - rate * gradients[name]": "    for name, p, g in zip(parameters, parameters.values(), gradients.values()):\n        new[name] = p - rate * g"
        },
        "You paired parameters and gradients by their order",
    ),
    (
        "first only",
        "sgd_step",
        {"    return new": "        return new"},
        "a return inside the loop",
    ),
    # ---- of a second reading
    (
        "ranges less one",
        "window",
        {
            "range(k * sH, k * sH + kH)": "range(kH - 1)",
            "range(l * sW, l * sW + kW)": "range(kW - 1)",
            "[i, j]": "[k * sH + i, l * sW + j]",
        },
        "without a − 1",
    ),
    (
        "y at the first pixel",
        "pool_loops by slices",
        {
            "    return np.array([[np.max(x[i : i + kH, j : j + kW]) for j in columns] for i in rows])": "    y = np.zeros((len(rows), len(columns)))\n    for i in rows:\n        for j in columns:\n            y[i, j] = np.max(x[i : i + kH, j : j + kW])\n    return y"
        },
        "number the windows",
    ),
    (
        "ends at the kernel's size",
        "pool_loops",
        {
            "            best = -np.inf\n            for i in range(k * sH, k * sH + kH):\n                for j in range(l * sW, l * sW + kW):\n                    if x[i, j] > best:\n                        best = x[i, j]\n            y[k, l] = best": "            y[k, l] = x[k * sH : kH, l * sW : kW].max()"
        },
        "which holds nothing",
    ),
    (
        "padding not passed on",
        "maxpool_forward by windows",
        {"stride, padding, dilation)\n    (kH": "stride, 0, 1)\n    (kH"},
        "padding is left out",
    ),
    (
        "all names as one",
        "network_backward",
        {
            "        result = backward(dy, caches[n])\n        dy = result[0]\n        for name, gradient in zip(names, result[1:]):\n            gradients[name] = gradient": "        dy, *rest = backward(dy, caches[n])\n        gradients[names] = rest"
        },
        "zip them",
    ),
    (
        "the rows' stride in columns of pixels",
        "window",
        {"range(l * sW, l * sW + kW)": "range(l * sH, l * sH + kW)"},
        "by sH along the columns",
    ),
    (
        "the rows' stride in columns",
        "pool_loops",
        {"range(l * sW, l * sW + kW)": "range(l * sH, l * sH + kW)"},
        "by sH along the columns",
    ),
    (
        "the rows' stride in columns of a derivative",
        "local_derivative",
        {"l * sW : l * sW + kW": "l * sH : l * sH + kW", "l * sW + j": "l * sH + j"},
        "by sH along the columns",
    ),
    (
        "the rows' stride in columns of J",
        "jacobian",
        {"l * sW : l * sW + kW": "l * sH : l * sH + kW", "l * sW + j": "l * sH + j"},
        "by sH along the columns",
    ),
    (
        "OH from W in loops",
        "pool_loops",
        {
            "OH = (H - kH) // sH + 1": "OH = (W - kW) // sW + 1",
            "OW = (W - kW) // sW + 1": "OW = (H - kH) // sH + 1",
        },
        "OH and OW are exchanged",
    ),
    (
        "OH from W in slices",
        "pool_loops",
        {
            "OH = (H - kH) // sH + 1\n    OW = (W - kW) // sW + 1": "OW = (H - kH) // sH + 1\n    OH = (W - kW) // sW + 1",
            "            best = -np.inf\n            for i in range(k * sH, k * sH + kH):\n                for j in range(l * sW, l * sW + kW):\n                    if x[i, j] > best:\n                        best = x[i, j]\n            y[k, l] = best": "            y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()",
        },
        "OH and OW are exchanged",
    ),
    (
        "OH from W in J",
        "jacobian",
        {
            "OH = (H - kH) // sH + 1\n    OW = (W - kW) // sW + 1": "OW = (H - kH) // sH + 1\n    OH = (W - kW) // sW + 1"
        },
        "OH and OW are exchanged",
    ),
    (
        "a place by the height",
        "local_derivative",
        {"i, j = np.unravel_index(np.argmax(w), w.shape)": "i, j = divmod(np.argmax(w), kH)"},
        "the quotient by kW",
    ),
    (
        "a place by the height in J",
        "jacobian",
        {"i, j = np.unravel_index(np.argmax(w), w.shape)": "i, j = divmod(int(np.argmax(w)), kH)"},
        "the quotient by kW",
    ),
    (
        "a place by the height on the way back",
        "maxpool_backward by addresses",
        {"who // kW": "who // kH", "who % kW": "who % kH"},
        "the quotient by kW",
    ),
    (
        "channels by the number of images",
        "maxpool_backward by addresses",
        {
            "np.arange(N * C).reshape(N, C, 1, 1)": "(np.arange(N)[:, None, None, None] * N + np.arange(C)[:, None, None])"
        },
        "n·C + c",
    ),
    (
        "the border from the smallest",
        "maxpool_forward",
        {
            "xp = np.full((N, C, H + 2 * pH, W + 2 * pW), -np.inf, dtype=x.dtype)": "xp = np.full((N, C, H + 2 * pH, W + 2 * pW), np.nanmin(x) - 1, dtype=x.dtype)"
        },
        "smallest or largest value",
    ),
    (
        "the place for the column",
        "jacobian",
        {"(k * sH + i) * W + (l * sW + j)": "np.argmax(w)"},
        "the winner's number in its window",
    ),
    (
        "places of maxima",
        "pool_loops by slices",
        {"np.max(": "np.argmax("},
        "the place of the maximum into y",
    ),
    (
        "one maximum after the other",
        "pool_tiles",
        {".max(axis=(3, 5))": ".max(3).max(5)"},
        "takes it away",
    ),
    (
        "OH from W in the layer",
        "maxpool_forward",
        {
            "OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1\n    OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1": "OH = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1\n    OW = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1"
        },
        "OH and OW are exchanged",
    ),
    (
        "slices leave the last window out",
        "maxpool_forward",
        {
            "(OH - 1) * sH + 1 : sH": "(OH - 1) * sH : sH",
            "(OW - 1) * sW + 1 : sW": "(OW - 1) * sW : sW",
        },
        "before they reach the last window",
    ),
    (
        "the largest of the products",
        "adjoint_gap",
        {"(Jv * u).sum()": "(Jv * u).max()", "(v * back(u)).sum()": "(v * back(u)).max()"},
        "the largest of the products",
    ),
    (
        "u and v exchanged in dw",
        "conv_backward",
        {"part = x[:, :, u : u + OH, v : v + OW]": "part = x[:, :, v : v + OH, u : u + OW]"},
        "on its side",
    ),
    (
        "u and v exchanged in dx",
        "conv_backward",
        {"dx[:, :, u : u + OH, v : v + OW] +=": "dx[:, :, v : v + OH, u : u + OW] +="},
        "u and v are exchanged in a slice",
    ),
    (
        "dx as large as dy in a convolution",
        "conv_backward",
        {"dx = np.zeros(x.shape)": "dx = np.zeros_like(dy)"},
        "as large as dy",
    ),
    (
        "way uphill alone",
        "sgd_step",
        {"parameters[name] - rate * gradients[name]": "rate * gradients[name]"},
        "You returned rate · g",
    ),
    (
        "returns after a row of outputs",
        "jacobian",
        {"    return J": "        return J"},
        "Only the outputs of the first row",
    ),
    (
        "returns after a column",
        "numerical_jacobian",
        {"    return J": "        return J"},
        "Only the first column of J",
    ),
    (
        "one row of a window",
        "pool_loops by slices",
        {"x[i : i + kH, j : j + kW]": "x[i, j : j + kW]"},
        "the first row of each window alone",
    ),
    (
        "one row of pixels",
        "window",
        {"range(k * sH, k * sH + kH)": "range(k * sH, k * sH + 1)"},
        "the outer loop makes too few rounds",
    ),
    (
        "one row of the derivative's window",
        "local_derivative",
        {"k * sH : k * sH + kH,": "k * sH : k * sH + 1,"},
        "the first row of the window alone",
    ),
    (
        "k and l exchanged in x",
        "pool_loops",
        {
            "range(k * sH, k * sH + kH)": "range(l * sH, l * sH + kH)",
            "range(l * sW, l * sW + kW)": "range(k * sW, k * sW + kW)",
        },
        "k and l are exchanged",
    ),
    (
        "k and l exchanged in a derivative",
        "local_derivative",
        {
            "k * sH : k * sH + kH, l * sW : l * sW + kW": "l * sH : l * sH + kH, k * sW : k * sW + kW",
            "d[k * sH + i, l * sW + j]": "d[l * sH + i, k * sW + j]",
        },
        "You exchanged k and l",
    ),
    (
        "k and l exchanged in J",
        "jacobian",
        {
            "k * sH : k * sH + kH, l * sW : l * sW + kW": "l * sH : l * sH + kH, k * sW : k * sW + kW",
            "(k * sH + i) * W + (l * sW + j)": "(l * sH + i) * W + (k * sW + j)",
        },
        "k and l are exchanged",
    ),
    (
        "numbers as in tiles",
        "jacobian",
        {"(k * sH + i) * W + (l * sW + j)": "(k * kH + i) * W + (l * kW + j)"},
        "as if it started at k·kH",
    ),
    (
        "writes as in tiles",
        "local_derivative",
        {"d[k * sH + i, l * sW + j]": "d[k * kH + i, l * kW + j]"},
        "as if it started at k·kH",
    ),
    (
        "dx as large as dy",
        "maxpool_backward",
        {"dxp = np.zeros((N, C, H + 2 * pH, W + 2 * pW), dtype=dtype)": "dxp = np.zeros_like(dy)"},
        "as large as dy",
    ),
    (
        "dx as long as dy",
        "maxpool_backward by addresses",
        {
            "dx = np.zeros(N * C * H * W, dtype=dtype)": "dx = np.zeros(dy.size, dtype=dtype)",
            "dx.reshape(shape)": "dx.reshape(dy.shape)",
        },
        "as large as dy",
    ),
    (
        "dy left out of dw",
        "conv_backward",
        {
            'np.einsum("nfij,ncij->fc", dy, part)': 'np.einsum("nfij,ncij->fc", np.ones_like(dy), part)'
        },
        "You left dy out",
    ),
    (
        "dy left out of dx",
        "conv_backward",
        {
            'np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])': 'np.einsum("nfij,fc->ncij", np.ones_like(dy), w[:, :, u, v])'
        },
        "You left dy out",
    ),
    (
        "the second alone by 2h",
        "numerical_jacobian",
        {
            "(f(plus) - f(minus)).flatten() / (2 * h)": "f(plus).flatten() - f(minus).flatten() / (2 * h)"
        },
        "divided only the second f",
    ),
    ("cut to OH pixels", "pool_tiles", {": OH * kH, : OW * kW": ": OH, : OW"}, "OH counts tiles"),
    (
        "mean over all classes",
        "cross_entropy",
        {"np.mean(logsum - s[np.arange(N), labels])": "np.mean(logsum[:, None] - s)"},
        "more labels than its own",
    ),
    (
        "mean over a mask",
        "cross_entropy",
        {
            "np.mean(logsum - s[np.arange(N), labels])": "np.mean((logsum[:, None] - s) * np.eye(s.shape[1])[labels])"
        },
        "You divided by the number of scores",
    ),
    (
        "pads where rows are padded",
        "windows",
        {"if pH > 0 or pW > 0": "if pH"},
        "You pad only where pH is not 0",
    ),
    (
        "by the number of classes",
        "cross_entropy",
        {"p / N": "p / scores.shape[1]"},
        "the number of classes",
    ),
    (
        "the specification's loops",
        "pool_loops",
        {ANSWERS["pool_loops"]: POOLED},
        "these loops are to be yours",
    ),
    (
        "the specification's winners",
        "jacobian",
        {ANSWERS["jacobian"]: SENT_BACK},
        "this derivative is to be yours",
    ),
    (
        "what the specification keeps",
        "jacobian",
        {ANSWERS["jacobian"]: KEPT},
        "this derivative is to be yours",
    ),
    (
        "by the number of wins",
        "maxpool_backward",
        {
            "    return dxp[": "    wins = np.zeros(dxp.shape)\n    for u in range(kH):\n        for v in range(kW):\n            top, left = u * dH, v * dW\n            wins[:, :, top : top + (OH - 1) * sH + 1 : sH, left : left + (OW - 1) * sW + 1 : sW] += who == u * kW + v\n    dxp /= np.maximum(wins, 1)\n    return dxp["
        },
        "how many windows a pixel won",
    ),
]
