"""Grades a submission. Nothing in it knows about pooling: it serves other nbgrader courses, too.

One line in ``nbgrader_config.py`` puts it in the way of ``nbgrader autograde``, Formgrader and
``generate_feedback``:

    import proctor; proctor.configure(c)
"""

import os

__version__ = "0.2.0"  # the only place that says it


def configure(config):
    """Set what nbgrader reads, executes and shows a submission with; returns the configuration.

    Also lets this process's nbgrader, gradebook and Formgrader, which have no settings for that,
    read, take and show what students control with care.
    """
    from proctor.plugins.collect.names import guard_gradebook
    from proctor.plugins.formgrader import protect
    from proctor.plugins.rehearsed import remind
    from proctor.plugins.rosters import guard_imports
    from proctor.plugins.submissions import guard_submissions
    from proctor.plugins.times import guard_times

    guard_times()
    guard_submissions()
    guard_imports()
    remind()
    guard_gradebook()
    protect()
    autograde = config.Autograde
    autograde.exporter_class = "proctor.plugins.exporter.Exporter"
    autograde.autograde_preprocessors = [
        "proctor.plugins.execute.Execute",
        "nbgrader.preprocessors.IgnorePattern",
        "nbconvert.preprocessors.ClearMetadataPreprocessor",
        "nbgrader.preprocessors.LimitOutput",
        "proctor.plugins.marks.SaveAutoGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    config.GenerateFeedback.preprocessors = []  # the page asks the gradebook, and hides tests
    config.GenerateFeedback.exporter_class = "proctor.plugins.page.Page"
    config.ExchangeFactory.collect = "proctor.plugins.collect.ExchangeCollect"
    config.ZipCollectApp.extractor_plugin = "proctor.plugins.collect.Extractor"
    config.ZipCollectApp.collector_plugin = "proctor.plugins.collect.FileNameCollector"
    if url := os.environ.get("NBGRADER_DB_URL"):
        config.CourseDirectory.db_url = url
    # Formgrader's page is rendered by this exporter
    config.HTMLExporter.preprocessors = ["proctor.plugins.sanitise.Clean"]
    config.HTMLExporter.filters = {
        "markdown2html": "proctor.plugins.sanitise.Markdown",
        "highlight_code": "proctor.plugins.sanitise.Code",
        "ansi2html": "proctor.plugins.sanitise.colours",
        "strip_files_prefix": "proctor.plugins.sanitise.as_written",
    }
    return config
