"""Methods that go step by step, as momentum and Adam, and what is said of chances."""
