"""Wrong answers of chapter 2."""

import numpy as np

from oracle.kit.registry import misconception, right
from poolkit import spec

# ---- local_derivative -----------------------------------------------------------------------


@right("local_derivative")
def by_argmax(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
    u, v = np.unravel_index(window.argmax(), window.shape)
    derivative = np.zeros(x.shape)
    derivative[k * sH + u, l * sW + v] = 1
    return derivative


@right("local_derivative")
def by_search(x, k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    best = (k * sH, l * sW)
    for i in range(k * sH, k * sH + kH):
        for j in range(l * sW, l * sW + kW):
            if x[i, j] > x[best]:
                best = (i, j)
    derivative = np.zeros(x.shape)
    derivative[best] = 1
    return derivative


by_argmax.differs("""
marks-every-tie (ties) loses local_derivative_ties
    You gave a 1 to every pixel that equals the maximum. The output takes its value once, so only
    the first of the equal pixels, row by row, gets the 1.
- u, v = np.unravel_index(window.argmax(), window.shape)
- derivative = np.zeros(x.shape)
+ derivative = np.zeros(x.shape)
- derivative[k * sH + u, l * sW + v] = 1
+ derivative[k * sH : k * sH + kH, l * sW : l * sW + kW] = window == window.max()
shares-among-ties (ties) loses local_derivative_ties
    You shared the 1 evenly among the equal maxima. That is a subgradient too, but this course, as
    PyTorch, gives it all to the first of them.
- u, v = np.unravel_index(window.argmax(), window.shape)
+ winners = window == window.max()
- derivative[k * sH + u, l * sW + v] = 1
+ derivative[k * sH : k * sH + kH, l * sW : l * sW + kW] = winners / winners.sum()
marks-the-last-maximum (ties) loses local_derivative_ties
    You took the last of the equal maxima: a comparison with >= lets a later pixel replace an equal
    one. The first one stays.
of by_search
~ i, j] > x[best => i, j] >= x[best
searches-by-columns (order) loses local_derivative_ties
    You searched the window column by column. First means row-major here: the whole upper row comes
    before the next one.
- for i in range(k * sH, k * sH + kH):
-     for j in range(l * sW, l * sW + kW):
+ for j in range(l * sW, l * sW + kW):
+     for i in range(k * sH, k * sH + kH):
writes-the-maximum (scaling) loses local_derivative_cases local_derivative_stride
    You wrote the maximum itself into the array. The derivative says how fast the output follows the
    pixel, and it follows one to one, so the entry is 1.
of by_argmax
~ [k * sH + u, l * sW + v] = 1 => [k * sH + u, l * sW + v] = window.max()
stays-in-the-window (order) loses local_derivative_cases local_derivative_stride
    You used the winner's place in the window as its place in the image. Add the window's corner,
    (k·s, l·s), to it.
~ k * sH + u, l * sW + v => np.unravel_index(window.argmax(), window.shape)
- u, v = np.unravel_index(window.argmax(), window.shape)
- derivative = np.zeros(x.shape)
+ derivative = np.zeros(x.shape)
indexes-with-one-number (indexing) loses local_derivative_cases local_derivative_stride
  local_derivative_ties
    np.argmax returns one number, and derivative[number] is a whole row. np.unravel_index makes a
    row and a column of it, of the window's shape.
~ [k * sH + u, l * sW + v] => [window.argmax()]
- u, v = np.unravel_index(window.argmax(), window.shape)
- derivative = np.zeros(x.shape)
+ derivative = np.zeros(x.shape)
unravels-in-the-image (shape) loses local_derivative_cases local_derivative_stride
    You unravelled the winner's number in the shape of x. It counts the pixels of the window, so
    np.unravel_index needs the window's shape.
~ window.shape => x.shape
cuts-a-window-s-rows-twice (indexing) loses local_derivative_cases local_derivative_stride
    x[a:b][c:d] cuts rows twice: the second bracket begins again with the rows. Rows and columns
    belong in one bracket, x[a:b, c:d].
~ kH, l * sW : => kH][l * sW :
returns-the-window (shape) loses local_derivative_cases local_derivative_stride
    Your array is as large as the window. There is a derivative for every pixel of the image, and it
    is 0 for the pixels outside of the window.
- u, v = np.unravel_index(window.argmax(), window.shape)
- derivative = np.zeros(x.shape)
- derivative[k * sH + u, l * sW + v] = 1
+ derivative = np.zeros(window.shape)
+ derivative[np.unravel_index(window.argmax(), window.shape)] = 1
starts-at-k-l (stride) loses local_derivative_cases local_derivative_stride
    Your window starts at pixel (k, l). Output (k, l) lies k steps down and l steps right, and each
    step is `stride` pixels: start at (k·s, l·s).
~ k * sH + u, l * sW + v => k + u, l + v
- sH, sW = spec.pair(stride)
- window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
+ window = x[k : k + kH, l : l + kW]
steps-by-the-window (stride) loses local_derivative_stride
    You stepped by the size of the window. That is right only if windows lie side by side; from one
    window to the next it is `stride` pixels.
~ sH + u, l * sW => kH + u, l * kW
- sH, sW = spec.pair(stride)
- window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
+ window = x[k * kH : k * kH + kH, l * kW : l * kW + kW]
reads-width-first (transposed) loses local_derivative_stride
    You read a pair as (width, height). It is (rows, columns), for kernel_size as for stride.
- kH, kW = spec.pair(kernel_size)
- sH, sW = spec.pair(stride)
+ kW, kH = spec.pair(kernel_size)
+ sW, sH = spec.pair(stride)
wins-the-whole-image (stride) loses local_derivative_cases local_derivative_stride
    You took the maximum of the whole image. Output (k, l) sees only its window, and only a pixel of
    the window can win it.
~ k * sH + u, l * sW + v => np.unravel_index(x.argmax(), x.shape)
- kH, kW = spec.pair(kernel_size)
- sH, sW = spec.pair(stride)
- window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
- u, v = np.unravel_index(window.argmax(), window.shape)
- derivative = np.zeros(x.shape)
+ derivative = np.zeros(x.shape)
starts-the-search-at-zero (negative) loses local_derivative_cases
    Your search starts with 0 as the best value so far, so no pixel of a window of negative numbers
    ever wins. Start with the window's first pixel.
of by_search
~ best = (k * sH, l * sW) => highest, best = 0, (k * sH, l * sW)
- if x[i, j] > x[best]:
-     best = (i, j)
+ if x[i, j] > highest:
+     highest, best = x[i, j], (i, j)
looks-for-the-value-everywhere (indexing) loses local_derivative_cases
    You looked for the maximum's value in the whole image. A pixel outside of the window may have
    the same value and come first: look in the window only.
of by_argmax
~ k * sH + u, l * sW + v => tuple(np.argwhere(x == window.max())[0])
- kH, kW = spec.pair(kernel_size)
- sH, sW = spec.pair(stride)
+ (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
- u, v = np.unravel_index(window.argmax(), window.shape)
- derivative = np.zeros(x.shape)
+ derivative = np.zeros(x.shape)
""")


by_argmax.differs("""
cuts-by-the-kernel (stride) slips local_derivative_stride
    You cut the window out at k·kH. It starts at k·sH, wherever the last one ended: steps are as
    long as the stride, windows as the kernel.
~ x[k * sH : k * sH + kH, l * sW : l * sW + kW] => x[k * kH : k * kH + kH, l * kW : l * kW + kW]
puts-the-corner-at-k-l (stride) slips local_derivative_cases
    You took (k, l) for the window's corner when you wrote the 1. The corner is pixel (k·sH, l·sW).
~ derivative[k * sH + u, l * sW + v] => derivative[k + u, l + v]
writes-at-the-output-s-place (order) slips local_derivative_cases
    You wrote the 1 at (k, l), the place of the output. The derivative is an image of the pixels:
    its 1 is where the winner is.
~ derivative[k * sH + u, l * sW + v] => derivative[k, l]
writes-column-before-row (transposed) slips local_derivative_cases
    You exchanged row and column, of the winner in its window or where you wrote the 1. The row
    comes first, from np.unravel_index as in every array.
~ derivative[k * sH + u, l * sW + v] => derivative[l * sW + v, k * sH + u]
marks-the-value-everywhere (indexing) slips local_derivative_cases
    You marked every pixel of the image that equals the maximum. A pixel outside of the window may
    do so by chance, and moves nothing.
- derivative[k * sH + u, l * sW + v] = 1
+ derivative[x == window.max()] = 1
takes-l-for-the-row (transposed) slips local_derivative_cases
    You exchanged k and l: output (k, l) is in row k of y, so its window starts at row k·sH and at
    column l·sW.
- window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
+ k, l = l, k
+ window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
looks-at-one-row-of-the-window (indexing) slips local_derivative_cases
    You looked at the first row of the window alone. It is kH rows high: k·sH to k·sH + kH.
~ x[k * sH : k * sH + kH, l * sW => x[k * sH : k * sH + 1, l * sW
writes-where-tiles-would-be (stride) slips local_derivative_stride
    You cut the window out at k·sH and wrote the 1 as if it started at k·kH: its corner is pixel
    (k·sH, l·sW) both times.
~ derivative[k * sH + u, l * sW + v] => derivative[k * kH + u, l * kW + v]
steps-by-sh-both-ways (transposed) slips local_derivative_stride
    You stepped by sH along the columns, too. Row k of windows starts at k·sH, column l at l·sW.
- window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
+ sW = sH
+ window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
marks-the-whole-window (averaging) slips local_derivative_cases
    You marked the whole window. All its pixels are seen, but only the winner moves the output.
- derivative[k * sH + u, l * sW + v] = 1
+ derivative[k * sH : k * sH + kH, l * sW : l * sW + kW] = 1
""")


# ---- jacobian -------------------------------------------------------------------------------


@right("jacobian")
def entry_by_entry(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    OH, OW = (H - kH) // sH + 1, (W - kW) // sW + 1
    J = np.zeros((OH * OW, H * W))
    for k in range(OH):
        for l in range(OW):
            window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
            u, v = np.unravel_index(window.argmax(), window.shape)
            J[k * OW + l, (k * sH + u) * W + l * sW + v] = 1
    return J


@right("jacobian")
def row_by_row(x, kernel_size, stride):
    (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
    rows = []
    for i in range(0, H - kH + 1, sH):
        for j in range(0, W - kW + 1, sW):
            window = x[i : i + kH, j : j + kW]
            u, v = np.unravel_index(window.argmax(), window.shape)
            row = np.zeros((H, W))
            row[i + u, j + v] = 1
            rows.append(row.ravel())
    return np.array(rows)


entry_by_entry.differs("""
inputs-by-outputs (transposed) loses jacobian_values jacobian_rows jacobian_overlap
  jacobian_rectangular
    Your matrix is inputs × outputs, the transpose of J. A row belongs to an output and a column to
    an input.
~ OH * OW, H * W => H * W, OH * OW
- J[k * OW + l, (k * sH + u) * W + l * sW + v] = 1
+ J[(k * sH + u) * W + l * sW + v, k * OW + l] = 1
keeps-four-axes (shape) loses jacobian_values jacobian_rows jacobian_overlap jacobian_rectangular
    You kept four axes. J is a matrix: unfold the outputs into its rows and the inputs into its
    columns.
~ OH * OW, H * W => OH, OW, H, W
~ k * OW + l, (k * sH + u) * W + l => k, l, k * sH + u, l
unfolds-by-columns (order) loses jacobian_values jacobian_rectangular
    You unfolded the image column by column. vec(x) goes row by row: pixel (i, j) is column i·W + j
    of J.
- J[k * OW + l, (k * sH + u) * W + l * sW + v] = 1
+ J[k * OW + l, (k * sH + u) + (l * sW + v) * H] = 1
multiplies-by-the-height (transposed) loses jacobian_rectangular
    You numbered pixel (i, j) as i·H + j. A row holds W pixels, so i rows hold i·W; the two agree
    only on a square image.
- J[k * OW + l, (k * sH + u) * W + l * sW + v] = 1
+ J[k * OW + l, (k * sH + u) * H + l * sW + v] = 1
forgets-the-corner (order) loses jacobian_values jacobian_rows jacobian_overlap
  jacobian_rectangular
    You numbered the winner by its place in the window. Add the window's corner, (k·s, l·s), before
    you number the pixel.
~ (k * sH + u) * W + l * sW + v => u * W + v
takes-the-width-first (transposed) loses jacobian_rectangular
    You read a pair as (width, height). It is (rows, columns), for kernel_size as for stride.
~ kH, kW), (sH, sW => kW, kH), (sW, sH
writes-the-maximum-into-j (scaling) loses jacobian_{values,rows,overlap,rectangular}
    You wrote the pixel's value into J. The derivative says how fast the output follows the pixel,
    and it follows one to one, so the entry is 1.
~ + v] = 1 => + v] = window.max()
counts-a-pixel-once (overlap) loses jacobian_overlap
    You let each pixel belong to one output only, so the last window took it from the others. A
    pixel that wins two windows has two 1s in its column.
~ J = np.zeros((OH * OW, H * W)) => owner = {}
-         J[k * OW + l, (k * sH + u) * W + l * sW + v] = 1
+         owner[(k * sH + u) * W + l * sW + v] = k * OW + l
+ J = np.zeros((OH * OW, H * W))
+ for pixel, output in owner.items():
+     J[output, pixel] = 1
tiles-the-image (stride) loses jacobian_overlap
    You counted and placed the windows as if they lay side by side. The next window starts `stride`
    pixels on, whatever its size.
~ sH : k * sH + kH, l * sW : l * sW => kH : k * kH + kH, l * kW : l * kW
- (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
- OH, OW = (H - kH) // sH + 1, (W - kW) // sW + 1
+ (H, W), (kH, kW) = x.shape, spec.pair(kernel_size)
+ OH, OW = H // kH, W // kW
- J[k * OW + l, (k * sH + u) * W + l * sW + v] = 1
+ J[k * OW + l, (k * kH + u) * W + l * kW + v] = 1
lets-windows-stick-out (rounding) loses jacobian_overlap
    You have rows for windows that stick out of the image. The last one must fit: there are (H − kH)
    // stride + 1 of them, and range(0, H − kH + 1, stride) starts these.
- OH, OW = (H - kH) // sH + 1, (W - kW) // sW + 1
+ OH, OW = H // sH, W // sW
ones-for-every-tie (ties) loses jacobian_rows
    You put a 1 at every pixel that equals the maximum. Then a row sums to more than one, and
    J·vec(x) adds up equal values instead of taking one of them.
of row_by_row
~ [i + u, j + v] = 1 => [i : i + kH, j : j + kW] = window == window.max()
- u, v = np.unravel_index(window.argmax(), window.shape)
- row = np.zeros((H, W))
+ row = np.zeros((H, W))
shares-in-a-row (ties) loses jacobian_rows
    You shared the 1 among equal maxima. The rows still sum to one, but J is a matrix of zeros and
    ones: one pixel is chosen, the first.
~ [i + u, j + v] = 1 => [i : i + kH, j : j + kW] = winners / winners.sum()
- u, v = np.unravel_index(window.argmax(), window.shape)
+ winners = window == window.max()
the-last-of-equals (ties) loses jacobian_rows
    You took the last of equal maxima in a row: a comparison with >= lets a later pixel replace an
    equal one. The first one stays.
~ i + u, j + v => best
- for i in range(0, H - kH + 1, sH):
-     for j in range(0, W - kW + 1, sW):
-         window = x[i : i + kH, j : j + kW]
-         u, v = np.unravel_index(window.argmax(), window.shape)
+ for top in range(0, H - kH + 1, sH):
+     for left in range(0, W - kW + 1, sW):
+         best = top, left
+         for i in range(top, top + kH):
+             for j in range(left, left + kW):
+                 if x[i, j] >= x[best]:
+                     best = i, j
visits-outputs-by-columns (order) loses jacobian_values jacobian_rectangular
    Your rows follow the outputs column by column: k and l are exchanged. vec(y) goes row by row, as
    vec(x) does: k, which goes with kH and sH, is the outer loop, and row k·OW + l is its row.
- for i in range(0, H - kH + 1, sH):
-     for j in range(0, W - kW + 1, sW):
+ for j in range(0, W - kW + 1, sW):
+     for i in range(0, H - kH + 1, sH):
finds-the-value-anywhere (indexing) loses jacobian_rows
    You looked for each maximum's value in the whole image. Another window may hold the same value
    earlier: look in the output's own window.
- window = x[i : i + kH, j : j + kW]
- u, v = np.unravel_index(window.argmax(), window.shape)
- row = np.zeros((H, W))
- row[i + u, j + v] = 1
- rows.append(row.ravel())
+ row = np.zeros(H * W)
+ row[np.argmax(x == x[i : i + kH, j : j + kW].max())] = 1
+ rows.append(row)
numbers-outputs-by-their-height (transposed) loses jacobian_rectangular
    You numbered output (k, l) as k·OH + l. A row of outputs holds OW of them, so k rows hold k·OW.
of entry_by_entry
~ k * OW + l => k * OH + l
""")


entry_by_entry.differs("""
steps-by-the-kernel-in-j (stride) slips jacobian_overlap
    You placed the windows side by side. Window (k, l) starts at (k·sH, l·sW), whatever its size.
- window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
+ window = x[k * kH : k * kH + kH, l * kW : l * kW + kW]
~ (k * sH + u) * W + l * sW + v => (k * kH + u) * W + l * kW + v
takes-the-place-for-the-pixel (order) slips jacobian_values
    Your column is the winner's number in its window, as argmax gives it. The column is its number
    in the image: find its row and column there, (i, j), and take i·W + j.
- J[k * OW + l, (k * sH + u) * W + l * sW + v] = 1
+ J[k * OW + l, window.argmax()] = 1
fills-the-first-row-of-outputs (indexing) slips jacobian_values
    Only the outputs of the first row have a 1 in J: a return inside a loop ends all loops. It
    belongs behind them.
- return J
+     return J
fills-the-first-output (indexing) slips jacobian_values
    Only the first output has a 1 in J: a return inside a loop ends all loops. It belongs behind
    them.
-         J[k * OW + l, (k * sH + u) * W + l * sW + v] = 1
+         J[k * OW + l, (k * sH + u) * W + l * sW + v] = 1
+         return J
numbers-as-if-in-tiles (stride) slips jacobian_overlap
    You cut the window out at k·sH and numbered its pixels as if it started at k·kH: its corner is
    pixel (k·sH, l·sW) both times.
~ (k * sH + u) * W + l * sW + v => (k * kH + u) * W + l * kW + v
steps-by-sh-in-j (transposed) slips jacobian_rectangular
    You stepped by sH along the columns, too. Row k of windows starts at k·sH, column l at l·sW.
- OH, OW = (H - kH) // sH + 1, (W - kW) // sW + 1
+ OH, OW, sW = (H - kH) // sH + 1, (W - kW) // sW + 1, sH
numbers-from-k-l (stride) slips jacobian_values
    You took (k, l) for the window's corner when you numbered the winner. The corner is pixel (k·sH,
    l·sW).
~ (k * sH + u) * W + l * sW + v => (k + u) * W + l + v
""")


# ---- backward_message -----------------------------------------------------------------------


@right("backward_message")
def backward_message(J, dy):
    return J.T @ dy.ravel()


backward_message.differs("""
multiplies-by-j (transposed) loses backward_message_values backward_message_overlap
  backward_message_shape
    You multiplied by J, which takes inputs to outputs. A message from the outputs back to the
    inputs needs the transpose.
~ J.T @ dy => J @ dy
forgets-dy (chain-rule) loses backward_message_values backward_message_overlap
  backward_message_shape
    You did not use dy. The column sums of J count the windows that a pixel won; each of them weighs
    as much as its output's gradient.
~ T @ dy.ravel() => sum(axis=0)
keeps-the-last-message (overlap) loses backward_message_overlap
    You assigned each output's gradient, so of two that chose the same pixel the last one stayed.
    Their gradients add up.
- return J.T @ dy.ravel()
+ dx = np.zeros(J.shape[1])
+ for row, gradient in zip(J, dy.ravel(), strict=True):
+     dx[row.argmax()] = gradient
+ return dx
averages-the-messages (overlap) loses backward_message_overlap
    You averaged over the windows that a pixel won. The chain rule adds their gradients; it does not
    divide by how many they are.
~ ravel() => ravel() / np.maximum(J.sum(axis=0), 1)
leaves-dy-folded (shape) loses backward_message_shape
    You multiplied with dy as an image. Jᵀ has a column for each output, so dy must be unfolded into
    a vector first.
~ dy.ravel() => dy
multiplies-dy-as-an-image (shape) loses backward_message_shape
    You multiplied J by dy as an image. J has a row for each output, so dy must be unfolded into a
    vector first: dy.ravel() @ J.
~ J.T @ dy.ravel() => dy @ J
multiplies-entry-by-entry (sum) loses backward_message_{values,overlap,shape}
    You multiplied entry by entry, and what is left is a matrix. The product of a matrix and a
    vector also adds up: @, not *.
~ J.T @ dy => J.T * dy
adds-up-over-the-inputs (axes) loses backward_message_{values,overlap,shape}
    You added up over the inputs, along the rows of J. A pixel hears from all outputs: add up down
    its column.
~ J.T @ dy.ravel() => (J * dy.reshape(-1, 1)).sum(axis=1)
unfolds-dy-by-columns (order) loses backward_message_shape
    You unfolded dy column by column. The rows of J follow the outputs row by row, so dy must too.
~ ravel() => ravel(order="F")
returns-a-column (shape) loses backward_message_shape
    You returned a matrix with a single column. dx is one-dimensional: one number for each input.
~ ravel() => reshape(-1, 1)
""")


# ---- numerical_jacobian ---------------------------------------------------------------------


@right("numerical_jacobian")
def into_columns(f, x, h=1e-6):
    x = np.array(x, dtype=float)
    J = np.zeros((f(x).size, x.size))
    for c in range(x.size):
        e = np.zeros(x.size)
        e[c] = h
        e = e.reshape(x.shape)
        J[:, c] = (f(x + e) - f(x - e)).ravel() / (2 * h)
    return J


@right("numerical_jacobian")
def list_of_columns(f, x, h=1e-6):
    x = np.array(x, dtype=float)
    columns = []
    for c in range(x.size):
        e = np.zeros(x.size)
        e[c] = h
        e = e.reshape(x.shape)
        columns.append((f(x + e) - f(x - e)).ravel() / (2 * h))
    return np.stack(columns, axis=1)


@right("numerical_jacobian")
def there_and_back(f, x, h=1e-6):
    x = np.array(x, dtype=float)
    columns = []
    for place in np.ndindex(x.shape):
        x[place] += h
        above = np.array(f(x))
        x[place] -= 2 * h
        below = np.array(f(x))
        x[place] += h
        columns.append((above - below).ravel() / (2 * h))
    return np.stack(columns, axis=1)


into_columns.differs("""
steps-forward-only (differences) loses numerical_jacobian_central
    You stepped forward only. The error of (f(x + h) − f(x)) / h shrinks with h, that of the central
    quotient with h².
- J[:, c] = (f(x + e) - f(x - e)).ravel() / (2 * h)
+ J[:, c] = (f(x + e) - f(x)).ravel() / h
forgets-the-two (differences) loses numerical_jacobian_values numerical_jacobian_central
    You divided by h, but x + h and x − h are 2h apart: every entry is twice too large.
~ (2 * h) => h
divides-by-two-times-h (precedence) loses numerical_jacobian_{values,central,shape}
    You divided by 2 and multiplied by h: a / 2 * h goes from left to right. The points are 2h
    apart, so / (2 * h).
~ / (2 * h) => / 2 * h
ignores-h (differences) loses numerical_jacobian_central
    You used a step of your own instead of the h that was passed.
~ [c] = h => [c] = step
~ (2 * h) => (2 * step)
- J = np.zeros((f(x).size, x.size))
+ step = 1e-5
+ J = np.zeros((f(x).size, x.size))
fills-the-rows (transposed) loses numerical_jacobian_shape
    Your matrix is inputs × outputs. Moving input c tells how every output reacts: that fills column
    c of J, not row c.
- J = np.zeros((f(x).size, x.size))
+ rows = []
-     J[:, c] = (f(x + e) - f(x - e)).ravel() / (2 * h)
- return J
+     rows.append((f(x + e) - f(x - e)).ravel() / (2 * h))
+ return np.array(rows)
gives-f-a-vector (shape) loses numerical_jacobian_shape
    You gave f an unfolded x. f expects x in its own shape, so fold it back before you call f.
of list_of_columns
~ (x, dtype=float) => (x, dtype=float).ravel()
- e = e.reshape(x.shape)
- columns.append((f(x + e) - f(x - e)).ravel() / (2 * h))
+ columns.append((f(x + e) - f(x - e)).ravel() / (2 * h))
counts-inputs-by-columns (order) loses numerical_jacobian_shape
    You unfolded x or f(x) column by column. The columns of J count the inputs row by row, and the
    rows the outputs.
- e = e.reshape(x.shape)
- columns.append((f(x + e) - f(x - e)).ravel() / (2 * h))
+ e = e.reshape(x.shape, order="F")
+ columns.append((f(x + e) - f(x - e)).ravel(order="F") / (2 * h))
leaves-f-of-x-folded (shape) loses numerical_jacobian_shape
    You put f(x) into a column as it is. f may return an image: a column of J is a vector, so unfold
    it with .ravel().
of into_columns
~ (f(x + e) - f(x - e)).ravel() => (f(x + e) - f(x - e))
adds-the-outputs (shape) loses numerical_jacobian_values numerical_jacobian_central
  numerical_jacobian_shape
    You added the outputs up before taking differences. That is the gradient of their sum; a
    Jacobian has a row for each output.
of into_columns
- J = np.zeros((f(x).size, x.size))
+ gradient = np.zeros(x.size)
-     J[:, c] = (f(x + e) - f(x - e)).ravel() / (2 * h)
- return J
+     gradient[c] = (f(x + e).sum() - f(x - e).sum()) / (2 * h)
+ return gradient
moves-the-callers-x (mutation) loses numerical_jacobian_inputs
    You moved the caller's own x and did not move it back. Work on a copy.
of there_and_back
- x = np.array(x, dtype=float)
- columns = []
+ columns = []
- x[place] += h
- columns.append((above - below).ravel() / (2 * h))
+ columns.append((above - below).ravel() / (2 * h))
moves-a-row-at-a-time (shape) loses numerical_jacobian_shape
    You counted len(x) inputs. Of an image len(x) is the number of rows; every entry is an input of
    its own, x.size of them: np.ndindex(x.shape) visits them all.
of list_of_columns
~ range(x.size) => range(len(x))
- e = np.zeros(x.size)
- e[c] = h
- e = e.reshape(x.shape)
+ e = np.zeros(x.shape)
+ e[c] = h
never-steps-back (differences) loses numerical_jacobian_inputs
    You did not step back before you moved the next input, so f saw several inputs moved at once.
    Only input c moves for column c.
of there_and_back
- x[place] += h
- columns.append((above - below).ravel() / (2 * h))
+ columns.append((above - below).ravel() / (2 * h))
""")


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


into_columns.differs("""
moves-x-itself (sharing) slips numerical_jacobian_values
    Your J is 0: nothing moved, or nothing was written into J. plus = x makes no copy, so what you
    add through one name you take off again through the other: x.copy(), or x + e.
- J[:, c] = (f(x + e) - f(x - e)).ravel() / (2 * h)
+ J[:, c] = 0
moves-all-inputs (differences) slips numerical_jacobian_values
    You moved all inputs at once. Column c tells what input c alone does: add h at one place.
~ e[c] = h => e[:] = h
divides-the-second-alone (precedence) slips numerical_jacobian_values
    You divided only the second f by 2h: / goes before −. Put brackets around the difference.
~ (f(x + e) - f(x - e)).ravel() / (2 * h) => f(x + e).ravel() - f(x - e).ravel() / (2 * h)
returns-after-the-first-column (indexing) slips numerical_jacobian_values
    Only the first column of J is filled: a return inside a loop ends it. It belongs behind the
    loop.
- return J
+     return J
subtracts-the-wrong-way (sign) slips numerical_jacobian_values
    Your slopes have the wrong sign: f(x + h) comes first, and f(x − h) is subtracted from it.
~ f(x + e) - f(x - e) => f(x - e) - f(x + e)
""")


there_and_back.differs("""
reuses-one-array (sharing) loses numerical_jacobian_inputs
    You moved one array back and forth. If f returns (a view of) its argument, f(x + h) changes when
    you step to x − h, and the difference is 0: give f a new array each time.
- x[place] += h
- above = np.array(f(x))
- x[place] -= 2 * h
- below = np.array(f(x))
- x[place] += h
+ here = x[place]
+ x[place] = here + h
+ above = f(x)
+ x[place] = here - h
+ below = f(x)
+ x[place] = here
""")


# ---- one_sided ------------------------------------------------------------------------------


@right("one_sided")
def one_sided(f, x, v, h=1e-6):
    return (f(x + h * v) - f(x)) / h


one_sided.differs("""
looks-both-ways (differences) loses one_sided_tie
    You stepped to both sides. At a kink that averages the slope ahead with the slope behind, which
    is neither.
- return (f(x + h * v) - f(x)) / h
+ return (f(x + h * v) - f(x - h * v)) / (2 * h)
looks-back (differences) loses one_sided_tie
    You measured the slope behind x, between x − h·v and x. Along v means ahead: from x to x + h·v.
~ x + h * v) - f(x => x) - f(x - h * v
adds-up-the-axes (ties) loses one_sided_tie
    You added up the slopes along the axes, each times its v. That works only where a gradient
    exists; at a tie there is none, so walk along v itself.
- return (f(x + h * v) - f(x)) / h
+ slope = 0.0
+ for place in np.ndindex(x.shape):
+     e = np.zeros(x.shape)
+     e[place] = h
+     slope += (f(x + e) - f(x)) / h * v[place]
+ return slope
makes-v-a-unit (scaling) loses one_sided_direction
    You made v a unit vector first. The derivative along v grows with v: twice the v, twice the
    slope.
- return (f(x + h * v) - f(x)) / h
+ length = np.sqrt((v**2).sum()) or 1.0
+ return (f(x + h * v / length) - f(x)) / h
forgets-to-divide (differences) loses one_sided_values one_sided_tie one_sided_direction
    You returned the rise and did not divide it by h.
- return (f(x + h * v) - f(x)) / h
+ return f(x + h * v) - f(x)
moves-every-pixel (differences) loses one_sided_values one_sided_tie one_sided_direction
    You added h to every pixel and left v out: that is the slope along (1, 1, …, 1), whatever v is.
~ f(x + h * v) - f(x) => f(x + h) - f(x)
divides-f-of-x-alone (precedence) slips one_sided_values
    You divided only f(x) by h: / goes before −. Put brackets around the difference.
~ (f(x + h * v) - f(x)) / h => f(x + h * v) - f(x) / h
walks-all-of-v (differences) slips one_sided_values
    You walked from x to x + v and divided by h. The step is h times v: x + h·v.
~ x + h * v => x + v
forgets-the-sign-of-a-slope (sign) slips one_sided_values
    You took the magnitude. A slope has a sign: along v the function may fall.
~ (f(x + h * v) - f(x)) / h => abs(f(x + h * v) - f(x)) / h
steps-as-it-likes (differences) slips one_sided_tie
    You used a step of your own instead of the h that was passed.
- return (f(x + h * v) - f(x)) / h
+ return (f(x + 1e-6 * v) - f(x)) / 1e-6
""")


# ---- is_subgradient -------------------------------------------------------------------------


@right("is_subgradient")
def is_subgradient(g, w):
    maximal = w == w.max()
    return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)


is_subgradient.differs("""
accepts-only-corners (convexity) loses is_subgradient_hull
    You accepted no mixture. Between the one-hots of two maxima lies a whole segment of
    subgradients: the 1 can be shared in any way.
- return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)
+ one_hot = np.sum(g == 1) == 1 and np.sum(g != 0) == 1
+ return bool(one_hot and maximal[g == 1].all())
asks-for-positive-shares (convexity) loses is_subgradient_corner is_subgradient_hull
    You asked for a share above 0 at every maximal pixel. A share of 0 is allowed: the corners and
    the edges belong to the hull.
- return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)
+ only_there = np.all(g[~maximal] == 0)
+ return bool(only_there and np.all(g[maximal] > 0) and abs(g.sum() - 1) < 1e-9)
accepts-only-even-shares (convexity) loses is_subgradient_corner is_subgradient_hull
    You accepted only the even split. It is one of many: any shares that are not negative and add up
    to 1 will do.
- return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)
+ return bool(np.abs(g - maximal / maximal.sum()).max() <= 1e-9)
accepts-only-the-first (ties) loses is_subgradient_corner is_subgradient_hull
    You accepted only the first maximum. That is the choice that this course computes with; as a
    subgradient every maximal pixel is as good.
- maximal = w == w.max()
- return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)
+ first = np.zeros(w.size)
+ first[w.argmax()] = 1
+ return bool(np.allclose(g.ravel(), first))
checks-only-the-sum (convexity) loses is_subgradient_outside is_subgradient_negative
    You checked only that the shares add up to 1. They must also lie on maximal pixels, and none
    may be negative.
- maximal = w == w.max()
- return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)
+ return bool(abs(g.sum() - 1) < 1e-9)
ignores-the-sign (negative) loses is_subgradient_negative
    A negative share passed: not one may be below 0. Shares such as 2 and −1 add up to 1, yet they
    point past the corner, outside of the hull.
~ and np.all(g >= 0) and => and
never-looks-at-w (stride) loses is_subgradient_outside
    You did not compare g with w: a pixel below the maximum has a share of 0, since moving it a
    little moves nothing.
- maximal = w == w.max()
- return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)
+ return bool(np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)
forgets-the-sum (convexity) loses is_subgradient_outside
    You did not check that the shares add up to 1. If all pixels rise together, the maximum rises
    just as much, no more and no less.
- return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)
+ return bool(np.all(g[~maximal] == 0) and np.all(g[maximal] >= 0))
forgives-a-hundred-thousandth (rounding) loses is_subgradient_outside
    You allowed the sum to be off by more than 1e-9: np.isclose and np.allclose forgive a
    hundred-thousandth unless told otherwise.
- maximal = w == w.max()
- return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)
+ return bool(np.all(g[w < w.max()] == 0) and np.all(g >= 0) and np.isclose(g.sum(), 1))
wants-exactly-one (rounding) loses is_subgradient_hull
    You compared a sum of floats with 1 exactly. 0.3 + 0.6 + 0.1 is 0.9999999999999999: allow a
    difference of 1e-9.
- return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)
+ total = 0.0
+ for weight in g.ravel():
+     total += weight
+ return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and total == 1)
adds-up-the-winners-alone (convexity) loses is_subgradient_outside
    You added up the shares of the maximal pixels alone and did not look at the others. A pixel
    below the maximum has a share of 0, also when the rest is right without it.
- return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)
+ return bool(np.all(g[maximal] >= 0) and abs(g[maximal].sum() - 1) < 1e-9)
takes-each-column-s-maximum (axes) loses is_subgradient_outside
    You compared each pixel with the maximum of its own row or column. The window has one maximum,
    over all of its pixels: w.max() without an axis.
~ w.max() => w.max(axis=0)
answers-for-every-pixel (shape) loses is_subgradient_corner is_subgradient_hull
  is_subgradient_outside is_subgradient_negative
    You returned an answer for every pixel. The question has one answer, so join them with np.all.
- return bool(np.all(g[~maximal] == 0) and np.all(g >= 0) and abs(g.sum() - 1) < 1e-9)
+ return (g >= 0) & (maximal | (g == 0)) & (abs(g.sum() - 1) < 1e-9)
""")
