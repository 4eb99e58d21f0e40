"""The whole house on one machine, with two shops that sell something: `bin/demo`, and `bin/demo --check` without a person."""
