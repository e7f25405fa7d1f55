"""Wrong answers of chapter 3: the laws."""

import numpy as np

from oracle.kit.registry import right

# ---- adjoint_gap ----------------------------------------------------------------------------


@right("adjoint_gap")
def adjoint_gap(f, back, x, v, u, h=1e-3):
    Jv = (f(x + h * v) - f(x - h * v)) / (2 * h)
    return abs(np.sum(Jv * u) - np.sum(v * back(u)))


adjoint_gap.differs("""
lets-the-gap-be-negative (sign) loses adjoint_gap_wrong
    Your gap has a sign. It says how far apart the two sides are, whichever is larger: abs(…).
~ abs(np.sum(Jv * u) - np.sum(v * back(u))) => np.sum(Jv * u) - np.sum(v * back(u))
measures-ahead-only (differences) loses adjoint_gap_right
    You measured J·v with a step ahead only, so a curved f has a gap that is not there. Step to both
    sides, x + h·v and x − h·v.
~ (f(x + h * v) - f(x - h * v)) / (2 * h) => (f(x + h * v) - f(x)) / h
divides-the-two-steps-by-h (differences) loses adjoint_gap_right adjoint_gap_wrong
    You divided by h, but x + h·v and x − h·v are 2h apart: your J·v is twice too large.
~ (2 * h) => h
takes-y-for-jv (chain) loses adjoint_gap_right adjoint_gap_wrong
    You weighed f(v), what the layer makes of v. J·v is how fast f changes at x when x moves along
    v: measure it with two steps.
~ (f(x + h * v) - f(x - h * v)) / (2 * h) => f(v)
multiplies-the-sums (sum) loses adjoint_gap_right adjoint_gap_wrong
    You multiplied two sums. ⟨a, b⟩ multiplies entry by entry and then adds up: np.sum(a * b).
~ np.sum(Jv * u) => np.sum(Jv) * np.sum(u)
~ np.sum(v * back(u)) => np.sum(v) * np.sum(back(u))
weighs-jv-by-v (chain) loses adjoint_gap_right adjoint_gap_wrong
    An array of y's shape met one of x's. J·v and u have y's shape, v and back(u) have x's: multiply
    J·v by u and v by back(u), and add each product up before you compare.
~ np.sum(Jv * u) => np.sum(Jv * v)
uses-a-step-of-its-own (differences) loses adjoint_gap_right
    You used a step of your own in place of the h that was passed.
- Jv = (f(x + h * v) - f(x - h * v)) / (2 * h)
+ h = 1e-4
+ Jv = (f(x + h * v) - f(x - h * v)) / (2 * h)
adds-up-the-distances (sum) loses adjoint_gap_right adjoint_gap_wrong
    You took absolute values before you added up. Terms of both signs cancel in a sum: add first,
    then compare the two sums.
~ abs(np.sum(Jv * u) - np.sum(v * back(u))) => abs(np.sum(abs(Jv * u)) - np.sum(abs(v * back(u))))
""")


adjoint_gap.differs("""
forgets-to-divide-by-2h (differences) slips adjoint_gap_right
    Your J·v is the change of f between two points. It is a speed: divide by 2h, the distance of the
    two.
~ (f(x + h * v) - f(x - h * v)) / (2 * h) => f(x + h * v) - f(x - h * v)
takes-f-of-x-for-jv (chain) slips adjoint_gap_right
    You weighed f(x) itself. J·v is how fast f changes at x when x moves along v: measure it with
    two steps.
~ (f(x + h * v) - f(x - h * v)) / (2 * h) => f(x)
compares-means-of-products (averaging) slips adjoint_gap_right
    You took means of the products. The two have unequally many entries, so equal sums have other
    means: np.sum.
~ abs(np.sum(Jv * u) - np.sum(v * back(u))) => abs(np.mean(Jv * u) - np.mean(v * back(u)))
takes-the-largest-product (sum) slips adjoint_gap_right
    You took the largest of the products. ⟨a, b⟩ is their sum: np.sum(a * b).
~ abs(np.sum(Jv * u) - np.sum(v * back(u))) => abs(np.max(Jv * u) - np.max(v * back(u)))
says-only-whether (shape) slips adjoint_gap_right
    You returned whether the two sides agree. The gap is a number: how far they are apart.
- return abs(np.sum(Jv * u) - np.sum(v * back(u)))
+ return abs(np.sum(Jv * u) - np.sum(v * back(u))) < 1e-6
sends-x-back (chain) slips adjoint_gap_right
    You asked for back(x). The way back takes a gradient of the outputs, and here that is u.
~ back(u) => back(x[tuple(slice(n) for n in u.shape)])
steps-by-a-thousandth (differences) slips adjoint_gap_right
    You used a step of your own in place of the h that was passed.
- Jv = (f(x + h * v) - f(x - h * v)) / (2 * h)
+ h = 1e-3
+ Jv = (f(x + h * v) - f(x - h * v)) / (2 * h)
""")


# ---- conserves ------------------------------------------------------------------------------


@right("conserves")
def conserves(back, dy):
    return bool(np.isclose(back(dy).sum(), dy.sum()))


conserves.differs("""
wants-equal-floats (rounding) loses conserves_verdicts
    You compared two sums of floats with ==. They were added up in another order and differ by some
    1e-16: allow for that, as np.isclose does.
~ np.isclose(back(dy).sum(), dy.sum()) => back(dy).sum() == dy.sum()
asks-with-ones (linear) loses conserves_verdicts
    You asked about a dy of ones, not about the one that came in. A layer may treat some numbers in
    a special way, as one that clips does: use dy.
~ back(dy).sum(), dy.sum() => back(np.ones_like(dy)).sum(), dy.size
adds-up-magnitudes (negative) loses conserves_verdicts
    You added up magnitudes. Gradients of both signs meet in a shared pixel and cancel there: add
    them up as they are.
~ back(dy).sum(), dy.sum() => abs(back(dy)).sum(), abs(dy).sum()
asks-that-nothing-is-lost (sum) loses conserves_verdicts
    You asked only that nothing is lost. A layer can invent gradients too: the two sums are equal.
~ np.isclose(back(dy).sum(), dy.sum()) => back(dy).sum() >= dy.sum() - 1e-9
asks-that-nothing-is-invented (sum) loses conserves_verdicts
    You asked only that nothing is invented. A layer can lose gradients too: the two sums are equal.
~ np.isclose(back(dy).sum(), dy.sum()) => back(dy).sum() <= dy.sum() + 1e-9
compares-entry-by-entry (sum) loses conserves_verdicts
    You compared dx with dy entry by entry. They have other shapes, and pixels have other gradients
    than outputs: only the two sums are equal.
~ np.isclose(back(dy).sum(), dy.sum()) => np.allclose(back(dy), dy)
adds-up-along-one-axis (axes) loses conserves_verdicts
    You added up along one axis alone, so there are many sums. All of dx makes one number, as all of
    dy does: .sum() without an axis.
~ np.isclose(back(dy).sum(), dy.sum()) => np.all(np.isclose(back(dy).sum(axis=0), dy.sum(axis=0)))
compares-means (averaging) loses conserves_verdicts
    You compared means. dx has more entries than dy, so equal sums have other means: compare the
    sums.
~ back(dy).sum(), dy.sum() => back(dy).mean(), dy.mean()
counts-who-gets-something (sum) loses conserves_verdicts
    You counted how many pixels got something. A pixel that won several windows gets the sum of
    their gradients: compare sums.
~ np.isclose(back(dy).sum(), dy.sum()) => np.count_nonzero(back(dy)) == np.count_nonzero(dy)
""")


conserves.differs("""
compares-shapes (shape) slips conserves_verdicts
    You compared shapes. dx has that of x and dy that of y: what they share is their sum.
~ bool(np.isclose(back(dy).sum(), dy.sum())) => back(dy).shape == dy.shape
compares-the-largest (sum) slips conserves_verdicts
    You compared the largest entries. Gradients that meet in a pixel add up, so its entry may be
    larger than each of them: compare sums.
~ back(dy).sum(), dy.sum() => back(dy).max(), dy.max()
""")
