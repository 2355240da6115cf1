"""The command line of Yingsheng: `python main.py --help` names what it can do."""

from bot.command_line import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
