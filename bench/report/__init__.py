"""From measured sections to a report: Markdown, JSON and plots."""
