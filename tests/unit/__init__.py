"""One folder per contract, one file and one branch tree per function."""
