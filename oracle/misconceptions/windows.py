"""Wrong answers of chapter 1."""

import numpy as np

from oracle.kit.registry import right
from poolkit import spec

# ---- window ---------------------------------------------------------------------------------


@right("window")
def window(k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    return np.array([(k * sH + u, l * sW + v) for u in range(kH) for v in range(kW)])


window.differs("""
x-before-y (transposed) loses window_coordinates
    Your pairs put the column before the row. An array is indexed x[i, j], so write the row i first.
~ k * sH + u, l * sW + v => l * sW + v, k * sH + u
output-column-first (transposed) loses window_coordinates
    You multiplied l by the row stride and k by the column stride: in output (k, l), k is the row.
~ k * sH + u, l => l * sH + u, k
coordinates-as-floats (dtype) loses window_coordinates
    Your pixels are right, but they are floats: an array made by np.zeros holds floats unless you
    ask for dtype=int, and floats cannot index an array.
- return np.array([(k * sH + u, l * sW + v) for u in range(kH) for v in range(kW)])
+ pixels = np.zeros((kH * kW, 2))
+ for u in range(kH):
+     for v in range(kW):
+         pixels[u * kW + v] = k * sH + u, l * sW + v
+ return pixels
column-by-column (order) loses window_order
    You listed the window column by column. In row-major order the column changes fastest, so the
    loop over columns is the inner one.
~ u in range(kH) for v in range(kW) => v in range(kW) for u in range(kH)
starts-at-the-output (stride) loses window_coordinates window_stride window_rectangular
    Your window starts at pixel (k, l) itself. Output (k, l) is k steps down and l steps to the
    right, and a step is `stride` pixels long.
- sH, sW = spec.pair(stride)
- return np.array([(k * sH + u, l * sW + v) for u in range(kH) for v in range(kW)])
+ return np.array([(k + u, l + v) for u in range(kH) for v in range(kW)])
strides-inside-the-window (stride) loses window_coordinates window_stride window_rectangular
    You multiplied the place in the window by the stride, too. The stride says where a window
    starts; its pixels are neighbours: k·sH + u, not (k + u)·sH.
~ k * sH + u, l * sW + v => (k + u) * sH, (l + v) * sW
numbers-places-by-the-height (transposed) loses window_rectangular
    You numbered the places of a window as u·kH + v. A row of the window holds kW pixels, so u rows
    hold u·kW.
- return np.array([(k * sH + u, l * sW + v) for u in range(kH) for v in range(kW)])
+ pixels = np.zeros((kH * kW, 2), int)
+ for u in range(kH):
+     for v in range(kW):
+         pixels[u * kH + v] = k * sH + u, l * sW + v
+ return pixels
steps-by-the-kernel (stride) loses window_stride
    You stepped by the window's size. Windows lie side by side only if the stride equals
    kernel_size; in general they start every `stride` pixels.
- sH, sW = spec.pair(stride)
- return np.array([(k * sH + u, l * sW + v) for u in range(kH) for v in range(kW)])
+ return np.array([(k * kH + u, l * kW + v) for u in range(kH) for v in range(kW)])
width-before-height (transposed) loses window_rectangular
    You took the pairs as (width, height). As in every shape here, rows come first: (height, width).
- kH, kW = spec.pair(kernel_size)
- sH, sW = spec.pair(stride)
+ kW, kH = spec.pair(kernel_size)
+ sW, sH = spec.pair(stride)
""")


window.differs("""
counts-from-one (indexing) slips window_coordinates
    You counted from 1: every pixel is one too far down and to the right. Output (0, 0) starts at
    pixel (0, 0), and its range at k·sH.
~ k * sH + u, l * sW + v => k * sH + u + 1, l * sW + v + 1
lists-rows-and-columns-apart (shape) slips window_coordinates
    You made one list of rows and one of columns. Each row of the array is one pixel (i, j), so the
    shape is (kH·kW, 2): transpose it.
~ for v in range(kW)]) => for v in range(kW)]).T
steps-by-the-rows-stride-in-columns (transposed) slips window_rectangular
    You stepped by sH along the columns, too. Row k of windows starts at k·sH, column l at l·sW.
~ l * sW + v => l * sH + v
keeps-the-window-folded (shape) slips window_coordinates
    You kept the window's two axes. The pixels stand one below the other, whichever row they are in:
    the shape is (kH·kW, 2).
~ for v in range(kW)]) => for v in range(kW)]).reshape(kH, kW, 2)
""")


# ---- output_size ----------------------------------------------------------------------------


@right("output_size")
def output_size(size, kernel_size, stride, padding=0, dilation=1):
    span = dilation * (kernel_size - 1) + 1
    return (size + 2 * padding - span) // stride + 1


output_size.differs("""
forgets-the-first-window (sharing) loses output_size_values output_size_remainder
    You counted the steps between windows. There is one window more than steps, as there is one
    fence post more than gaps.
~ stride + 1 => stride
divides-the-span-alone (precedence) loses output_size_{values,remainder,padding}
    You divided only the span: // goes before + and −. Put brackets around
    size + 2 * padding - span, then divide by the stride.
~ (size + 2 * padding - span) // stride => size + 2 * padding - span // stride
spans-the-steps-alone (sharing) loses output_size_values output_size_remainder
    Your window spans a pixel too few: between k pixels lie k − 1 steps of d, and the first pixel
    is one more, so d·(k − 1) + 1.
~ dilation * (kernel_size - 1) + 1 => dilation * (kernel_size - 1)
divides-the-whole-axis (sharing) loses output_size_{values,remainder,dilation}
    You divided the whole axis by the stride. A window's own span must fit behind its start: take it
    off first, and count the first window.
- return (size + 2 * padding - span) // stride + 1
+ return (size + 2 * padding) // stride
returns-a-float (dtype) loses output_size_values
    The number is right, but it is a float, and a shape needs an int: np.floor returns floats, //
    between ints returns an int.
- return (size + 2 * padding - span) // stride + 1
+ return np.floor((size + 2 * padding - span) / stride) + 1
keeps-the-fraction (rounding) loses output_size_values output_size_remainder
    You divided with / and kept the fraction: half a step is no step, so round down, and the number
    of windows is an int.
- return (size + 2 * padding - span) // stride + 1
+ return (size + 2 * padding - span) / stride + 1
rounds-up (rounding) loses output_size_remainder
    You rounded up: a window that sticks out of the image is dropped, so round down.
- return (size + 2 * padding - span) // stride + 1
+ return -(-(size + 2 * padding - span) // stride) + 1
rounds-to-nearest (rounding) loses output_size_remainder
    You rounded to the nearest whole number. Even a window that lacks only one pixel is dropped:
    round down.
- return (size + 2 * padding - span) // stride + 1
+ return round((size + 2 * padding - span) / stride) + 1
pads-one-end (padding) loses output_size_padding
    You counted the padding once, but it is added at both ends of the axis.
~ 2 * padding => padding
dilates-every-pixel (dilation) loses output_size_dilation
    You multiplied the whole window by the dilation. Between k pixels there are only k − 1 steps,
    and each becomes `dilation` pixels long.
- span = dilation * (kernel_size - 1) + 1
- return (size + 2 * padding - span) // stride + 1
+ return (size + 2 * padding - dilation * kernel_size) // stride + 1
dilates-the-padding (dilation) loses output_size_dilation
    You multiplied the padding by the dilation. Padding belongs to the image and stays as it is;
    only the window is spread.
- span = dilation * (kernel_size - 1) + 1
- return (size + 2 * padding - span) // stride + 1
+ return (size + dilation * (2 * padding - (kernel_size - 1)) - 1) // stride + 1
""")


output_size.differs("""
counts-pixels-and-steps (dilation) slips output_size_values
    Your window spans its pixels and the steps between them. A step of d already ends on the next
    pixel: d·(k − 1) + 1, where 1 is the first one.
~ dilation * (kernel_size - 1) + 1 => kernel_size + dilation * (kernel_size - 1)
adds-one-before-dividing (precedence) slips output_size_values
    You added the 1 before you divided. It is a window, the first one, and not a pixel: divide the
    steps by the stride, then add 1.
~ - span) // stride + 1 => - span + 1) // stride
spreads-the-window-once (dilation) slips output_size_dilation
    You added the dilation to the window once. Each of the k − 1 steps between its pixels becomes d
    long: d·(k − 1) + 1.
~ dilation * (kernel_size - 1) + 1 => kernel_size + dilation - 1
leaves-the-dilation-out (dilation) slips output_size_dilation
    You did not use the dilation. It spreads the window, which then spans d·(k − 1) + 1 pixels
    instead of k, so fewer of them fit.
~ dilation * (kernel_size - 1) + 1 => kernel_size
leaves-the-padding-out (padding) slips output_size_padding
    You did not use the padding. It adds pixels at both ends, so the axis is size + 2·padding long.
~ size + 2 * padding => size
""")


# ---- pool_loops -----------------------------------------------------------------------------


@right("pool_loops")
def over_outputs(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H, W = x.shape
    y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
    for k in range(y.shape[0]):
        for l in range(y.shape[1]):
            y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
    return y


@right("pool_loops")
def over_starts(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H, W = x.shape
    rows, columns = range(0, H - kH + 1, sH), range(0, W - kW + 1, sW)
    y = np.zeros((len(rows), len(columns)))
    for k, i in enumerate(rows):
        for l, j in enumerate(columns):
            y[k, l] = x[i : i + kH, j : j + kW].max()
    return y


over_outputs.differs("""
starts-at-zero (negative) loses pool_loops_negative
    You started the search at 0, so in a window of negative values the 0 wins, which is no pixel at
    all. Start from a pixel of the window, or from minus infinity.
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ for i in range(k * sH, k * sH + kH):
+     for j in range(l * sW, l * sW + kW):
+         y[k, l] = max(y[k, l], x[i, j])
starts-at-minus-a-million (negative) loses pool_loops_negative
    You started the search at a number that seemed small enough, and a window lies below it. Only
    minus infinity, or a pixel of the window, is safe.
- y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
+ y = np.full(((H - kH) // sH + 1, (W - kW) // sW + 1), -1e6)
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ for value in x[k * sH : k * sH + kH, l * sW : l * sW + kW].ravel():
+     y[k, l] = max(y[k, l], value)
takes-the-largest-magnitude (negative) loses pool_loops_negative
    You took the largest magnitude. The maximum respects the sign: −1 is larger than −7.
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ values = x[k * sH : k * sH + kH, l * sW : l * sW + kW].ravel()
+ y[k, l] = values[np.argmax(np.abs(values))]
takes-the-smallest (negative) loses pool_loops_values pool_loops_overlap pool_loops_remainder
  pool_loops_rectangular pool_loops_negative
    You took the smallest value of the window. Max pooling passes on the largest.
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].min()
ends-at-the-next-window (stride) loses pool_loops_overlap
    Your windows end where the next one starts. A window starts at k·sH and is kH rows high,
    whatever the stride: it ends at k·sH + kH.
~ k * sH : k * sH + kH, l * sW : l * sW + kW => k * sH : (k + 1) * sH, l * sW : (l + 1) * sW
takes-the-mean (averaging) loses pool_loops_values pool_loops_overlap pool_loops_remainder
  pool_loops_rectangular pool_loops_negative
    You averaged the window. That is average pooling; max pooling keeps one value and forgets the
    rest.
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].mean()
keeps-the-best-of-before (sharing) loses pool_loops_{values,overlap,remainder,rectangular,negative}
    Your search goes on with the best value of the window before. Every window has a maximum of its
    own: begin anew in each, inside the loops over k and l.
- y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
+ y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
+ best = -np.inf
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ best = max(best, x[k * sH : k * sH + kH, l * sW : l * sW + kW].max())
+ y[k, l] = best
cuts-the-rows-twice (indexing) loses pool_loops_values pool_loops_overlap pool_loops_remainder
  pool_loops_rectangular pool_loops_negative
    x[a:b][c:d] cuts rows twice: the second bracket begins again with the rows. Rows and columns
    belong in one bracket, x[a:b, c:d].
~ kH, l * sW => kH][l * sW
ends-a-pixel-early (indexing) loses pool_loops_{values,overlap,remainder,rectangular,negative}
    You cut one pixel off every window, at the bottom and on the right. A slice x[a:b] leaves b out
    already, so a window of kH rows ends at its start plus kH, without a − 1.
~ kH, l * sW => kH - 1, l * sW
~ l * sW + kW] => l * sW + kW - 1]
writes-the-column-first (transposed) loses pool_loops_values pool_loops_overlap
  pool_loops_remainder pool_loops_rectangular pool_loops_negative
    Your y lies on its side: k and l are exchanged, in y[k, l] or where the window starts. As in
    every array the row comes first, k with kH and sH.
~ y[k, l] => y[l, k]
cuts-off-decimals (dtype) loses pool_loops_values
    Your y holds ints, so 16.5 became 16 on its way in. Give y the dtype of x.
- y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
+ y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1), dtype=int)
answers-in-the-image (mutation) loses pool_loops_untouched
    You wrote the answers into x itself and gave a part of it back. The image belongs to the
    caller: make y an array of its own.
- y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
+ y = x[: (H - kH) // sH + 1, : (W - kW) // sW + 1]
cuts-into-tiles (stride) loses pool_loops_overlap
    You cut the image into tiles: your windows step by kernel_size, and the stride plays no part.
- sH, sW = spec.pair(stride)
- H, W = x.shape
+ H, W = x.shape
- y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
- for k in range(y.shape[0]):
-     for l in range(y.shape[1]):
-         y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ y = np.zeros((H // kH, W // kW))
+ for k in range(H // kH):
+     for l in range(W // kW):
+         y[k, l] = x[k * kH : (k + 1) * kH, l * kW : (l + 1) * kW].max()
misses-the-last-window (sharing) loses pool_loops_values pool_loops_overlap pool_loops_rectangular
    Your last window is missing. There are (H − kH) // sH + 1 of them in a column, and a range over
    their starts, of which H − kH is the last that can be, ends at H − kH + 1.
of over_starts
~ kH + 1, sH), range(0, W - kW + 1 => kH, sH), range(0, W - kW
keeps-the-partial-window (rounding) loses pool_loops_remainder
    You kept an incomplete window at the edge. Only whole windows count: what is left over after the
    last of them is seen by no output.
of over_outputs
- y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
- for k in range(y.shape[0]):
-     for l in range(y.shape[1]):
+ OH = int(np.ceil((H - kH) / sH)) + 1
+ OW = int(np.ceil((W - kW) / sW)) + 1
+ y = np.zeros((OH, OW))
+ for k in range(OH):
+     for l in range(OW):
starts-up-to-the-edge (rounding) loses pool_loops_overlap pool_loops_remainder
    You started a window at every step up to the edge. A slice beyond the edge is silently cut
    short, so these windows are incomplete; they do not belong to the output.
of over_starts
~ H - kH + 1, sH), range(0, W - kW + 1 => H, sH), range(0, W
pools-wide-for-high (transposed) loses pool_loops_rectangular
    You took the pairs as (width, height). As in every shape here, rows come first: (height, width).
of over_outputs
- kH, kW = spec.pair(kernel_size)
- sH, sW = spec.pair(stride)
+ kW, kH = spec.pair(kernel_size)
+ sW, sH = spec.pair(stride)
steps-wide-for-high (transposed) loses pool_loops_rectangular
    You took the stride as (width, height). Rows come first in every pair: (sH, sW).
~ sH, sW = => sW, sH =
square-images-only (transposed) loses pool_loops_rectangular
    You took the image to be square: the number of output columns comes from W, not from H.
- H, W = x.shape
- y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
+ H = x.shape[0]
+ y = np.zeros(((H - kH) // sH + 1, (H - kW) // sW + 1))
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ values = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
+ y[k, l] = values.max() if values.size else 0
""")


over_outputs.differs("""
starts-at-minus-one (negative) slips pool_loops_negative
    You started the search at −1, and a window lies below it. Only minus infinity, or a pixel of the
    window, is safe.
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ y[k, l] = max(-1, x[k * sH : k * sH + kH, l * sW : l * sW + kW].max())
returns-a-magnitude (negative) slips pool_loops_negative
    You compared magnitudes, and gave one back. The maximum respects the sign: −1 is larger than −7,
    and it stays −1.
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ y[k, l] = abs(x[k * sH : k * sH + kH, l * sW : l * sW + kW]).max()
starts-at-the-first-pixel-of-all (negative) slips pool_loops_values
    Your search starts at x[0, 0] in every window, so no output is below it. Start with a pixel of
    the window itself, or with minus infinity.
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ y[k, l] = max(x[0, 0], x[k * sH : k * sH + kH, l * sW : l * sW + kW].max())
starts-at-the-output-s-place (negative) slips pool_loops_values
    Your search starts at x[k, l], which is no pixel of window (k, l): that one starts at (k·sH,
    l·sW). Start there, or with minus infinity.
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ y[k, l] = max(x[k, l], x[k * sH : k * sH + kH, l * sW : l * sW + kW].max())
keeps-x-s-shape (shape) slips pool_loops_values
    Your y is as large as x. It has one place for each window: (H − kH) // sH + 1 rows, and columns
    likewise.
~ y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1)) => y = np.zeros((H, W))
- for k in range(y.shape[0]):
-     for l in range(y.shape[1]):
+ for k in range((H - kH) // sH + 1):
+     for l in range((W - kW) // sW + 1):
returns-after-the-first-row (indexing) slips pool_loops_values
    Only the first row of y is filled: a return inside a loop ends all loops. It belongs behind
    them.
- return y
+     return y
returns-after-the-first-window (indexing) slips pool_loops_values
    Only the first window is filled: a return inside a loop ends all loops. It belongs behind them.
-         y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+         y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+         return y
takes-the-largest-of-all (stride) slips pool_loops_values
    You took the maximum of the whole image for every output. Output (k, l) sees only its window:
    cut that out of x first.
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ y[k, l] = x.max()
starts-at-row-k (stride) slips pool_loops_values
    Your window starts at pixel (k, l) itself. Output (k, l) is k steps down and l steps to the
    right, and a step is `stride` pixels long.
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ y[k, l] = x[k : k + kH, l : l + kW].max()
keeps-the-columns-of-a-window (axes) slips pool_loops_values
    You took a maximum along one axis of the window, so each output is a row of numbers. Both axes
    go: .max() without an axis.
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max(axis=0)
- y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
+ y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1, kW))
lists-the-outputs-in-one-row (shape) slips pool_loops_values
    Your outputs stand in one long row. y is an image: row k of it holds the outputs (k, 0), (k, 1),
    …
- return y
+ return y.ravel()
returns-the-place-of-the-maximum (indexing) slips pool_loops_values
    You put the place of the maximum into y. argmax says where the largest value is; y holds the
    value itself, as .max() says it.
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].argmax()
lists-the-places-of-the-maxima (indexing) slips pool_loops_values
    You put the place of the maximum into y. argmax says where the largest value is; y holds the
    value itself, as .max() says it.
- y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
+ y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1), dtype=int)
- y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
+ y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].argmax()
sees-one-row-of-a-window (indexing) slips pool_loops_values
    You looked at the first row of each window alone. It is kH rows high: k·sH to k·sH + kH, in a
    slice or in a loop of its own.
~ x[k * sH : k * sH + kH, l => x[k * sH : k * sH + 1, l
steps-columns-by-sh (transposed) slips pool_loops_rectangular
    You stepped by sH along the columns, too. Row k of windows starts at k·sH, column l at l·sW.
~ l * sW : l * sW + kW => l * sH : l * sH + kW
counts-columns-with-kh (transposed) slips pool_loops_rectangular
    You counted the columns of y with kH. Along a row the window is kW pixels long: (W − kW) // sW +
    1.
- y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
+ y = np.zeros(((H - kH) // sH + 1, (W - kH) // sW + 1))
""")
