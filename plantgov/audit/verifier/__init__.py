"""The stand-alone verifier that evidence bundles carry."""
