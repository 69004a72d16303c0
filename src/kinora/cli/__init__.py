"""The command line. In: what was typed. Out: calls into the folders below; a file per verb."""
