"""The course on one page. Every line is an ordinary nbgrader setting."""

import proctor

c = get_config()  # noqa: F821  nbgrader gives it

c.CourseDirectory.course_id = "max-pooling"
c.CourseDirectory.solution_directory = "solutions"

# The worked answers are executed with their hidden tests and shown without them. The tests import
# oracle from this folder: PYTHONPATH="$PWD" nbgrader generate_solution maxpool
c.GenerateSolution.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.Execute",
    "nbconvert.preprocessors.CoalesceStreamsPreprocessor",
    "nbconvert.preprocessors.TagRemovePreprocessor",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
]

# The same work gives the same file: a run leaves no clock times in a notebook, and no name of a
# widget. Without a kernel, a reader sees an explorer's still frame.
c.Execute.record_timing = False
c.Execute.store_widget_state = False
c.CoalesceStreamsPreprocessor.enabled = True
c.TagRemovePreprocessor.enabled = True
c.TagRemovePreprocessor.remove_single_output_tags = {"live"}

# Submissions are data, tests stand behind a wall, feedback tells what they found and not how. One
# line, at the end: another course can have it too (docs/operator.md).
proctor.configure(c)
