"""Documents: files in a patient's record, given back byte for byte."""
