"""Reading back what was recorded: what is there, whether it is complete, and how to query it."""

from .summary import ChannelVerdict, Summary, TableSize, summarize

__all__ = ["ChannelVerdict", "Summary", "TableSize", "summarize"]
