"""The registry in tags: versions, stages, promotion, retirement, and the evidence of each."""
