"""What a grader writes into a cell's outputs, and feedback shows."""

SHOWN = "Left out while the notebook was graded: this cell only shows something.\n"
INSIDE = (
    "This test ran in the student's own kernel (tag in-student-kernel): "
    "its result is as trustworthy as the code that it tests.\n"
)
