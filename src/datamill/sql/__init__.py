"""From trees to SQL text for a dialect: queries, definitions, changes. Values are always bound. No I/O."""
