"""The fonts of our documents, and how they were cut; README.md says out of which."""
