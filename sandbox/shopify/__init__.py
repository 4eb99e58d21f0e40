"""A store that behaves like Shopify: Admin GraphQL, webhooks and the app proxy, over the sandbox's own world."""
