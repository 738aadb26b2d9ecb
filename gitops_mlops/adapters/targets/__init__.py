"""Where versions run: one folder for each kind of target."""
