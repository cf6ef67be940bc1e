"""Charts of a load run for the page: from the facts of an observation to pieces of SVG with words."""
