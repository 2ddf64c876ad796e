"""The standalone edition: cell functions as LAMBDA in defined names, over columns of models and machines in the file."""
