"""`python -m t5tune` is `t5tune`."""

from t5tune.cli.app import main

if __name__ == "__main__":
    main()
