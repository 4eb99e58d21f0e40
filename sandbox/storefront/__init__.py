"""The two shops as their customers see them: product pages, and an order's own page with Encore's widget in it."""
