"""The function reference as data, text and web pages."""
