"""The hidden half of the max-pooling assignment: what is true, and how people get it wrong.

``reference``       the fast vectorised layer, independent of the students' loops
``hidden``          the property checks that the hidden tests call
``misconceptions``  named wrong answers, each with the sentence that helps

Never released. It imports NumPy and the students' toolkit (its specification and its voice), which
lies beside the notebooks.
"""
