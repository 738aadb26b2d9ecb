"""DVC: its files read directly, its cache read directly; DVC itself is imported only to fetch and to run."""
