"""The images in the registry from which the nodes pull."""
