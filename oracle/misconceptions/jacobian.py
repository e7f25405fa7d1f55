"""Wrong answers of chapter 2."""

import numpy as np

from poolkit import spec

from ._registry import misconception

# ---- local_derivative -----------------------------------------------------------------------


@misconception(
    "local_derivative",
    kind="ties",
    hint="You gave a 1 to every pixel that equals the maximum. The output takes its value "
    "once, so only the first of the equal pixels, row by row, gets the 1.",
    loses="local_derivative_ties",
)
def marks_every_tie(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
    derivative = np.zeros(x.shape)
    derivative[k * sH : k * sH + kH, l * sW : l * sW + kW] = window == window.max()
    return derivative


@misconception(
    "local_derivative",
    kind="ties",
    hint="You shared the 1 evenly among the equal maxima. That is a subgradient too, but this "
    "course, as PyTorch, gives it all to the first of them.",
    loses="local_derivative_ties",
)
def shares_among_ties(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
    winners = window == window.max()
    derivative = np.zeros(x.shape)
    derivative[k * sH : k * sH + kH, l * sW : l * sW + kW] = winners / winners.sum()
    return derivative


@misconception(
    "local_derivative",
    kind="ties",
    hint="You took the last of the equal maxima: a comparison with >= lets a later pixel "
    "replace an equal one. The first one stays.",
    loses="local_derivative_ties",
)
def marks_the_last_maximum(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    best = (k * sH, l * sW)
    for i in range(k * sH, k * sH + kH):
        for j in range(l * sW, l * sW + kW):
            if x[i, j] >= x[best]:
                best = (i, j)
    derivative = np.zeros(x.shape)
    derivative[best] = 1
    return derivative


@misconception(
    "local_derivative",
    kind="order",
    hint="You searched the window column by column. First means row-major here: the whole "
    "upper row comes before the next one.",
    loses="local_derivative_ties",
)
def searches_by_columns(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    best = (k * sH, l * sW)
    for j in range(l * sW, l * sW + kW):
        for i in range(k * sH, k * sH + kH):
            if x[i, j] > x[best]:
                best = (i, j)
    derivative = np.zeros(x.shape)
    derivative[best] = 1
    return derivative


@misconception(
    "local_derivative",
    kind="scaling",
    hint="You wrote the maximum itself into the array. The derivative says how fast the output "
    "follows the pixel, and it follows one to one, so the entry is 1.",
    loses="local_derivative_cases local_derivative_stride",
)
def writes_the_maximum(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
    u, v = np.unravel_index(window.argmax(), window.shape)
    derivative = np.zeros(x.shape)
    derivative[k * sH + u, l * sW + v] = window.max()
    return derivative


@misconception(
    "local_derivative",
    kind="order",
    hint="You used the winner's place in the window as its place in the image. Add the "
    "window's corner, (k·s, l·s), to it.",
    loses="local_derivative_cases local_derivative_stride",
)
def stays_in_the_window(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
    derivative = np.zeros(x.shape)
    derivative[np.unravel_index(window.argmax(), window.shape)] = 1
    return derivative


@misconception(
    "local_derivative",
    kind="shape",
    hint="Your array is as large as the window. There is a derivative for every pixel of the "
    "image, and it is 0 for the pixels outside of the window.",
    loses="local_derivative_cases local_derivative_stride",
)
def returns_the_window(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
    derivative = np.zeros(window.shape)
    derivative[np.unravel_index(window.argmax(), window.shape)] = 1
    return derivative


@misconception(
    "local_derivative",
    kind="stride",
    hint="Your window starts at pixel (k, l). Output (k, l) lies k steps down and l steps "
    "right, and each step is `stride` pixels: start at (k·s, l·s).",
    loses="local_derivative_cases local_derivative_stride",
)
def starts_at_k_l(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    window = x[k : k + kH, l : l + kW]
    u, v = np.unravel_index(window.argmax(), window.shape)
    derivative = np.zeros(x.shape)
    derivative[k + u, l + v] = 1
    return derivative


@misconception(
    "local_derivative",
    kind="stride",
    hint="You stepped by the size of the window. That is right only if windows lie side by "
    "side; from one window to the next it is `stride` pixels.",
    loses="local_derivative_stride",
)
def steps_by_the_window(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    window = x[k * kH : k * kH + kH, l * kW : l * kW + kW]
    u, v = np.unravel_index(window.argmax(), window.shape)
    derivative = np.zeros(x.shape)
    derivative[k * kH + u, l * kW + v] = 1
    return derivative


@misconception(
    "local_derivative",
    kind="transposed",
    hint="You read a pair as (width, height). It is (rows, columns), for kernel_size as for "
    "stride.",
    loses="local_derivative_stride",
)
def reads_width_first(x, k, l, kernel_size, stride):
    kW, kH = spec.pair(kernel_size)
    sW, sH = spec.pair(stride)
    window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
    u, v = np.unravel_index(window.argmax(), window.shape)
    derivative = np.zeros(x.shape)
    derivative[k * sH + u, l * sW + v] = 1
    return derivative


@misconception(
    "local_derivative",
    kind="stride",
    hint="You took the maximum of the whole image. Output (k, l) sees only its window, and "
    "only a pixel of the window can win it.",
    loses="local_derivative_cases local_derivative_stride",
)
def wins_the_whole_image(x, k, l, kernel_size, stride):
    derivative = np.zeros(x.shape)
    derivative[np.unravel_index(x.argmax(), x.shape)] = 1
    return derivative


@misconception(
    "local_derivative",
    kind="negative",
    hint="Your search starts with 0 as the best value so far, so no pixel of a window of "
    "negative numbers ever wins. Start with the window's first pixel.",
    loses="local_derivative_cases",
)
def starts_the_search_at_zero(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    highest, best = 0, (k * sH, l * sW)
    for i in range(k * sH, k * sH + kH):
        for j in range(l * sW, l * sW + kW):
            if x[i, j] > highest:
                highest, best = x[i, j], (i, j)
    derivative = np.zeros(x.shape)
    derivative[best] = 1
    return derivative


@misconception(
    "local_derivative",
    kind="indexing",
    hint="You looked for the maximum's value in the whole image. A pixel outside of the window may "
    "have the same value and come first: look in the window only.",
    loses="local_derivative_cases",
)
def looks_for_the_value_everywhere(x, k, l, kernel_size, stride):
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
    derivative = np.zeros(x.shape)
    derivative[tuple(np.argwhere(x == window.max())[0])] = 1
    return derivative


# ---- jacobian -------------------------------------------------------------------------------


@misconception(
    "jacobian",
    kind="transposed",
    hint="Your matrix is inputs × outputs, the transpose of J. A row belongs to an output and "
    "a column to an input.",
    loses="jacobian_values jacobian_rows jacobian_overlap jacobian_rectangular",
)
def inputs_by_outputs(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    OH, OW = (H - kH) // sH + 1, (W - kW) // sW + 1
    J = np.zeros((H * W, OH * OW))
    for k in range(OH):
        for l in range(OW):
            window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
            u, v = np.unravel_index(window.argmax(), window.shape)
            J[(k * sH + u) * W + l * sW + v, k * OW + l] = 1
    return J


@misconception(
    "jacobian",
    kind="shape",
    hint="You kept four axes. J is a matrix: unfold the outputs into its rows and the inputs "
    "into its columns.",
    loses="jacobian_values jacobian_rows jacobian_overlap jacobian_rectangular",
)
def keeps_four_axes(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    OH, OW = (H - kH) // sH + 1, (W - kW) // sW + 1
    J = np.zeros((OH, OW, H, W))
    for k in range(OH):
        for l in range(OW):
            window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
            u, v = np.unravel_index(window.argmax(), window.shape)
            J[k, l, k * sH + u, l * sW + v] = 1
    return J


@misconception(
    "jacobian",
    kind="order",
    hint="You unfolded the image column by column. vec(x) goes row by row: pixel (i, j) is "
    "column i·W + j of J.",
    loses="jacobian_values jacobian_rectangular",
)
def unfolds_by_columns(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    OH, OW = (H - kH) // sH + 1, (W - kW) // sW + 1
    J = np.zeros((OH * OW, H * W))
    for k in range(OH):
        for l in range(OW):
            window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
            u, v = np.unravel_index(window.argmax(), window.shape)
            J[k * OW + l, (k * sH + u) + (l * sW + v) * H] = 1
    return J


@misconception(
    "jacobian",
    kind="transposed",
    hint="You numbered pixel (i, j) as i·H + j. A row holds W pixels, so i rows hold i·W; the "
    "two agree only on a square image.",
    loses="jacobian_rectangular",
)
def multiplies_by_the_height(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    OH, OW = (H - kH) // sH + 1, (W - kW) // sW + 1
    J = np.zeros((OH * OW, H * W))
    for k in range(OH):
        for l in range(OW):
            window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
            u, v = np.unravel_index(window.argmax(), window.shape)
            J[k * OW + l, (k * sH + u) * H + l * sW + v] = 1
    return J


@misconception(
    "jacobian",
    kind="transposed",
    hint="You read a pair as (width, height). It is (rows, columns), for kernel_size as for "
    "stride.",
    loses="jacobian_rectangular",
)
def takes_the_width_first(x, kernel_size, stride):
    (H, W), (kW, kH), (sW, sH) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    OH, OW = (H - kH) // sH + 1, (W - kW) // sW + 1
    J = np.zeros((OH * OW, H * W))
    for k in range(OH):
        for l in range(OW):
            window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
            u, v = np.unravel_index(window.argmax(), window.shape)
            J[k * OW + l, (k * sH + u) * W + l * sW + v] = 1
    return J


@misconception(
    "jacobian",
    kind="overlap",
    hint="You let each pixel belong to one output only, so the last window took it from the "
    "others. A pixel that wins two windows has two 1s in its column.",
    loses="jacobian_overlap",
)
def counts_a_pixel_once(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    OH, OW = (H - kH) // sH + 1, (W - kW) // sW + 1
    owner = {}
    for k in range(OH):
        for l in range(OW):
            window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
            u, v = np.unravel_index(window.argmax(), window.shape)
            owner[(k * sH + u) * W + l * sW + v] = k * OW + l
    J = np.zeros((OH * OW, H * W))
    for pixel, output in owner.items():
        J[output, pixel] = 1
    return J


@misconception(
    "jacobian",
    kind="stride",
    hint="You counted and placed the windows as if they lay side by side. The next window "
    "starts `stride` pixels on, whatever its size.",
    loses="jacobian_overlap",
)
def tiles_the_image(x, kernel_size, stride):
    (H, W), (kH, kW) = x.shape, spec.pair(kernel_size)
    OH, OW = H // kH, W // kW
    J = np.zeros((OH * OW, H * W))
    for k in range(OH):
        for l in range(OW):
            window = x[k * kH : k * kH + kH, l * kW : l * kW + kW]
            u, v = np.unravel_index(window.argmax(), window.shape)
            J[k * OW + l, (k * kH + u) * W + l * kW + v] = 1
    return J


@misconception(
    "jacobian",
    kind="rounding",
    hint="You have rows for windows that stick out of the image. The last one must fit: there "
    "are (H − kH) // stride + 1 of them, and range(0, H − kH + 1, stride) starts these.",
    loses="jacobian_overlap",
)
def lets_windows_stick_out(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    OH, OW = H // sH, W // sW
    J = np.zeros((OH * OW, H * W))
    for k in range(OH):
        for l in range(OW):
            window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
            u, v = np.unravel_index(window.argmax(), window.shape)
            J[k * OW + l, (k * sH + u) * W + l * sW + v] = 1
    return J


@misconception(
    "jacobian",
    kind="ties",
    hint="You put a 1 at every pixel that equals the maximum. Then a row sums to more than "
    "one, and J·vec(x) adds up equal values instead of taking one of them.",
    loses="jacobian_rows",
)
def ones_for_every_tie(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    rows = []
    for i in range(0, H - kH + 1, sH):
        for j in range(0, W - kW + 1, sW):
            window = x[i : i + kH, j : j + kW]
            row = np.zeros((H, W))
            row[i : i + kH, j : j + kW] = window == window.max()
            rows.append(row.ravel())
    return np.array(rows)


@misconception(
    "jacobian",
    kind="ties",
    hint="You shared the 1 among equal maxima. The rows still sum to one, but J is a matrix of "
    "zeros and ones: one pixel is chosen, the first.",
    loses="jacobian_rows",
)
def shares_in_a_row(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    rows = []
    for i in range(0, H - kH + 1, sH):
        for j in range(0, W - kW + 1, sW):
            window = x[i : i + kH, j : j + kW]
            winners = window == window.max()
            row = np.zeros((H, W))
            row[i : i + kH, j : j + kW] = winners / winners.sum()
            rows.append(row.ravel())
    return np.array(rows)


@misconception(
    "jacobian",
    kind="ties",
    hint="You took the last of equal maxima in a row: a comparison with >= lets a later pixel "
    "replace an equal one. The first one stays.",
    loses="jacobian_rows",
)
def the_last_of_equals(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    rows = []
    for top in range(0, H - kH + 1, sH):
        for left in range(0, W - kW + 1, sW):
            best = top, left
            for i in range(top, top + kH):
                for j in range(left, left + kW):
                    if x[i, j] >= x[best]:
                        best = i, j
            row = np.zeros((H, W))
            row[best] = 1
            rows.append(row.ravel())
    return np.array(rows)


@misconception(
    "jacobian",
    kind="indexing",
    hint="You looked for each maximum's value in the whole image. Another window may hold the same "
    "value earlier: look in the output's own window.",
    loses="jacobian_rows",
)
def finds_the_value_anywhere(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    rows = []
    for i in range(0, H - kH + 1, sH):
        for j in range(0, W - kW + 1, sW):
            row = np.zeros(H * W)
            row[np.argmax(x == x[i : i + kH, j : j + kW].max())] = 1
            rows.append(row)
    return np.array(rows)


@misconception(
    "jacobian",
    kind="transposed",
    hint="You numbered output (k, l) as k·OH + l. A row of outputs holds OW of them, so k rows "
    "hold k·OW.",
    loses="jacobian_rectangular",
)
def numbers_outputs_by_their_height(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    OH, OW = (H - kH) // sH + 1, (W - kW) // sW + 1
    J = np.zeros((OH * OW, H * W))
    for k in range(OH):
        for l in range(OW):
            window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
            u, v = np.unravel_index(window.argmax(), window.shape)
            J[k * OH + l, (k * sH + u) * W + l * sW + v] = 1
    return J


# ---- backward_message -----------------------------------------------------------------------


@misconception(
    "backward_message",
    kind="transposed",
    hint="You multiplied by J, which takes inputs to outputs. A message from the outputs back "
    "to the inputs needs the transpose.",
    loses="backward_message_values backward_message_overlap backward_message_shape",
)
def multiplies_by_j(J, dy):
    return J @ dy.ravel()


@misconception(
    "backward_message",
    kind="chain-rule",
    hint="You did not use dy. The column sums of J count the windows that a pixel won; each of "
    "them weighs as much as its output's gradient.",
    loses="backward_message_values backward_message_overlap backward_message_shape",
)
def forgets_dy(J, dy):
    return J.sum(axis=0)


@misconception(
    "backward_message",
    kind="overlap",
    hint="You assigned each output's gradient, so of two that chose the same pixel the last "
    "one stayed. Their gradients add up.",
    loses="backward_message_overlap",
)
def keeps_the_last_message(J, dy):
    dx = np.zeros(J.shape[1])
    for row, gradient in zip(J, dy.ravel(), strict=True):
        dx[row.argmax()] = gradient
    return dx


@misconception(
    "backward_message",
    kind="overlap",
    hint="You averaged over the windows that a pixel won. The chain rule adds their gradients; "
    "it does not divide by how many they are.",
    loses="backward_message_overlap",
)
def averages_the_messages(J, dy):
    return J.T @ dy.ravel() / np.maximum(J.sum(axis=0), 1)


@misconception(
    "backward_message",
    kind="shape",
    hint="You multiplied with dy as an image. Jᵀ has a column for each output, so dy must be "
    "unfolded into a vector first.",
    loses="backward_message_shape",
)
def leaves_dy_folded(J, dy):
    return J.T @ dy


@misconception(
    "backward_message",
    kind="order",
    hint="You unfolded dy column by column. The rows of J follow the outputs row by row, so dy "
    "must too.",
    loses="backward_message_shape",
)
def unfolds_dy_by_columns(J, dy):
    return J.T @ dy.ravel(order="F")


@misconception(
    "backward_message",
    kind="shape",
    hint="You returned a matrix with a single column. dx is one-dimensional: one number for "
    "each input.",
    loses="backward_message_shape",
)
def returns_a_column(J, dy):
    return J.T @ dy.reshape(-1, 1)


# ---- numerical_jacobian ---------------------------------------------------------------------


@misconception(
    "numerical_jacobian",
    kind="differences",
    hint="You stepped forward only. The error of (f(x + h) − f(x)) / h shrinks with h, that of "
    "the central quotient with h².",
    loses="numerical_jacobian_central",
)
def steps_forward_only(f, x, h=1e-6):
    x = np.array(x, dtype=float)
    J = np.zeros((f(x).size, x.size))
    for c in range(x.size):
        e = np.zeros(x.size)
        e[c] = h
        e = e.reshape(x.shape)
        J[:, c] = (f(x + e) - f(x)).ravel() / h
    return J


@misconception(
    "numerical_jacobian",
    kind="differences",
    hint="You divided by h, but x + h and x − h are 2h apart: every entry is twice too large.",
    loses="numerical_jacobian_values numerical_jacobian_central",
)
def forgets_the_two(f, x, h=1e-6):
    x = np.array(x, dtype=float)
    J = np.zeros((f(x).size, x.size))
    for c in range(x.size):
        e = np.zeros(x.size)
        e[c] = h
        e = e.reshape(x.shape)
        J[:, c] = (f(x + e) - f(x - e)).ravel() / h
    return J


@misconception(
    "numerical_jacobian",
    kind="differences",
    hint="You used a step of your own instead of the h that was passed.",
    loses="numerical_jacobian_central",
)
def ignores_h(f, x, h=1e-6):
    x = np.array(x, dtype=float)
    step = 1e-5
    J = np.zeros((f(x).size, x.size))
    for c in range(x.size):
        e = np.zeros(x.size)
        e[c] = step
        e = e.reshape(x.shape)
        J[:, c] = (f(x + e) - f(x - e)).ravel() / (2 * step)
    return J


@misconception(
    "numerical_jacobian",
    kind="transposed",
    hint="Your matrix is inputs × outputs. Moving input c tells how every output reacts: that "
    "fills column c of J, not row c.",
    loses="numerical_jacobian_shape",
)
def fills_the_rows(f, x, h=1e-6):
    x = np.array(x, dtype=float)
    rows = []
    for c in range(x.size):
        e = np.zeros(x.size)
        e[c] = h
        e = e.reshape(x.shape)
        rows.append((f(x + e) - f(x - e)).ravel() / (2 * h))
    return np.array(rows)


@misconception(
    "numerical_jacobian",
    kind="shape",
    hint="You gave f an unfolded x. f expects x in its own shape, so fold it back before you "
    "call f.",
    loses="numerical_jacobian_shape",
)
def gives_f_a_vector(f, x, h=1e-6):
    x = np.array(x, dtype=float).ravel()
    columns = []
    for c in range(x.size):
        e = np.zeros(x.size)
        e[c] = h
        columns.append((f(x + e) - f(x - e)).ravel() / (2 * h))
    return np.stack(columns, axis=1)


@misconception(
    "numerical_jacobian",
    kind="order",
    hint="You unfolded x or f(x) column by column. The columns of J count the inputs row by "
    "row, and the rows the outputs.",
    loses="numerical_jacobian_shape",
)
def counts_inputs_by_columns(f, x, h=1e-6):
    x = np.array(x, dtype=float)
    columns = []
    for c in range(x.size):
        e = np.zeros(x.size)
        e[c] = h
        e = e.reshape(x.shape, order="F")
        columns.append((f(x + e) - f(x - e)).ravel(order="F") / (2 * h))
    return np.stack(columns, axis=1)


@misconception(
    "numerical_jacobian",
    kind="shape",
    hint="You added the outputs up before taking differences. That is the gradient of their "
    "sum; a Jacobian has a row for each output.",
    loses="numerical_jacobian_values numerical_jacobian_central numerical_jacobian_shape",
)
def adds_the_outputs(f, x, h=1e-6):
    x = np.array(x, dtype=float)
    gradient = np.zeros(x.size)
    for c in range(x.size):
        e = np.zeros(x.size)
        e[c] = h
        e = e.reshape(x.shape)
        gradient[c] = (f(x + e).sum() - f(x - e).sum()) / (2 * h)
    return gradient


@misconception(
    "numerical_jacobian",
    kind="mutation",
    hint="You moved the caller's own x and did not move it back. Work on a copy.",
    loses="numerical_jacobian_inputs",
)
def moves_the_callers_x(f, x, h=1e-6):
    columns = []
    for place in np.ndindex(x.shape):
        x[place] += h
        above = np.array(f(x))
        x[place] -= 2 * h
        below = np.array(f(x))
        columns.append((above - below).ravel() / (2 * h))
    return np.stack(columns, axis=1)


@misconception(
    "numerical_jacobian",
    kind="differences",
    hint="You did not step back before you moved the next input, so f saw several inputs moved "
    "at once. Only input c moves for column c.",
    loses="numerical_jacobian_inputs",
)
def never_steps_back(f, x, h=1e-6):
    x = np.array(x, dtype=float)
    columns = []
    for place in np.ndindex(x.shape):
        x[place] += h
        above = np.array(f(x))
        x[place] -= 2 * h
        below = np.array(f(x))
        columns.append((above - below).ravel() / (2 * h))
    return np.stack(columns, axis=1)


@misconception(
    "numerical_jacobian",
    kind="dtype",
    hint="You added h to an array of whole numbers, which cuts it off again: nothing moved. "
    "Make it an array of floats first.",
    loses="numerical_jacobian_inputs",
)
def moves_whole_numbers(f, x, h=1e-6):
    columns = []
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += h
        below[place] -= h
        columns.append((f(above) - f(below)).ravel() / (2 * h))
    return np.stack(columns, axis=1)


@misconception(
    "numerical_jacobian",
    kind="sharing",
    hint="You moved one array back and forth. If f returns (a view of) its argument, f(x + h) "
    "changes when you step to x − h, and the difference is 0: give f a new array each "
    "time.",
    loses="numerical_jacobian_inputs",
)
def reuses_one_array(f, x, h=1e-6):
    x = np.array(x, dtype=float)
    columns = []
    for place in np.ndindex(x.shape):
        here = x[place]
        x[place] = here + h
        above = f(x)
        x[place] = here - h
        below = f(x)
        x[place] = here
        columns.append((above - below).ravel() / (2 * h))
    return np.stack(columns, axis=1)


# ---- one_sided ------------------------------------------------------------------------------


@misconception(
    "one_sided",
    kind="differences",
    hint="You stepped to both sides. At a kink that averages the slope ahead with the slope "
    "behind, which is neither.",
    loses="one_sided_tie",
)
def looks_both_ways(f, x, v, h=1e-6):
    return (f(x + h * v) - f(x - h * v)) / (2 * h)


@misconception(
    "one_sided",
    kind="differences",
    hint="You measured the slope behind x, between x − h·v and x. Along v means ahead: from x "
    "to x + h·v.",
    loses="one_sided_tie",
)
def looks_back(f, x, v, h=1e-6):
    return (f(x) - f(x - h * v)) / h


@misconception(
    "one_sided",
    kind="ties",
    hint="You added up the slopes along the axes, each times its v. That works only where a "
    "gradient exists; at a tie there is none, so walk along v itself.",
    loses="one_sided_tie",
)
def adds_up_the_axes(f, x, v, h=1e-6):
    slope = 0.0
    for place in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[place] = h
        slope += (f(x + e) - f(x)) / h * v[place]
    return slope


@misconception(
    "one_sided",
    kind="scaling",
    hint="You made v a unit vector first. The derivative along v grows with v: twice the v, "
    "twice the slope.",
    loses="one_sided_direction",
)
def makes_v_a_unit(f, x, v, h=1e-6):
    length = np.sqrt((v**2).sum()) or 1.0
    return (f(x + h * v / length) - f(x)) / h


@misconception(
    "one_sided",
    kind="differences",
    hint="You returned the rise and did not divide it by h.",
    loses="one_sided_values one_sided_tie one_sided_direction",
)
def forgets_to_divide(f, x, v, h=1e-6):
    return f(x + h * v) - f(x)


@misconception(
    "one_sided",
    kind="differences",
    hint="You added h to every pixel and left v out: that is the slope along (1, 1, …, 1), "
    "whatever v is.",
    loses="one_sided_values one_sided_tie one_sided_direction",
)
def moves_every_pixel(f, x, v, h=1e-6):
    return (f(x + h) - f(x)) / h


# ---- is_subgradient -------------------------------------------------------------------------


@misconception(
    "is_subgradient",
    kind="convexity",
    hint="You accepted only the corners. Between the one-hots of two maxima lies a whole "
    "segment of subgradients, and all the 1 can be shared in any way.",
    loses="is_subgradient_hull",
)
def accepts_only_corners(g, w):
    maximal = w == w.max()
    one_hot = np.sum(g == 1) == 1 and np.sum(g != 0) == 1
    return bool(one_hot and maximal[g == 1].all())


@misconception(
    "is_subgradient",
    kind="convexity",
    hint="You asked for a weight above 0 at every maximal pixel. A share of 0 is allowed: the "
    "corners and the edges belong to the hull.",
    loses="is_subgradient_corner is_subgradient_hull",
)
def asks_for_positive_shares(g, w):
    maximal = w == w.max()
    only_there = np.all(g[~maximal] == 0)
    return bool(only_there and np.all(g[maximal] > 0) and abs(g.sum() - 1) < 1e-9)


@misconception(
    "is_subgradient",
    kind="convexity",
    hint="You accepted only the even split. It is one of many: any shares that are not "
    "negative and add up to 1 will do.",
    loses="is_subgradient_corner is_subgradient_hull",
)
def accepts_only_even_shares(g, w):
    maximal = w == w.max()
    return bool(np.abs(g - maximal / maximal.sum()).max() <= 1e-9)


@misconception(
    "is_subgradient",
    kind="ties",
    hint="You accepted only the first maximum. That is the choice that this course computes "
    "with; as a subgradient every maximal pixel is as good.",
    loses="is_subgradient_corner is_subgradient_hull",
)
def accepts_only_the_first(g, w):
    first = np.zeros(w.size)
    first[w.argmax()] = 1
    return bool(np.allclose(g.ravel(), first))


@misconception(
    "is_subgradient",
    kind="convexity",
    hint="You checked only that the weights add up to 1. They must also lie on maximal pixels, "
    "and none may be negative.",
    loses="is_subgradient_outside is_subgradient_negative",
)
def checks_only_the_sum(g, w):
    return bool(abs(g.sum() - 1) < 1e-9)


@misconception(
    "is_subgradient",
    kind="negative",
    hint="You did not look at the sign. Weights such as 2 and −1 add up to 1, yet they point "
    "past the corner, outside of the hull.",
    loses="is_subgradient_negative",
)
def ignores_the_sign(g, w):
    maximal = w == w.max()
    return bool(np.all(g[~maximal] == 0) and abs(g.sum() - 1) < 1e-9)


@misconception(
    "is_subgradient",
    kind="stride",
    hint="You did not compare g with w: a pixel below the maximum has weight 0, since moving "
    "it a little moves nothing.",
    loses="is_subgradient_outside",
)
def never_looks_at_w(g, w):
    return bool(np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)


@misconception(
    "is_subgradient",
    kind="convexity",
    hint="You did not check that the weights add up to 1. If all pixels rise together, the "
    "maximum rises just as much, no more and no less.",
    loses="is_subgradient_outside",
)
def forgets_the_sum(g, w):
    maximal = w == w.max()
    return bool(np.all(g[~maximal] == 0) and np.all(g[maximal] >= 0))


@misconception(
    "is_subgradient",
    kind="rounding",
    hint="You allowed the sum to be off by more than 1e-9: np.isclose and np.allclose forgive a "
    "hundred-thousandth unless told otherwise.",
    loses="is_subgradient_outside",
)
def forgives_a_hundred_thousandth(g, w):
    return bool(np.all(g[w < w.max()] == 0) and np.all(g >= 0) and np.isclose(g.sum(), 1))


@misconception(
    "is_subgradient",
    kind="rounding",
    hint="You compared a sum of floats with 1 exactly. 0.3 + 0.6 + 0.1 is 0.9999999999999999: "
    "allow a difference of 1e-9.",
    loses="is_subgradient_hull",
)
def wants_exactly_one(g, w):
    maximal = w == w.max()
    total = 0.0
    for weight in g.ravel():
        total += weight
    return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and total == 1)


@misconception(
    "is_subgradient",
    kind="shape",
    hint="You returned an answer for every pixel. The question has one answer, so join them "
    "with np.all.",
    loses="is_subgradient_corner is_subgradient_hull is_subgradient_outside "
    "is_subgradient_negative",
)
def answers_for_every_pixel(g, w):
    maximal = w == w.max()
    return (g >= 0) & (maximal | (g == 0)) & (abs(g.sum() - 1) < 1e-9)
