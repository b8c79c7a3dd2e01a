"""The first minutes of an installation: two persons, an enterprise, a site. Closed for good afterwards."""
