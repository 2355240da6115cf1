"""The console's pages of the knowledge base: who writes entries, what becomes of them, what customers ask."""
