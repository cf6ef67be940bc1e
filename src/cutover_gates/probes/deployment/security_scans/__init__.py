"""What scanners found in the image under judgement."""
