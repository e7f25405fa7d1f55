"""Report: an assignment's class as its instructor sees it. Nothing of it is for students."""
