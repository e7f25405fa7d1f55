"""Wrong answers of chapter 3.

The two passes of a layer speak through the cache, so most of these replace both: the one that
shows the mistake, and a right companion that keeps, or reads, what it needs.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from oracle.kit.registry import misconception, right
from poolkit.spec import pair

# ---- pool_tiles -----------------------------------------------------------------------------


@right("pool_tiles")
def pool_tiles(x, kernel_size):
    kH, kW = pair(kernel_size)
    N, C, H, W = x.shape
    OH, OW = H // kH, W // kW
    whole = x[:, :, : OH * kH, : OW * kW]
    return whole.reshape(N, C, OH, kH, OW, kW).max(axis=(3, 5))


pool_tiles.differs("""
reshapes-the-remainder-too (rounding) loses pool_tiles_remainder
    You reshaped the whole image. Pixels that fill no tile have no place in (OH, kH, OW, kW): cut
    them off first.
- OH, OW = H // kH, W // kW
- whole = x[:, :, : OH * kH, : OW * kW]
- return whole.reshape(N, C, OH, kH, OW, kW).max(axis=(3, 5))
+ return x.reshape(N, C, H // kH, kH, W // kW, kW).max(axis=(3, 5))
fills-up-the-last-tile (rounding) loses pool_tiles_remainder
    You filled the image up to whole tiles, so a part of a tile counts as a tile. It is dropped.
- OH, OW = H // kH, W // kW
- whole = x[:, :, : OH * kH, : OW * kW]
- return whole.reshape(N, C, OH, kH, OW, kW).max(axis=(3, 5))
+ filled = np.pad(x, ((0, 0), (0, 0), (0, -H % kH), (0, -W % kW)), constant_values=-np.inf)
+ return filled.reshape(N, C, -(-H // kH), kH, -(-W // kW), kW).max(axis=(3, 5))
maximum-over-the-tiles (axes) loses pool_tiles_values pool_tiles_remainder pool_tiles_rectangular
  pool_tiles_vectorised
    You took the maximum over the tiles, axes 2 and 4. The places inside a tile are what it goes
    over, and after (N, C, OH, kH, OW, kW) these are axes 3 and 5.
~ max(axis=(3, 5)) => max(axis=(2, 4))
maximum-of-the-last-axes (axes) loses pool_tiles_values pool_tiles_remainder
  pool_tiles_rectangular pool_tiles_vectorised
    You took the maximum over the last two axes, 4 and 5. After (N, C, OH, kH, OW, kW) the places
    inside a tile are axes 3 and 5.
~ max(axis=(3, 5)) => max(axis=(4, 5))
maximum-of-the-columns-alone (axes) loses pool_tiles_values pool_tiles_remainder
  pool_tiles_rectangular pool_tiles_vectorised
    You took the maximum over the columns of a tile alone. A tile has rows too, axis 3 of
    (N, C, OH, kH, OW, kW): both at once are axis=(3, 5).
~ max(axis=(3, 5)) => max(axis=5)
splits-the-axes-backwards (order) loses pool_tiles_values pool_tiles_remainder
  pool_tiles_rectangular pool_tiles_vectorised
    You split H into (kH, OH). The pixels of a tile are neighbours, so the place within the tile
    changes fastest and comes last: (OH, kH).
~ C, OH, kH, OW, kW).max(axis=(3, 5) => C, kH, OH, kW, OW).max(axis=(2, 4)
takes-tiles-as-width-by-height (transposed) loses pool_tiles_rectangular
    You took the kernel as (columns, rows): a pair is (rows, columns), so kH comes first.
~ kH, kW => kW, kH
tiles-one-by-one (loops) loses pool_tiles_vectorised
    Your tiles are right, but Python visits them one after the other; a comprehension is a loop too.
- whole = x[:, :, : OH * kH, : OW * kW]
- return whole.reshape(N, C, OH, kH, OW, kW).max(axis=(3, 5))
+ y = np.zeros((N, C, OH, OW), x.dtype)
+ y.reshape(N, C, OH * OW)[:] = np.stack(
+     [
+         x[:, :, k * kH : (k + 1) * kH, l * kW : (l + 1) * kW].max(axis=(2, 3))
+         for k in range(OH)
+         for l in range(OW)
+     ],
+     axis=-1,
+ )
+ return y
splits-all-axes-at-once (order) loses pool_tiles_values pool_tiles_remainder pool_tiles_rectangular
  pool_tiles_vectorised
    You split the image into (OH, OW, kH, kW). An axis can only fall apart in its own place: H into
    (OH, kH), W into (OW, kW), so (OH, kH, OW, kW).
~ C, OH, kH, OW, kW).max(axis=(3, 5) => C, OH, OW, kH, kW).max(axis=(4, 5)
""")


pool_tiles.differs("""
counts-tiles-by-the-width (transposed) slips pool_tiles_rectangular
    You counted the rows of tiles with kW. H pixels hold H // kH of them: kH belongs to H, kW to W.
~ H // kH, W => H // kW, W
cuts-to-as-many-pixels-as-tiles (rounding) slips pool_tiles_values
    You cut the image down to OH rows and OW columns. OH counts tiles, and each is kH rows high:
    keep :OH*kH and :OW*kW.
~ x[:, :, : OH * kH, : OW * kW] => x[:, :, :OH, :OW]
averages-the-tiles (averaging) slips pool_tiles_values
    You averaged the tiles. That is average pooling; max pooling keeps the largest pixel of each.
~ .max(axis=(3, 5)) => .mean(axis=(3, 5))
cuts-in-front (rounding) slips pool_tiles_remainder
    You cut the remainder off in front, so the tiles no longer begin at pixel (0, 0). What is left
    over is at the end: keep :OH*kH and :OW*kW.
~ x[:, :, : OH * kH, : OW * kW] => x[:, :, H - OH * kH :, W - OW * kW :]
takes-the-largest-of-all-tiles (axes) slips pool_tiles_values
    You took the maximum of everything: .max() without an axis leaves one number. Name the axes that
    go.
~ .max(axis=(3, 5)) => .max()
""")


# ---- windows --------------------------------------------------------------------------------


@right("windows")
def windows(x, kernel_size, stride, padding, dilation):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    if pH or pW:
        x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    return sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]


windows.differs("""
pads-by-nothing (copies) loses windows_view
    Something copies the pixels. np.pad does even when there is nothing to add: call it only if
    there is padding. Fancy indexing, np.array and reshape of a view do, too.
- if pH or pW:
-     x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
+ x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
windows-padded-by-zero (padding) loses windows_padding maxpool_{forward,backward}_padding
    np.pad fills with zeros unless told otherwise, and a zero beats every negative pixel. Only minus
    infinity never wins.
- x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
+ x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)))
borders-in-float64 (dtype) loses windows_padding maxpool_forward_dtype
    np.full, np.zeros and np.empty make float64 unless they are told x.dtype, so where there is
    padding your windows are twice as large as they should be.
- x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
+ N, C, H, W = x.shape
+ padded = np.full((N, C, H + 2 * pH, W + 2 * pW), -np.inf)
+ padded[:, :, pH : pH + H, pW : pW + W] = x
+ x = padded
pads-by-less-than-the-least (padding) loses windows_padding maxpool_{forward,backward}_nan
  maxpool_backward_batches
    You padded with a number a little below the least pixel. It never wins here, but it is a pixel
    of no image: a window that sees the border alone is −∞.
- x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
+ least = x.min() - 1
+ x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=least)
repeats-the-edge (padding) loses windows_padding maxpool_{forward,backward}_padding
    You repeated the pixels of the edge. Their copies tie with them, and a copy in the border may be
    the first of the equals: the gradient leaves the image.
~ constant_values=-np.inf => mode="edge"
pads-by-rows-and-columns (padding) loses windows_padding maxpool_{forward,backward}_rectangular
    The two widths of an axis are those before and behind it: (pH, pH) for the rows and (pW, pW)
    for the columns. You gave both (pH, pW).
~ (pH, pH), (pW, pW) => (pH, pW), (pH, pW)
pads-all-four-axes (padding) loses windows_padding maxpool_{forward,backward}_padding
    One width for np.pad pads every axis: you made new images and new channels of minus infinity.
    Only the last two axes get a border.
- (pH, pW), (dH, dW) = pair(padding), pair(dilation)
- if pH or pW:
-     x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
+ (pH, _), (dH, dW) = pair(padding), pair(dilation)
+ if pH:
+     x = np.pad(x, pH, constant_values=-np.inf)
spans-d-times-k (dilation) loses windows_dilation maxpool_{forward,backward}_dilation
    You let a window span d·k pixels. Between k pixels there are only k − 1 steps of d, so from the
    first to the last it spans d·(k − 1) + 1.
~ dH * (kH - 1) + 1, dW * (kW - 1) + 1 => dH * kH, dW * kW
thins-out-instead-of-spreading (dilation) loses windows_dilation maxpool_{forward,backward}_dilation
    You spread the window's pixels but let it span kernel_size pixels only, so it holds fewer of
    them: it spans d·(k − 1) + 1.
- (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
- (pH, pW), (dH, dW) = pair(padding), pair(dilation)
+ (sH, sW), (pH, pW), (dH, dW) = pair(stride), pair(padding), pair(dilation)
- span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
- return sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
+ w = sliding_window_view(x, pair(kernel_size), axis=(2, 3))
+ return w[:, :, ::sH, ::sW, ::dH, ::dW]
steps-by-the-wrong-stride (transposed) loses windows_values windows_padding windows_dilation
  maxpool_{forward,backward}_rectangular
    You stepped by the column stride along the rows: in a pair the rows come first.
~ sH, sW => sW, sH
pads-the-wrong-axis (transposed) loses windows_padding maxpool_{forward,backward}_rectangular
    You padded the columns by pH and the rows by pW: in a pair the rows come first.
~ pH, pW => pW, pH
spreads-the-wrong-axis (transposed) loses windows_dilation maxpool_{forward,backward}_rectangular
    You spread the columns by dH and the rows by dW: in a pair the rows come first.
~ dH, dW => dW, dH
collects-windows-in-a-loop (loops) loses windows_view windows_vectorised maxpool_forward_vectorised
    You copied one window after the other into a new array. All windows lie in x already, a fixed
    number of bytes apart.
- if pH or pW:
-     x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
- span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
- return sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
+ x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
+ N, C, H, W = x.shape
+ OH, OW = (H - dH * (kH - 1) - 1) // sH + 1, (W - dW * (kW - 1) - 1) // sW + 1
+ w = np.zeros((N, C, OH, OW, kH, kW), x.dtype)
+ for k in range(OH):
+     for l in range(OW):
+         rows, columns = np.arange(kH) * dH + k * sH, np.arange(kW) * dW + l * sW
+         w[:, :, k, l] = x[:, :, rows[:, None], columns]
+ return w
""")


windows.differs("""
exchanges-stride-and-dilation (order) slips windows_values
    You exchanged stride and dilation. The first two of the four axes count windows, and step by the
    stride; the last two are inside a window, and step by the dilation.
~ ::sH, ::sW, ::dH, ::dW => ::dH, ::dW, ::sH, ::sW
puts-the-window-before-the-outputs (order) slips windows_values
    You put the axes of the window before those of the outputs. The order is n, c, k, l, u, v: first
    which window, then which of its pixels.
~ [:, :, ::sH, ::sW, ::dH, ::dW] => [:, :, ::sH, ::sW, ::dH, ::dW].transpose(0, 1, 4, 5, 2, 3)
exchanges-the-spans (transposed) slips windows_values
    You exchanged the two lengths of the window: rows come first, (span of the rows, span of the
    columns).
~ span = dH * (kH - 1) + 1, dW * (kW - 1) + 1 => span = dW * (kW - 1) + 1, dH * (kH - 1) + 1
takes-every-window (stride) slips windows_values
    You kept all windows, as if the stride were 1: take every sH-th row of windows and every sW-th
    column of them.
~ ::sH, ::sW, ::dH => :, :, ::dH
steps-by-the-kernel-always (stride) slips windows_values
    You stepped from window to window by the kernel's size. The stride says how far they are apart.
~ ::sH, ::sW, ::dH => ::kH, ::kW, ::dH
keeps-the-gaps (dilation) slips windows_dilation
    Your windows are as large as the span and keep the pixels in the gaps: take every dH-th row of a
    window and every dW-th column, too.
~ , ::dH, ::dW] => ]
pads-in-front-alone (padding) slips windows_padding
    You padded in front alone. Each axis gets padding at both ends: (pH, pH), (pW, pW).
~ (pH, pH), (pW, pW) => (pH, 0), (pW, 0)
pads-for-the-rows-alone (padding) slips windows_padding
    You pad only where pH is not 0. Columns can be padded alone, too: if pH or pW.
~ if pH or pW: => if pH:
pads-with-nan (padding) slips windows_padding
    You padded with NaN, and a NaN wins every window that sees it. Only minus infinity never wins.
~ constant_values=-np.inf => constant_values=np.nan
""")


# ---- maxpool_forward ------------------------------------------------------------------------


def adds_up(dy, cache):
    """A right backward pass, for a cache of the winners' places in x.ravel()."""
    winners, shape, dtype = cache
    dx = np.zeros(shape, dtype)
    np.add.at(dx.reshape(-1), winners, dy)
    return dx


BACKWARD = {"maxpool_backward": adds_up}


@right("maxpool_forward", also=BACKWARD)
def by_argmax(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


by_argmax.differs("""
starts-from-zero (negative) loses maxpool_forward_negative maxpool_forward_padding
    Your search for the maximum starts from zero, and zero beats every negative pixel. Start from
    minus infinity, or from a pixel of the window.
~ padded = np => x = np
- w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
+ w = sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
- u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
+ y = np.zeros((N, C, OH, OW), x.dtype)
+ for u in range(kH):
+     for v in range(kW):
+         y = np.maximum(y, w[..., u, v])
+ u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
- return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)
+ return y, (winners, (N, C, H, W), x.dtype)
widens-to-float64 (dtype) loses maxpool_forward_dtype
    np.zeros, np.empty and np.full make float64 whatever x is, so your y is twice as large as it
    should be: give it x.dtype.
~ w.max(axis=(4, 5)) => y
- u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
+ y = np.zeros((N, C, OH, OW))
+ y[:] = w.max(axis=(4, 5))
+ u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
narrows-to-float32 (dtype) loses maxpool_forward_dtype
    You made y float32 whatever x is. It has the dtype of x: x.dtype.
~ w.max(axis=(4, 5)), (winners => w.max(axis=(4, 5)).astype(np.float32), (winners
pads-the-image-with-zeros (padding) loses maxpool_{forward,backward}_padding
    You padded with zeros: at the border a zero wins over negative pixels, and takes their gradient
    with it.
- padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
+ padded = np.zeros((N, C, H + 2 * pH, W + 2 * pW), x.dtype)
+ padded[:, :, pH : pH + H, pW : pW + W] = x
side-by-side-always (stride) loses maxpool_{forward,backward}_overlap
  maxpool_backward_remainder
    You placed the windows side by side whatever the stride is: the next one starts `stride` pixels
    on, not `kernel_size`.
~ sH, ::sW => kH, ::kW
- (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
- (pH, pW), (dH, dW) = pair(padding), pair(dilation)
+ (kH, kW), (pH, pW), (dH, dW) = pair(kernel_size), pair(padding), pair(dilation)
- i = np.arange(OH)[:, None] * sH + u * dH - pH
- j = np.arange(OW) * sW + v * dW - pW
+ i = np.arange(OH)[:, None] * kH + u * dH - pH
+ j = np.arange(OW) * kW + v * dW - pW
rounds-the-windows-up (rounding) loses maxpool_{forward,backward}_remainder
    You rounded the number of windows up: a window that sticks out of the image is dropped, so
    divide with floor (//).
- padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
- span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
+ span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
- w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
+ OH = -(-(H + 2 * pH - span[0]) // sH) + 1
+ OW = -(-(W + 2 * pW - span[1]) // sW) + 1
+ more = (OH - 1) * sH + span[0] - H - pH, (OW - 1) * sW + span[1] - W - pW
+ padded = np.pad(x, ((0, 0), (0, 0), (pH, more[0]), (pW, more[1])), constant_values=-np.inf)
+ w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
- OH, OW = w.shape[2:4]
- u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
+ u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
kernel-as-width-by-height (transposed) loses maxpool_{forward,backward}_rectangular
    You read the kernel as (width, height): in a pair the rows come first, kH before kW.
~ kH, kW => kW, kH
stride-as-width-by-height (transposed) loses maxpool_{forward,backward}_rectangular
    You read the stride as (along the columns, along the rows): sH, the step from row to row, comes
    first.
~ sH, sW => sW, sH
counts-the-rows-twice (shape) loses maxpool_{forward,backward}_rectangular
    You took as many windows along a row as along a column: the image is W wide and H high, so count
    both.
- span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
- w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
- OH, OW = w.shape[2:4]
- u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
- i = np.arange(OH)[:, None] * sH + u * dH - pH
- j = np.arange(OW) * sW + v * dW - pW
+ size = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
+ steps = np.arange(size)
+ rows = steps[:, None] * sH + np.arange(kH) * dH
+ columns = steps[:, None] * sW + np.arange(kW) * dW
+ w = padded[:, :, rows[:, None, :, None], columns[None, :, None, :]]
+ u, v = np.divmod(w.reshape(N, C, size, size, kH * kW).argmax(axis=-1), kW)
+ i, j = steps[:, None] * sH + u * dH - pH, steps * sW + v * dW - pW
windows-of-d-times-k (dilation) loses maxpool_{forward,backward}_dilation
    Your windows span d·k pixels, and so fewer of them fit. Between k pixels there are only k − 1
    steps of d: the span is d·(k − 1) + 1.
~ dH * (kH - 1) + 1, dW * (kW - 1) + 1 => dH * kH, dW * kW
forgets-the-dilation (dilation) loses maxpool_{forward,backward}_dilation
    You never used dilation: the pixels of your windows are neighbours, whatever it says.
- (pH, pW), (dH, dW) = pair(padding), pair(dilation)
+ pH, pW = pair(padding)
- span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
- w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
+ w = sliding_window_view(padded, (kH, kW), axis=(2, 3))[:, :, ::sH, ::sW]
- i = np.arange(OH)[:, None] * sH + u * dH - pH
- j = np.arange(OW) * sW + v * dW - pW
+ i = np.arange(OH)[:, None] * sH + u - pH
+ j = np.arange(OW) * sW + v - pW
skips-nan (nan) loses maxpool_{forward,backward}_nan
    You skipped the NaNs: a search by > from −∞ never takes one, and np.nanmax and np.fmax pass them
    over. A NaN must stay visible, so it wins its window.
- padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
+ numbers = np.where(np.isnan(x), np.array(-np.inf, x.dtype), x)
+ padded = np.pad(numbers, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
pads-with-a-very-small-number (padding) loses maxpool_{forward,backward}_padding
    You padded with a number that looks small enough. Some image is smaller still: only minus
    infinity is below every number.
~ np.inf => 9999
padding-as-width-by-height (transposed) loses maxpool_{forward,backward}_rectangular
    You read the padding as (left and right, above and below): in a pair the rows come first, so its
    first number goes above and below.
~ pH, pW => pW, pH
dilation-as-width-by-height (transposed) loses maxpool_{forward,backward}_rectangular
    You read the dilation as (along the columns, along the rows): in a pair the rows come first.
~ dH, dW => dW, dH
border-in-float64 (dtype) loses maxpool_forward_dtype
    Where there is padding your y is float64: np.full makes float64 unless you give it x.dtype.
- padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
+ padded = x
+ if pH or pW:
+     padded = np.full((N, C, H + 2 * pH, W + 2 * pW), -np.inf)
+     padded[:, :, pH : pH + H, pW : pW + W] = x
""")


@misconception(
    "maxpool_forward",
    kind="nan",
    hint="You searched with >, and a comparison with NaN is always False: a NaN wins only where "
    "the search begins with it. Ask np.isnan as well.",
    loses="maxpool_forward_nan maxpool_backward_nan",
    also=BACKWARD,
)
def nan_loses_every_comparison(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
    OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
    i, j = np.arange(OH)[:, None] * sH, np.arange(OW) * sW
    image = np.arange(N * C).reshape(N, C, 1, 1)
    y, winners = xp[:, :, i, j], (image * H + i - pH) * W + j - pW
    for u in range(0, kH * dH, dH):
        for v in range(0, kW * dW, dW):
            seen = xp[:, :, i + u, j + v]
            winners = np.where(seen > y, (image * H + i + u - pH) * W + j + v - pW, winners)
            y = np.where(seen > y, seen, y)
    return y, (winners, x.shape, x.dtype)


@right("maxpool_forward", also=BACKWARD)
def by_offsets(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
    OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
    i, j = np.arange(OH)[:, None] * sH - pH, np.arange(OW) * sW - pW
    image = np.arange(N * C).reshape(N, C, 1, 1) * H
    y = np.full((N, C, OH, OW), -np.inf, x.dtype)
    winners = (image + i) * W + j
    for u in range(0, kH * dH, dH):
        for v in range(0, kW * dW, dW):
            seen = padded[:, :, u : u + OH * sH : sH, v : v + OW * sW : sW]
            seen = seen[:, :, :OH, :OW]
            better = (seen > y) | (np.isnan(seen) & ~np.isnan(y))
            y = np.where(better, seen, y)
            winners = np.where(better, (image + i + u) * W + j + v, winners)
    return y, (winners, x.shape, x.dtype)


by_offsets.differs("""
counts-without-the-dilation (dilation) loses maxpool_{forward,backward}_dilation
    You counted the windows without the dilation. A spread window spans d·(k − 1) + 1 pixels, so
    fewer of them fit: (H + 2·pH − dH·(kH − 1) − 1) // sH + 1.
~ (H + 2 * pH - dH * (kH - 1) - 1) => (H + 2 * pH - kH)
~ (W + 2 * pW - dW * (kW - 1) - 1) => (W + 2 * pW - kW)
""")


by_argmax.differs("""
crosses-out-the-winners (mutation) loses maxpool_forward_inputs
    You crossed the winners out in x itself. x belongs to the layer before, which still needs it.
- u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
+ y = w.max(axis=(4, 5))
+ u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
- winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
- return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)
+ n, c = np.arange(N).reshape(N, 1, 1, 1), np.arange(C).reshape(C, 1, 1)
+ x[n, c, i, j] = -np.inf
+ return y, (((n * C + c) * H + i) * W + j, x.shape, x.dtype)
winners-of-the-first-channel (shape) loses maxpool_forward_values
  maxpool_{forward,backward}_vectorised maxpool_backward_batches
    You searched the first channel only and took its winners for all: every channel has its own.
- u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
+ u, v = np.divmod(w[:, :1].reshape(N, min(C, 1), OH, OW, kH * kW).argmax(axis=-1), kW)
- winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
- return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)
+ n, c = np.arange(N).reshape(N, 1, 1, 1), np.arange(C).reshape(C, 1, 1)
+ return x[n, c, i, j], (((n * C + c) * H + i) * W + j, x.shape, x.dtype)
lets-reshape-guess (shape) loses maxpool_forward_inputs maxpool_backward_batches
    You let reshape guess a size with -1. Of an empty batch it cannot: write kH * kW.
- u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
+ w = w.reshape(N, C, OH, OW, -1)
+ u, v = np.divmod(w.argmax(axis=-1), kW)
- return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)
+ return w.max(axis=-1), (winners, x.shape, x.dtype)
""")


@misconception(
    "maxpool_forward",
    kind="loops",
    hint="You loop over the images and their channels. They are axes like any other: one array "
    "operation works on all of them.",
    loses="maxpool_forward_vectorised",
    also=BACKWARD,
)
def one_channel_after_the_other(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
    OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
    y, winners = np.zeros((N, C, OH, OW), x.dtype), np.zeros((N, C, OH, OW), int)
    for n in range(N):
        for c in range(C):
            padded = np.pad(x[n, c], ((pH, pH), (pW, pW)), constant_values=-np.inf)
            span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
            w = sliding_window_view(padded, span)[::sH, ::sW, ::dH, ::dW]
            y[n, c] = w.max(axis=(2, 3))
            u, v = np.divmod(w.reshape(OH, OW, kH * kW).argmax(axis=-1), kW)
            i = np.arange(OH)[:, None] * sH + u * dH - pH
            j = np.arange(OW) * sW + v * dW - pW
            winners[n, c] = ((n * C + c) * H + i) * W + j
    return y, (winners, x.shape, x.dtype)


by_argmax.differs("""
applies-along-an-axis (loops) loses maxpool_forward_vectorised maxpool_forward_inputs
  maxpool_backward_batches
    Python visits every window by itself. np.apply_along_axis and np.vectorize only hide that loop:
    they call a function for each window.
~ w.max(axis=(4, 5)) => y
- u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
+ w = w.reshape(N, C, OH, OW, kH * kW)
+ y = np.apply_along_axis(np.max, -1, w)
+ u, v = np.divmod(np.apply_along_axis(np.argmax, -1, w), kW)
""")


@misconception(
    "maxpool_forward",
    kind="ties",
    hint="You let a later pixel win that is only as large (≥ or ≤ where > belongs): of several "
    "equal maxima the first in row-major order wins.",
    loses="maxpool_backward_ties maxpool_backward_nan",
    also=BACKWARD,
)
def last_maximum_wins(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
    OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
    y = np.full((N, C, OH, OW), -np.inf, x.dtype)
    winners = np.zeros((N, C, OH, OW), int)
    image = np.arange(N * C).reshape(N, C, 1, 1)
    rows, columns = np.arange(OH)[:, None] * sH - pH, np.arange(OW) * sW - pW
    for u in range(0, kH * dH, dH):
        for v in range(0, kW * dW, dW):
            seen = padded[:, :, u : u + OH * sH : sH, v : v + OW * sW : sW][:, :, :OH, :OW]
            better = ~(seen < y) & ~np.isnan(y) | np.isnan(seen)
            y = np.where(better, seen, y)
            winners = np.where(better, (image * H + rows + u) * W + columns + v, winners)
    return y, (winners, x.shape, x.dtype)


by_argmax.differs("""
searches-column-by-column (order) loses maxpool_backward_ties maxpool_backward_nan
    You searched each window column by column. The first maximum in row-major order is that of the
    uppermost row.
- u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
+ w = w.swapaxes(4, 5).reshape(N, C, OH, OW, kW * kH)
+ v, u = np.divmod(w.argmax(axis=-1), kH)
- return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)
+ return w.max(axis=-1), (winners, x.shape, x.dtype)
""")


by_argmax.differs("""
reduces-the-outputs (axes) slips maxpool_forward_values
    You took the maximum over the windows, axes 2 and 3. The pixels inside a window are what it goes
    over: the last two axes, (4, 5).
~ return w.max(axis=(4, 5)) => return w.max(axis=(2, 3))
reduces-one-axis (axes) slips maxpool_forward_values
    You took the maximum over the last axis alone, so the rows of a window are left. A window has
    two axes: axis=(4, 5), or (-2, -1).
~ return w.max(axis=(4, 5)) => return w.max(axis=-1)
takes-the-least (negative) slips maxpool_forward_values
    You took the smallest value of the window. Max pooling passes on the largest.
~ return w.max(axis=(4, 5)) => return w.min(axis=(4, 5))
averages-the-windows (averaging) slips maxpool_forward_values
    You averaged the windows. That is average pooling; max pooling keeps the largest pixel.
~ return w.max(axis=(4, 5)) => return w.mean(axis=(4, 5))
""")


by_offsets.differs("""
slices-without-the-step (stride) slips maxpool_forward_values
    Your slices have no step, so they take pixels side by side. Place (u, v) of two neighbouring
    windows is sH rows apart: u : u + (OH − 1)·sH + 1 : sH, and columns likewise.
~ u : u + OH * sH : sH, v : v + OW * sW : sW => u : u + OH, v : v + OW
counts-columns-with-kh-in-the-layer (transposed) slips maxpool_forward_rectangular
    You counted the columns of y with kH. Along a row a window is kW pixels long: OW comes from W,
    kW, sW and the others of the columns.
~ (W + 2 * pW - dW * (kW - 1) - 1) => (W + 2 * pW - dW * (kH - 1) - 1)
slices-end-too-early (stride) slips maxpool_forward_values
    Your slices end before they reach the last window. It starts (OH − 1)·sH rows after the first,
    and a slice leaves its end out: u : u + (OH − 1)·sH + 1 : sH, and columns likewise.
~ u : u + OH * sH : sH, v : v + OW * sW : sW => u : u + OH : sH, v : v + OW : sW
""")


# ---- maxpool_backward -----------------------------------------------------------------------


def keeps_all(x, kernel_size, stride=None, padding=0, dilation=1):
    """A right forward pass that keeps x, y, the winners (n, c, i, j) and the arguments."""
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, _, _ = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    n, c = np.arange(N).reshape(N, 1, 1, 1), np.arange(C).reshape(C, 1, 1)
    y = x[n, c, i, j]
    return y, (x, y, (n, c, i, j), ((kH, kW), (sH, sW), (pH, pW), (dH, dW)))


FORWARD = {"maxpool_forward": keeps_all}


@right("maxpool_backward", also=FORWARD)
def offset_by_offset(dy, cache):
    x, y, (_, _, i, j), ((kH, kW), (sH, sW), (pH, pW), (dH, dW)) = cache
    H, W = x.shape[2:]
    OH, OW = y.shape[2:]
    rows, columns = np.arange(OH)[:, None] * sH - pH, np.arange(OW) * sW - pW
    dx = np.zeros((*x.shape[:2], H + 2 * pH, W + 2 * pW), x.dtype)
    for u in range(0, kH * dH, dH):
        for v in range(0, kW * dW, dW):
            here = np.s_[:, :, u : u + (OH - 1) * sH + 1 : sH, v : v + (OW - 1) * sW + 1 : sW]
            dx[here] += dy * ((i == rows + u) & (j == columns + v))
    return dx[:, :, pH : pH + H, pW : pW + W]


offset_by_offset.differs("""
gradient-to-every-maximum (ties) loses maxpool_backward_ties maxpool_backward_nan
    Every pixel that equals the maximum got the whole gradient, so ties multiply it. Only the first
    maximum of a window gets it.
~ (_, _, i, j) => _
~ (i == rows + u) & (j == columns + v) => padded[here] == y
- rows, columns = np.arange(OH)[:, None] * sH - pH, np.arange(OW) * sW - pW
- dx = np.zeros((*x.shape[:2], H + 2 * pH, W + 2 * pW), x.dtype)
+ padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
+ dx = np.zeros_like(padded)
""")


@misconception(
    "maxpool_backward",
    kind="ties",
    hint="You shared the gradient among equal maxima. That is a subgradient too, but this layer "
    "gives it to the first one alone.",
    loses="maxpool_backward_ties maxpool_backward_nan",
    also=FORWARD,
)
def splits_among_ties(dy, cache):
    x, y, _, ((kH, kW), (sH, sW), (pH, pW), (dH, dW)) = cache
    H, W = x.shape[2:]
    OH, OW = y.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    offsets = [(u * dH, v * dW) for u in range(kH) for v in range(kW)]
    slices = [
        np.s_[:, :, u : u + (OH - 1) * sH + 1 : sH, v : v + (OW - 1) * sW + 1 : sW]
        for u, v in offsets
    ]
    equals = sum((padded[here] == y).astype(int) for here in slices)
    dx = np.zeros_like(padded)
    for here in slices:
        dx[here] += dy * (padded[here] == y) / np.maximum(equals, 1)
    return dx[:, :, pH : pH + H, pW : pW + W]


@right("maxpool_backward", also=FORWARD)
def to_the_winners(dy, cache):
    x, _, winners, _ = cache
    dx = np.zeros(x.shape, x.dtype)
    np.add.at(dx, winners, dy)
    return dx


@right("maxpool_backward", also=FORWARD)
def flattened(dy, cache):
    x, _, (n, c, i, j), _ = cache
    _, C, H, W = x.shape
    dx = np.zeros(x.shape, x.dtype)
    np.add.at(dx.reshape(-1), ((n * C + c) * H + i) * W + j, dy)
    return dx


@right("maxpool_backward", also=FORWARD)
def with_a_border(dy, cache):
    x, _, (n, c, i, j), (_, _, (pH, pW), _) = cache
    N, C, H, W = x.shape
    dx = np.zeros((N, C, H + 2 * pH, W + 2 * pW), x.dtype)
    np.add.at(dx, (n, c, i + pH, j + pW), dy)
    return dx[:, :, pH : pH + H, pW : pW + W]


to_the_winners.differs("""
finds-y-anywhere-in-x (ties) loses maxpool_backward_ties maxpool_backward_nan
    You compared all of x with every y. A pixel outside the window may have the same value by
    chance, and gets a gradient that is not its own.
- x, _, winners, _ = cache
- dx = np.zeros(x.shape, x.dtype)
- np.add.at(dx, winners, dy)
- return dx
+ x, y, _, _ = cache
+ N, C, OH, OW = y.shape
+ found = x[:, :, None, None] == y[..., None, None]
+ return (found * dy.reshape(N, C, OH, OW, 1, 1)).sum(axis=(2, 3)).astype(x.dtype)
adds-once-for-each-index (overlap) loses maxpool_backward_overlap
    An address occurs twice, and only its last gradient has stayed: dx[index] = dy and
    dx[index] += dy both write each place once. Add one after the other.
~ np.add.at(dx, winners, dy) => dx[winners] += dy
assigns-window-after-window (overlap) loses maxpool_backward_overlap
    You assigned where you should add: a pixel that lies in several windows keeps only what the last
    one says, even if that is zero.
of offset_by_offset
- dx[here] += dy * ((i == rows + u) & (j == columns + v))
+ dx[here] = dy * ((i == rows + u) & (j == columns + v))
height-for-width (transposed) loses maxpool_backward_rectangular
    You counted places with the image's height: in row-major order a row is W pixels long, so pixel
    (i, j) is number i·W + j.
of flattened
~ ((n * C + c) * H + i) * W + j => (n * C + c) * H * W + i * H + j
gradient-in-float64 (dtype) loses maxpool_backward_dtype
    np.zeros and np.full make float64 unless told otherwise, and np.bincount always does, so your dx
    is wider than its image: keep x.dtype in the cache.
of to_the_winners
~ (x.shape, x.dtype) => (x.shape)
dtype-from-above (dtype) loses maxpool_backward_dtype
    Your dx has the dtype of dy. It is a change of x, so it has x's dtype, whatever comes from
    above.
~ shape, x.dtype => shape, dy.dtype
keeps-the-border (padding) loses maxpool_backward_padding
    Your dx still has the border on it: cut the padding off, on all four sides.
of with_a_border
- return dx[:, :, pH : pH + H, pW : pW + W]
+ return dx
cuts-the-border-in-front (padding) loses maxpool_backward_padding
    You cut the border off in front alone. It is on all four sides: cut from p to p + H.
- return dx[:, :, pH : pH + H, pW : pW + W]
+ return dx[:, :, pH:, pW:]
cuts-to-minus-zero (padding) loses maxpool_backward_values maxpool_backward_overlap
  maxpool_backward_rectangular maxpool_backward_remainder maxpool_backward_ties
  maxpool_backward_dilation maxpool_backward_nan maxpool_backward_batches
  maxpool_backward_inputs maxpool_backward_calls maxpool_backward_linear
  maxpool_backward_vectorised
    dx[:, :, p:-p] is empty when p is 0, for -0 is 0 and that is where the slice begins: cut from p
    to p + H.
- return dx[:, :, pH : pH + H, pW : pW + W]
+ return dx[:, :, pH:-pH, pW:-pW]
shifted-by-the-padding (padding) loses maxpool_backward_padding
    You took a place in the padded image for a place in x: everything is shifted by the padding.
- return dx[:, :, pH : pH + H, pW : pW + W]
+ return dx[:, :, :H, :W]
undilated-way-back (dilation) loses maxpool_backward_dilation
    On the way back you forgot the dilation: pixel (u, v) of a window is u·dH rows and v·dW columns
    from its first one.
of to_the_winners
~ dx, winners, dy => dx, (n, c, rows + u - pH, columns + v - pW), dy
- x, _, winners, _ = cache
+ x, y, (n, c, i, j), (_, (sH, sW), (pH, pW), (dH, dW)) = cache
+ OH, OW = y.shape[2:]
+ rows, columns = np.arange(OH)[:, None] * sH, np.arange(OW) * sW
+ u, v = (i + pH - rows) // dH, (j + pW - columns) // dW
way-back-side-by-side (stride) loses maxpool_backward_overlap maxpool_backward_remainder
    On the way back you took window k to start at row k·kH. It starts at k·sH: the stride is what
    steps.
~ dx, winners, dy => dx, (n, c, np.minimum(i, H - 1), np.minimum(j, W - 1)), dy
- x, _, winners, _ = cache
+ x, y, (n, c, i, j), ((kH, kW), (sH, sW), _, _) = cache
+ _, _, H, W = x.shape
+ OH, OW = y.shape[2:]
+ i = i + np.arange(OH)[:, None] * (kH - sH)
+ j = j + np.arange(OW) * (kW - sW)
sums-over-the-batch (shape) loses maxpool_backward_batches maxpool_backward_vectorised
    You added the gradients of all images into one. Only weights are shared by a batch; every image
    has a dx of its own.
- x, _, winners, _ = cache
- dx = np.zeros(x.shape, x.dtype)
- np.add.at(dx, winners, dy)
- return dx
+ x, _, (_, c, i, j), _ = cache
+ dx = np.zeros(x.shape[1:], x.dtype)
+ np.add.at(dx, (c, i, j), dy)
+ return np.broadcast_to(dx, x.shape).copy()
ends-with-the-last-window (rounding) loses maxpool_backward_remainder
    Your dx ends where the last window ends. x goes on: its other pixels are in no window, and their
    gradient is zero, not missing.
- x, _, winners, _ = cache
+ x, y, winners, ((kH, kW), (sH, sW), (pH, pW), (dH, dW)) = cache
+ OH, OW = y.shape[2:]
- return dx
+ height = (OH - 1) * sH + dH * (kH - 1) + 1 - pH
+ width = (OW - 1) * sW + dW * (kW - 1) + 1 - pW
+ return dx[:, :, :height, :width]
gradient-to-the-whole-window (averaging) loses maxpool_backward_values maxpool_backward_overlap
  maxpool_backward_rectangular maxpool_backward_remainder maxpool_backward_ties
  maxpool_backward_dilation maxpool_backward_padding maxpool_backward_nan maxpool_backward_batches
  maxpool_backward_inputs maxpool_backward_calls
  maxpool_backward_vectorised
    You gave the gradient to the whole window. Only the pixel that won it moves the output, so only
    that one has a gradient.
of with_a_border
- x, _, (n, c, i, j), (_, _, (pH, pW), _) = cache
+ x, y, _, ((kH, kW), (sH, sW), (pH, pW), (dH, dW)) = cache
- dx = np.zeros((N, C, H + 2 * pH, W + 2 * pW), x.dtype)
+ OH, OW = y.shape[2:]
+ dx = np.zeros((N, C, H + 2 * pH, W + 2 * pW), x.dtype)
- np.add.at(dx, (n, c, i + pH, j + pW), dy)
+ for u in range(0, kH * dH, dH):
+     for v in range(0, kW * dW, dW):
+         dx[:, :, u : u + (OH - 1) * sH + 1 : sH, v : v + (OW - 1) * sW + 1 : sW] += dy
divides-by-the-window (averaging) loses maxpool_backward_values maxpool_backward_overlap
  maxpool_backward_rectangular maxpool_backward_remainder maxpool_backward_ties
  maxpool_backward_dilation maxpool_backward_padding maxpool_backward_nan maxpool_backward_batches
  maxpool_backward_inputs maxpool_backward_calls
  maxpool_backward_vectorised
    You divided by the size of the window, as average pooling does. The maximum passes its gradient
    on undivided.
of to_the_winners
~ winners, _ = cache => winners, ((kH, kW), _, _, _) = cache
~ (dx, winners, dy) => (dx, winners, dy / (kH * kW))
multiplies-by-the-pixel (chain-rule) loses maxpool_backward_values maxpool_backward_overlap
  maxpool_backward_rectangular maxpool_backward_remainder maxpool_backward_ties
  maxpool_backward_dilation maxpool_backward_padding maxpool_backward_nan maxpool_backward_batches
  maxpool_backward_inputs maxpool_backward_calls
  maxpool_backward_vectorised
    You multiplied the gradient by the pixel. y = x there, and the derivative of x is 1, not x.
~ x, _, winners => x, y, winners
~ (dx, winners, dy) => (dx, winners, dy * y)
sends-y-back (chain-rule) loses maxpool_backward_values maxpool_backward_overlap
  maxpool_backward_rectangular maxpool_backward_remainder maxpool_backward_ties
  maxpool_backward_dilation maxpool_backward_padding maxpool_backward_nan maxpool_backward_batches
  maxpool_backward_inputs maxpool_backward_calls
  maxpool_backward_linear maxpool_backward_vectorised
    You sent the maxima back in place of their gradients. The place comes from the forward pass, the
    number from above: add dy.
~ x, _, winners => x, y, winners
~ (dx, winners, dy) => (dx, winners, y)
addresses-without-the-stride (stride) loses maxpool_backward_values maxpool_backward_overlap
  maxpool_backward_rectangular maxpool_backward_remainder maxpool_backward_ties
  maxpool_backward_dilation maxpool_backward_padding maxpool_backward_nan maxpool_backward_batches
  maxpool_backward_inputs maxpool_backward_calls
  maxpool_backward_vectorised
    You left the stride out of the address: window k starts at row k·sH, so its pixel u is in row
    k·sH + u·dH − pH.
of flattened
~ x, _, (n, c, i, j), _ => x, y, (n, c, i, j), (_, (sH, sW), _, _)
~ ((n * C + c) * H + i) * W + j => ((n * C + c) * H + i - k * (sH - 1)) * W + j - l * (sW - 1)
- _, C, H, W = x.shape
+ _, C, H, W = x.shape
+ k, l = np.arange(y.shape[2])[:, None], np.arange(y.shape[3])
passes-positive-maxima-only (negative) loses maxpool_backward_padding maxpool_backward_ties
  maxpool_backward_nan
    You let only positive maxima pass, as a ReLU does. A window's maximum gets its gradient whatever
    its sign.
of to_the_winners
~ x, _, winners => x, y, winners
~ (dx, winners, dy) => (dx, winners, dy * (y > 0))
clips-the-gradient (scaling) loses maxpool_backward_linear
    You limited the gradient. Clipping belongs to the optimiser; a layer passes on what it is given,
    however large.
~ (dx, winners, dy) => (dx, winners, np.clip(dy, -10, 10))
uses-up-dy (mutation) loses maxpool_backward_inputs
    You took out of dy what you had handed on. dy belongs to the layer above: work on a copy.
of offset_by_offset
~ (_, _, i, j) => _
- rows, columns = np.arange(OH)[:, None] * sH - pH, np.arange(OW) * sW - pW
- dx = np.zeros((*x.shape[:2], H + 2 * pH, W + 2 * pW), x.dtype)
+ padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
+ dx = np.zeros_like(padded)
- dx[here] += dy * ((i == rows + u) & (j == columns + v))
+ won = np.isclose(padded[here], y, rtol=0, atol=0, equal_nan=True)
+ given = np.where(won, dy, 0)
+ dx[here] += given
+ dy -= given  # nothing is left for a later maximum of the same window
flattens-a-copy (copies) loses maxpool_backward_inputs
    np.zeros_like copies x's memory order too, and reshape(-1) of such an array may be a copy: what
    you add to it never reaches dx.
of flattened
- dx = np.zeros(x.shape, x.dtype)
+ dx = np.zeros_like(x)
one-output-after-the-other (loops) loses maxpool_backward_vectorised
    You visit every output in a Python loop. One scatter with arrays of indices does them all.
of to_the_winners
~ _, winners, _ => _, (_, _, i, j), _
- np.add.at(dx, winners, dy)
+ for n, c, k, l in np.ndindex(dy.shape):
+     dx[n, c, i[n, c, k, l], j[n, c, k, l]] += dy[n, c, k, l]
one-image-after-the-other (loops) loses maxpool_backward_vectorised
    You treat one image after the other. The number of the image is an index like the others:
    scatter the whole batch at once.
~ _, winners, _ => _, (_, c, i, j), _
- np.add.at(dx, winners, dy)
+ for n in range(len(x)):
+     np.add.at(dx[n], (c, i[n], j[n]), dy[n])
""")


def remembers_globally(x, kernel_size, stride=None, padding=0, dilation=1):
    global last_pass
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    last_pass = winners, x.shape, x.dtype
    return w.max(axis=(4, 5)), None


@misconception(
    "maxpool_backward",
    kind="sharing",
    hint="You keep the winners in a global variable, and the next forward pass overwrites them. "
    "A network uses a layer twice before it goes back: return them as the cache.",
    loses="maxpool_backward_calls",
    also={"maxpool_forward": remembers_globally},
)
def remembers_the_last_pass_only(dy, cache):
    winners, shape, dtype = last_pass
    dx = np.zeros(shape, dtype)
    np.add.at(dx.reshape(-1), winners, dy)
    return dx


def prepares_dx(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, np.zeros(x.shape, x.dtype))


@misconception(
    "maxpool_backward",
    kind="sharing",
    hint="Your dx is made once, in the forward pass, and every backward pass adds to it: the "
    "second one returns the sum of both. Start from new zeros.",
    loses="maxpool_backward_calls",
    also={"maxpool_forward": prepares_dx},
)
def adds_to_an_old_dx(dy, cache):
    winners, dx = cache
    np.add.at(dx.reshape(-1), winners, dy)
    return dx


flattened.differs("""
reads-dy-by-columns (order) slips maxpool_backward_values
    You unfolded dy column by column, and the addresses row by row: each gradient went to another
    winner. Unfold both in the same order.
~ * W + j, dy) => * W + j, dy.ravel(order="F").reshape(dy.shape))
counts-pixels-by-columns (order) slips maxpool_backward_values
    You counted the pixels column by column: in row-major order pixel (i, j) is number i·W + j.
~ ((n * C + c) * H + i) * W + j => ((n * C + c) * W + j) * H + i
counts-images-by-their-number (order) slips maxpool_backward_batches
    You numbered the images' channels as n·N + c. An image has C channels, so n of them hold n·C:
    channel c of image n is number n·C + c.
~ (n * C + c) => (n * dy.shape[0] + c)
counts-the-winners (chain-rule) slips maxpool_backward_values
    You counted how often a pixel won, and left dy out: each victory weighs as much as the gradient
    of its output (weights=, in np.bincount).
~ * W + j, dy) => * W + j, 1)
""")


offset_by_offset.differs("""
divides-by-the-wins (averaging) slips maxpool_backward_overlap
    You divided by how many windows a pixel won. The gradients of all of them add up, undivided.
- return dx[:, :, pH : pH + H, pW : pW + W]
+ wins = np.zeros(x.shape)
+ np.add.at(wins, winners, 1)
+ return dx[:, :, pH : pH + H, pW : pW + W] / np.maximum(wins, 1)
~ (_, _, i, j) => winners
- rows, columns = np.arange(OH)[:, None] * sH - pH, np.arange(OW) * sW - pW
+ _, _, i, j = winners
+ rows, columns = np.arange(OH)[:, None] * sH - pH, np.arange(OW) * sW - pW
cuts-dy-down (mutation) slips maxpool_backward_values
    You multiplied dy itself by the mask, so after the first place little is left of it. Give each
    place the whole dy, masked: another name for the product.
- dx[here] += dy * ((i == rows + u) & (j == columns + v))
+ dy = dy * ((i == rows + u) & (j == columns + v))
+ dx[here] += dy
""")


to_the_winners.differs("""
float32-always (dtype) slips maxpool_backward_dtype
    Your dx is float32 whatever x is. It has the dtype of x: keep x.dtype in the cache.
~ (x.shape, x.dtype) => (x.shape, np.float32)
exchanges-u-and-v (transposed) slips maxpool_backward_values
    You exchanged the row and the column of the winner in its window: with the number u·kW + v, the
    quotient by kW is the row u and the remainder is the column v.
- x, _, winners, _ = cache
+ x, y, (n, c, i, j), (_, (sH, sW), _, _) = cache
+ k, l = np.arange(y.shape[2])[:, None] * sH, np.arange(y.shape[3]) * sW
~ np.add.at(dx, winners, dy) => np.add.at(dx, (n, c, k + j - l, l + i - k), dy)
holds-ints (dtype) slips maxpool_backward_values
    Your dx holds ints, so fractions are cut off on their way in. Give it the dtype of x.
~ (x.shape, x.dtype) => (x.shape, int)
""")
