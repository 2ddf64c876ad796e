"""The template workbooks: shared builders of sheets, and what each template puts on them."""
