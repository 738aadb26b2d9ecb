"""What every report is made of: escaped text, numbers, tables, plots and markup."""
