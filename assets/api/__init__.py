"""The register by REST."""
