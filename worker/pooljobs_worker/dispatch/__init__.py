"""One run: the handler called, its failure judged, the outcome as a value."""
