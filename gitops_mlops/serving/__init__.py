"""The runtime of a deployed model; it needs the domain and nothing else of ours."""
