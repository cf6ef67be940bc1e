"""Documents: files in a patient's record, returned byte for byte."""
