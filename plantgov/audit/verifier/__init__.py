"""The verifier that goes into every evidence bundle."""
