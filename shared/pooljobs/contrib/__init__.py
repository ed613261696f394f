"""Glue for frameworks and tracers, each module for one, as little as it needs. The rest of pooljobs imports none."""
