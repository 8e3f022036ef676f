"""Values that every layer shares: names, types, attributes, headings, lineage, table specifications, the graph."""
