"""The pull requests of the release, and who approved them."""
