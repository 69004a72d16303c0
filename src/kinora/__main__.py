"""`python -m kinora`: the command line where its script is not on the path."""

from kinora.cli.main import run

if __name__ == "__main__":
    run()
