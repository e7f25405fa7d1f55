"""The words of the shorter ways: what is said there otherwise than in the whole lesson; data."""

# Two trial readers walked through all of it, section by section, in 670 and in 768 minutes. The
# minutes of a section are the slower one's; the other's are this share of them.
PACE = 670 / 768
# Minutes of sections that take less time on a way, since less is asked there.
_SHORTER = {
    "1-windows": {"Which pixels does a neuron see?": 10},
    "2-jacobian": {
        "Which outputs can see a pixel?": 5,
        "Seeing is not using": 7,
        "Equal maxima: the first one wins": 2,
        "Sharing a pixel": 3,
    },
}
MINUTES = {
    "90min": _SHORTER,
    "4h": _SHORTER
    | {
        "3-layer": {
            "Your turn: windows": 16,
            "The forward pass": 36,
            "Every shape, every batch": 4,
            "Sharing a pixel": 9,
            "Your turn: maxpool_backward": 30,
        }
    },
}

# What is said on a way in other words, or left out: {notebook: {cell: [(what, the words there)]}}.
_BOTH = {
    "1-windows": {
        "setup": [("check, explore, figures", "check, figures")],
        "title": [
            (
                "looks at and how many neurons there are, and you have",
                "looks at, and you have",
            )
        ],
        "overview": [
            ("how stride, padding and dilation set the size of its output", "what the stride does")
        ],
        "reads": [
            (
                ", and you will build it: by the end of chapter 4 it reads 97 % of digits it has "
                "never seen.",
                ": it reads 97 % of digits it has never seen.",
            )
        ],
        "receptive-equation": [
            (
                "This picture comes back in chapter 2, where a question on paper refers to it as "
                "Figure 1. We write",
                "We write",
            )
        ],
        "symbols": [
            ("| `window(k, l, …)` |", "| |"),
            (
                "| $p$, $d$ | `padding`, `dilation` | pixels added at each end; step between a "
                "window's pixels |\n",
                "",
            ),
        ],
        "overlap-cases": [
            ("apart from a remainder at the edge", "apart from what is left over at the edge")
        ],
        "pool-loops-turn": [
            ("No padding and no dilation here; they come in chapter 3. ", ""),
            (" It need not use your functions from above, though it may.", ""),
        ],
        "pool-loops-happened": [
            ("and with padding and dilation, are", "and with two more options, are")
        ],
        "know": [
            (
                "From this follow the output's size, the remainder, and what padding and dilation "
                "do to both.",
                "Rows and columns that are left over at the edge are seen by nobody.",
            )
        ],
    },
    "2-jacobian": {
        "setup": [
            ("check, explore, figures, guess, spec", "check, figures, guess"),
            (
                '\n\n\ndef pool(x, kernel_size, stride):\n    """Max-pool one H×W image with the '
                'loops of the specification."""\n    y, _ = spec.maxpool_forward(x[None, None], '
                "kernel_size, stride)\n    return y[0, 0]",
                "",
            ),
        ],
        "title": [
            (
                "moves, you can send a gradient back through the layer, and you know what survives "
                "when two pixels tie.",
                "moves, and you can send a gradient back through the layer.",
            )
        ],
        "overview": [
            (
                "what backpropagation is, how to check a derivative without knowing it, and what a "
                "subgradient is.",
                "and what backpropagation is.",
            ),
            ("the chain rule, Taylor's formula, the", "the chain rule, the"),
            ("; `reshape` and `ravel` in NumPy", "; `ravel` in NumPy"),
            (
                ", without padding and dilation. Each task stands alone: a mistake in one does not "
                "spoil the next.",
                ".",
            ),
        ],
        "use-equation": [("has a kink; that is for [later](#A-tie-is-a-kink).", "has a kink.")],
        "first": [
            (
                "no derivative exists, as [we will see](#A-tie-is-a-kink), yet",
                "no derivative exists, yet",
            )
        ],
        "back-special": [
            (
                " These are the two boxes of [The impact on the loss](#The-impact-on-the-loss). "
                "With overlap they are wrong, since",
                " With overlap this is wrong, since",
            )
        ],
    },
}
REWORDED = {
    "90min": {
        "1-windows": _BOTH["1-windows"]
        | {
            "overview": [
                *_BOTH["1-windows"]["overview"],
                (
                    " (Chapter 3 also uses broadcasting, `reshape` and `axis`, and begins with a "
                    "five-minute warm-up for each.)",
                    "",
                ),
            ],
            "reads-question": [
                (
                    "Chapter 1 says what the layer does, chapter 2 derives the message, chapter 3 "
                    "makes it fast, and in chapter 4 you train this network with your own layer "
                    "and answer both halves.",
                    "Chapter 1 says what the layer does, and chapter 2 what the message is.",
                )
            ],
        },
        "2-jacobian": _BOTH["2-jacobian"],
    },
    "4h": {
        "1-windows": _BOTH["1-windows"]
        | {
            "reads-question": [
                (
                    "derives the message, chapter 3 makes it fast, and in chapter 4 you train this "
                    "network with your own layer and answer both halves.",
                    "says what the message is, and chapter 3 makes both fast.",
                )
            ],
        },
        "2-jacobian": _BOTH["2-jacobian"],
        "3-layer": {
            "setup": [
                (
                    "check, explore, figures, guess, numerical, spec, tries",
                    "check, figures, guess, spec, tries",
                )
            ],
            "ties": [
                (
                    "*2-jacobian* has shown that there is no derivative at such a tie, only a "
                    "choice of subgradients. A layer has to choose, and always in the same way:",
                    "A layer has to choose, and always in the same way. *2-jacobian* has said how:",
                )
            ],
            "ties_rule": [
                (
                    "that is not a subgradient, and it is wrong under every convention",
                    "that is wrong under every convention",
                )
            ],
            "windows": [
                (
                    "w[n, c, k, l, u, v] is the padded\n    image's pixel (k·sH + u·dH, l·sW + "
                    "v·dW), dH and dW being the dilation. Without padding it\n    is a view of x.",
                    "w[n, c, k, l, u, v] is the\n    image's pixel (k·sH + u, l·sW + v). It is a "
                    "view of x.",
                )
            ],
            "title": [
                ("on every batch of images and never", "and never"),
                (
                    " the layer, from the easiest case to the whole, and two functions that tell a "
                    "right backward pass from a wrong one.",
                    " the windows of a batch, and the layer.",
                ),
                (
                    "without copying it; to pad and dilate; to send a gradient back without a "
                    "Jacobian; to catch a wrong backward pass with three laws that need no "
                    "expected answer.",
                    "without copying it, and to send a gradient back without a Jacobian.",
                ),
                ("$\\Omega(k, l)$ and the output size from", "$\\Omega(k, l)$ from"),
                (
                    "the message $J^{\\mathsf T} dy$ and ties from *2-jacobian*",
                    "the message $J^{\\mathsf T} dy$ and the rule for ties from *2-jacobian*",
                ),
            ],
            "symbols": [
                (
                    "| $p_H, p_W$; $d_H, d_W$ | `pH, pW = pair(padding)`, `dH, dW = "
                    "pair(dilation)` | rows and columns added on each side; step from one pixel of "
                    "a window to the next |\n",
                    "",
                )
            ],
            "no_loop_rule": [
                ("Each of the layer's four functions has", "Each of your three functions has")
            ],
            "view": [
                (
                    "What if windows overlap? With stride 1 a pixel belongs to up to "
                    "$k_H \\cdot k_W$ windows, and a reshape cannot show a number twice. But an",
                    "How can the loops disappear? With stride 1 a pixel belongs to up to "
                    "$k_H \\cdot k_W$ windows. But an",
                )
            ],
            "windows_turn": [
                (
                    "About 5 lines, 20 minutes, **6 points**",
                    "About 3 lines, 15 minutes, **4 points**",
                ),
                (
                    "Three steps, each of them in an example above with one axis: pad, take "
                    "windows as large as the span, leave some out. Which axes does the stride thin "
                    "out, and which the dilation?",
                    "Two steps, both in the example above with one axis: take all windows, leave "
                    "some out. Which axes does the stride thin out?",
                ),
                ("the arguments of the two NumPy functions", "the arguments of the NumPy function"),
                (
                    " <code>np.pad</code> needs a pair for each of the four axes, <code>((0, 0), "
                    "(0, 0), …, …)</code>, and always copies, even by zero pixels.",
                    "",
                ),
            ],
            "windows_tests": [
                (
                    "First the windows themselves, without padding: the right pixels in the right "
                    "places, and no copy.",
                    "Run the checks one by one. A check that fails draws your array beside the "
                    "expected one, names the place, and says where to read.",
                )
            ],
            "forward": [
                (
                    "\\tilde x_{\\,n,\\;c,\\;k s_H + u d_H,\\;\\; l s_W + v d_W}",
                    "x_{\\,n,\\;c,\\;k s_H + u,\\;\\; l s_W + v}",
                ),
                (
                    "and there are $O_H \\times O_W$ of them.",
                    "and there are $O_H \\times O_W$ of them, with "
                    "$O_H = \\lfloor (H - k_H) / s_H \\rfloor + 1$ and $O_W$ likewise.",
                ),
            ],
            "forward_turn": [
                (
                    "About 12 lines, 35 minutes, **13 points**",
                    "About 10 lines, 30 minutes, **9 points**",
                ),
                (
                    " Go through them one at a time, with the sections between them; the first "
                    "ones need neither padding nor dilation.",
                    " Go through them one at a time.",
                ),
                ("along one axis, and treats NaN as you need it.", "along one axis."),
                (
                    'the equation in "Dilation spreads the window" gives i and j',
                    "the equation of Ω(k, l) gives i and j",
                ),
            ],
            "shapes_list": [
                (
                    "Kernel, stride, padding and dilation may differ along rows and columns",
                    "Kernel and stride may differ along rows and columns",
                )
            ],
            "forward_tests_rest": [
                (
                    "**Good manners**: other people's arrays, one pixel or no image at all, and no "
                    "loop over pixels.",
                    "**The cost**: no loop over pixels.",
                )
            ],
            "keep_more": [
                (
                    "the same number of 2 × 2 tiles.",
                    "the same number of 2 × 2 windows side by side.",
                )
            ],
            "backward_turn": [
                ("30 minutes, **16 points**", "25 minutes, **11 points**"),
                (
                    "a slice of the padded image that has no pixel twice",
                    "a slice of the image that has no pixel twice",
                ),
            ],
            "backward_tests_manners": [
                (
                    "every batch, other people's arrays, several calls at once.",
                    "every batch, several calls at once.",
                )
            ],
            "end": [
                (
                    "It is a real layer: arguments, ties, NaN and padding as in "
                    "`torch.nn.MaxPool2d`, derived from",
                    "It is a layer for whole batches, derived from",
                ),
                (
                    ": a view in place of a copy, a neutral element for the padding, addresses in "
                    "place of a sparse matrix, a scatter that adds, and laws in place of expected "
                    "values.",
                    ": a view in place of a copy, addresses in place of a sparse matrix, and a "
                    "scatter that adds.",
                ),
                (
                    "\n\n**Next, chapter 4**: your layer goes into the network of the first "
                    "picture, and that network learns to read.",
                    "",
                ),
            ],
        },
    },
}

PLAIN = """\
**On this way** padding is always 0 and dilation always 1: pass over them here. Your functions take
both arguments, as the loops do, but no check gives them other values, and none holds a NaN: pass
over `isnan`, too."""
REACHED = """\
## What you know now

- A pixel is **seen** by few outputs and **used** by those whose window it wins. The local
  derivative is 1 for the winner and 0 for all others.
- The **Jacobian** is a matrix of zeros and ones: rows sum to one, column sums count victories.
- The **backward message** is the vector–Jacobian product $J^{\\mathsf T}\\, \\mathrm{vec}(dy)$:
  each gradient returns to the pixel that its output took, and gradients that meet add up."""
NEXT = """

**Next, chapter 3**: the layer for whole batches, as fast as NumPy allows. $J$ leaves the stage;
what remains of it is one address for each output."""
WHY = """\
## The opening question

*Why do three quarters of the numbers get no gradient?* Each window has one winner, and each row of
the Jacobian a single 1: the message goes back to the winner alone.

*Does it matter?* One digit reaches few places. Here are all places in the trained network's two
channels, and how many of 500 test digits reach each. (They taught the network nothing: the picture
shows where a gradient would arrive.)"""
PLACES = "figures.reader_places()"
WHETHER = """\
Another digit has other winners, and hardly a place is reached by none. Besides, all numbers of a
channel come from the same kernel: what one winner teaches the kernel, every place uses. So it
hardly matters that most numbers hear nothing from one digit.

**This route ends here.** %s"""
REST_OF_90 = (
    "You have the layer as loops, and its backward pass as a matrix. The full course goes on from "
    "here: padding and dilation, the derivation on paper, derivatives measured and at ties, the "
    "layer without loops and without the matrix, and this network, trained with your own layer."
)
REST_OF_4H = (
    "You have the layer for whole batches, forward and backward. The full course has what is left: "
    "padding, dilation and NaN, the derivation on paper, three laws that catch a wrong "
    "backward pass, and this network, trained with your own layer."
)
# What is said on a way alone: before the cell of this id, or, as several cells, words and code in
# turns, at the end of a notebook (None).
SAID = {
    "90min": {"2-jacobian": {None: [f"{REACHED}\n\n{WHY}", PLACES, WHETHER % REST_OF_90]}},
    "4h": {
        "2-jacobian": {None: [REACHED + NEXT]},
        "3-layer": {"spec_source": PLAIN, None: [WHY, PLACES, WHETHER % REST_OF_4H]},
    },
}
