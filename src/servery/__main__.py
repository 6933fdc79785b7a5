"""`python -m servery` is the `servery` command."""

from servery.cli import main

main()
