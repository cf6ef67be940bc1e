"""Charts of a load run for the page: SVG with words, from the facts of an observation."""
