"""Files among the answers of orders, and where their bytes lie."""
