"""The standalone edition: cell functions as LAMBDA in defined names, over columns of catalogs in the file."""
