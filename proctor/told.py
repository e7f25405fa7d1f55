"""What a grader writes into a cell's outputs, and feedback shows; what it says of an error."""

SHOWN = "Left out while the notebook was graded: this cell only shows something.\n"
INSIDE = (
    "This test ran in the student's own kernel (tag in-student-kernel): "
    "its result is as trustworthy as the code that it tests.\n"
)


def first_line(error):
    """What an error says, without what is for programmers."""
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0]
