"""What every room stands on and what knows nothing of shops: settings, database, clock, HTTP, crypto, errors, logging, text."""
