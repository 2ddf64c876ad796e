"""The language of cells: how a function is declared, and how a cell's value is read, spread over ranges or refused."""
