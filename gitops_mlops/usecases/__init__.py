"""One verb each: read through ports, ask the domain, act through ports, return a result."""
