"""A first mapping, sketched from a target's OpenAPI document."""
