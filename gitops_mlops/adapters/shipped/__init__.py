"""Files that ship with the toolkit: from the wheel, or from the checkout around the package."""
