"""Lines of text, made of cells. Knows no Textual."""
