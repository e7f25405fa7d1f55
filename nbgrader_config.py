"""The course on one page. Every line is an ordinary nbgrader setting."""

c = get_config()  # noqa: F821  nbgrader gives it

c.CourseDirectory.course_id = "max-pooling"
c.CourseDirectory.solution_directory = "solutions"

# The worked answers are executed with their hidden tests and shown without them.
c.GenerateSolution.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.Execute",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
]

# Feedback says what each hidden test found, not how it looked for it.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "proctor.feedback.HideTests",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# A run leaves no clock times in a notebook: the same work gives the same file.
c.Execute.record_timing = False
