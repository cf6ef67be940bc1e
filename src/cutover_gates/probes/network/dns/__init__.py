"""Names and the addresses that name servers give for them."""
