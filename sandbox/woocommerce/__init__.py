"""A store that behaves like WooCommerce 10.5 on WordPress 6.9, as far as its recordings go (tests/recordings/woocommerce)."""
