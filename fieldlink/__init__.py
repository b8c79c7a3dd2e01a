"""Reading the field: plain specs in, plain readings with reason codes out. Never writes."""
