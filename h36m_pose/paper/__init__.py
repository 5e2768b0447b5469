"""Tables, figures and a paragraph of methods for a paper, out of tested runs."""
