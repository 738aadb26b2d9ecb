"""The set-up of a repository, and the committed rules that decisions stand on."""
