"""Tables in files, and pandera's checks of them."""
