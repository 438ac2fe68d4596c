"""The one edit that would make a wrong formula right, as a table of what people get wrong."""
