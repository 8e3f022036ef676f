"""One module per dialect: tables of spellings and capability flags."""
