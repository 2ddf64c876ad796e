"""One builder a sheet. A builder adds its sheet to a `Book` and names the cells that others use."""
