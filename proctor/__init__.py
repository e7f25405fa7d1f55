"""Grades a submission. Nothing in it knows about pooling: it serves any Python nbgrader course.

One line in ``nbgrader_config.py`` puts it in the way of ``nbgrader autograde``, Formgrader and
``generate_feedback``:

    import proctor; proctor.configure(c)
"""


def configure(config):
    """Set what nbgrader reads, executes and shows a submission with; returns the configuration."""
    autograde = config.Autograde
    autograde.exporter_class = "proctor.reading.Exporter"
    autograde.autograde_preprocessors = [
        "proctor.execute.Execute",
        "nbgrader.preprocessors.IgnorePattern",
        "nbconvert.preprocessors.ClearMetadataPreprocessor",
        "nbgrader.preprocessors.LimitOutput",
        "nbgrader.preprocessors.SaveAutoGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    config.GenerateFeedback.preprocessors = [
        "nbgrader.preprocessors.GetGrades",
        "proctor.feedback.HideTests",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
    return config
