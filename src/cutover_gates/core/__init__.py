"""The plan, the verdict and the evidence: small and pure values that everything else uses."""
