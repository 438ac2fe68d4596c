"""What notes and lecturers leave unsaid, read off the formula before it gets a meaning."""
