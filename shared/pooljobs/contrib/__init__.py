"""Glue for frameworks, each module for one, as little as it needs. None is imported by the rest of pooljobs."""
