"""Annotations made by hypothesis, each with values of its own and an opinion of its own on what arrives.

The opinion is written from what an annotation says, and knows nothing of how it is compiled.
"""
